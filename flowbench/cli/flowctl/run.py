"""Run: the verb that lets a task's Blueprint do its work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from flowbench.cli import options
from flowbench.cli.exits import refusal
from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.verb import verb

if TYPE_CHECKING:
    from flowbench.cli.follow import Heard
    from flowbench.runtime import Run


@verb(changes=True)
@click.argument("task")
@click.option("--agents", multiple=True, metavar="NAME", help="Module, .py or .ipynb file with functions; repeatable.")
@click.option("--trust", metavar="HASH", help="Let the Blueprint of this hash run its commands this once.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Then it has failed.")
@options.answers
@click.option("--force", is_flag=True, help="Though it waits for others, is blocked, or somebody else works on it.")
@click.option("--fresh", is_flag=True, help="Begin anew, also where a killed run could go on.")
def run(
    session: Session,
    task: str,
    agents: tuple[str, ...],
    trust: str | None,
    timeout: float | None,
    answers: str | None,
    force: bool,
    fresh: bool,
) -> Answer:
    """Run the Blueprint that a task carries; the task ends as the run ends.

    `blueprint:` in the task's front matter names it: a file of the project, or stored:ID@SELECTOR; `inputs:` is what
    its ctx begins with. Done: the task is done, with summary and evidence. Failed: as `flowctl fail`. Ctrl-C stops it
    all, and the task is todo again. After kill -9 of this process the same command goes on where it was.

    Exit codes: 1 failed, 2 its Blueprint cannot be read, 3 it names functions that nobody registered or secrets that
    nobody gives, 4 it would run commands that nobody has allowed (`flowbench trust FILE`, or --trust HASH), 5 a person
    would have to answer, and nobody is there, 130 stopped by Ctrl-C, 143 by SIGTERM.
    """
    from flowbench.blueprint import BlueprintError, UntrustedBlueprint
    from flowbench.cli import follow, report, sources
    from flowbench.engine import NobodyToAsk
    from flowbench.project.carried import blueprint_of

    project, ran = session.project, list[Any]()
    try:
        sources.agents(agents, session.cwd)
        sources.require(blueprint_of(project, project.task(project.resolve(task))), agents)
        with _signals() as heard:

            def watch(going: Run) -> None:
                ran.append(going)
                follow.follow(going, heard)

            how: dict[str, Any] = {"trust": trust, "timeout": timeout, "token": session.token, **_people(answers)}
            how = {key: value for key, value in how.items() if value is not None}
            facts = project.run(task, watch=watch, force=force, fresh=fresh, dry_run=session.dry_run, **how)
    except (BlueprintError, NobodyToAsk, UntrustedBlueprint) as error:
        raise refusal(error, agents) from error
    if not ran:
        return Answer(facts, f"Task {facts['id']} would run {facts['blueprint']}")
    going = ran[0]
    lines = [facts["message"]]
    if facts.get("reason") and going.state != "cancelled":
        lines.append(f"  {facts['reason']}")
    if facts.get("upstream_failed"):
        lines.append(f"  these fail with it: {', '.join(facts['upstream_failed'])}")
    if going.state == "done":
        lines += report.preview({key: value for key, value in going.ctx.items() if key != "task"})
    return Answer(facts, "\n".join(lines), int(report.outcome(going, heard)))


def _people(answers: str | None) -> dict[str, Any]:
    """Options of a launch: whoever sits at the terminal; in a notebook its forms."""
    from flowbench.cli import asking
    from flowbench.runtime import Terminal, attendants

    if any(not isinstance(each, Terminal) for each in attendants):
        return {"operator": "people", "answers": answers}
    return asking.people(answers)


@contextmanager
def _signals() -> Iterator[Heard]:
    """Ctrl-C and SIGTERM stop the run; on a thread of a notebook nobody hears them there."""
    from flowbench.cli import follow

    if threading.current_thread() is not threading.main_thread():
        yield follow.Heard()
        return
    with follow.signals() as heard:
        yield heard
