"""RepoPrompt: its windows, tabs and chats, by the `rp-cli` program: which expressions it is sent, what it answers."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flowbench.cancel import CancelToken
from flowbench.project import layout, programs
from flowbench.project.program_errors import ProgramFailed

PROGRAM = "rp-cli"
SECONDS = 1200.0
WINDOWS_SECONDS = 30.0  # both within setup-review
BUILDER_SECONDS = 1000.0
PRIVATE, TMP = "/private", "/tmp/"  # noqa: S108 -- on macOS the second is a link into the first
RESPONSES = ("review", "plan", "question", "clarify")
MODES = ("chat", "review", "plan", "edit")

_TAB = re.compile(r"Tab:\s*([A-Za-z0-9-]+)")
_CHAT = re.compile(r"Chat\s*:\s*`([^`]+)`|\"chat_id\"\s*:\s*\"([^\"]+)\"")


class Cli:
    """rp-cli in a folder. dry_run: nothing is run; `commands` says what would be. token: ends what runs.

    Each call: abort raises Aborted. Raises: ProgramMissing, ProgramFailed, ProgramLate.
    """

    def __init__(self, cwd: Path, *, token: CancelToken | None = None, dry_run: bool = False) -> None:
        self.cwd, self.token, self.dry_run = cwd, token, dry_run
        self.commands: list[list[str]] = []

    def ask(
        self, expression: str, *, window: int | None = None, tab: str = "", raw: bool = False, seconds: float = 0.0
    ) -> programs.Output:
        """What it answers to an expression. raw: as JSON. seconds: by default FLOW_RP_TIMEOUT, else 1200."""
        arguments = [
            *(["--raw-json"] if raw else []),
            *([] if window is None else ["-w", str(window)]),
            *(["-t", tab] if tab else []),
            "-e",
            expression,
        ]
        self.commands.append([PROGRAM, *arguments])
        if self.dry_run:
            return programs.Output("", "", 0)
        limit = seconds or programs.seconds_of("FLOW_RP_TIMEOUT", SECONDS)
        told = programs.run(PROGRAM, arguments, cwd=self.cwd, seconds=limit, token=self.token)
        if told.code:
            raise ProgramFailed(PROGRAM, told.said)
        return told

    def windows(self, seconds: float = 0.0) -> list[dict[str, Any]]:
        """Each with an id and root folders, under names that differ by version."""
        text = self.ask("windows", raw=True, seconds=seconds).stdout
        if self.dry_run:
            return []
        try:
            found = json.loads(text)
        except ValueError as error:
            if "single-window mode" in text:
                return [{"windowID": 1, "rootFolderPaths": []}]
            raise ProgramFailed(PROGRAM, f"its windows are no JSON: {error}") from None
        listed = found.get("windows") if isinstance(found, dict) else found
        if not isinstance(listed, list):
            raise ProgramFailed(PROGRAM, "its windows are no list")
        return [each for each in listed if isinstance(each, dict)]

    def pick_window(self, root: Path, seconds: float = 0.0) -> int | None:
        """The one that shows this folder, or its repository, or the only one there is; None: none."""
        windows = self.windows(seconds)
        if len(windows) == 1 and not _roots(windows[0]):
            return _window_id(windows[0])
        wanted = names_of(root)
        for each in windows:
            if wanted.intersection(_roots(each)) and (found := _window_id(each)) is not None:
                return found
        return None

    def ensure_workspace(self, window: int, root: Path) -> dict[str, Any]:
        """{window, workspace, created}: the window shows the workspace of the folder, which is made if need be."""
        name = root.name
        text = self.ask(f"call manage_workspaces {_json({'action': 'list'})}", window=window, raw=True).stdout
        created = self.dry_run or name not in _workspaces(text)
        if created:
            made = {"action": "create", "name": name, "folder_path": str(root)}
            self.ask(f"call manage_workspaces {_json(made)}", window=window)
        shown = {"action": "switch", "workspace": name, "window_id": window}
        self.ask(f"call manage_workspaces {_json(shown)}", window=window)
        return {"window": window, "workspace": name, "created": created}

    def builder(self, window: int, summary: str, response: str | None = None, seconds: float = 0.0) -> dict[str, Any]:
        """{window, tab}; response "review": also chat_id, review, file_count, total_tokens."""
        expression = f"builder {_json(summary)}" + (f" --type {response}" if response else "")
        told = self.ask(expression, window=window, raw=bool(response), seconds=seconds)
        if self.dry_run:
            return {"window": window, "tab": ""}
        if response == "review":
            return {"window": window, **_review(told.stdout)}
        found = _TAB.search(f"{told.stdout}\n{told.stderr}")
        if found is None:
            raise ProgramFailed(PROGRAM, "the builder names no tab")
        return {"window": window, "tab": found[1]}

    def chat_send(self, window: int, tab: str, payload: dict[str, Any]) -> tuple[str | None, str]:
        """(id of the chat, what it answers)."""
        told = self.ask(f"call chat_send {_json(payload)}", window=window, tab=tab)
        found = _CHAT.search(f"{told.stdout}\n{told.stderr}")
        return (None if found is None else found[1] or found[2]), told.stdout

    def setup_review(self, root: Path, summary: str, response: str | None, create: bool) -> dict[str, Any]:
        """{window, tab, repo_root, ...}: pick the window, and let the builder begin. create: a window if none fits."""
        window = self.pick_window(root, WINDOWS_SECONDS)
        if window is None and self.dry_run:
            window = 0
        if window is None and create:
            asked = f"workspace create {shlex.quote(root.name)} --new-window --folder-path {shlex.quote(str(root))}"
            window = _window_id(_object(self.ask(asked, raw=True, seconds=WINDOWS_SECONDS).stdout))
        if window is None:
            raise ProgramFailed(PROGRAM, "No RepoPrompt window matches repo root")
        return {**self.builder(window, summary, response, BUILDER_SECONDS), "repo_root": str(root)}


def chat_payload(
    message: str,
    *,
    mode: str = "chat",
    new_chat: bool = False,
    chat_name: str | None = None,
    chat_id: str | None = None,
    selected_paths: Sequence[str] = (),
) -> dict[str, Any]:
    """{message, mode, new_chat?, chat_name?, chat_id?, selected_paths?}: what chat_send is called with."""
    more = {
        "new_chat": new_chat,
        "chat_name": chat_name,
        "chat_id": chat_id,
        "selected_paths": list(selected_paths),
    }
    return {"message": message, "mode": mode, **{key: value for key, value in more.items() if value}}


def names_of(root: Path) -> set[str]:
    """The folder under all names that a window may show it by: links, /private/tmp, the repository of a worktree."""
    real = os.path.realpath(root)
    found = {str(root), real}
    git = layout.git_common_dir(Path(real))
    if git is not None and git.name == ".git":
        found.add(str(git.parent))
    inner = {each.removeprefix(PRIVATE) for each in found if each.startswith(f"{PRIVATE}{TMP}")}
    outer = {f"{PRIVATE}{each}" for each in found if each.startswith(TMP)}
    return found | inner | outer


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError as error:
        raise ProgramFailed(PROGRAM, f"its answer is no JSON: {error}") from None
    return found if isinstance(found, dict) else {}


def _review(text: str) -> dict[str, Any]:
    found = _object(text)
    review = found.get("review") if isinstance(found.get("review"), dict) else {}
    if not found.get("tab_id"):
        raise ProgramFailed(PROGRAM, "the builder names no tab")
    assert isinstance(review, dict)
    return {
        "tab": found["tab_id"],
        "chat_id": review.get("chat_id", ""),
        "review": review.get("response", ""),
        "file_count": found.get("file_count", 0),
        "total_tokens": found.get("total_tokens", 0),
    }


def _window_id(window: dict[str, Any]) -> int | None:
    for key in ("windowID", "windowId", "window_id", "id"):
        if key in window:
            try:
                return int(window[key])
            except (TypeError, ValueError):
                return None
    return None


def _roots(window: dict[str, Any]) -> list[str]:
    for key in ("rootFolderPaths", "rootFolders", "rootFolderPath"):
        if key in window:
            found = window[key]
            return [str(each) for each in found] if isinstance(found, list) else [str(found)]
    return []


def _workspaces(text: str) -> set[str]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ProgramFailed(PROGRAM, f"its workspaces are no JSON: {error}") from None
    if isinstance(found, dict):
        found = found.get("workspaces", found.get("result"))
    named = set()
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict):
            named |= {str(each[key]) for key in ("name", "workspace", "title") if key in each}
        else:
            named.add(str(each))
    return named
