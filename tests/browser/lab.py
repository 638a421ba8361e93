"""Lab: a real JupyterLab of our own and a page in a real Chromium, both gone when the test ends."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.need import need

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def lab(folder: Path) -> Iterator[str]:
    """JupyterLab that serves `folder`/notebooks; its address, with {} where the notebook's name goes."""
    (folder / "notebooks").mkdir()
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    token, port = secrets.token_hex(16), _free_port()
    own = {f"JUPYTER_{what}_DIR": str(folder / what.lower()) for what in ("CONFIG", "DATA", "RUNTIME")}
    env = os.environ | own | {
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    env.pop("PYTHONWARNINGS", None)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1",
        f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder / 'notebooks'}",
        "--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    log = (folder / "lab.log").open("wb")
    server = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api?token={token}", server, folder / "lab.log")
        yield f"http://127.0.0.1:{port}/lab/tree/{{}}?token={token}"
    finally:
        server.terminate()  # asks it to end its kernels too
        with suppress(subprocess.TimeoutExpired):
            server.wait(10)
        _kill_children(server.pid)
        if server.poll() is None:
            server.kill()
            server.wait()
        log.close()


@contextmanager
def page(folder: Path) -> Iterator[Any]:
    """A page of a fresh Chromium."""
    found = next((place for name in NAMES if (place := shutil.which(name))), None)
    need(found, "Chromium on PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(folder / "profile"),
            executable_path=found,
            args=FLAGS,
            headless=True,
            viewport={"width": 1180, "height": 1000},
        )
        try:
            yield context.pages[0] if context.pages else context.new_page()
        finally:
            context.close()


class Notebook:
    """An open notebook."""

    def __init__(self, page: Any, address: str, name: str) -> None:
        self.page = page
        page.goto(address.format(name))
        # The workspace brings notebooks opened before back, and for a moment one of them is the current one.
        page.wait_for_function(
            """name => { const now = window.jupyterapp?.shell?.currentWidget;
            return now?.context?.path === name && now.content?.widgets?.length > 1 }""",
            arg=name,
            timeout=60_000,
        )
        page.wait_for_function(
            "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'", timeout=60_000
        )

    def command(self, name: str, **arguments: Any) -> None:
        """Start a command of JupyterLab and do not wait for its end."""
        self.page.evaluate("([name, args]) => { window.jupyterapp.commands.execute(name, args) }", [name, arguments])

    def run_all(self) -> None:
        self.command("notebook:run-all-cells")

    def run(self, index: int) -> None:
        self.page.evaluate("i => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = i }", index)
        self.command("notebook:run-cell")

    def cell(self, index: int) -> Any:
        """The cell's element, scrolled into view so that JupyterLab renders it."""
        self.page.evaluate("i => window.jupyterapp.shell.currentWidget.content.scrollToItem(i, 'smart')", index)
        shown = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook"  # others stay in the page behind it
        return self.page.locator(f'{shown} .jp-Cell[data-windowed-list-index="{index}"]')

    def output(self, index: int) -> Any:
        return self.cell(index).locator(".jp-OutputArea-output")

    def theme(self, name: str) -> None:
        """JupyterLab Light | JupyterLab Dark"""
        self.command("apputils:change-theme", theme=name)
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)
        self.page.wait_for_timeout(400)  # the style sheet loads after the name is set


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


def _kill_children(parent: int) -> None:
    """Kernels live in sessions of their own and outlive a server that was killed."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            pid, rest = int(stat.parent.name), stat.read_text().rpartition(")")[2].split()
            if int(rest[1]) == parent:
                os.kill(pid, signal.SIGKILL)
