"""Trust: a Blueprint that was read from a file may run commands only after its person has allowed just these.

What a cell or a Python program writes is trusted: running it already runs code. A file is data, until an agent in it
is a command: a subprocess, a script, an agent block, a notebook: anything but a registered function, a plain operator,
a tool that only reads, or a flow of such agents. A model is paid for, is told what the ctx holds, and may start
programs as its tools. Then the hash of the whole Blueprint, with everything it refers to, has to be allowed once per
person. One small file per hash, in a folder that only its owner can write: whoever can write there could change any
key as well, so there is none. What a cell or a program wrote, ran and recorded stays allowed, so that its run can be
resumed.
"""

from __future__ import annotations

import json
import os
import stat
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from flowbench.blueprint.errors import UntrustedBlueprint
from flowbench.blueprint.hashes import HASH, content_hash
from flowbench.blueprint.model import AgentDef, AgentKind, Blueprint
from flowbench.blueprint.registry import is_adopted
from flowbench.storage import StorageError, home, private_dir, write

HARMLESS = frozenset([AgentKind.PYTHON_FN, AgentKind.RUST_FN, AgentKind.OPERATOR])
ALLOWED = "FLOWBENCH_TRUST"
"""Environment variable: hashes, separated by commas, that this process may run; a headless notebook gets it."""

BRIEF = 100  # characters of one command in an error
LINES = 200  # of one agent in a summary


def commands(blueprint: Blueprint) -> tuple[AgentDef, ...]:
    """The agents that are no registered functions, plain operators or tools that only read, whether the flow calls them
    or not.
    """
    return tuple(agent for agent in blueprint.agents if not _is_harmless(agent.kind, agent.spec))


def trust_hash(blueprint: Blueprint) -> str:
    """BLAKE3 in hex of the canonical JSON, without the agents that a launch adds for registered functions."""
    own = tuple(agent for agent in blueprint.agents if not is_adopted(agent))
    return content_hash(msgspec.structs.replace(blueprint, agents=own))


def trust(hash: str, *, name: str = "") -> None:
    """Allow the Blueprint of this hash from now on. name: of its file, for whoever looks into the folder.

    Raises: ValueError if it is no hash, StorageError.
    """
    if not HASH.fullmatch(hash):
        raise ValueError(f"no hash of a Blueprint: {hash[:80]!r}")
    private_dir(home())
    fact = {"allowed": time.time(), "name": name}
    write(private_dir(_folder()) / hash, json.dumps(fact).encode())


def revoke(hash: str) -> bool:
    """Allow it no longer; False if it was not allowed. Raises: StorageError."""
    if not is_trusted(hash):
        return False
    path = _folder() / hash
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError.of(path, error) from error
    return True


def is_trusted(hash: str) -> bool:
    """Whether this person has allowed it. A file or folder that others can write says nothing."""
    if not HASH.fullmatch(hash):
        return False
    return _is_own(_folder(), stat.S_ISDIR) and _is_own(_folder() / hash, stat.S_ISREG)


def require_trust(blueprint: Blueprint, allowed: str | None = None) -> None:
    """Let a Blueprint that is about to run pass, or refuse it. allowed: a hash that may run now; it is not remembered.

    Raises: UntrustedBlueprint.
    """
    found, origin = commands(blueprint), blueprint.provenance
    if not found or origin.is_value:
        return
    hash = trust_hash(blueprint)
    if hash not in (allowed, *os.environ.get(ALLOWED, "").split(",")) and not is_trusted(hash):
        raise UntrustedBlueprint(origin.file, origin.run or origin.store, hash, [_brief(agent) for agent in found])


def remember_trust(blueprint: Blueprint) -> None:
    """Allow from now on what is written here and being recorded, so that its resume passes too. Raises: StorageError.

    One out of a file or a record is allowed already, or else only this once.
    """
    if blueprint.provenance.is_value and commands(blueprint) and not is_trusted(hash := trust_hash(blueprint)):
        trust(hash, name=blueprint.id)


