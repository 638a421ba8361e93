"""The live output of a run, with widgets that talk to nobody and a display that remembers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from flowbench.blueprint import Functions
from flowbench.notebook.record import MIME
from flowbench.notebook.show import KEPT, WIDGET, LiveShow, Show
from flowbench.notebook.stepper import act
from flowbench.notebook.tap import ABORT
from flowbench.runtime import Debugger, Run, debug, launch
from tests.flows import blueprint, seq, step

FUNCTIONS = Functions()


@FUNCTIONS.agent
def double(x: Any) -> Any:
    return 2 * x


@FUNCTIONS.agent
def wait(x: Any, token: Any) -> None:
    while True:
        token.heartbeat()
        time.sleep(0.002)


class Display:
    """Remembers what was shown, and from which thread."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, dict[str, Any], str]] = []

    def display(self, obj: Any, **kwargs: Any) -> None:
        self.shown.append(("display", obj, threading.current_thread().name))

    def update(self, obj: Any, **kwargs: Any) -> None:
        self.shown.append(("update", obj, threading.current_thread().name))


class Watcher:
    """A tap that remembers who is watched."""

    def __init__(self) -> None:
        self.watched: dict[str, Callable[[Any], object]] = {}

    def watch(self, comm_id: str, hear: Callable[[Any], object]) -> Callable[[], None]:
        self.watched[comm_id] = hear
        return lambda: self.watched.pop(comm_id) and None


HOW: dict[str, Any] = {"functions": FUNCTIONS, "durability": "memory"}


@pytest.fixture
def live() -> Any:
    run = launch(blueprint(seq(step("double"), step("wait"))), {"x": 1}, **HOW)
    yield run
    run.abort()
    run.wait(10)


def eventually(claim: Callable[[], object]) -> None:
    until = time.monotonic() + 10
    while not claim():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.01)


def opened(run: Run, debugger: Debugger | None = None) -> tuple[LiveShow, Display, Watcher]:
    display, watcher = Display(), Watcher()
    shown = LiveShow(run, display, watcher, debugger)  # type: ignore[arg-type]
    shown.begin()
    return shown, display, watcher


def test_the_panel_comes_at_once_and_the_graph_when_it_is_laid_out(live: Run) -> None:
    shown, display, _ = opened(live)

    kind, bundle, thread = display.shown[0]
    assert (kind, thread) == ("display", "MainThread")
    assert bundle[WIDGET]["model_id"] == shown.panel.model_id
    assert bundle[MIME]["id"] == live.id
    eventually(lambda: shown.panel.svg.startswith("<svg"))


def test_the_panel_follows_the_run(live: Run) -> None:
    shown, _, _ = opened(live)

    eventually(lambda: shown.panel.view["nodes"] == {"start": "done", "0": "done", "1": "running"})


def test_nothing_is_sent_while_only_the_seconds_change(live: Run) -> None:
    shown, _, _ = opened(live)
    nodes = {"start": "done", "0": "done", "1": "running"}  # also for a body that does not wait yet
    eventually(lambda: shown.panel.view["nodes"] == nodes and shown.panel.view["running"])
    sent: list[Any] = []
    shown.panel.observe(sent.append, "view")

    time.sleep(0.5)

    assert sent == []


def test_a_click_that_the_tap_sees_aborts_the_run(live: Run) -> None:
    shown, _, watcher = opened(live)

    watcher.watched[shown.panel.comm.comm_id](ABORT)
    live.wait(10)

    assert live.cause is not None
    assert (live.state, live.cause.by) == ("cancelled", "button")


def test_a_click_that_comes_the_ordinary_way_does_too(live: Run) -> None:
    shown, _, _ = opened(live)

    shown.panel._handle_custom_msg({"event": "abort"}, [])
    live.wait(10)

    assert live.state == "cancelled"


