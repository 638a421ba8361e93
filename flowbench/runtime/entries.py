"""Entries: what a journal can say, one struct per kind of line. `t` is unix seconds everywhere."""

from __future__ import annotations

from typing import Any

import msgspec

VERSION = 1


class Entry(msgspec.Struct, omit_defaults=True, tag_field="k", gc=False, frozen=True):
    """Base of all entries."""


class Standing(msgspec.Struct, omit_defaults=True, frozen=True):
    """Who stood behind the agents of a launch, as far as that can be written down: objects have to be given again.

    kind, kinds: operator kinds of the launch, of all agents and of single ones. faces: hook | bridge | backend.
    layers: names in their order; given: those of them that were objects.
    """

    kind: str | None = None
    kinds: dict[str, str] = {}
    faces: list[str] = []
    layers: list[str] = []
    given: list[str] = []


class Begun(Entry, frozen=True, tag="run"):
    """First line. blueprint: all of it, the flow too. agents: name -> digest of its code. ctx: the input.

    sources: id of a function -> where it was defined. standing: None where nothing of it was given. parent, at: run
    and address of the step that has started it; "" of a run that a person started. depth: how many runs are above it.
    folder: where its Blueprint's file was, or the working directory, when an agent looks for files there.
    """

    id: str
    t: float
    blueprint: Any
    ctx: Any
    pid: int
    agents: dict[str, str] = {}
    compat: str | None = None
    v: int = VERSION
    sources: dict[str, str] = {}
    standing: Standing | None = None
    parent: str = ""
    at: str = ""
    depth: int = 0
    folder: str = ""


class Start(Entry, frozen=True, tag="start"):
    """A body that really waits has begun (quick inline bodies write no start). n: attempt."""

    at: str
    ref: str
    t: float
    n: int = 1


class Done(Entry, frozen=True, tag="done"):
    """An outcome, written before it enters ctx.

    input: CRC-32 of the input's JSON. d: seconds. out: the value, unless it lies in the file `blob` (sha256 of its
    JSON). by: set when a person gave the value. parts: named values beside it, or the file they lie in. gap: seconds
    that went without a heartbeat, at most; None for a body that never looked at its token.
    """

    at: str
    ref: str
    input: int
    t: float
    d: float
    out: msgspec.Raw = msgspec.Raw(b"")
    n: int = 1
    by: str = ""
    blob: str = ""
    parts: msgspec.Raw = msgspec.Raw(b"")
    parts_blob: str = ""
    gap: float | None = None


class Fail(Entry, frozen=True, tag="fail"):
    """The step failed. error: the text that `try` would put at err_at, less the wrapping."""

    at: str
    ref: str
    input: int
    t: float
    d: float
    error: str
    n: int = 1
    gap: float | None = None


class Skip(Entry, frozen=True, tag="skip"):
    """The step did not apply; an outcome like the others, without an output. why: its reason."""

    at: str
    ref: str
    input: int
    t: float
    d: float
    why: str = ""
    n: int = 1
    gap: float | None = None


class Cancel(Entry, frozen=True, tag="cancel"):
    """In flight when its branch lost or the run was aborted. No outcome: a resume runs it again.

    late: seconds from the request to its end; None where nobody asked. on: its body ran on, for how long nobody wrote
    down. gap: as in `done`.
    """

    at: str
    ref: str
    t: float
    why: str
    n: int = 1
    gap: float | None = None
    late: float | None = None
    on: bool = False


class Answer(Entry, frozen=True, tag="answer"):
    """A face answered the n-th question of the step at `at`. q: CRC-32 of the step's input and the question.

    out, blob: as in `done`. Where a person was asked: by, d: who it was and the seconds that took, told: that in a few
    words, asked: the question, cut.
    """

    at: str
    face: str
    n: int
    q: int
    t: float
    out: msgspec.Raw = msgspec.Raw(b"")
    blob: str = ""
    by: str = ""
    d: float = 0.0
    told: str = ""
    asked: str = ""


class Join(Entry, frozen=True, tag="join"):
    """A fan-out was decided by time: branch `won` gave the result (ok) or the error."""

    at: str
    won: int
    ok: bool
    t: float


class Patch(Entry, frozen=True, tag="patch"):
    """Somebody else wrote ctx: edge "in" before the node reads, "out" before it writes, "after" it wrote."""

    at: str
    edge: str
    keys: list[str]
    value: Any
    by: str
    t: float


class Abort(Entry, frozen=True, tag="abort"):
    """Somebody asked the run to stop."""

    reason: str
    by: str
    t: float


class Resume(Entry, frozen=True, tag="resume"):
    """A new owner goes on. forget: addresses whose outcome no longer counts (the failure that ended the run).

    blueprint: set when a changed one was accepted. agents: digests of the code that runs from here on.
    """

    t: float
    pid: int
    forget: list[str] = []
    agents: dict[str, str] = {}
    blueprint: Any = None


class Fork(Entry, frozen=True, tag="fork"):
    """Ends what was taken over from another run. parent: its id. at: addresses of the steps that run again, and with
    them all that depends on them. blueprint: set when a changed one goes on. agents: digests of code that has changed.
    """

    parent: str
    at: list[str]
    t: float
    pid: int
    blueprint: Any = None
    agents: dict[str, str] = {}


class End(Entry, frozen=True, tag="end"):
    """state: done | failed | cancelled. causes: addresses of the outcomes that made it fail."""

    state: str
    t: float
    error: str | None = None
    causes: list[str] = []


AnyEntry = Begun | Start | Done | Fail | Skip | Cancel | Answer | Join | Patch | Abort | Resume | Fork | End
decode_entry = msgspec.json.Decoder(AnyEntry).decode
encode_entry = msgspec.json.Encoder().encode
