"""As a person sees it: JupyterLab, a run, its panel, the Abort button, the stepper, the saved output."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from flowbench.notebook import run_notebook
from tests.browser.lab import Notebook
from tests.notebook.papers import paper

SETUP = """
%load_ext flowbench
import asyncio
import flowbench as fb

@fb.agent
def double(x):
    return 2 * x

@fb.agent
async def nap(item):
    print("napping:", item["name"])
    await asyncio.sleep(item["seconds"])
    if item["name"] == "c":
        raise ValueError("<b>no</b> luck with c")
    return item["name"].upper()

@fb.agent
async def tidy(names):
    await asyncio.sleep(60)
"""

FLOW = """%%blueprint work
id: work
flow:
  kind: seq
  children:
    - {kind: step, ref: double, in: $.x, out: $.x}
    - {kind: step, ref: double, in: $.x, out: $.twice}
    - kind: fanout
      items: $.items
      bind: $.item
      join: all
      out: $.names
      body:
        kind: try
        body: {kind: step, ref: nap, in: $.item, out: $.name}
        err_at: $.error
        catch: {kind: assign, at: $.name, value: {op: lit, value: none}}
    - kind: branch
      cond: {op: gt, lhs: $.x, rhs: $.limit}
      then: {kind: step, ref: tidy, in: $.names, out: $.tidy}
      else: {kind: step, ref: double, in: $.x, out: $.x}