@pytest.mark.parametrize("way", ["by the tap", "by the comm"])
def test_a_picked_node_tells_what_is_known_of_it(way: str, live: Run) -> None:
    shown, _, watcher = opened(live)
    click = {"event": "look", "node": "0"}

    if way == "by the tap":
        watcher.watched[shown.panel.comm.comm_id](click)
    else:
        shown.panel._handle_custom_msg(click, [])

    eventually(lambda: shown.panel.facts.get("visits") == 1)
    told = shown.panel.facts
    assert (told["node"], told["agent"], told["input"], told["output"]) == ("0", "double", "1", "2")


def test_a_large_flow_is_folded_and_opens_by_a_click() -> None:
    run = launch(blueprint(seq(step("wait"), *[step("double")] * 240)), {"x": 1}, **HOW)
    shown, _, _ = opened(run)
    eventually(lambda: 'id="fb-[25-48]"' in shown.panel.svg or 'id="fb-[22-43]"' in shown.panel.svg)
    folded = shown.panel.svg
    eventually(lambda: "running" in shown.panel.view["nodes"].values())
    first = next(id for id, status in shown.panel.view["nodes"].items() if status == "running" and id.startswith("["))

    shown.panel._handle_custom_msg({"event": "look", "node": "", "open": [first]}, [])

    eventually(lambda: shown.panel.svg != folded)
    assert 'id="fb-1"' in shown.panel.svg
    assert shown.panel.view["nodes"]["0"] == "running"
    run.abort()
    run.wait(10)


def test_what_steps_say_is_shown_and_of_a_picked_node_alone(live: Run) -> None:
    shown, _, _ = opened(live)
    live.log.say("1", "wait", "stdout", "waiting for 2\n")
    eventually(lambda: shown.panel.log.get("lines") == [["wait", "1", "stdout", "waiting for 2"]])

    shown.panel._handle_custom_msg({"event": "look", "node": "1"}, [])
    eventually(lambda: shown.panel.facts.get("node") == "1")
    waiting = shown.panel.facts
    shown.panel._handle_custom_msg({"event": "look", "node": "0"}, [])
    eventually(lambda: shown.panel.facts.get("node") == "0")

    assert [row[3] for row in waiting["lines"]] == ["waiting for 2"]
    assert shown.panel.facts["lines"] == []


def test_at_the_end_the_still_output_takes_the_place_of_the_panel(live: Run) -> None:
    shown, display, watcher = opened(live)
    eventually(lambda: shown.panel.svg)

    live.abort()
    live.wait(10)
    shown.finish()
    shown.finish()

    time.sleep(0.3)  # the thread finishes it too
    assert [kind for kind, _, _ in display.shown] == ["display", "update"]
    assert "<img" in display.shown[-1][1]["text/html"]
    assert watcher.watched == {}


def test_the_panels_of_the_last_runs_stay_for_pages_that_were_loaded_anew() -> None:
    panels = []
    for _ in range(KEPT + 1):
        run = launch(blueprint(step("wait")), {"x": 1}, **HOW)
        shown, _, _ = opened(run)
        run.abort()
        run.wait(10)
        shown.finish()
        panels.append(shown.panel)

    assert [panel.comm is None for panel in panels] == [True] + [False] * KEPT
    assert (panels[-1].view["state"], panels[-1].view["over"]) == ("cancelled", True)


def test_a_run_that_nobody_waits_for_finishes_by_itself(live: Run) -> None:
    _, display, _ = opened(live)

    live.abort()

    eventually(lambda: any("text/html" in bundle for _, bundle, _ in display.shown))
    assert display.shown[-1][2].startswith("flowbench-show")


def test_a_run_that_has_ended_already_gets_no_panel() -> None:
    run = launch(blueprint(step("double")), {"x": 1}, **HOW)
    run.wait(10)
    display = Display()
    shown = LiveShow(run, display, None)

    shown.begin_at_end()

    eventually(lambda: "<img" in display.shown[-1][1]["text/html"])
    assert (display.shown[0][0], shown.panel) == ("display", None)


