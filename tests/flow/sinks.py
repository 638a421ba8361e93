"""Sinks for tests: keep everything that an evaluation tells."""

from __future__ import annotations

from typing import Any, NamedTuple

from flowbench.cancel import AbortReason
from flowbench.flow import Evaluation, Keys


class Told(NamedTuple):
    what: str
    address: str
    facts: dict[str, Any]


class Memory:
    """Keeps what it is told, in order. text: the text of inputs and outputs is wanted."""

    def __init__(self, *, text: bool = False) -> None:
        self.text = text
        self.told: list[Told] = []

    @property
    def keeps_text(self) -> bool:
        return self.text

    def tell(self, what: str, at: str = "", /, **facts: Any) -> None:
        self.told.append(Told(what, at, facts))

    def start(self, address: str, ref: str, run: Evaluation) -> None:
        self.tell("start", address, ref=ref)

    def done(self, address, ref, value, text, out, made, began, ended, run) -> None:
        self.tell("done", address, ref=ref, value=value, text=text, out=out, made=made, seconds=ended - began)

    def fail(self, address, ref, value, text, error, began, ended, run, raised) -> None:
        self.tell("fail", address, ref=ref, value=value, text=text, error=error, raised=raised)

    def cancel(self, address: str, ref: str, value: Any, why: str, run: Evaluation, asked=None) -> None:
        self.tell("cancel", address, ref=ref, why=why)

    def parted(self, address, parts, text) -> None:
        self.tell("parted", address, parts=parts, text=text)

    def skip(self, address, ref, value, text, why, began, ended, run) -> None:
        self.tell("skip", address, ref=ref, why=why)

    def gone(self, address: str) -> None:
        return

    def recalled(self, address: str, ref: str, value: Any, out: Any, error: str | None) -> None:
        self.tell("recalled", address, ref=ref, value=value, out=out, error=error)

    def fan(self, address: str, items: int) -> None:
        self.tell("fan", address, items=items)

    def join(self, address: str, won: int, ok: bool) -> None:
        self.tell("join", address, won=won, ok=ok)

    def patch(self, address: str, edge: str, keys: Keys, value: Any, by: str) -> None:
        self.tell("patch", address, edge=edge, keys=keys, value=value, by=by)

    def abort(self, reason: AbortReason, by: str) -> None:
        self.tell("abort", reason=reason, by=by)

    def kinds(self, *names: str) -> list[Told]:
        return [told for told in self.told if told.what in names]

    def addresses(self, what: str) -> list[str]:
        return [told.address for told in self.told if told.what == what]
