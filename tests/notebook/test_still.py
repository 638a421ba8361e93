from __future__ import annotations

import asyncio
import base64
import re
import time
from html.parser import HTMLParser
from typing import Any

from flowbench.blueprint import Functions, load
from flowbench.notebook import still
from flowbench.notebook.record import MIME, facts, run_facts
from flowbench.runtime import Run, launch
from tests.flows import attempt, blueprint, fan, seq, step

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'
FUNCTIONS = Functions()


@FUNCTIONS.agent
def double(x: Any) -> Any:
    return 2 * x


@FUNCTIONS.agent
def fail(x: Any) -> Any:
    raise ValueError(HOSTILE)


def ended(flow: dict[str, Any], id: str = "test") -> Run:
    run = launch(blueprint(flow, id), {"x": 1}, functions=FUNCTIONS, durability="memory")
    run.wait(10)
    return run


class Tags(HTMLParser):
    """Names and attributes of all elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def picture(html: str) -> str:
    """The SVG inside the image."""
    data = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert data is not None
    return base64.b64decode(data[1]).decode()


def test_graph_and_table_need_no_kernel_and_no_script() -> None:
    html = still.of_run(ended(seq(step("double"), fan(step("double")))))["text/html"]

    tags = Tags(html).found
    layout = {"div", "p", "b", "small", "br", "img", "table", "thead", "tbody", "tr", "th", "td"}
    assert {tag for tag, _ in tags} <= layout | {"details", "summary", "pre", "code"}
    assert picture(html).startswith("<svg")
    assert "<th>done</th><th>seconds</th></tr>" in html
    assert "<td>0</td><td>double</td><td>1</td>" in html
    assert "<td>1.f</td><td>double</td><td>3</td>" in html


def test_the_picture_has_the_colours_of_the_end() -> None:
    svg = picture(still.of_run(ended(seq(step("double"), fan(step("double")))))["text/html"])

    assert "fb-done" in svg
    assert "3/3" in svg


def test_every_step_that_was_reached_opens_over_the_picture_with_what_is_known_of_it() -> None:
    html = still.of_run(ended(seq(step("double"), fan(step("double")), attempt(step("fail")))))["text/html"]

    opened = re.findall(r"<details name=.*?</details>", html, re.DOTALL)

    assert len(opened) == 3
    assert re.search(r"<code>1\.f\d</code> done", opened[1])  # whichever thread was last
    assert "the last of 3 visits: 3 done" in opened[1]
    assert "<small>output</small>" in opened[1]
    assert "onerror" in opened[2]
    assert all(re.search(r"left:\d+\.\d\d%;top:\d+\.\d\d%;width:", each) for each in opened)


def test_hostile_text_stays_text() -> None:
    run = ended(seq(attempt(step("fail")), step("fail")), id=HOSTILE)

    html = still.of_run(run)["text/html"]

    tags = Tags(html).found
    assert "script" not in {tag for tag, _ in tags}
    assert [attributes for tag, attributes in tags if tag == "img" and "onerror" in attributes] == []
    assert "&lt;script&gt;" in html
    assert "<script" not in picture(html)


def test_rows_follow_the_program_not_the_clock() -> None:
    html = still.of_run(ended(seq(*[step("double")] * 12)))["text/html"]

    addresses = re.findall(r"<tr><td>(\d+)</td>", html)
    assert addresses == [str(number) for number in range(12)]


def test_a_long_table_is_cut_and_says_so() -> None:
    html = still.of_run(ended(seq(*[step("double")] * 40)))["text/html"]

    assert html.count("<tr><td>") == 25
    assert "and 15 more" in html


def test_the_facts_come_as_data_and_are_found_again() -> None:
    run = ended(step("double"))
    first = {"data": {MIME: {"id": run.id, "state": "running"}}}
    last = {"data": still.of_run(run)}

    found = run_facts({"cells": [{"outputs": [first]}, {"outputs": [last, {"text": "x"}]}, {"source": "markdown"}]})

    assert found == [facts(run)]
    assert (found[0]["state"], found[0]["steps"]) == ("done", 1)


def test_the_plain_text_is_one_line() -> None:
    run = ended(step("double"))

    assert still.of_run(run)["text/plain"] == run.summary()


def test_without_its_graph_the_rest_is_there() -> None:
    html = still.of_run(ended(step("double")), with_graph=False)["text/html"]

    assert "<img" not in html
    assert "<table>" in html


def test_a_blueprint_is_outlined_in_one_line() -> None:
    flow = seq(step("a"), fan(step("b")), attempt(step("a"), step("c")))

    assert still.outline(load(blueprint(flow))) == "test: 4 steps by 3 agents (a, b, c)"


@FUNCTIONS.agent
def talk(x: Any) -> Any:
    for number in range(x):
        print(f"line {number} <b>")
    return x


def test_the_end_of_the_log_is_kept_and_escaped() -> None:
    run = launch(blueprint(step("talk")), {"x": 30}, functions=FUNCTIONS, durability="memory")
    run.wait(10)

    html = still.of_run(run)["text/html"]

    assert "Log, the last 20 of 30 lines" in html
    assert "talk 0  line 29 &lt;b&gt;" in html
    assert "line 9 " not in html


def test_a_failed_step_folds_out_the_persons_own_frames() -> None:
    html = still.of_run(ended(seq(attempt(step("fail")))))["text/html"]

    row = re.search(r"<td><details>(.*?)</details></td>", html, re.DOTALL)
    assert row is not None
    assert "raise ValueError(HOSTILE)" in row[1]
    assert html.count("raise ValueError(HOSTILE)") == 1, "the log does not say it again"


@FUNCTIONS.agent
async def wait(x: Any) -> None:
    await asyncio.sleep(600 if x else 0)


def test_the_table_counts_what_was_cancelled_and_its_columns_add_up_to_the_steps() -> None:
    flow = seq(step("double"), fan(step("wait", "$.i", "$.o"), (0, 1, 1)))
    run = launch(blueprint(flow), {"x": 1}, functions=FUNCTIONS, durability="memory")
    until = time.monotonic() + 20
    while len(run.progress().running) < 2 or len(run.steps) < 2:
        assert time.monotonic() < until
    run.abort()
    run.wait(20)

    html = still.of_run(run)["text/html"]

    assert "<th>done</th><th>cancelled</th><th>seconds</th></tr>" in html
    assert "<td>1.f</td><td>wait</td><td>1</td><td>2</td>" in html
    assert "cancelled, 4 steps in" in html