"""

ITEMS = [{"name": name, "seconds": 0.6 if index < 3 else 4} for index, name in enumerate("abcde")]
SHORTER = "start['limit'] = 99\nstart['items'] = [dict(item, seconds=0.3) for item in start['items']]\n"
CELLS = [
    SETUP,
    FLOW,
    "%fb graph work",
    f"start = dict(x=2, limit=3, items={ITEMS!r})\n%fb run work --ctx start",
    "print('queued ' + 'cell ran')",
    "print('later ' + 'cell ran')",
    f"{SHORTER}%fb run work --ctx start --step",
    "print(run.state, run.ctx['x'])",
    "%fb run work --ctx start",
]
INDEX = {"graph": 2, "run": 3, "queued": 4, "later": 5, "step": 6, "look": 7, "short": 8}


def test_a_person_draws_runs_aborts_and_steps(browser: Any, address: str, place: Path, shot: Any) -> None:
    from playwright.sync_api import expect

    paper(place / "notebooks" / "work.ipynb", *CELLS, kernel="python3")
    book = Notebook(browser, address, "work.ipynb")

    # Run all: the graph is drawn, the panel follows the run.
    book.run_all()
    panel = book.cell(INDEX["run"]).locator(".fb-panel")
    expect(panel.locator(".fb-state")).to_have_text("Running", timeout=30_000)
    expect(panel.locator(".fb-graph .node").first).to_be_visible(timeout=10_000)
    expect(panel.locator(".fb-graph .badge text").get_by_text("3/5", exact=True)).to_be_visible(timeout=10_000)
    shot("1-running-light", panel)
    expect(panel.locator(".fb-now")).to_contain_text("tidy", timeout=10_000)
    figures = panel.locator(".fb-figures")
    before = figures.inner_text()
    browser.wait_for_timeout(500)
    assert figures.inner_text() != before, "the seconds stand still"
    book.theme("JupyterLab Dark")
    shot("2-running-dark", panel)
    book.theme("JupyterLab Light")

    # What steps print is seen at once; a click on a node is answered although the cell is busy.
    expect(panel.locator(".fb-log")).to_contain_text("napping: e")
    panel.locator('[id="fb-2.f.b"]').click()
    facts = panel.locator(".fb-facts")
    expect(facts).to_contain_text("last of 5 visits: 4 done, 1 failed", timeout=5_000)
    expect(facts).to_contain_text("<b>no</b> luck with c")
    expect(facts).to_contain_text("napping: d")
    expect(facts).not_to_contain_text("tidy")
    shot("2-picked-light", panel)
    panel.locator('[id="fb-3.t"]').focus()
    browser.keyboard.press("Enter")
    expect(facts).to_contain_text("running now: 3.t", timeout=5_000)
    browser.keyboard.press("Escape")
    expect(facts).to_be_hidden()

    # Abort in the middle of a step: said at once, the cell ends, the queued one does not run.
    abort = panel.locator(".fb-abort")
    live = panel.locator(".fb-graph svg").bounding_box()
    said = browser.evaluate(
        """() => { const b = document.querySelector('.fb-abort'); b.click(); return [b.textContent, b.disabled]; }"""
    )
    assert said == ["Aborting…", True]
    error = book.cell(INDEX["run"]).locator('[data-mime-type="application/vnd.jupyter.stderr"]')
    expect(error).to_contain_text("Aborted: User (by button)", timeout=5_000)
    assert len(error.inner_text().strip().splitlines()) == 1
    expect(book.cell(INDEX["run"]).locator(".fb-panel")).to_have_count(0)
    expect(abort).to_have_count(0)
    still = book.cell(INDEX["run"]).locator("img[alt='Graph of work']")
    assert still.evaluate("image => image.complete && image.naturalWidth > 100")
    kept = still.bounding_box()
    assert abs(kept["width"] - live["width"]) < 2, "the picture jumps in size"
    assert abs(kept["x"] - live["x"]) < 16, "the picture jumps sideways"
    expect(book.cell(INDEX["run"]).locator("table")).to_contain_text("<b>no</b> luck with c")
    opened = book.cell(INDEX["run"]).locator("details[open]", has_text="last of 5 visits")
    book.cell(INDEX["run"]).locator("summary[title='nap at 2.f.b']").click()
    expect(opened).to_contain_text('"name": "e"')
    shot("3-aborted-light", still)
    expect(book.cell(INDEX["run"]).locator("details", has_text="Log").last).to_contain_text("napping: a")
    expect(book.output(INDEX["queued"])).to_have_count(0)

    # The kernel is well.
    book.run(INDEX["later"])
    expect(book.output(INDEX["later"])).to_have_text("later cell ran", timeout=10_000)

    # Step: the kernel is free while it is paused, a click lets one step go, ctx can be edited.
    book.run(INDEX["step"])
    stepper = book.cell(INDEX["step"]).locator(".fb-stepper")
    where = stepper.locator(".fb-where")
    expect(where).to_have_text("Paused before double at 0", timeout=15_000)
    shot("4-stepper-light", stepper)
    stepper.locator(".fb-edit input").nth(0).fill("$.x")
    stepper.locator(".fb-edit input").nth(1).fill("{bad")
    stepper.locator(".fb-set").click()
    expect(stepper.locator(".fb-note")).to_contain_text("no JSON", timeout=5_000)
    stepper.locator(".fb-edit input").nth(1).fill("21")
    stepper.locator(".fb-set").click()
    expect(stepper.locator("pre").nth(0)).to_have_text("21", timeout=5_000)
    path, value = (stepper.locator(".fb-edit input").nth(index) for index in (0, 1))
    for entered in (value, path):  # Enter in either field sets
        number = "5" if entered is value else "6"
        path.fill("$.x")
        value.fill(number)
        entered.press("Enter")
        expect(stepper.locator("pre").nth(0)).to_have_text(number, timeout=5_000)
        expect(path).to_have_value("")
        expect(path).to_be_focused()
    path.fill("$.x")  # what was typed and not set does not get lost
    value.fill("{bad")
    stepper.locator(".fb-next").click()
    expect(stepper.locator(".fb-note")).to_contain_text("no JSON", timeout=5_000)
    expect(where).to_have_text("Paused before double at 0")
    expect(value).to_have_value("{bad")
    value.fill("21")
    stepper.locator(".fb-next").click()
    expect(where).to_have_text("Paused before double at 1", timeout=10_000)
    expect(stepper.locator(".fb-change")).to_have_text("$.x 21 → 42")
    stepper.locator("button.fb-twig", has_text="limit").click()  # a value is ready to be edited
    expect(path).to_have_value("$.limit")
    expect(value).to_have_value("99")
    path.fill("")
    value.fill("")
    expect(book.cell(INDEX["step"]).locator(".fb-figures")).to_contain_text(re.compile(r"^1 step ·"))
    expect(value).to_have_value("")
    stepper.locator(".fb-next").click()
    expect(where).to_have_text(re.compile(r"Paused before nap at 2\.f0"), timeout=10_000)
    book.theme("JupyterLab Dark")
    shot("5-stepper-dark", stepper)
    book.theme("JupyterLab Light")
    book.run(INDEX["look"])
    expect(book.output(INDEX["look"])).to_have_text("paused 42", timeout=10_000)
    stepper = book.cell(INDEX["step"]).locator(".fb-stepper")
    stepper.locator(".fb-go").click()
    expect(book.cell(INDEX["step"]).locator("table")).to_contain_text("double", timeout=15_000)
    expect(book.cell(INDEX["step"]).locator(".fb-stepper")).to_have_count(0)

    # A run that is left alone ends by itself.
    book.run(INDEX["short"])
    expect(book.cell(INDEX["short"]).locator("table")).to_contain_text("nap", timeout=15_000)
    done = book.cell(INDEX["short"]).locator("img")
    shot("6-done-light", done)
    book.theme("JupyterLab Dark")
    shot("7-done-dark", done)
    book.theme("JupyterLab Light")
    shot("8-graph-light", book.cell(INDEX["graph"]).locator("img"))


def test_a_notebook_executed_elsewhere_shows_graph_and_table_though_it_is_not_trusted(
    browser: Any, address: str, place: Path, tmp_path: Path, shot: Any
) -> None:
    from playwright.sync_api import expect

    short = "start = dict(x=2, limit=99, items=[dict(name=n, seconds=0.01) for n in 'abc'])\n%fb run work --ctx start"
    run_notebook(paper(tmp_path / "in.ipynb", SETUP, FLOW, short), place / "notebooks" / "headless.ipynb")

    book = Notebook(browser, address, "headless.ipynb")
    cell = book.cell(2)

    expect(cell.locator("table")).to_contain_text("<b>no</b> luck with c", timeout=10_000)
    image = cell.locator("img[alt='Graph of work']")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.complete && image.naturalWidth > 100")
    cell.locator("summary[title='nap at 2.f.b']").click()  # without a kernel, and with all that JupyterLab strips
    expect(cell.locator("details[open]", has_text="last of 3 visits")).to_contain_text('"name": "c"')
    shot("9-executed-elsewhere", image)


LONG = "start = dict(x=2, limit=3, items=[dict(name=n, seconds=0.01) for n in 'ab'])\n%fb run work --ctx start"
STEPPED = f"import os; print(os.getpid())\n{LONG} --step"


def assert_gone(stepper: Any) -> None:
    from playwright.sync_api import expect

    expect(stepper.locator(".fb-where")).to_have_text("Interrupted", timeout=10_000)
    expect(stepper.locator(".fb-note")).to_contain_text("%fb resume r-")
    for button in ("next", "go", "abort", "set"):
        expect(stepper.locator(f".fb-{button}")).to_be_disabled()


@pytest.mark.parametrize("way", ["restart", "kill"])
def test_panel_and_stepper_say_that_their_kernel_has_gone(
    way: str, browser: Any, address: str, place: Path, shot: Any
) -> None:
    from playwright.sync_api import expect

    paper(place / "notebooks" / f"{way}.ipynb", SETUP, FLOW, STEPPED, LONG, kernel="python3")
    book = Notebook(browser, address, f"{way}.ipynb")
    book.run_all()
    expect(book.cell(2).locator(".fb-where")).to_have_text("Paused before double at 0", timeout=30_000)
    panel = book.cell(3).locator(".fb-panel")
    expect(panel.locator(".fb-now")).to_contain_text("tidy", timeout=15_000)

    if way == "kill":
        os.kill(int(book.output(2).first.inner_text()), signal.SIGKILL)
    else:
        kernel = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
        browser.evaluate(f"void {kernel}.restart()")

    panel = book.cell(3).locator(".fb-panel")
    expect(panel.locator(".fb-state")).to_have_text("Interrupted", timeout=10_000)
    expect(panel.locator(".fb-note")).to_have_text(
        re.compile(r"The kernel has gone\. Run the cells above again, then: %fb resume r-\S+$")
    )
    expect(panel.locator(".fb-abort")).to_be_disabled()
    figures = panel.locator(".fb-figures")
    before = figures.inner_text()
    browser.wait_for_timeout(700)
    assert figures.inner_text() == before, "the clock goes on"
    shot(f"10-gone-{way}", panel)
    stepper = book.cell(2).locator(".fb-stepper")
    assert_gone(stepper)
    shot(f"11-gone-stepper-{way}", stepper)


def test_a_stepper_says_that_its_kernel_was_shut_down(browser: Any, address: str, place: Path) -> None:
    from playwright.sync_api import expect

    paper(place / "notebooks" / "shut.ipynb", SETUP, FLOW, STEPPED, kernel="python3")
    book = Notebook(browser, address, "shut.ipynb")
    book.run_all()
    stepper = book.cell(2).locator(".fb-stepper")
    expect(stepper.locator(".fb-where")).to_have_text("Paused before double at 0", timeout=30_000)

    browser.evaluate("void window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    assert_gone(stepper)


WAITING = """
%load_ext flowbench
import asyncio
import flowbench as fb

