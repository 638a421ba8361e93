"""Codex: reviews by the `codex` program: the prompt goes in on stdin, a verdict comes out, a receipt is written."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flowbench.cancel import CancelToken
from flowbench.project import codex_prompts, diffs, ids, programs, receipts
from flowbench.project.errors import NotFound
from flowbench.project.program_errors import (
    NoVerdict,
    ProgramFailed,
    ProgramLate,
    ReviewRefused,
    SandboxBlocked,
)
from flowbench.storage import write

if TYPE_CHECKING:
    from flowbench.project.project import Project

PROGRAM = "codex"
SANDBOXES = ("read-only", "workspace-write", "danger-full-access", "auto")
EFFORTS = ("low", "medium", "high", "xhigh")
SECONDS = 600.0
VERSION_SECONDS = 10.0
EMBEDDED = 512_000  # bytes of files in a prompt

_BLOCKED = re.compile(
    r"(?:blocked|rejected) by policy|rejected:.*policy|filesystem (?:read|write) is blocked|shell command.*blocked"
    r"|appcontainer",
    re.IGNORECASE,
)
_VERSION = re.compile(r"\d+\.\d+\.\d+")


class Terms(NamedTuple):
    """How a review is made. receipt: absolute; written when there is a verdict, read for the session to go on with.

    sandbox: one of SANDBOXES. effort: one of EFFORTS. focus: what to look at above all.
    """

    sandbox: str = "auto"
    effort: str = "high"
    focus: str | None = None
    receipt: Path | None = None
    token: CancelToken | None = None
    dry_run: bool = False


class Heard(NamedTuple):
    """text: what the reviewer says, without the events around it. session_id: to go on with."""

    text: str
    session_id: str | None


def check(root: Path) -> dict[str, Any]:
    """{available, version}: version is None if it is not told within 10 s."""
    if shutil.which(PROGRAM) is None:
        return {"available": False, "version": None}
    try:
        told = programs.run(PROGRAM, ["--version"], cwd=root, seconds=VERSION_SECONDS)
    except (ProgramLate, ProgramFailed):
        return {"available": True, "version": None}
    found = _VERSION.search(told.stdout)
    return {"available": True, "version": found[0] if found else told.stdout.strip() or None}


def impl_review(root: Path, project: Project | None, task: str | None, base: str, terms: Terms) -> dict[str, Any]:
    """{type, id, verdict, session_id, mode, standalone, review, warning?}: of a task, or without one of the branch.

    warning: there were no changes.

    Abort raises Aborted. project: may be None without a task.
    Raises: InvalidId, NotFound, ReviewRefused, ProgramError.
    """
    parts: list[tuple[str, str]] = []
    id = "branch"
    if task is not None:
        assert project is not None
        id = project.task(task).id
        parts = [("task", project.body(id)), ("epic_spec", _spec(project, ids.epic_of(id)))]
    programs.found(PROGRAM)
    changed, is_whole = _changed(root, base, terms.token)
    kind = "branch" if task is None else "impl"
    more = {"base": base, "focus": terms.focus}
    facts = _reviewed(root, project, ("impl_review", id), kind, [*parts, *changed], is_whole, terms, more)
    return facts | {"standalone": task is None} | _doubt(changed, base)


def plan_review(root: Path, project: Project, epic: str, files: Sequence[str], terms: Terms) -> dict[str, Any]:
    """{type, id, verdict, session_id, mode, review, skipped}: of an epic's plan and tasks, beside files of the code.

    Abort raises Aborted. skipped: files that are not there. Raises: as impl_review.
    """
    id = project.epic(epic).id
    home = root.resolve()
    there = [name for name in files if (root / name).resolve().is_relative_to(home) and (root / name).is_file()]
    if not there:
        raise ReviewRefused("No valid file paths provided. Use --files with code paths from the root, with commas.")
    plan = [("plan", project.spec(id)), ("tasks", _tasks(project, id))]
    programs.found(PROGRAM)
    text, is_whole = diffs.embedded(root, there, _limit())
    facts = _reviewed(root, project, ("plan_review", id), "plan", [*plan, ("files", text)], is_whole, terms, {})
    skipped = [name for name in files if name not in there]
    return facts | ({"skipped": skipped} if skipped else {})


def completion_review(root: Path, project: Project, epic: str, base: str, terms: Terms) -> dict[str, Any]:
    """{type, id, verdict, session_id, mode, base, review, warning?}: whether an epic has all that its plan wants.

    Abort raises Aborted. Raises: as impl_review.
    """
    id = project.epic(epic).id
    wanted = [("plan", project.spec(id)), ("tasks", _tasks(project, id))]
    programs.found(PROGRAM)
    changed, is_whole = _changed(root, base, terms.token)
    parts, more = [*wanted, *changed], {"base": base}
    facts = _reviewed(root, project, ("completion_review", id), "completion", parts, is_whole, terms, more)
    return facts | more | _doubt(changed, base)


def adversarial(root: Path, base: str, terms: Terms) -> dict[str, Any]:
    """{verdict, ..., base, focus, files_reviewed}: the object that it answers with; else `output`, with the verdict.

    Abort raises Aborted. Raises: ReviewRefused without changes, ProgramError.
    """
    programs.found(PROGRAM)
    diff = diffs.since(root, base, terms.token)
    if not diff.text.strip():
        raise ReviewRefused(f"No changes found between {base} and HEAD")
    text, _ = diffs.embedded(root, diff.files, _limit())
    prompt = codex_prompts.adversarial([("diff", diff.text), ("files", text)], focus=terms.focus)
    facts = {"base": base, "focus": terms.focus, "files_reviewed": len(diff.files)}
    if terms.dry_run:
        return {"dry_run": True, "command": _command(terms), "prompt": prompt, **facts}
    heard = _heard(root, prompt, None, terms)
    found = _object(heard.text)
    if found is not None:
        return {**found, **facts}
    verdict = receipts.verdict(heard.text)
    if verdict is None:
        raise _no_verdict()
    return {"verdict": verdict, "output": heard.text, **facts}


def _reviewed(
    root: Path,
    project: Project | None,
    what: tuple[str, str],
    kind: str,
    parts: Sequence[tuple[str, str]],
    is_whole: bool,
    terms: Terms,
    more: dict[str, Any],
) -> dict[str, Any]:
    type, id = what
    session = receipts.session_of(terms.receipt)
    prompt = codex_prompts.review(kind, parts, focus=terms.focus, is_whole=is_whole, again=session is not None)
    if terms.dry_run:
        told = {"type": type, "id": id, "mode": PROGRAM, "dry_run": True}
        return {**told, "command": _command(terms), "session_id": session, "prompt": prompt}
    try:
        heard = _heard(root, prompt, session, terms)
        verdict = receipts.verdict(heard.text)
        if verdict is None:
            raise _no_verdict()
    except (ProgramFailed, ProgramLate, SandboxBlocked, NoVerdict):
        if terms.receipt is not None:
            terms.receipt.unlink(missing_ok=True)  # an old one would let a gate pass that this review has not
        raise
    at = _now(project)
    if terms.receipt is not None:
        made = receipts.receipt(
            type,
            id,
            PROGRAM,
            verdict=verdict,
            review=heard.text,
            timestamp=at,
            session_id=heard.session_id,
            **more,
        )
        write(terms.receipt, receipts.as_bytes(made), mode=0o644)
    if project is not None and id != "branch":
        with project.change(f"codex {type.replace('_', '-')}") as change:
            task = id if "." in id else None
            change.event("review_made", epic=ids.epic_of(id), task=task, payload=_told(type, verdict))
    return {
        "type": type,
        "id": id,
        "verdict": verdict,
        "session_id": heard.session_id,
        "mode": PROGRAM,
        "review": heard.text,
    }


def _heard(root: Path, prompt: str, session: str | None, terms: Terms) -> Heard:
    """Goes on with a session; if that fails or is too late, begins a new one."""
    seconds = programs.seconds_of("FLOW_CODEX_TIMEOUT", SECONDS)

    def asked(arguments: Sequence[str]) -> programs.Output:
        return programs.run(PROGRAM, arguments, cwd=root, seconds=seconds, stdin=prompt, token=terms.token)

    if session is not None:
        resumed = _resumed(asked, session)
        if resumed is not None:
            return resumed
    told = asked(_command(terms)[1:])
    if told.code and _is_blocked(told):
        raise SandboxBlocked(
            PROGRAM,
            "Codex sandbox blocked operations. Try --sandbox danger-full-access (or auto) or set "
            "CODEX_SANDBOX=danger-full-access",
        )
    if told.code:
        raise ProgramFailed("codex exec", told.said)
    return _read(told.stdout)


def _resumed(asked: Callable[[Sequence[str]], programs.Output], session: str) -> Heard | None:
    try:
        told = asked(["exec", "resume", session, "-"])
    except (ProgramLate, ProgramFailed):
        return None
    return None if told.code else _read(told.stdout)._replace(session_id=session)


def _command(terms: Terms) -> list[str]:
    model = os.environ.get("FLOW_CODEX_MODEL", "").strip()
    return [
        PROGRAM,
        "exec",
        *(["--model", model] if model else []),
        "-c",
        f'model_reasoning_effort="{terms.effort}"',
        "--sandbox",
        _sandbox(terms.sandbox),
        "--skip-git-repo-check",
        "--json",
        "-",
    ]


def _sandbox(asked: str) -> str:
    """auto: what CODEX_SANDBOX says, else read-only. Raises: ProgramFailed."""
    said = asked if asked != "auto" else os.environ.get("CODEX_SANDBOX", "").strip() or "auto"
    if said not in SANDBOXES:
        raise ProgramFailed("CODEX_SANDBOX", f"{said!r} is none of {', '.join(SANDBOXES)}")
    return "read-only" if said == "auto" else said


def _read(stdout: str) -> Heard:
    """Of the events that `--json` prints, one to a line, what the reviewer says; of other text all."""
    session, texts, is_events = None, list[str](), False
    for event in _events(stdout):
        is_events = True
        if event.get("type") == "thread.started" and isinstance(event.get("thread_id"), str):
            session = event["thread_id"]
        item = event.get("item")
        if isinstance(item, dict) and item.get("type") == "agent_message" and isinstance(item.get("text"), str):
            texts.append(item["text"])
    return Heard("\n\n".join(texts) if is_events and texts else stdout, session)


def _events(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        if not line.startswith("{"):
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and isinstance(found.get("type"), str):
            yield found


def _is_blocked(told: programs.Output) -> bool:
    """Only where it speaks of its errors: a review may well speak of policies."""
    if _BLOCKED.search(told.stderr):
        return True
    items = [event.get("item") for event in _events(told.stdout)]
    return any(
        isinstance(item, dict)
        and item.get("status") == "failed"
        and _BLOCKED.search(str(item.get("aggregated_output") or ""))
        for item in items
    )


def _object(text: str) -> dict[str, Any] | None:
    """The first JSON object in it that has a verdict."""
    decoder = json.JSONDecoder()
    for start in [found.start() for found in re.finditer(r"\{", text)][:200]:
        try:
            value, _ = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and "verdict" in value:
            return value
    return None


def _changed(root: Path, base: str, token: CancelToken | None) -> tuple[list[tuple[str, str]], bool]:
    diff = diffs.since(root, base, token)
    text, is_whole = diffs.embedded(root, diff.files, _limit())
    return [("diff_summary", diff.summary), ("diff", diff.text), ("files", text)], is_whole


def _doubt(changed: list[tuple[str, str]], base: str) -> dict[str, str]:
    if any(text.strip() for _, text in changed):
        return {}
    return {"warning": f"Nothing was committed since {base}: the reviewer was shown no changes"}


def _limit() -> int:
    text = os.environ.get("FLOW_CODEX_EMBED_MAX_BYTES", "").strip()
    return int(text) if text.isascii() and text.isdigit() else EMBEDDED


def _spec(project: Project, epic: str) -> str:
    try:
        return project.spec(epic)
    except NotFound:
        return ""


def _tasks(project: Project, epic: str) -> str:
    return "\n\n".join(f"### {task.id}: {task.title}\n\n{project.body(task.id)}" for task in project.tasks(epic))


def _told(type: str, verdict: str) -> dict[str, str]:
    return {"type": type, "mode": PROGRAM, "verdict": verdict}


def _now(project: Project | None) -> str:
    if project is not None:
        return project.now()
    from datetime import UTC, datetime

    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _no_verdict() -> NoVerdict:
    return NoVerdict(
        PROGRAM,
        "Codex review completed but no verdict found in output. "
        "Expected <verdict>SHIP</verdict> or <verdict>NEEDS_WORK</verdict>",
    )
