"""Reviewing: a reviewer of one's own, a Python function or a Blueprint, looks at what a task has changed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flowbench.cancel import AbortReason, CancelToken, bound
from flowbench.project import diffs, findings, gaps, ids, receipts
from flowbench.project.answering import told
from flowbench.project.errors import NotFound
from flowbench.project.program_errors import NoVerdict, ProgramFailed, ProgramLate, ReviewRefused
from flowbench.storage import write

if TYPE_CHECKING:
    from flowbench.project.project import Project

TYPE = "impl_review"
FUNCTION = "review"  # of a Python file
SECONDS = 600.0
Function = Callable[[dict[str, Any], str], Any]
Voice = Callable[[str], object]
"""Hears what a reviewer prints."""


class Terms(NamedTuple):
    """base: the changes since it are reviewed. seconds: that the reviewer may take. receipt: absolute; written, too.

    register: findings become gaps of the epic. trust: hash of a Blueprint that may run its commands this once.
    """

    base: str = "main"
    seconds: float = SECONDS
    receipt: Path | None = None
    register: bool = False
    trust: str | None = None
    token: CancelToken | None = None
    voice: Voice | None = None


def impl(
    project: Project, task: str, reviewer: Path | Function, terms: Terms | None = None, *, dry_run: bool = False
) -> dict[str, Any]:
    """{type, id, verdict, session_id, mode, base, review, findings, warnings, registered, receipt}.

    Abort raises Aborted, and ends the reviewer with all it has started.
    reviewer: a function `(task, diff)`, plain or async, which runs in a process of its own; a Python file that has one
    named `review`; or a Blueprint that begins with {task, diff, base, files}. task: as `show` tells it, with `body` and
    `spec`. diff: text. Each comes to {verdict: SHIP | NEEDS_WORK | MAJOR_RETHINK, findings?: [...], review?: text}, the
    Blueprint in its ctx; a function may also return a text that holds them in tags. The receipt goes to `reviews/`.
    Raises: InvalidId, NotFound, ReviewRefused, ProgramError, blueprint.BlueprintError, blueprint.UntrustedBlueprint.
    """
    terms = terms or Terms()
    wanted = project.task(task).id
    if isinstance(reviewer, Path) and not reviewer.is_file():
        raise ReviewRefused(f"Reviewer {reviewer} is not there: name a Python file or a Blueprint")
    root, mode = project.layout.root, mode_of(reviewer)
    diff = diffs.since(root, terms.base, terms.token)
    name = f"{receipts.FOLDER}/{TYPE}-{wanted}-{mode}.json"
    shown = {"type": TYPE, "id": wanted, "mode": mode, "base": terms.base, "receipt": f".flow/{name}"}
    if dry_run:
        return {**shown, "dry_run": True, "reviewer": _name(reviewer), "files": diff.files}
    try:
        found = _ask(project, _facts(project, wanted), diff, reviewer, terms)
        verdict, review, listed, warnings = _read(found, _name(reviewer))
    except (ProgramFailed, ProgramLate, NoVerdict):
        if terms.receipt is not None:
            terms.receipt.unlink(missing_ok=True)  # an old one would let a gate pass that this review has not
        raise
    if not diff.text.strip():
        warnings = [f"Nothing was committed since {terms.base}: the reviewer was shown no changes", *warnings]
    made = receipts.receipt(
        TYPE,
        wanted,
        mode,
        verdict=verdict,
        review=review,
        timestamp=project.now(),
        base=terms.base,
        findings=listed,
    )
    if terms.receipt is not None:
        write(terms.receipt, receipts.as_bytes(made), mode=0o644)
    with project.change("review impl") as change:
        change.write(name, receipts.as_bytes(made))
        payload = {"type": TYPE, "mode": mode, "verdict": verdict, "findings": len(listed)}
        change.event("review_made", task=wanted, payload=payload)
    registered = 0
    if terms.register:
        kept = gaps.register(project, ids.epic_of(wanted), listed, source=mode, task=wanted)
        registered, warnings = kept["registered"], [*warnings, *kept["warnings"]]
    return told(
        change,
        **shown,
        verdict=verdict,
        session_id=None,
        review=review,
        findings=listed,
        warnings=warnings,
        registered=registered,
    )


def mode_of(reviewer: Path | Function) -> str:
    """The name that its receipts go by: letters and underscores of the file's, or of the function's."""
    name = reviewer.stem if isinstance(reviewer, Path) else _name(reviewer)
    return re.sub(r"[^A-Za-z]+", "_", name).strip("_") or "reviewer"


def call(file: str, task: dict[str, Any], diff: str) -> Any:
    """What `review` of a Python file answers. Runs in a process of its own. Raises: whatever it raises."""
    import importlib.util

    path = Path(file)
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    function = getattr(module, FUNCTION, None)
    if not callable(function):
        raise TypeError(f"{path.name} has no function `{FUNCTION}(task, diff)`")
    return function(task, diff)


def _name(reviewer: Path | Function) -> str:
    return reviewer.name if isinstance(reviewer, Path) else getattr(reviewer, "__name__", type(reviewer).__name__)


def _ask(project: Project, facts: dict[str, Any], diff: diffs.Diff, reviewer: Path | Function, terms: Terms) -> Any:
    if isinstance(reviewer, Path) and reviewer.suffix != ".py":
        return _ask_blueprint(facts, diff, reviewer, terms)
    function = partial(call, str(reviewer)) if isinstance(reviewer, Path) else reviewer
    return _ask_function(project.layout.root, facts, diff, function, _name(reviewer), terms)


def _ask_function(
    root: Path, facts: dict[str, Any], diff: diffs.Diff, function: Function, name: str, terms: Terms
) -> Any:
    from flowbench.process import BodyRaised, ProcessError, TimedOut, carry, run_isolated

    own, voice = bound(terms.token), terms.voice
    heard = None if voice is None else lambda _, text: voice(text)
    work = carry(run_isolated(function, facts, diff.text, token=own, timeout=terms.seconds, cwd=str(root), voice=heard))
    try:
        return work.result()
    except TimedOut:
        raise ProgramLate(name, terms.seconds) from None
    except BodyRaised as error:
        where = f" ({Path(error.frames[-1][0]).name}:{error.frames[-1][1]})" if error.frames else ""
        raise ProgramFailed(name, f"{error.type_name}: {error}{where}") from error
    except ProcessError as error:
        raise ProgramFailed(name, str(error)) from error
    except BaseException:  # Ctrl-C: nobody waits any more
        own.abort(AbortReason.SIGNAL, "left")
        raise


def _ask_blueprint(facts: dict[str, Any], diff: diffs.Diff, reviewer: Path, terms: Terms) -> Any:
    from flowbench import blueprint as bp
    from flowbench.project.outcome import error_text
    from flowbench.runtime import launch

    ctx = {"task": facts, "diff": diff.text, "base": diff.base, "files": diff.files}
    own = bound(terms.token)
    trust: dict[str, Any] = {} if terms.trust is None else {"trust": terms.trust}
    run = launch(bp.load(reviewer), ctx, token=own, timeout=terms.seconds, **trust)
    run.wait()
    if run.state == "done":
        return run.ctx
    if run.cause is not None and run.cause.reason is AbortReason.TIMEOUT:
        raise ProgramLate(reviewer.name, terms.seconds)
    own.heartbeat()
    raise ProgramFailed(reviewer.name, error_text(run))


def _facts(project: Project, task: str) -> dict[str, Any]:
    import msgspec

    try:
        spec = project.spec(ids.epic_of(task))
    except NotFound:
        spec = ""
    facts = {**project.facts(task), "body": project.body(task), "spec": spec}
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(facts, enc_hook=str))
    return plain


def _read(found: Any, name: str) -> tuple[str, str, list[dict[str, Any]], list[str]]:
    """(verdict, text, findings, what was left out of them). Raises: NoVerdict."""
    if isinstance(found, str):
        listed, warnings = findings.parse(found) if "<findings>" in found else ([], [])
        return _verdict(None, found, name), found, listed, warnings
    if not isinstance(found, Mapping):
        raise NoVerdict(name, f"{name} came to {_short(found)}: expected an object with a verdict")
    given = found.get("findings") or []
    listed, warnings = findings.parse(json.dumps(given)) if given else ([], [])
    review = found.get("review")
    if not isinstance(review, str):
        review = "\n".join(f"[{each['severity']}] {each['location']}: {each['title']}" for each in listed)
    return _verdict(found.get("verdict"), review, name), review, listed, warnings


def _verdict(said: Any, text: str, name: str) -> str:
    if said is None:
        said = receipts.verdict(text)
    verdict = str(said).strip().upper().replace(" ", "_").replace("-", "_")
    if said is None or verdict not in receipts.VERDICTS:
        what = "gave no verdict" if said is None else f"gave the verdict {_short(said)}"
        raise NoVerdict(name, f"{name} {what}: expected {', '.join(receipts.VERDICTS)}")
    return verdict


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:79]}…"
