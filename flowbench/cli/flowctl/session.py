"""Session: what every verb is handed: where it was called, and the project there."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from flowbench.cli.exits import Exit, Refusal
from flowbench.cli.flowctl.answer import shown

if TYPE_CHECKING:
    from flowbench.cancel import CancelToken
    from flowbench.project import Project

LARGEST = 4 << 20  # characters of a text that is handed to a verb: as many as a document of a project may have bytes


class Session:
    """One call of one verb. cwd: absolute. stdin: what `--file -` reads.

    dry_run: the verb has to say what would change, and change nothing. token: ends what the verb waits for.
    """

    def __init__(self, cwd: Path, stdin: TextIO, token: CancelToken | None = None) -> None:
        self.cwd, self.stdin, self.token = cwd, stdin, token
        self.dry_run = False

    @cached_property
    def project(self) -> Project:
        """Raises: project.ProjectError where there is none."""
        from flowbench.project import Project

        return Project.find(self.cwd)

    @cached_property
    def patient(self) -> Project:
        """The project, be it of an unknown schema: for verbs that say what is wrong with it. Raises: NoProject."""
        from flowbench.project import Project
        from flowbench.project.layout import find

        return Project(find(self.cwd))

    @property
    def root(self) -> Path:
        """Of the project; where there is none, the folder of the call."""
        from flowbench.project import NoProject

        try:
            return self.project.layout.root
        except NoProject:
            return self.cwd

    def warn(self) -> None:
        """Say on standard error which files the last listing had to leave out; nothing, if nobody has listed."""
        import click

        if "project" in self.__dict__:
            for problem in self.project.problems:
                click.echo(f"Warning: {shown(str(problem))}", err=True)

    def text(self, file: str, option: str) -> str:
        """What a file holds; `-` is standard input. option: the one that names it. Raises: Refusal, also for more than
        LARGEST characters.
        """
        try:
            if file == "-":
                found = self.stdin.read(LARGEST + 1)
            else:
                with (self.cwd / file).open(encoding="utf-8", newline="") as opened:
                    found = opened.read(LARGEST + 1)
            found.encode()  # standard input lets bytes through that are no text
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise Refusal(f"{option} {file}: {why}", Exit.FAILED) from error
        if len(found) > LARGEST:
            raise Refusal(f"{option} {file}: too large (at most {LARGEST:,} characters)", Exit.FAILED)
        return found

    def hear(self, text: str) -> None:
        """What a program that a verb runs prints, on standard error: standard output is for the answer."""
        import click

        click.echo(text, nl=False, err=True)