def test_a_run_that_ends_before_anybody_followed_it_keeps_its_graph() -> None:
    run = launch(blueprint(step("double")), {"x": 1}, **HOW)
    run.wait(10)

    _, display, _ = opened(run)

    eventually(lambda: "<img" in display.shown[-1][1].get("text/html", ""))


def test_where_nobody_can_click_only_the_ends_are_shown(live: Run) -> None:
    display = Display()
    shown = Show(live, display)

    shown.begin()
    live.abort()
    live.wait(10)
    shown.finish()

    (_, first, _), (_, last, _) = display.shown
    assert (sorted(first), first[MIME]["state"]) == ([MIME, "text/plain"], "running")
    assert (sorted(last), last[MIME]["state"]) == ([MIME, "text/html", "text/plain"], "cancelled")


@pytest.fixture
def debugger() -> Any:
    debugger = debug(blueprint(seq(step("double"), step("double"))), {"x": 1}, **HOW)
    debugger.wait(10)
    yield debugger
    debugger.abort()
    debugger.run.wait(10)


def test_a_typed_edit_is_set_before_the_next_step(debugger: Debugger) -> None:
    told = act(debugger, {"event": "next", "path": " $.x ", "value": "21"})

    eventually(lambda: debugger.paused is not None and debugger.paused.address == "1")
    assert told == ""
    assert debugger.ctx["x"] == 42


@pytest.mark.parametrize("event", ["next", "go"])
@pytest.mark.parametrize(
    ("path", "value", "said"),
    [("$.x", "{bad", "no JSON"), ("$.x", "", "say what $.x becomes"), ("", "1", "say where"), ("x[", "1", "x[")],
)
def test_a_typed_edit_that_fails_is_said_and_nothing_goes_on(
    event: str, path: str, value: str, said: str, debugger: Debugger
) -> None:
    told = act(debugger, {"event": event, "path": path, "value": value})

    assert said in told
    assert not debugger.run.wait(0.1)
    assert debugger.paused is not None
    assert debugger.paused.address == "0"


def test_an_abort_never_waits_for_a_typed_edit(debugger: Debugger) -> None:
    act(debugger, {"event": "abort", "path": "", "value": "{bad"})

    assert debugger.run.wait(5)


def test_the_stepper_shows_the_pause_and_its_buttons_work(debugger: Debugger) -> None:
    shown, _, watcher = opened(debugger.run, debugger)
    assert shown.stepper.view["pause"]["address"] == "0"
    assert shown.panel.view["nodes"] == {"0": "running"}
    assert len(watcher.watched) == 2

    shown.stepper._handle_custom_msg({"event": "next"}, [])

    eventually(lambda: (shown.stepper.view["pause"] or {}).get("address") == "1")
    assert shown.stepper.view["pause"]["changed"] == [["$.x", "1", "2"]]
    shown.stepper._handle_custom_msg({"event": "go"}, [])
    assert debugger.run.wait(10)


def test_an_edit_is_written_and_shown(debugger: Debugger) -> None:
    shown, _, _ = opened(debugger.run, debugger)

    shown.stepper._handle_custom_msg({"event": "edit", "path": "$.x", "value": "21"}, [])

    eventually(lambda: shown.stepper.view["pause"]["input"] == "21")
    assert shown.stepper.view["error"] == ""


@pytest.mark.parametrize(
    ("path", "value", "said"), [("$.x", "{bad", "no JSON"), ("x", "1", "path"), ("$.a[", "1", "path")]
)
def test_a_wrong_edit_is_said_and_changes_nothing(path: str, value: str, said: str, debugger: Debugger) -> None:
    told = act(debugger, {"event": "edit", "path": path, "value": value})

    assert said in told
    assert debugger.ctx == {"x": 1}


def test_a_click_whose_answer_is_the_same_still_wakes_the_buttons(debugger: Debugger) -> None:
    shown, _, _ = opened(debugger.run, debugger)
    before = shown.stepper.view

    shown.stepper._handle_custom_msg({"event": "edit", "path": "$.x", "value": "1"}, [])

    eventually(lambda: shown.stepper.view != before)
