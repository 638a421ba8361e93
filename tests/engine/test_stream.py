"""Streams of events: every mode, what is skipped, and which answer counts."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from flowbench.engine.workers.stream import LONGEST, SHOWN, Events
from tests.engine.programs import answer, failure, launched, program

MODES = ("ndjson_lines", "sse_events", "length_prefixed")


def final(value: Any, ok: bool = True) -> dict[str, Any]:
    return {"type": "final", "content": {"kind": "inline", "value": value}, "ok": ok}


def framed(mode: str, *events: Any) -> bytes:
    texts = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
    if mode == "ndjson_lines":
        return b"".join(text + b"\n" for text in texts)
    if mode == "sse_events":
        return b"".join(b"event: x\nid: 1\ndata: " + text + b"\n\n" for text in texts)
    return b"".join(struct.pack(">I", len(text)) + text for text in texts)


def heard(mode: str, data: bytes, size: int = 1 << 20) -> tuple[Any, list[tuple[str, str]]]:
    """(value of the last Final, what was told), of a stream that comes in chunks of `size` bytes."""
    told: list[tuple[str, str]] = []
    events = Events(mode, lambda stream, text: told.append((stream, text)))
    for at in range(0, len(data), size):
        events.take(data[at : at + size])
    events.end()
    return None if events.final is None else events.final.content.value, told


@pytest.mark.parametrize("size", [1, 3, 7, 1 << 20])
@pytest.mark.parametrize("mode", MODES)
def test_events_come_through_however_they_are_cut(mode: str, size: int) -> None:
    stream = framed(
        mode,
        {"type": "progress", "stage": "load", "note": "half"},
        {"type": "progress", "stage": "done"},
        {"type": "partial", "chunk": "é par"},
        {"type": "partial", "chunk": {"n": 1}},
        {"type": "artifact", "name": "a.txt", "content": {"kind": "file_ref", "path": "/x", "mime": "text/plain"}},
        final({"é": [1]}, ok=False),
        final({"é": [2]}),
    )

    value, told = heard(mode, stream, size)

    assert value == {"é": [2]}
    assert told == [
        ("note", "load: half\n"),
        ("note", "done\n"),
        ("stdout", "é par"),
        ("stdout", '{"n":1}\n'),
        ("note", 'artifact a.txt: {"kind":"file_ref","mime":"text/plain","path":"/x"}\n'),
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "junk", [b"{not json", b'{"type":"nobody"}', b'"text"', b"\xff\xfe", b'{"type":"final","ok":true}']
)
def test_what_is_no_event_is_skipped_and_said(mode: str, junk: bytes) -> None:
    value, told = heard(mode, framed(mode, final(1), junk, final(2)))

    assert value == 2
    ((stream, text),) = told
    assert stream == "note"
    assert text.startswith("not an event, skipped: ")


def test_lines_may_end_as_they_like() -> None:
    event = json.dumps(final(1)).encode()

    assert heard("ndjson_lines", b"\r\n\n" + event) == (1, [])
    assert heard("ndjson_lines", event + b"\r\n") == (1, [])


def test_server_sent_data_may_span_lines_and_need_no_last_empty_one() -> None:
    event = json.dumps(final({"a": 1}), indent=1)
    lines = "".join(f"data:{line}\r\n" for line in event.splitlines())

    assert heard("sse_events", f": comment\r\n{lines}\r\n".encode()) == ({"a": 1}, [])
    assert heard("sse_events", lines.encode()) == ({"a": 1}, [])
    assert heard("sse_events", event.encode()) == (None, [])


@pytest.mark.parametrize("size", [0, LONGEST + 1])
def test_a_length_of_nothing_or_too_much_ends_the_stream(size: int) -> None:
    stream = framed("length_prefixed", final(1)) + struct.pack(">I", size) + framed("length_prefixed", final(2))

    assert heard("length_prefixed", stream) == (1, [])


def test_a_torn_event_is_said() -> None:
    value, told = heard("length_prefixed", framed("length_prefixed", final(1))[:-3])

    assert value is None
    assert "skipped" in told[0][1]


def writes(stream: bytes, code: int = 0) -> str:
    return f"import sys; sys.stdout.buffer.write({stream!r}); sys.exit({code})"


@pytest.mark.parametrize("mode", MODES)
def test_the_last_final_is_the_answer(mode: str) -> None:
    assert answer(program(writes(framed(mode, final(1), final({"b": 2}))), stream_mode=mode)) == {"b": 2}


@pytest.mark.parametrize("mode", MODES)
def test_the_exit_code_counts_behind_a_good_final(mode: str) -> None:
    agent = program(writes(framed(mode, final("fine")), 5), stream_mode=mode)

    assert failure(agent) == 'blocked: "fine" - it ended with exit code 5'


def test_a_final_that_is_not_ok_fails_the_step() -> None:
    stream = framed("ndjson_lines", final({"why": "tired"}, ok=False))

    assert failure(program(writes(stream), stream_mode="ndjson_lines")) == 'blocked: {"why":"tired"}'


def test_no_final_fails_the_step() -> None:
    said = failure(program("print('just text')", stream_mode="ndjson_lines"))

    assert said == 'blocked: {"exit_success":true,"note":"streaming mode: no Final event received","raw":""}'


def test_a_file_is_answered_by_its_reference() -> None:
    event = {"type": "final", "content": {"kind": "file_ref", "path": "/tmp/x"}, "ok": True}

    assert answer(program(writes(framed("ndjson_lines", event)), stream_mode="ndjson_lines")) == {
        "file_ref": "/tmp/x",
        "mime": None,
        "size_hint": None,
    }


def test_events_are_in_the_log_while_the_program_works_and_raw_lines_are_not() -> None:
    partial = {"type": "partial", "chunk": "thinking\n"}
    code = (
        f"import sys, time; sys.stdout.buffer.write({framed('ndjson_lines', partial)!r}); sys.stdout.flush();"
        f" print('warned', file=sys.stderr); sys.stdin.read(); {writes(framed('ndjson_lines', final(1)))}"
    )

    run = launched(program(code, stream_mode="ndjson_lines"))
    run.result(60)

    said = sorted((line.stream, line.text) for line in run.log.lines() if line.agent == "work")
    assert said == [("stderr", "warned"), ("stdout", "thinking")]


def test_without_stdin_a_stream_does_not_wait_for_it() -> None:
    code = f"import sys; sys.stdin.read(); {writes(framed('ndjson_lines', final(1)))}"

    assert answer(program(code, stream_mode="ndjson_lines", use_stdin=False)) == 1


def test_what_is_told_of_an_event_is_cut_after_its_secrets_are_out() -> None:
    told: list[str] = []
    events = Events("ndjson_lines", lambda _, text: told.append(text), lambda text: text.replace("hunter2", "***"))

    events.take(b"x" * (SHOWN - 3) + b"hunter2\n")
    inline = {"kind": "inline", "value": "x" * (SHOWN - 4) + "hunter2"}
    events.take(framed("ndjson_lines", {"type": "artifact", "name": "a", "content": inline}))

    assert not [text for text in told if "hun" in text]
