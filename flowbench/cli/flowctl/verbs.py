"""Verbs: every word that may follow `flowctl`: what it does in a line, and the file that does it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from flowbench.cli.lazy import Lazy

# word: (file of this folder, first sentence of its help). The order is that of the help. A word of several verbs is a
# group, which its file defines under that word.
VERBS: dict[str, tuple[str, str]] = {
    "init": ("admin", "Make .flow/ here, or what it lacks."),
    "detect": ("admin", "Say whether there is a project here, and whether it is sound."),
    "status": ("admin", "Count epics and tasks, and show the loops that run."),
    "show": ("query", "Show an epic with its tasks, or a task with all that is known of it."),
    "epics": ("query", "List the epics, and how far each is."),
    "tasks": ("query", "List tasks, by epic and number."),
    "list": ("query", "List all epics and their tasks."),
    "cat": ("query", "Print the Markdown of an epic's spec or of a task, without its fields."),
    "files": ("query", "Show which task of an epic owns which file, and files that several own."),
    "ready": (
        "choose",
        "Show which tasks of an epic could be started, which are worked on, and what the others wait for.",
    ),
    "next": ("choose", "Say the one thing to do next: go on with a task, start one, or have an epic reviewed."),
    "queue": ("choose", "List the epics in the order in which they can be worked on, with what is left of each."),
    "start": ("work", "Begin to work on a task, or go on with it."),
    "done": ("work", "Finish a task: summary and evidence go to its text."),
    "block": ("work", "Say that a task cannot go on, and why."),
    "fail": ("work", "Say that a task has failed; it is tried again, or what waits for it fails, too."),
    "restart": ("work", "Take a task, and all that waits for it, back to todo."),
    "run": ("run", "Run the Blueprint that a task carries; the task ends as the run ends."),
    "epic": ("epic", "Make epics, change them, close and archive them."),
    "task": ("task", "Make tasks, change what they say, skip and split them."),
    "dep": ("dep", "Let tasks wait for each other."),
    "gap": ("gap", "Note what an epic lacks, and keep it open until that is there."),
    "parse-findings": ("gap", "Read the findings of a review out of its text, and make gaps of them."),
    "review": ("review", "Have what a task has changed reviewed by a function or a Blueprint of your own."),
    "review-backend": ("review", "Say who reviews: rp, codex, none, or ASK; or compare what reviews came to."),
    "prep-chat": ("review", "Print the JSON of a message to rp-cli's chat_send; any text is safe in it."),
    "codex": ("codex", "Have plans and changes reviewed by the `codex` program."),
    "rp": ("rp", "Let RepoPrompt gather context and chat, by its `rp-cli`."),
    "memory": ("memory", "Keep what the project has learned: pitfalls, conventions, decisions."),
    "dag": ("dag", "Show which tasks wait for which: waves, what is ready, the critical path."),
    "lock": ("lock", "Keep files for a task; those of another task stay with it."),
    "unlock": ("lock", "Give files back."),
    "lock-check": ("lock", "Show which task keeps a file."),
    "worker-phase": ("worker", "Lead a worker through the phases of a task."),
    "worker-prompt": ("worker", "Print what a worker is told to begin with."),
    "checkpoint": ("checkpoint", "Keep an epic with all that is known of it, and bring it back."),
    "validate": ("admin", "Check an epic, or all: files, ids, headings, dependencies, statuses."),
    "doctor": ("admin", "Look at all that the project needs, and say what is wrong."),
    "reindex": ("admin", "Read all files anew, and make the cache again."),
    "state-path": ("admin", "Show where claims, evidence and events are kept."),
    "migrate-state": ("admin", "Take over what an earlier flowctl knew of tasks."),
    "config": ("admin", "Show and change .flow/config.json by dotted keys."),
    "stack": ("stack", "Show what the repository is made of, and the commands that check it."),
    "guard": ("stack", "Run the tests, linters and type checks of the stack."),
    "invariants": ("stack", "Keep and check what must always hold."),
    "recover": ("recover", "Mark tasks as done that commits name, and that nobody has."),
    "export": ("exchange", "Write all records, specs, gaps, runtime and events as one JSON value."),
    "import": (
        "exchange",
        "Take in an export or another project; without SOURCE, make records of earlier flowctls Markdown.",
    ),
    "outputs": ("outputs", "Leave notes for whoever goes on, and read them."),
    "approvals": ("approvals", "Ask a person, and decide what was asked."),
    "stats": ("stats", "Say how the work goes: counts, durations, tokens, what holds it up."),
    "ralph": ("ralph", "Watch, pause, resume and stop the loop of an agent that works through the project."),
    "completions": ("completions", "Print the script that completes flowctl's words in SHELL."),
}


class Verbs(Lazy):
    """A file is imported when one of its verbs is called; help and completion need none."""

    def __init__(self, *given: Any, files: Mapping[str, str], **more: Any) -> None:
        super().__init__(*given, **more)
        self.files = files

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.files:
            return None
        file = import_module(self.home + self.files[cmd_name])
        found = getattr(file, attribute(cmd_name))
        assert isinstance(found, click.Command)
        return found


def attribute(word: str) -> str:
    """The name of a verb in its file; `import_` for import."""
    name = word.replace("-", "_")
    return f"{name}_" if name in {"import", "list"} else name


@click.group(
    "flowctl",
    cls=Verbs,
    table={word: brief for word, (_, brief) in VERBS.items()},
    files={word: file for word, (file, _) in VERBS.items()},
    home="flowbench.cli.flowctl.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(None, "-V", "--version", message="flowctl %(version)s", package_name="flowbench-jupyter")
def flowctl() -> None:
    """Epics and tasks of a project in Markdown: what is there, what is next, and how far it is.

    --json, anywhere, prints one JSON value with `success`; an error then is {"success": false, "error": TEXT}.

    Exit codes: 0 done, 1 the project or a gate says no, 2 usage, or a third party's tool failed, 3 such a tool was out
    of time or not allowed, 130 interrupted (Ctrl-C).
    """
