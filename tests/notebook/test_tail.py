from __future__ import annotations

from flowbench.notebook.tail import LINE_LENGTH, SHOWN, Tail, of_node
from flowbench.runtime import Log


def test_the_last_lines_are_shown_and_the_others_counted() -> None:
    log = Log()
    tail = Tail(log)
    log.say("0", "work", "stdout", "".join(f"{number}\n" for number in range(SHOWN)))
    first = tail.shown()

    log.say("1", "work", "stderr", "one more\n")
    then = tail.shown()

    assert (len(first["lines"]), first["before"]) == (SHOWN, 0)
    assert (len(then["lines"]), then["before"]) == (SHOWN, 1)
    assert then["lines"][-1] == ["work", "1", "stderr", "one more"]


def test_a_line_without_an_end_is_shown_as_it_is_now() -> None:
    log = Log()
    tail = Tail(log)

    log.say("0", "work", "stderr", "\r10%")
    early = tail.shown()
    log.say("0", "work", "stderr", "\r20%")

    assert [row[3] for row in early["lines"]] == ["10%"]
    assert [row[3] for row in tail.shown()["lines"]] == ["20%"]


def test_long_lines_are_cut() -> None:
    log = Log()
    log.say("0", "work", "stdout", "x" * 5_000 + "\n")

    [[_, _, _, text]] = Tail(log).shown()["lines"]

    assert len(text) == LINE_LENGTH


def test_a_node_has_the_lines_of_all_its_visits() -> None:
    log = Log()
    for address in ("0.f1", "1", "0.f2"):
        log.say(address, "work", "stdout", f"at {address}\n")

    assert [line.text for line in of_node(log, "0.f")] == ["at 0.f1", "at 0.f2"]
