"""Policy text: a policy out of a dict or a YAML or JSON file; what is wrong is told with its place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowbench import blueprint as bp
from flowbench.engine.people.errors import PolicyError
from flowbench.engine.people.policy import ACTIONS, GLOBS, OTHERWISE, Policy, Rule
from flowbench.errors import nearest

FACES = ("operator", "hook", "bridge")


def policy(given: Any, source: str = "answers") -> Policy:
    """A policy out of a mapping, a list of rules, a Path, or a text: JSON if it begins with `{` or `[`, else a file.

    source: what it is called in messages. Raises: PolicyError.
    """
    if isinstance(given, Policy):
        return given
    if isinstance(given, str) and given.lstrip()[:1] in ("{", "["):
        return _of_text(given, source)
    if isinstance(given, (str, os.PathLike)):
        path = Path(given).expanduser()
        try:
            return _of_text(path.read_bytes(), str(given))
        except OSError as error:
            raise PolicyError(f"{source}: cannot read {given}: {error.strerror or error}") from error
    return _Reading(source, None).whole(given)


def _of_text(text: str | bytes, source: str) -> Policy:
    try:
        document = bp.read(text, "json" if text.lstrip()[:1] in ("{", "[", b"{", b"[") else "yaml", source=source)
    except bp.UnreadableText as error:
        raise PolicyError(error.brief) from error
    return _Reading(source, document).whole(document.data)


class _Reading:
    def __init__(self, source: str, document: Any) -> None:
        self._source, self._document = source, document

    def whole(self, given: Any) -> Policy:
        if isinstance(given, (list, tuple)):
            return Policy(tuple(self._rule(each, f"[{n}]") for n, each in enumerate(given)), source=self._source)
        if not isinstance(given, Mapping):
            raise self._wrong(
                "", f"a policy has rules, such as {{'rules': [{{'agent': '*', 'approve': True}}]}}; not {given!r:.80}"
            )
        self._only(given, ("rules", "otherwise"), "")
        rules = given.get("rules", [])
        if not isinstance(rules, (list, tuple)):
            raise self._wrong(".rules", f"a list of rules is expected, not {rules!r:.80}")
        otherwise = given.get("otherwise", "ask")
        if otherwise not in OTHERWISE:
            near = nearest(str(otherwise), OTHERWISE)
            hint = f"did you mean '{near}'?" if near else f"there are {', '.join(OTHERWISE)}"
            raise self._wrong(".otherwise", f"{otherwise!r:.80} is nothing to do; {hint}")
        made = tuple(self._rule(each, f".rules[{n}]") for n, each in enumerate(rules))
        return Policy(made, otherwise, self._source)

    def _rule(self, given: Any, at: str) -> Rule:
        if not isinstance(given, Mapping):
            raise self._wrong(at, f"a rule is a mapping, such as {{'agent': '*', 'approve': True}}; not {given!r:.80}")
        self._only(given, (*GLOBS, *ACTIONS), at)
        actions = [name for name in ACTIONS if name in given]
        if len(actions) != 1:
            said = f"it says {' and '.join(actions)}" if actions else "it says nothing to do"
            raise self._wrong(at, f"{said}; a rule has one of {', '.join(ACTIONS)}")
        globs = {name: given[name] for name in GLOBS if name in given}
        for name, glob in globs.items():
            if not isinstance(glob, str):
                raise self._wrong(f"{at}.{name}", f"a text with * and ? is expected, not {glob!r:.80}")
        face = globs.get("face", "*")
        if face not in FACES and not set(face) & set("*?["):
            near = nearest(face, FACES)
            raise self._wrong(
                f"{at}.face",
                f"no face '{face:.80}'; " + (f"did you mean '{near}'?" if near else f"there are {', '.join(FACES)}"),
            )
        action, value = actions[0], given[actions[0]]
        if action in ("approve", "reject") and value is not True and not isinstance(value, str):
            raise self._wrong(f"{at}.{action}", f"true or a reason is expected, not {value!r:.80}")
        if action == "default" and value is not True:
            raise self._wrong(f"{at}.default", f"true is expected, not {value!r:.80}; a value of your own is an answer")
        return Rule(f"{self._source}{at}", action, value, **globs)

    def _only(self, given: Mapping[Any, Any], known: tuple[str, ...], at: str) -> None:
        for key in given:
            if key not in known:
                near = nearest(str(key), known)
                hint = f"did you mean '{near}'?" if near else f"there are {', '.join(known)}"
                raise self._wrong(f"{at}.{key}", f"no such key; {hint}")

    def _wrong(self, at: str, what: str) -> PolicyError:
        spot = (
            None
            if self._document is None
            else self._document.key_spot(f"$.{at.lstrip('.')}" if at[:1] != "[" else f"${at}")
        )
        line = f", line {spot.line}" if spot else ""
        return PolicyError(
            f"{self._source}{at}{line}: {what}" if spot is None else f"{self._source}{line}: ${at}: {what}"
        )
