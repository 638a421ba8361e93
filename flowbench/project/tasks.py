"""Tasks: what verbs do to one beside working on it: its text, back ends, dependencies, skipping and splitting it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flowbench.project import ids, sections, status
from flowbench.project.answering import told
from flowbench.project.errors import SectionError, TaskRefused
from flowbench.project.front_edit import REMOVE
from flowbench.project.reaching import way
from flowbench.project.status import Status

if TYPE_CHECKING:
    from flowbench.project.change import Change
    from flowbench.project.project import Project

BACKENDS = ("impl", "review", "sync")


def create(
    project: Project,
    epic: str,
    title: str,
    *,
    depends_on: Sequence[str] = (),
    acceptance: str = "",
    priority: int | None = None,
    domain: str | None = None,
    files: Sequence[str] = (),
    dry_run: bool = False,
) -> dict[str, Any]:
    """{id, epic, title, depends_on, spec_path, message}. Raises: NotFound, TaskRefused, ProjectError."""
    wanted = project.resolve(ids.epic_id(epic).text)
    with project.change("task create", dry_run=dry_run) as change:
        made = change.create_task(
            wanted,
            title,
            depends_on=[project.resolve(ids.task_id(each).text) for each in depends_on],
            acceptance=acceptance,
            priority=priority,
            domain=domain,
            files=files,
        )
    return told(
        change,
        id=made.id,
        epic=wanted,
        title=made.title,
        depends_on=made.depends_on,
        spec_path=f".flow/tasks/{made.id}.md",
        message=f"Task {made.id} created",
    )


def set_section(project: Project, task: str, heading: str, text: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{id, section, message}. heading: `## Description` | `## Acceptance`. Raises: NotFound, SectionError."""
    id = _resolved(project, task)
    with project.change("task set-section", dry_run=dry_run) as change:
        change.body(id, lambda body: sections.patched(body, heading, text))
        change.event("task_text_set", task=id, payload={"sections": [heading]})
    return told(change, id=id, section=heading, message=f"Task {id} {heading} updated")


def set_sections(project: Project, task: str, texts: Mapping[str, str], *, dry_run: bool = False) -> dict[str, Any]:
    """{id, sections, message}: several at once. Raises: NotFound, SectionError."""
    id = _resolved(project, task)
    with project.change("task set-spec", dry_run=dry_run) as change:
        for heading, text in texts.items():
            change.body(id, lambda body, heading=heading, text=text: sections.patched(body, heading, text))  # type: ignore[misc]
        change.event("task_text_set", task=id, payload={"sections": list(texts)})
    return told(change, id=id, sections=list(texts), message=f"Task {id} updated: {', '.join(texts)}")


