"""The tap against a stream of real messages that no socket has carried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jupyter_client.session import Session

from flowbench.notebook.tap import Tap, tap

COMM = "comm-1"


class Loop:
    """An event loop that runs what it is given at once and counts it."""

    def __init__(self) -> None:
        self.asked = 0

    def add_callback(self, act: Callable[[], None]) -> None:
        self.asked += 1
        act()


class Stream:
    def __init__(self, io_loop: Loop, received: Callable[[list[Any]], Any]) -> None:
        self.io_loop = io_loop
        self._recv_callback = received
        self.waiting: list[list[bytes]] = []
        self.wrapped = 0

    def on_recv(self, callback: Callable[[list[Any]], Any], copy: bool = True) -> None:
        assert not copy, "the kernel's own handlers expect message frames"
        self.wrapped += 1
        self._recv_callback = callback

    def flush(self, flag: int) -> int:
        count = len(self.waiting)
        while self.waiting:
            self._recv_callback(self.waiting.pop(0))
        return count


class Kernel:
    """What the tap knows of a kernel. is_busy_reader: the main thread reads the shell stream, as in ipykernel 6."""

    def __init__(self, is_busy_reader: bool = False) -> None:
        self.session = Session(key=b"secret", check_pid=False)
        self.io_loop = Loop()
        self.passed_on: list[list[Any]] = []
        self.shell_stream = Stream(self.io_loop if is_busy_reader else Loop(), self.passed_on.append)


def message(
    session: Session,
    content: object = {"event": "abort"},
    comm: str = COMM,
    method: str = "custom",
    kind: str = "comm_msg",
) -> list[bytes]:
    """As it comes from the wire, with one routing identity."""
    body = {"comm_id": comm, "data": {"method": method, "content": content}}
    return session.serialize(session.msg(kind, body), ident=b"browser")


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def clicks(kernel: Kernel) -> list[str]:
    found: list[str] = []
    made = tap(kernel)
    assert made is not None
    made.watch(COMM, lambda said: found.append(said["event"]))
    return found


def receive(kernel: Kernel, frames: list[bytes]) -> None:
    kernel.shell_stream._recv_callback(frames)


def test_the_abort_message_is_seen_and_passed_on_unchanged(kernel: Kernel, clicks: list[str]) -> None:
    frames = message(kernel.session)

    receive(kernel, frames)

    assert clicks == ["abort"]
    assert kernel.passed_on == [frames]
    assert kernel.passed_on[0] is frames


def test_looking_leaves_the_signature_fresh_for_the_kernel(kernel: Kernel, clicks: list[str]) -> None:
    frames = message(kernel.session)
    receive(kernel, frames)

    _, signed = kernel.session.feed_identities(frames)

    assert kernel.session.deserialize(signed)["msg_type"] == "comm_msg"
    assert clicks == ["abort"]


OTHERS = {
    "another comm": {"comm": "comm-2"},
    "another event": {"content": {"event": "next"}},
    "more than the abort message": {"content": {"event": "abort", "x": 1}},
    "no content": {"content": None},
    "a state update": {"method": "update"},
    "another kind": {"kind": "execute_request"},
}


@pytest.mark.parametrize("what", OTHERS.values(), ids=OTHERS.keys())
def test_anything_else_is_only_passed_on(what: dict[str, Any], kernel: Kernel, clicks: list[str]) -> None:
    receive(kernel, message(kernel.session, **what))

    assert clicks == []
    assert len(kernel.passed_on) == 1


def test_a_message_signed_with_another_key_triggers_nothing(kernel: Kernel, clicks: list[str]) -> None:
    receive(kernel, message(Session(key=b"guessed")))

    assert clicks == []
    assert len(kernel.passed_on) == 1


def test_a_message_that_the_kernel_has_had_triggers_nothing(kernel: Kernel, clicks: list[str]) -> None:
    frames = message(kernel.session)
    kernel.session.deserialize(kernel.session.feed_identities(frames)[1])

    receive(kernel, frames)

    assert clicks == []


def test_a_kernel_without_a_key_takes_unsigned_messages() -> None:
    kernel, clicks = Kernel(), []
    kernel.session = Session(key=b"")
    made = tap(kernel)
    assert made is not None
    made.watch(COMM, lambda said: clicks.append(said["event"]))

    receive(kernel, message(kernel.session))

    assert clicks == ["abort"]


@pytest.mark.parametrize(
    "frames", [[], [b"x"], [b"<IDS|MSG>", b"", b"{", b"", b"", b""]], ids=["empty", "short", "no JSON"]
)
def test_a_broken_message_reaches_the_kernel_all_the_same(
    frames: list[bytes], kernel: Kernel, clicks: list[str]
) -> None:
    receive(kernel, frames)

    assert kernel.passed_on == [frames]
    assert clicks == []


def test_a_look_at_a_node_is_heard_too(kernel: Kernel, clicks: list[str]) -> None:
    receive(kernel, message(kernel.session, content={"event": "look", "node": "0.f"}))

    assert clicks == ["look"]


def test_each_run_is_aborted_by_its_own_comm(kernel: Kernel, clicks: list[str]) -> None:
    other: list[str] = []
    made = tap(kernel)
    assert made is not None
    made.watch("comm-2", lambda said: other.append(said["event"]))

    receive(kernel, message(kernel.session, comm="comm-2"))

    assert (clicks, other) == ([], ["abort"])


def test_an_ended_watch_sees_nothing_more(kernel: Kernel) -> None:
    clicks: list[str] = []
    made = tap(kernel)
    assert made is not None
    forget = made.watch(COMM, lambda said: clicks.append(said["event"]))

    forget()
    forget()
    receive(kernel, message(kernel.session))

    assert clicks == []
    assert len(kernel.passed_on) == 1


def test_a_kernel_has_one_tap_and_is_wrapped_once(kernel: Kernel) -> None:
    first, second = tap(kernel), tap(kernel)
    assert first is not None
    assert second is not None

    first.watch("a", lambda said: None)
    second.watch("b", lambda said: None)

    assert first is second
    assert kernel.shell_stream.wrapped == 1


def test_nothing_is_wrapped_before_a_run_needs_it(kernel: Kernel) -> None:
    assert isinstance(tap(kernel), Tap)
    assert kernel.shell_stream.wrapped == 0


def test_a_stream_of_another_thread_is_wrapped_on_its_own_loop(kernel: Kernel, clicks: list[str]) -> None:
    assert kernel.shell_stream.io_loop.asked == 1


def test_pumping_reads_waiting_messages_where_the_main_thread_is_the_reader() -> None:
    kernel, clicks = Kernel(is_busy_reader=True), []
    made = tap(kernel)
    assert made is not None
    forget = made.watch(COMM, lambda said: clicks.append(said["event"]))
    kernel.shell_stream.waiting = [message(kernel.session, kind="execute_request"), message(kernel.session)]

    made.pump()

    assert clicks == ["abort"]
    assert len(kernel.passed_on) == 2
    forget()


def test_pumping_leaves_a_stream_alone_that_another_thread_reads(kernel: Kernel, clicks: list[str]) -> None:
    made = tap(kernel)
    assert made is not None
    kernel.shell_stream.waiting = [message(kernel.session)]

    made.pump()

    assert len(kernel.shell_stream.waiting) == 1


@pytest.mark.parametrize("stranger", [None, object(), type("K", (), {"shell_stream": object(), "session": None})()])
def test_a_kernel_of_another_kind_has_no_tap(stranger: object) -> None:
    assert tap(stranger) is None