@fb.agent
async def nap(x):
    while not open("go").read():
        await asyncio.sleep(0.05)
    return x
"""


def test_the_panel_of_a_page_loaded_anew_comes_back_as_soon_as_the_kernel_can_answer(
    browser: Any, address: str, place: Path, shot: Any
) -> None:
    from playwright.sync_api import expect

    go = place / "notebooks" / "go"
    go.write_text("")
    cells = WAITING, "%%blueprint work\nnap", "%fb run work --ctx {'x': 1}"
    paper(place / "notebooks" / "anew.ipynb", *cells, kernel="python3")
    book = Notebook(browser, address, "anew.ipynb")
    book.run_all()
    expect(book.cell(2).locator(".fb-state")).to_have_text("Running", timeout=30_000)
    browser.evaluate("() => window.jupyterapp.commands.execute('docmanager:save').then(() => 1)")

    browser.once("dialog", lambda dialog: dialog.accept())
    browser.reload()
    expect(browser.get_by_text("Loading widget")).to_be_visible(timeout=60_000)
    go.write_text("go")

    panel = browser.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .fb-panel")
    expect(panel.locator(".fb-state")).to_have_text("Done", timeout=30_000)
    panel.locator('[id="fb-0"]').click(timeout=20_000)
    expect(panel.locator(".fb-facts")).to_contain_text("The run has ended")
    shot("12-loaded-anew", panel)
