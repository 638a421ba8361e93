"""Tokens: who may do what until when, signed, so that a worker in another process can show what it was allowed.

Signed is the canonical JSON of the fields. The seed joined them with `|` and `,` without escaping, so that two tokens
could have one text (an agent named `a|Worker`); its layout is written and verified when asked for (`layout="0.2.1"`).
Source: mlua-swarm 0.2.1 `CapToken`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import threading
from typing import Literal

import msgspec

from flowbench.engine import ids
from flowbench.engine.errors import (
    BadSignature,
    RoleViolation,
    TokenExpired,
    TokenNotFound,
    TokenTaskMismatch,
    TokenUnreadable,
    TokenUsesExhausted,
)
from flowbench.engine.roles import GATE, OWN_TASK_ONLY, Role, Verb

Layout = Literal["json", "0.2.1"]

NEVER = 253_402_300_799  # unix seconds, the end of the year 9999: expire_at of a token without an end
SWEEP = 4096  # records between two looks for those that have expired


class CapToken(msgspec.Struct, frozen=True, eq=False, gc=False):
    """issued_at, expire_at: whole unix seconds; it has expired when now >= expire_at. max_uses: None is unlimited.

    nonce: 32 hex digits; whoever keeps the records finds them by it. scopes are carried and mean nothing by themselves.
    seal: the signature, or what makes it when it is first looked at: most tokens never leave the process.
    """

    agent_id: str
    role: Role
    scopes: tuple[str, ...]
    issued_at: int
    expire_at: int
    max_uses: int | None
    nonce: str
    seal: str | Sealer = ""

    @property
    def sig_hex(self) -> str:
        return self.seal if isinstance(self.seal, str) else self.seal.sign(self)

    def encode(self) -> str:
        """URL-safe base64 without padding over its JSON, fields in their order."""
        return base64.urlsafe_b64encode(_encode(self._wire())).rstrip(b"=").decode()

    def _wire(self) -> _Wire:
        t = self
        return _Wire(t.agent_id, t.role, t.scopes, t.issued_at, t.expire_at, t.max_uses, t.nonce, t.sig_hex)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CapToken) and self._wire() == other._wire()

    def __hash__(self) -> int:
        return hash(self.nonce)

    def __repr__(self) -> str:
        return f"<CapToken {self.role} {self.agent_id}>"  # a log must not hold what opens something


class Sealer:
    """Signs what one store mints."""

    __slots__ = ("_layout", "_secret")

    def __init__(self, secret: bytes, layout: Layout) -> None:
        self._secret, self._layout = secret, layout

    def sign(self, token: CapToken) -> str:
        return signature(self._secret, token, self._layout)


class _Wire(msgspec.Struct, frozen=True):
    """As it travels: the fields in their order."""

    agent_id: str
    role: Role
    scopes: tuple[str, ...]
    issued_at: int
    expire_at: int
    max_uses: int | None
    nonce: str
    sig_hex: str


class _Signed(msgspec.Struct, frozen=True, gc=False):
    """The fields in the order of their names, which is what makes their JSON canonical."""

    agent_id: str
    expire_at: int
    issued_at: int
    max_uses: int | None
    nonce: str
    role: str
    scopes: tuple[str, ...]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Wire).decode


def decode(text: str) -> CapToken:
    """Raises: TokenUnreadable. What it says is not believed before it is verified."""
    try:
        raw = text.encode("ascii").rstrip(b"=")
        plain = base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise TokenUnreadable(f"base64 decode failed: {error}; a token is copied whole, without quotes") from error
    try:
        t = _decode(plain)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise TokenUnreadable(f"json parse failed: {error}") from error
    return CapToken(t.agent_id, t.role, t.scopes, t.issued_at, t.expire_at, t.max_uses, t.nonce, t.sig_hex)


def text_to_sign(token: CapToken, layout: Layout = "json") -> bytes:
    t = token
    if layout == "json":
        return _encode(_Signed(t.agent_id, t.expire_at, t.issued_at, t.max_uses, t.nonce, t.role, t.scopes))
    uses = "None" if t.max_uses is None else f"Some({t.max_uses})"
    fields = (t.agent_id, t.role.variant, ",".join(t.scopes), t.issued_at, t.expire_at, uses, t.nonce)
    return "|".join(map(str, fields)).encode()


def signature(secret: bytes, token: CapToken, layout: Layout = "json") -> str:
    """HMAC-SHA256 in hex."""
    return hmac.digest(secret, text_to_sign(token, layout), "sha256").hex()


class _Record(msgspec.Struct, gc=False):
    """What the engine remembers of a token. left: uses; None is unlimited. task_id, attempt: what it is bound to."""

    token: CapToken
    left: int | None
    task_id: str | None
    attempt: int
    revoked: bool = False


class TokenStore:
    """Mints and checks tokens. From any thread. now: unix seconds, an argument everywhere."""

    def __init__(self, secret: bytes, *, layout: Layout = "json") -> None:
        self._sealer = Sealer(secret, layout)
        self._records: dict[str, _Record] = {}
        self._lock = threading.Lock()
        self._sweep_at = SWEEP

    def mint(
        self,
        agent_id: str,
        role: Role,
        now: float,
        *,
        ttl: float | None = None,
        scopes: tuple[str, ...] = ("*",),
        max_uses: int | None = None,
        task_id: str | None = None,
        attempt: int = 0,
        nonce: str = "",
    ) -> CapToken:
        """ttl: seconds, of which whole ones count: less than one is over at once; None never ends.

        task_id, attempt: what it is bound to. nonce: one that was reserved with `ids.nonce()`.
        """
        issued = int(now)
        expire = NEVER if ttl is None else issued + int(ttl)
        nonce = nonce or ids.nonce()
        token = CapToken(agent_id, role, scopes, issued, expire, max_uses, nonce, self._sealer)
        if len(self._records) >= self._sweep_at:
            self._sweep(now)
        self._records[nonce] = _Record(token, max_uses, task_id, attempt)
        return token

    def verify(self, token: CapToken, verb: Verb, now: float, *, task_id: str | None = None) -> str | None:
        """Count one use; the task that the token is bound to. task_id: what the verb is about.

        In this order, of which the first counts. Raises: BadSignature, TokenExpired, RoleViolation, TokenNotFound,
        TokenUsesExhausted, TokenTaskMismatch.
        """
        if not self.is_genuine(token):
            raise BadSignature
        if now >= token.expire_at:
            raise TokenExpired
        if verb not in GATE[token.role]:
            raise RoleViolation(token.role.variant, verb.variant)
        with self._lock:
            record = self._records.get(token.nonce)
            if record is None:
                raise TokenNotFound(token.nonce)
            if record.revoked or record.left == 0:
                raise TokenUsesExhausted
            if record.left is not None:
                record.left -= 1
        if task_id is not None and token.role is Role.WORKER and verb in OWN_TASK_ONLY:
            if record.task_id is None:
                raise TokenNotFound(token.nonce)
            if record.task_id != task_id:
                raise TokenTaskMismatch(record.task_id, task_id)
        return record.task_id

    def is_genuine(self, token: CapToken) -> bool:
        """This store signed it and nothing was changed, as far as it remembers; compared in constant time."""
        if not isinstance(token.seal, str):  # it never left this process: only the very object that was minted will do
            record = self._records.get(token.nonce)
            return token.seal is self._sealer and (record is None or record.token is token)
        return token.seal.isascii() and hmac.compare_digest(self._sealer.sign(token), token.seal)

    def revoke(self, nonce: str) -> bool:
        """From now on it opens nothing. True if it was known."""
        with self._lock:
            record = self._records.get(nonce)
            if record is not None:
                record.revoked = True
            return record is not None

    def is_revoked(self, nonce: str) -> bool:
        record = self._records.get(nonce)
        return record is not None and record.revoked

    def bound_to(self, nonce: str) -> tuple[str, int] | None:
        """The task and attempt of a worker's token."""
        record = self._records.get(nonce)
        return None if record is None or record.task_id is None else (record.task_id, record.attempt)

    def forget(self, nonce: str) -> None:
        """Its task is forgotten, too."""
        self._records.pop(nonce, None)

    def __len__(self) -> int:
        return len(self._records)

    def _sweep(self, now: float) -> None:
        """An expired token is refused before its record is looked for."""
        with self._lock:
            for nonce in [nonce for nonce, record in list(self._records.items()) if now >= record.token.expire_at]:
                self._records.pop(nonce, None)
            self._sweep_at = max(2 * len(self._records), SWEEP)