def command_summary(blueprint: Blueprint) -> list[str]:
    """What the commands are, line by line, for a person who has to decide. Nothing in it can steer a terminal."""
    lines = []
    for agent in commands(blueprint):
        lines.append(f"{shown(agent.name)} ({agent.kind.value})")
        said = list(_details(agent.spec, ""))
        if agent.profile is not None and agent.profile.system_prompt:
            said += _details({"system_prompt": agent.profile.system_prompt}, "")
        lines += [f"    {line}" for line in said[:LINES]]
        if len(said) > LINES:
            lines.append(f"    ... {len(said) - LINES} more lines that are not shown; read them in the file")
    return lines


def shown(text: str) -> str:
    """Text with control, format and other unseen characters written as escapes."""
    return "".join(each if _is_visible(each) else each.encode("unicode_escape").decode() for each in text)


def _is_harmless(kind: Any, spec: Any) -> bool:
    """A flow is what its own agents are. One in a store is looked at when it is launched."""
    work = [(kind, spec)]
    while work:
        kind, spec = work.pop()
        if isinstance(kind, str) and kind in HARMLESS:
            continue
        if kind == AgentKind.TOOL:
            from flowbench.blueprint.tool_specs import needs_trust  # most Blueprints have no tool

            if needs_trust(spec):
                return False
            continue
        inner = spec.get("blueprint") if kind == AgentKind.FLOW and isinstance(spec, dict) else None
        agents = inner.get("agents", []) if isinstance(inner, dict) else None
        if not isinstance(agents, list | tuple) or not all(isinstance(each, dict) for each in agents):
            return False
        work += [(each.get("kind"), each.get("spec")) for each in agents]
    return True


def _is_visible(each: str) -> bool:
    category = unicodedata.category(each)
    return each == " " or (category[0] not in "CZ" and category not in ("Mn", "Me"))


def _details(value: Any, name: str) -> Iterator[str]:
    """`program: rm`, `args: ["-rf", "/"]`; a text of several lines stands below its name."""
    if isinstance(value, dict) and value and not name:
        for key, each in value.items():
            yield from _details(each, shown(key))
        return
    label = f"{name}: " if name else ""
    if isinstance(value, str) and "\n" in value:
        yield label.rstrip()
        for line in value.split("\n"):
            yield f"    {shown(line)}"
    else:
        yield label + (shown(value) if isinstance(value, str) else json.dumps(value))


def _brief(agent: AgentDef) -> str:
    spec = agent.spec
    program = spec.get("program") if isinstance(spec, dict) else None
    argv = spec.get("argv") if isinstance(spec, dict) else None
    tool = spec.get("tool") if agent.kind == AgentKind.TOOL and isinstance(spec, dict) else None
    if isinstance(tool, str):
        said = f"{tool} {json.dumps({name: each for name, each in spec.items() if name != 'tool'})}"
    elif isinstance(argv, list):
        said = " ".join(each if isinstance(each, str) else json.dumps(each) for each in argv)
    elif isinstance(program, str):
        arguments = spec.get("args", [])
        words = [program, *(arguments if isinstance(arguments, list) else [arguments])]
        said = " ".join(each if isinstance(each, str) else json.dumps(each) for each in words)
    else:
        said = json.dumps(spec)
    said = shown(" ".join(said[: 2 * BRIEF].split()))
    cut = said if len(said) <= BRIEF else said[: BRIEF - 1] + "…"
    name = agent.name if len(agent.name) <= BRIEF else agent.name[:BRIEF] + "…"
    return f"agent '{shown(name)}' ({agent.kind.value}): {cut}"


def _folder() -> Path:
    return home() / "trust"


def _is_own(path: Path, is_kind: Any) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    others = stat.S_IWGRP | stat.S_IWOTH
    return is_kind(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & others
