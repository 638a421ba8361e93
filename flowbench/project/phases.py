"""Phases: the steps by which a worker goes through a task, one after the other."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple

from flowbench.project import ids
from flowbench.project.answering import told
from flowbench.project.errors import PhaseRefused

if TYPE_CHECKING:
    from flowbench.project.project import Project


class Phase(NamedTuple):
    """done: the condition on which it is. content: what to do, for who does it."""

    id: str
    title: str
    done: str
    content: str


PHASES = (
    Phase(
        "0",
        "Verify Configuration",
        "OWNED_FILES verified and configuration validated",
        "Look up which files the task owns (`flowctl show`, `flowctl lock-check`) and that the project is sound "
        "(`flowctl detect`). Stop and say so if another task keeps a file that you need.",
    ),
    Phase(
        "1",
        "Re-anchor",
        "Run flowctl show <task> and verify spec was read",
        "Read the task (`flowctl show`, `flowctl cat`), the plan of its epic and what memory has on it "
        "(`flowctl memory inject`). Begin from what is written there, not from what you remember.",
    ),
    Phase(
        "2a",
        "TDD Red-Green",
        "Failing tests written and seen to fail",
        "Write tests for each line of the acceptance first. Run them and see them fail for the right reason.",
    ),
    Phase(
        "2",
        "Implement",
        "Implemented, and it builds",
        "Make the change in the files that the task owns, in the style of what is around it. It builds at the end.",
    ),
    Phase(
        "2.5",
        "Verify & Fix",
        "flowctl guard passes and the diff was read",
        "Run `flowctl guard`. Read your own diff line by line. Mend what either shows, and run it again.",
    ),
    Phase(
        "3",
        "Commit",
        "Changes committed",
        "Commit what belongs to the task, and nothing else, with a message that names the task and says why.",
    ),
    Phase(
        "4",
        "Review",
        "Reviewer said SHIP",
        "Have the change reviewed (`flowctl review impl`). Mend what is found until the verdict is SHIP.",
    ),
    Phase(
        "5",
        "Complete",
        "flowctl done was called",
        "Call `flowctl done` with a summary and with evidence: commits, tests that were run, pull requests.",
    ),
    Phase(
        "5b",
        "Memory Auto-Save",
        "Lessons saved, if there were any",
        "Keep what the next worker should know: `flowctl memory add pitfall|convention|decision`.",
    ),
    Phase(
        "6",
        "Return",
        "Summary returned",
        "Give back a short summary: what was done, what was left, what was noticed.",
    ),
)
BY_ID = {phase.id: phase for phase in PHASES}
ONLY_WITH = {"2a": "tdd", "4": "review"}


def sequence(*, tdd: bool = False, review: bool = False, also: Collection[str] = ()) -> list[str]:
    """Ids in order. also: phases that count though neither flag asks for them."""
    flags = {"tdd": tdd, "review": review}
    return [phase.id for phase in PHASES if phase.id in also or flags.get(ONLY_WITH.get(phase.id, ""), True)]


def next_phase(project: Project, task: str, *, tdd: bool = False, review: bool = False) -> dict[str, Any]:
    """{phase, title, done_condition, content, completed_phases, sequence, all_done}; at the end phase is None.

    Raises: InvalidId, NotFound.
    """
    id = project.task(task).id
    completed = _completed(project, id)
    order = sequence(tdd=tdd, review=review, also=completed)
    left = [phase for phase in order if phase not in completed]
    facts = {"completed_phases": completed, "sequence": order, "all_done": not left}
    if not left:
        return {"phase": None, **facts}
    phase = BY_ID[left[0]]
    return {
        "phase": phase.id,
        "title": phase.title,
        "done_condition": phase.done,
        "content": f"## {phase.title}\n\n{phase.content}\n\nDone when: {phase.done}\n",
        **facts,
    }


def complete(
    project: Project, task: str, phase: str, *, tdd: bool = False, review: bool = False, dry_run: bool = False
) -> dict[str, Any]:
    """{completed_phase, completed_phases, all_done, next_phase?}. Raises: InvalidId, NotFound, PhaseRefused."""
    id = project.task(task).id
    if phase not in BY_ID:
        raise PhaseRefused(f"Unknown phase: {phase!r} (one of {', '.join(BY_ID)})")
    with project.change("worker-phase done", dry_run=dry_run) as change:
        completed = _completed(project, id)
        order = sequence(tdd=tdd, review=review, also=completed)
        left = [each for each in order if each not in completed]
        if not left:
            raise PhaseRefused(f"All phases of {id} are completed")
        if phase in completed:
            raise PhaseRefused(f"Phase {phase} is completed already. Expected phase {left[0]}.")
        if phase in ONLY_WITH and phase not in order:
            raise PhaseRefused(
                f"Phase {phase} is not in the sequence. Expected phase {left[0]}; --{ONLY_WITH[phase]} takes it in."
            )
        if phase != left[0]:
            raise PhaseRefused(f"Expected phase {left[0]}, got phase {phase}. Cannot skip phases.")
        change.phase(id, phase)
        change.event("phase_completed", task=id, payload={"phase": phase})
    rest = left[1:]
    facts: dict[str, Any] = {
        "completed_phase": phase,
        "completed_phases": [*completed, phase],
        "all_done": not rest,
    }
    if rest:
        after = BY_ID[rest[0]]
        facts["next_phase"] = {"phase": after.id, "title": after.title, "done_condition": after.done}
    return told(change, **facts)


def prompt(
    project: Project, task: str | None = None, *, tdd: bool = False, review: str | None = None
) -> dict[str, Any]:
    """{prompt, mode: bootstrap, estimated_tokens}: what a worker is told to begin with. review: who reviews.

    Raises: InvalidId, NotFound.
    """
    from flowbench.tools import count_tokens

    order = sequence(tdd=tdd, review=review is not None)
    id = "<task>" if task is None else project.task(task).id
    flags = f"{' --tdd' if tdd else ''}{' --review' if review else ''}"
    lines = [
        f"You work on {id} of this project, phase by phase.",
        "",
        f"1. `flowctl worker-phase next --task {id}{flags} --json` says what to do now.",
        "2. Do exactly that.",
        f"3. `flowctl worker-phase done --task {id} --phase <phase>{flags} --json` says that it is done.",
        "4. Begin again at 1, until `all_done`.",
        "",
        "Phases: " + ", ".join(f"{phase} {BY_ID[phase].title}" for phase in order) + ".",
        *([f"The review is made with {review}."] if review else []),
        "Never skip a phase. If you cannot go on, `flowctl block` says why.",
    ]
    text = "\n".join(lines) + "\n"
    return {"prompt": text, "mode": "bootstrap", "estimated_tokens": count_tokens(text).count}


def _completed(project: Project, task: str) -> list[str]:
    done = project.phases(ids.task_id(task).text)
    return [phase.id for phase in PHASES if phase.id in done]
