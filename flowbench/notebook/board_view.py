"""Board view: the tasks of a project by column, with what a person may do with each, as one JSON object."""

from __future__ import annotations

from html import escape
from typing import Any

from flowbench.notebook.view import cut
from flowbench.project import Project, ProjectError, Status, Task
from flowbench.project.approvals import Approvals
from flowbench.project.planning import plan

SHOWN = 200  # cards of a column: more are a number, and found by the filter
TITLE_LENGTH = 160  # characters
BODY_LENGTH = 40_000

COLUMNS: dict[str, tuple[Status, ...]] = {
    "To do": (Status.TODO, Status.UP_FOR_RETRY),
    "In progress": (Status.IN_PROGRESS,),
    "Blocked": (Status.BLOCKED, Status.FAILED, Status.UPSTREAM_FAILED),
    "Done": (Status.DONE, Status.SKIPPED),
}
ACTS: dict[Status, tuple[str, ...]] = {
    Status.TODO: ("start", "block", "skip"),
    Status.UP_FOR_RETRY: ("start",),
    Status.IN_PROGRESS: ("done", "block"),
    Status.BLOCKED: ("start",),
}


def view(project: Project, epic: str | None, wanted: str = "") -> dict[str, Any]:
    """{"title", "columns": [{"name", "tasks": [card], "total": int}], "approvals": [...], "error": str, "cut": bool}.

    A card: {"id", "title", "status", "ready": bool, "waits": ids, "assignee", "blueprint", "critical", "acts"}.
    wanted: only tasks with this text in id, title, domain or assignee.
    """
    try:
        found = plan(project, epic)
        asked = [_approval(each) for each in Approvals(project).list(status="pending", epic=epic)]
    except ProjectError as error:
        return {"title": epic or "", "columns": [], "approvals": [], "error": str(error), "cut": False}
    ready, critical = set(found.ready), set(found.critical_path)
    statuses = {id: task.status for id, task in found.tasks.items()}
    columns, is_cut = [], False
    for name, members in COLUMNS.items():
        tasks = [task for task in found.tasks.values() if task.status in members]
        fitting = [task for task in tasks if _fits(task, wanted)]
        cards = [
            {
                "id": task.id,
                "title": cut(task.title, TITLE_LENGTH),
                "status": task.status.value,
                "ready": task.id in ready,
                "waits": [each for each in task.depends_on if each not in statuses or not statuses[each].is_satisfied],
                "assignee": task.assignee or "",
                "blueprint": task.blueprint if isinstance(task.blueprint, str) else "",
                "critical": task.id in critical,
                "acts": list(ACTS.get(task.status, ())),
            }
            for task in fitting[:SHOWN]
        ]
        is_cut = is_cut or len(fitting) > SHOWN
        columns.append({"name": name, "tasks": cards, "total": len(fitting)})
    problems = "; ".join(str(each) for each in project.problems[:3])
    return {
        "title": found.title,
        "columns": columns,
        "approvals": asked,
        "error": problems,
        "cut": is_cut or bool(wanted),
    }


def detail(project: Project, id: str) -> dict[str, Any]:
    """{"id", "title", "facts": [[name, text]], "body": Markdown, "error": str} of one task."""
    try:
        task = project.task(id)
        known = project.runtime(task.id)
        facts = [
            ("status", task.status.value.replace("_", " ")),
            ("waits for", ", ".join(task.depends_on)),
            ("priority", "" if task.priority is None else str(task.priority)),
            ("files", ", ".join(task.files)),
            ("blueprint", str(task.blueprint or "")),
            ("who", known.assignee or ""),
            ("run", known.run_id or ""),
            ("took", "" if known.duration_seconds is None else f"{known.duration_seconds:g} s"),
        ]
        body = cut(project.body(task.id), BODY_LENGTH)
    except ProjectError as error:
        return {"id": id, "title": "", "facts": [], "body": "", "error": str(error)}
    return {
        "id": task.id,
        "title": task.title,
        "facts": [[name, text] for name, text in facts if text],
        "body": body,
        "error": "",
    }


def still(view: dict[str, Any]) -> dict[str, Any]:
    """Mime bundle of a board that nobody can click."""
    head = "".join(
        f'<th style="text-align:left">{escape(column["name"])} · {column["total"]}</th>' for column in view["columns"]
    )
    cells = "".join(
        f'<td style="text-align:left;vertical-align:top">{"".join(map(_line, column["tasks"]))}</td>'
        for column in view["columns"]
    )
    asked = "".join(
        f"<li>{escape(each['question'])} <code>{escape(each['id'])}</code></li>" for each in view["approvals"]
    )
    idle = "" if head or asked or view["error"] else "Nothing waits for a decision."
    parts = [
        f"<p><b>{escape(view['title'])}</b></p>",
        f"<p>{escape(view['error'])}</p>" if view["error"] else "",
        f"<p>waits for a decision:</p><ul>{asked}</ul>" if asked else "",
        f"<p>{idle}</p>" if idle else "",
        f"<table><thead><tr>{head}</tr></thead><tbody><tr>{cells}</tr></tbody></table>" if head else "",
    ]
    lines = [f"{column['name']}: {', '.join(card['id'] for card in column['tasks'])}" for column in view["columns"]]
    lines += [f"waits for a decision: {each['id']} {each['question']}" for each in view["approvals"]]
    return {
        "text/html": f'<div class="flowbench mathjax_ignore">{"".join(parts)}</div>',
        "text/plain": "\n".join(filter(None, [view["title"], view["error"], idle, *lines])),
    }


def _line(card: dict[str, Any]) -> str:
    said = "ready" if card["ready"] else card["assignee"]
    more = f" <small>{escape(said)}</small>" if said else ""
    return f"<div><code>{escape(card['id'])}</code> {escape(card['title'])}{more}</div>"


def _fits(task: Task, wanted: str) -> bool:
    words = wanted.lower().split()
    text = " ".join([task.id, task.title, task.domain or "", task.assignee or "", task.status]).lower()
    return all(word in text for word in words)


def _approval(each: Any) -> dict[str, Any]:
    return {
        "id": each.id,
        "question": cut(each.question, 2_000),
        "about": each.task or each.epic or "",
        "by": each.created_by,
        "payload": "" if each.payload is None else _json(each.payload),
    }


def _json(value: Any) -> str:
    from flowbench.notebook.view import json_text

    return json_text(value, 2_000)
