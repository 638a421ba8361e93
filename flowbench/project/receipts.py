"""Receipts: what a review came to, as a file that gates and later reviews read; and who is to review."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowbench.project import ids
from flowbench.project.files import names
from flowbench.project.program_errors import ReviewRefused

if TYPE_CHECKING:
    from flowbench.project.project import Project

VERDICTS = ("SHIP", "NEEDS_WORK", "MAJOR_RETHINK")
FOLDER = "reviews"
ENVIRONMENT = "FLOW_REVIEW_BACKEND"
BACKENDS = {"rp": "rp-cli", "codex": "codex", "none": ""}
"""Who can review, and the program that it needs."""

_VERDICT = re.compile(rf"<verdict>\s*({'|'.join(VERDICTS)})\s*</verdict>")
_SESSION = re.compile(r"[A-Za-z0-9][\w.:-]{0,199}")


def verdict(text: str) -> str | None:
    """The last one that it gives: a reviewer may name the choices before. None: it gives none."""
    found = _VERDICT.findall(text)
    return found[-1] if found else None


def receipt(
    type: str,
    id: str,
    mode: str,
    *,
    verdict: str,
    review: str,
    timestamp: str,
    session_id: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """{type, id, mode, verdict, session_id, timestamp, review, ...}; of `more` what is not None.

    `iteration` is that of the loop that the review is part of. Source: flowctl.py, section 19.
    """
    made = {
        "type": type,
        "id": id,
        "mode": mode,
        "verdict": verdict,
        "session_id": session_id,
        "timestamp": timestamp,
        "review": review,
        **{key: value for key, value in more.items() if value is not None},
    }
    iteration = os.environ.get("RALPH_ITERATION", "")
    if iteration.isascii() and iteration.isdigit():
        made["iteration"] = int(iteration)
    return made


def as_bytes(receipt: Mapping[str, Any]) -> bytes:
    return (json.dumps(receipt, indent=2) + "\n").encode()


def session_of(path: Path | None) -> str | None:
    """The session that a receipt tells, to go on with; None: there is no such receipt, or it tells none."""
    try:
        found = json.loads(path.read_bytes()) if path is not None else {}
    except (OSError, ValueError):
        return None
    session = found.get("session_id") if isinstance(found, dict) else None
    return session if isinstance(session, str) and _SESSION.fullmatch(session) else None


def backend(project: Project | None) -> dict[str, Any]:
    """{backend: rp | codex | none | ASK, source: env | config | none, warning?}. project: None where there is none.

    One whose program is not installed becomes none, and the source says why.
    """
    said = os.environ.get(ENVIRONMENT, "").strip()
    configured = None if project is None else project.config.get("review.backend")
    if said in BACKENDS:
        name, source = said, "env"
    elif isinstance(configured, str) and configured in BACKENDS:
        name, source = configured, "config"
    else:
        return {"backend": "ASK", "source": "none"}
    program = BACKENDS[name]
    if program and shutil.which(program) is None:
        why = f"{program} not found"
        warning = f"review backend {name}: {program} not found in PATH, so nobody reviews"
        return {"backend": "none", "source": f"{source} (fallback: {why})", "warning": warning}
    return {"backend": name, "source": source}


def of_epic(project: Project, epic: str) -> list[Path]:
    """The receipts of its tasks, by name. Raises: InvalidId, ReviewRefused if there are none."""
    id = project.resolve(ids.epic_id(epic).text)
    folder = project.layout.flow / FOLDER
    named = re.compile(rf".+-{re.escape(id)}\.[^-]*-.*\.json", re.DOTALL)
    found = sorted(folder / name for name in names(folder) if named.fullmatch(name))
    if not found:
        raise ReviewRefused(f"No review receipts found for epic {id}")
    return found


def compared(files: Iterable[tuple[str, Path]]) -> dict[str, Any]:
    """{reviews, verdicts: {mode: verdict}, consensus, has_conflict, details}. files: as named, and where they are.

    Raises: ReviewRefused for one that is not there, or no receipt.
    """
    details = []
    for shown, path in files:
        try:
            found = json.loads(path.read_bytes())
        except OSError:
            raise ReviewRefused(f"Receipt file not found: {shown}") from None
        except ValueError as error:
            raise ReviewRefused(f"Invalid receipt JSON: {shown}: {error}") from None
        if not isinstance(found, dict):
            raise ReviewRefused(f"Invalid receipt JSON: {shown}: it is no object")
        told = {key: found.get(key, "unknown") for key in ("mode", "verdict", "id")}
        details.append(
            {"file": shown, **told, "timestamp": found.get("timestamp", ""), "review": found.get("review", "")}
        )
    verdicts = {str(each["mode"]): each["verdict"] for each in details}
    agreed = len({str(each["verdict"]) for each in details}) <= 1
    return {
        "reviews": len(details),
        "verdicts": verdicts,
        "consensus": next(iter(verdicts.values()), None) if agreed else None,
        "has_conflict": not agreed,
        "details": details,
    }
