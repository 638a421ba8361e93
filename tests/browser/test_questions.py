"""Forms in the panel of a busy cell, seen and clicked by a person."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.browser.lab import Notebook
from tests.notebook.papers import paper

SETUP = """
%load_ext flowbench
import flowbench as fb
from flowbench.engine import NotebookBridge, NotebookHook, NotebookOperator
from flowbench.runtime import Faces

@fb.agent
def send(x):
    return f"sent {x}"

path = lambda at: {"op": "path", "at": at}
letters = fb.load({
    "id": "letters",
    "operators": [{"name": "writer", "kind": "automate"}],
    "agents": [{"name": "write", "kind": "operator", "spec": {"operator_ref": "writer"}},
               {"name": "size", "kind": "operator", "spec": {"operator_ref": "writer"}},
               {"name": "count", "kind": "operator", "spec": {"operator_ref": "writer"}}],
    "flow": {"kind": "seq", "children": [
        {"kind": "fanout", "items": {"op": "lit", "value": ["a letter to the rain", "a letter to the wind"]},
         "bind": path("$.topic"), "join": "all", "out": path("$.letters"),
         "body": {"kind": "step", "ref": "write", "in": path("$.topic"), "out": path("$.letter")}},
        {"kind": "step", "ref": "size", "in": {"op": "lit", "value": "Which size?"}, "out": path("$.size")},
        {"kind": "step", "ref": "count", "in": {"op": "lit", "value": "How many, as JSON?"}, "out": path("$.count")},
        {"kind": "step", "ref": "send", "in": path("$.size"), "out": path("$.sent")},
    ]},
    "spawner_hints": {"layers": ["main_ai"]},
    "default_operator_kind": "main_ai",
})
people = Faces(hook=NotebookHook("Send it?", agents=["send"], timeout=600, default=False))
writer = NotebookOperator(by_agent={
    "size": NotebookOperator(choices=["small", "large"], default="small", timeout=600),
    "count": NotebookOperator("json"),
})
fb_engine = __import__("flowbench.engine", fromlist=["default"]).default()
fb_engine.register_operator("writer", writer)
"""
CELLS = [SETUP, "%fb run letters --operator people", "print('queued ' + 'cell ran', run.ctx['count'], run.ctx['sent'])"]


def test_a_person_answers_forms_and_approves_in_a_busy_cell(browser: Any, address: str, place: Path, shot: Any) -> None:
    from playwright.sync_api import expect

    paper(place / "notebooks" / "letters.ipynb", *CELLS, kernel="python3")
    book = Notebook(browser, address, "letters.ipynb")
    book.run_all()
    panel = book.cell(1).locator(".fb-panel")
    forms = panel.locator(".fb-ask")

    # Two branches ask at once: both forms are there, what is typed survives, nothing empty is sent.
    expect(forms).to_have_count(2, timeout=30_000)
    rain, wind = forms.nth(0), forms.nth(1)
    expect(rain.locator(".fb-ask-prompt")).to_have_text("a letter to the rain")
    expect(rain.locator(".fb-ask-clock")).to_have_text(re.compile(r"waits for \d+ s"))
    rain.locator(".fb-yes").click()
    expect(rain.locator(".fb-ask-error")).to_have_text("say something, or decline")
    rain.locator("textarea").fill("Dear rain")
    wind.locator("textarea").fill("Dear wind")
    shot("20-two-forms-light", panel)
    wind.locator(".fb-yes").click()
    expect(forms).to_have_count(1, timeout=10_000)
    expect(forms.locator("textarea")).to_have_value("Dear rain")
    forms.locator("textarea").press("Control+Enter")

    # A choice, with its countdown and what happens then.
    choice = panel.locator(".fb-ask[data-kind=choice]")
    expect(choice.locator(".fb-ask-clock")).to_have_text(re.compile(r"5\d\d s left, then: small"), timeout=10_000)
    book.theme("JupyterLab Dark")
    shot("21-choice-dark", panel)
    book.theme("JupyterLab Light")
    choice.get_by_role("button", name="large").click()

    # JSON: what is wrong is told beside the field and not sent.
    code = panel.locator(".fb-ask[data-kind=json]")
    code.locator("textarea").fill("{3")
    code.locator(".fb-yes").click()
    expect(code.locator(".fb-ask-error")).to_contain_text("this is no JSON")
    shot("22-json-light", panel)
    code.locator("textarea").fill("3")
    expect(code.locator(".fb-ask-error")).to_have_text("")
    code.locator(".fb-yes").click()

    # An approval, with a reason.
    approve = panel.locator(".fb-ask[data-kind=approve]")
    expect(approve.locator(".fb-ask-prompt")).to_have_text("Send it?", timeout=10_000)
    expect(approve.locator(".fb-ask-clock")).to_contain_text("then: reject")
    expect(approve.locator("pre")).to_have_text('"large"')
    expect(panel.locator(".fb-told li")).to_have_count(4)
    approve.locator(".fb-ask-reason").fill("<b>fine</b>")
    shot("23-approve-light", panel)
    said = approve.locator(".fb-yes").evaluate("button => { button.click(); return button.disabled }")
    assert said

    # It stays as text; the cell has ended and the next one ran.
    expect(book.output(2)).to_have_text("queued cell ran 3 sent large", timeout=10_000)
    expect(book.cell(1).locator(".fb-panel")).to_have_count(0)
    kept = book.cell(1).locator("li", has_text="Send it?")
    expect(kept).to_contain_text(re.compile(r"send 3 Send it\? approved by button after \d+\.\d s: <b>fine</b>"))
    expect(book.cell(1).locator("li", has_text="a letter to the wind")).to_contain_text("Dear wind")
    shot("24-kept-light", kept)