def set_text(project: Project, task: str, text: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{id, message}: another text below the fields.

    Raises: NotFound, SectionError for a heading that is there twice.
    """
    id = _resolved(project, task)
    faults = [(name, n) for name, n in sections.duplicates(text) if name in sections.TASK_HEADINGS]
    if faults:
        raise SectionError(
            "Spec validation failed: " + "; ".join(f"Duplicate heading: {name} (found {n} times)" for name, n in faults)
        )
    with project.change("task set-spec", dry_run=dry_run) as change:
        change.body(id, text if text.endswith("\n") else f"{text}\n")
        change.event("task_text_set", task=id, payload={"sections": sections.headings(text)})
    return told(change, id=id, message=f"Task {id} spec replaced")


def set_backend(
    project: Project, task: str, given: Mapping[str, str | None], *, dry_run: bool = False
) -> dict[str, Any]:
    """{id, impl, review, sync, message}. given: by impl, review, sync; "" clears, None leaves.

    Raises: NotFound, TaskRefused if nothing is given.
    """
    id = _resolved(project, task)
    changes = {name: spec.strip() for name, spec in given.items() if spec is not None}
    if not changes:
        raise TaskRefused("At least one of --impl, --review or --sync is required")
    with project.change("task set-backend", dry_run=dry_run) as change:
        change.set(id, **{name: spec or REMOVE for name, spec in changes.items()})
        change.event("task_backend_set", task=id, payload=changes)
        after = change.task(id)
    said = ", ".join(f"{name}={spec or 'null'}" for name, spec in changes.items())
    facts = {name: getattr(after, name) for name in BACKENDS}
    return told(change, id=id, **facts, message=f"Task {id} backend specs updated: {said}")


def backends(project: Project, task: str) -> dict[str, Any]:
    """{id, epic, impl, review, sync: {spec, source}}; source: task | epic | None. Raises: NotFound."""
    found = project.task(_resolved(project, task))
    epic = project.epic(found.epic)
    facts: dict[str, Any] = {"id": found.id, "epic": found.epic}
    for name in BACKENDS:
        own, its = getattr(found, name), getattr(epic, f"default_{name}")
        facts[name] = {"spec": own or its, "source": "task" if own else "epic" if its else None}
    return facts


def set_blueprint(
    project: Project, task: str, blueprint: str, inputs: Mapping[str, Any] | None = None, *, dry_run: bool = False
) -> dict[str, Any]:
    """{id, blueprint, inputs, message}: the task runs by itself from now on. blueprint: a file below the project's
    root, or `stored:ID@SELECTOR`; "" makes it a person's again, without inputs. inputs: None leaves them.

    Raises: NotFound; TaskRefused, BlueprintError, ... for one that cannot be read.
    """
    from flowbench.project.carried import blueprint_of

    id = _resolved(project, task)
    with project.change("task set-blueprint", dry_run=dry_run) as change:
        change.task(id)
        if blueprint:
            change.set(id, blueprint=blueprint, **({} if inputs is None else {"inputs": dict(inputs) or REMOVE}))
            blueprint_of(project, change.task(id))
        else:
            change.set(id, blueprint=REMOVE, inputs=REMOVE)
        after = change.task(id)
        change.event("task_blueprint_set", task=id, payload={"blueprint": blueprint})
    message = f"Task {id} runs {blueprint}" if blueprint else f"Task {id} is a person's"
    return told(change, id=id, blueprint=after.blueprint, inputs=after.inputs, message=message)


def skip(project: Project, task: str, *, reason: str = "", dry_run: bool = False) -> dict[str, Any]:
    """{id, status, reason, message}: the task need not be done; whoever waits for it goes on.

    Raises: NotFound, TaskRefused, InvalidTransition.
    """
    id = _resolved(project, task)
    with project.change("task skip", dry_run=dry_run) as change:
        before = change.task(id).status
        if before is Status.DONE:
            raise TaskRefused(f"Cannot skip task {id}: status is 'done'.")
        if before is not Status.SKIPPED:
            status.move(before, Status.SKIPPED)
        change.set(id, status=Status.SKIPPED, skipped_reason=reason or REMOVE, skipped_at=change.now)
        change.note(id, skipped_reason=reason or None)
        change.event("task_skipped", task=id, payload={"reason": reason})
    return told(change, id=id, status="skipped", reason=reason or None, message=f"Task {id} skipped")


def split(
    project: Project, task: str, titles: Sequence[str], *, chain: bool = False, dry_run: bool = False
) -> dict[str, Any]:
    """{original, split_into, chain, message}: the task is skipped, and others do its work.

    The first waits for what the task waited for; with `chain` each of the others waits for the one before. Who waited
    for the task waits for the last of a chain, else for all of them. Priority and domain are the task's.
    Raises: NotFound, TaskRefused for fewer than two titles and for a task that is done, skipped or worked on.
    """
    id = _resolved(project, task)
    names = [" ".join(title.split()) for title in titles if title.strip()]
    if len(names) < 2:
        raise TaskRefused("A task is split into two or more: --titles 'First | Second'")
    with project.change("task split", dry_run=dry_run) as change:
        found = change.task(id)
        if found.status.is_satisfied:
            raise TaskRefused(f"Cannot split task {id}: status is '{found.status}'.")
        if found.status is Status.IN_PROGRESS:
            raise TaskRefused(f"Cannot split task {id}: it is in progress. Block or restart it first.")
        made: list[str] = []
        for place, name in enumerate(names):
            waits = found.depends_on if place == 0 else made[-1:] if chain else []
            more = {"split_from": id}
            made.append(
                change.create_task(
                    found.epic, name, depends_on=waits, priority=found.priority, domain=found.domain, **more
                ).id
            )
        for other in change.tasks(found.epic):
            if id in other.depends_on:
                change.set(other.id, depends_on=_replaced(other.depends_on, id, made[-1:] if chain else made))
        if found.status is not Status.TODO:
            change.clear(id)
        change.set(id, status=Status.SKIPPED, split_into=made, skipped_at=change.now, skipped_reason="split")
        change.event("task_split", task=id, payload={"into": made, "chain": chain})
    message = f"Task {id} split into {len(made)} sub-tasks"
    return told(change, original=id, split_into=made, chain=chain, message=message)


def add_dep(project: Project, task: str, other: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{task, depends_on, message}: the task waits for another of its epic. Raises: NotFound, TaskRefused."""
    id, to = _resolved(project, task), _resolved(project, other)
    facts = _depend(project, "dep add", id, [to], dry_run)
    added = facts.pop("added")
    return {**facts, "message": f"Dependency {to} added to {id}" if added else f"{to} already in dependencies"}


def set_deps(project: Project, task: str, others: Sequence[str], *, dry_run: bool = False) -> dict[str, Any]:
    """{task, depends_on, added, message}: only adds. Raises: NotFound, TaskRefused."""
    id = _resolved(project, task)
    wanted = [_resolved(project, each) for each in others]
    if not wanted:
        raise TaskRefused("No dependencies specified. Use --deps fn-1.1,fn-1.2")
    return {**_depend(project, "task set-deps", id, wanted, dry_run), "message": f"Dependencies set for {id}"}


def rm_dep(project: Project, task: str, other: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{task, depends_on, removed, message}; the other need not be there any more. Raises: NotFound."""
    id, to = _resolved(project, task), _resolved(project, other)
    with project.change("dep rm", dry_run=dry_run) as change:
        before = change.task(id).depends_on
        after = [each for each in before if each != to]
        if after != before:
            change.set(id, depends_on=after)
            change.event("dep_removed", task=id, payload={"depends_on": to})
    message = f"Dependency {to} removed from {id}" if after != before else f"{to} not in dependencies"
    return told(change, task=id, depends_on=after, removed=after != before, message=message)


def _depend(project: Project, verb: str, id: str, others: Sequence[str], dry_run: bool) -> dict[str, Any]:
    """Raises: NotFound, TaskRefused."""
    epic = ids.epic_of(id)
    with project.change(verb, dry_run=dry_run) as change:
        before = change.task(id).depends_on
        after = list(before)
        for to in others:
            if ids.epic_of(to) != epic:
                raise TaskRefused(
                    f"Dependencies must be within the same epic. Task {id} is in {epic}, dependency {to} is in "
                    f"{ids.epic_of(to)}"
                )
            if to == id:
                raise TaskRefused(f"Task {id} cannot depend on itself")
            if to in after:
                continue
            change.task(to)
            _no_cycle(change, id, to)
            after.append(to)
        added = [each for each in after if each not in before]
        if added:
            change.set(id, depends_on=after)
            change.event("dep_added", task=id, payload={"depends_on": added})
    return told(change, task=id, depends_on=after, added=added)


def _no_cycle(change: Change, id: str, to: str) -> None:
    """Raises: TaskRefused, with the way round."""
    found = way({task.id: task.depends_on for task in change.tasks(ids.epic_of(id))}, to, id)
    if found:
        raise TaskRefused(f"Task {id} cannot depend on {to}: that would be a cycle: {' -> '.join([id, *found])}")


def _replaced(names: Sequence[str], old: str, new: Sequence[str]) -> list[str]:
    found: dict[str, None] = {}
    for each in names:
        found.update(dict.fromkeys(new if each == old else [each]))
    return list(found)


def _resolved(project: Project, text: str) -> str:
    """The full id of a task; it need not be there. Raises: InvalidId."""
    return project.resolve(ids.task_id(text).text)
