"""Rp: verbs that drive RepoPrompt by its `rp-cli`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.several import takes_several
from flowbench.cli.flowctl.verb import verb
from flowbench.project import repoprompt

WINDOW = click.option("--window", type=int, required=True, metavar="ID")
TAB = click.option("--tab", required=True, metavar="TAB", help="Id or name.")
ROOT = click.option("--repo-root", required=True, metavar="FOLDER")
SUMMARY = click.option("--summary", required=True, metavar="TEXT", help="What the builder is to gather for.")
MESSAGE = click.option("--message-file", required=True, metavar="FILE", help="- reads standard input.")


@click.group("rp")
def rp() -> None:
    """Let RepoPrompt gather context and chat, by its `rp-cli`.

    FLOW_RP_TIMEOUT: seconds, 1200. Exit codes: 2 rp-cli is not there or failed, 3 it was out of time.
    """


@verb(of=rp)
def windows(session: Session) -> Answer:
    """List the windows."""
    found = _cli(session).windows()
    return Answer({"windows": found}, "\n".join(map(str, found)))


@verb(of=rp)
@ROOT
def pick_window(session: Session, repo_root: str) -> Answer:
    """Find the window that shows a repository."""
    from flowbench.project import ProgramFailed

    found = _cli(session).pick_window(_folder(session, repo_root))
    if found is None:
        raise ProgramFailed(repoprompt.PROGRAM, "No window matches repo root")
    return Answer({"window": found}, str(found))


@verb(of=rp, changes=True)
@WINDOW
@ROOT
def ensure_workspace(session: Session, window: int, repo_root: str) -> Answer:
    """Let a window show the workspace of a repository; it is made if need be."""
    cli = _cli(session)
    facts = cli.ensure_workspace(window, _folder(session, repo_root))
    return _told(cli, facts, f"window {window} shows {facts['workspace']}")


@verb(of=rp, changes=True)
@WINDOW
@SUMMARY
@click.option("--response-type", type=click.Choice(repoprompt.RESPONSES))
def builder(session: Session, window: int, summary: str, response_type: str | None) -> Answer:
    """Let the builder gather what belongs to a summary; prints the tab."""
    cli = _cli(session)
    facts = cli.builder(window, summary, response_type)
    return _told(cli, facts, _lines(facts, facts["tab"]))


@verb(of=rp)
@WINDOW
@TAB
def prompt_get(session: Session, window: int, tab: str) -> Answer:
    """Print the prompt of a tab."""
    return _asked(session, "prompt get", window, tab)


@verb(of=rp, changes=True)
@WINDOW
@TAB
@MESSAGE
def prompt_set(session: Session, window: int, tab: str, message_file: str) -> Answer:
    """Give a tab another prompt."""
    payload = json.dumps({"op": "set", "text": session.text(message_file, "--message-file")})
    return _asked(session, f"call prompt {payload}", window, tab)


@verb(of=rp)
@WINDOW
@TAB
def select_get(session: Session, window: int, tab: str) -> Answer:
    """Print what is selected in a tab."""
    return _asked(session, "select get", window, tab)


@verb(of=rp, changes=True)
@WINDOW
@TAB
@click.argument("paths", nargs=-1, required=True)
def select_add(session: Session, window: int, tab: str, paths: tuple[str, ...]) -> Answer:
    """Add files to the selection of a tab."""
    return _asked(session, f"select add {shlex.join(paths)}", window, tab)


@verb(of=rp, changes=True)
@WINDOW
@TAB
@click.option("--out", required=True, metavar="FILE")
def prompt_export(session: Session, window: int, tab: str, out: str) -> Answer:
    """Write the prompt of a tab to a file."""
    return _asked(session, f"prompt export {shlex.quote(out)}", window, tab)


@verb(of=rp, changes=True)
@WINDOW
@TAB
@MESSAGE
@click.option("--new-chat", is_flag=True)
@click.option("--chat-name", metavar="NAME")
@click.option("--chat-id", metavar="ID", help="Go on with this chat.")
@click.option("--mode", type=click.Choice(repoprompt.MODES), default="chat", show_default=True)
@click.option("--selected-paths", metavar="PATH", multiple=True, help="One or more.")
def chat_send(session: Session, window: int, tab: str, message_file: str, **given: Any) -> Answer:
    """Send a message to a chat, and print the answer."""
    cli = _cli(session)
    payload = repoprompt.chat_payload(session.text(message_file, "--message-file"), **given)
    chat, text = cli.chat_send(window, tab, payload)
    return _told(cli, {"chat": chat}, text)


takes_several(chat_send, "--selected-paths")


@verb(of=rp, changes=True)
@ROOT
@SUMMARY
@click.option("--response-type", type=click.Choice(["review"]))
@click.option("--create", is_flag=True, help="A window, if none shows the repository.")
def setup_review(session: Session, repo_root: str, summary: str, response_type: str | None, create: bool) -> Answer:
    """Pick the window of a repository, and let the builder begin a review."""
    cli = _cli(session)
    facts = cli.setup_review(_folder(session, repo_root), summary, response_type, create)
    chat = f" CHAT_ID={facts['chat_id']}" if "chat_id" in facts else ""
    return _told(cli, facts, _lines(facts, f"W={facts['window']} T={facts['tab']}{chat}"))


def _cli(session: Session) -> repoprompt.Cli:
    return repoprompt.Cli(session.cwd, token=session.token, dry_run=session.dry_run)


def _folder(session: Session, name: str) -> Path:
    return (session.cwd / name).resolve()


def _asked(session: Session, expression: str, window: int, tab: str) -> Answer:
    cli = _cli(session)
    text = cli.ask(expression, window=window, tab=tab).stdout
    return _told(cli, {"window": window, "tab": tab, "output": text}, text)


def _told(cli: repoprompt.Cli, facts: Mapping[str, Any], text: str) -> Answer:
    if cli.dry_run:
        commands = "\n".join(f"$ {shlex.join(command)}" for command in cli.commands)
        return Answer({"dry_run": True, "commands": cli.commands}, commands)
    return Answer(facts, text)


def _lines(facts: Mapping[str, Any], first: str) -> str:
    return "\n".join(filter(None, [first, str(facts.get("review") or "")]))
