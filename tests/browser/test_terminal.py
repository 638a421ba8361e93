"""A live terminal, seen and typed into by a person, also while a cell is busy; and what stays of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.browser.lab import Notebook
from tests.notebook.papers import paper

CELLS = [
    "%load_ext flowbench\nimport flowbench as fb, pathlib, time",
    "t = fb.notebook.terminal(\"PS1='fb> ' exec bash --norc -i\", rows=12)",
    "while not pathlib.Path('go').exists(): time.sleep(0.01)\nprint('the cell ' + 'was busy')",
    "%fb terminal yes 'far too much of it'",
    "print(t.session.last, terminal.session.last)",
]
SHELL, BUSY, FLOOD, LOOK = 1, 2, 3, 4
SIZE = re.compile(r"^(\d+) × (\d+)$")


def test_a_person_types_resizes_and_aborts(browser: Any, address: str, place: Path, shot: Any) -> None:
    from playwright.sync_api import expect

    file = paper(place / "notebooks" / "terminal.ipynb", *CELLS, kernel="python3")
    book = Notebook(browser, address, "terminal.ipynb")
    book.run(0)
    book.run(SHELL)
    panel = book.cell(SHELL).locator(".fb-terminal")
    screen, figures = panel.locator(".xterm-rows"), panel.locator(".fb-figures")
    expect(screen).to_contain_text("fb>", timeout=30_000)
    expect(panel.locator(".fb-state")).to_have_text("Running")

    # Keys are the program's, whatever they mean to the notebook.
    cells = browser.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").count()
    panel.locator(".xterm-screen").click()
    browser.keyboard.type("echo $((6*7)) wörld\n")
    expect(screen).to_contain_text("42 wörld", timeout=10_000)
    browser.keyboard.press("Escape")
    browser.keyboard.type("dd")
    for _ in range(2):
        browser.keyboard.press("Backspace")
    assert browser.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").count() == cells

    # The program sees the size that the page shows, also when it is dragged.
    before = figures.inner_text()
    panel.locator(".fb-screen").evaluate("box => { box.style.height = `${box.clientHeight + 90}px` }")
    expect(figures).not_to_have_text(before)
    columns, rows = SIZE.match(figures.inner_text()).groups()  # type: ignore[union-attr]
    browser.keyboard.type(
        "stty size; printf '\\033[31mred \\033[32mgreen \\033[33myellow \\033[1;34mblue\\033[0m\\n'\n"
    )
    expect(screen).to_contain_text(f"{rows} {columns}", timeout=10_000)
    shot("7-terminal-light", panel)
    book.theme("JupyterLab Dark")
    browser.wait_for_timeout(700)
    shot("7-terminal-dark", panel)
    book.theme("JupyterLab Light")

    # While a cell is busy it is typed into, answers, and hears Ctrl-C.
    book.run(BUSY)
    panel.locator(".xterm-screen").click()
    browser.keyboard.type("echo nap $((1+1)); sleep 600\n")
    expect(screen).to_contain_text("nap 2", timeout=10_000)
    browser.keyboard.press("Control+c")
    browser.keyboard.type("echo still $((40+2)) alive; touch go\n")
    expect(screen).to_contain_text("still 42 alive", timeout=10_000)
    expect(book.output(BUSY)).to_have_text("the cell was busy", timeout=10_000)

    # Its end leaves plain text.
    panel.locator(".xterm-screen").click()
    browser.keyboard.type("seq 3000; exit 3\n")
    expect(book.cell(SHELL).locator("pre", has_text="2999")).to_be_visible(timeout=20_000)
    expect(book.cell(SHELL)).to_contain_text("ended with exit code 3")
    expect(panel).to_have_count(0)
    shot("7-terminal-still", book.cell(SHELL))

    # A flood neither kills the page nor keeps it from aborting.
    book.run(FLOOD)
    flood = book.cell(FLOOD).locator(".fb-terminal")
    expect(flood.locator(".xterm-rows")).to_contain_text("far too much", timeout=10_000)
    browser.wait_for_timeout(1_000)
    abort = flood.locator(".fb-abort")
    said = abort.evaluate("button => { button.click(); return [button.textContent, button.disabled] }")
    assert said == ["Aborting…", True]
    expect(book.cell(FLOOD).locator("pre")).to_contain_text("far too much of it", timeout=10_000)
    expect(book.cell(FLOOD)).to_contain_text("stopped")
    expect(flood).to_have_count(0)
    book.run(LOOK)
    expect(book.output(LOOK)).to_contain_text("exit_code=3", timeout=10_000)
    expect(book.output(LOOK)).to_contain_text("cancelled=True")

    # What is saved is small, and can be read without a kernel.
    book.command("docmanager:save")
    browser.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty", timeout=10_000)
    saved = json.loads(file.read_text(encoding="utf-8"))
    shell = saved["cells"][SHELL]["outputs"]
    assert [sorted(output["data"]) for output in shell] == [["text/html", "text/plain"]]
    assert "2999" in "".join(shell[0]["data"]["text/plain"])
    assert file.stat().st_size < 150_000
