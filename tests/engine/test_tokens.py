"""Tokens: signed, limited in time and uses, bound to one task; and told apart from what only looks like one."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench.engine import CapToken, Role, TokenStore, Verb
from flowbench.engine.errors import (
    BadSignature,
    RoleViolation,
    TokenError,
    TokenExpired,
    TokenNotFound,
    TokenTaskMismatch,
    TokenUnreadable,
    TokenUsesExhausted,
)
from flowbench.engine.tokens import NEVER, decode, signature, text_to_sign

NONCE = "00112233445566778899aabbccddeeff"
NOW = 1_700_000_000.0
SEED = CapToken("ut-op", Role.OPERATOR, ("*",), 1_700_000_000, 1_700_000_030, None, NONCE)

texts = st.text(st.characters(codec="utf-8"), max_size=8)
tokens = st.builds(
    CapToken,
    texts,
    st.sampled_from(Role),
    st.lists(texts, max_size=3).map(tuple),
    st.integers(0, 2**40),
    st.integers(0, 2**40),
    st.none() | st.integers(0, 9),
    st.text("0123456789abcdef", min_size=32, max_size=32),
    st.text("0123456789abcdef", min_size=64, max_size=64),
)


@pytest.fixture
def store() -> TokenStore:
    return TokenStore(b"test-secret")


def test_the_seeds_layout_gives_the_seeds_signature() -> None:
    assert text_to_sign(SEED, "0.2.1") == f"ut-op|Operator|*|1700000000|1700000030|None|{NONCE}".encode()
    assert (
        signature(b"test-secret", SEED, "0.2.1") == "aed01302b6b960754a4d2369671c860a92529b4f2ca686e08cb629292e21939b"
    )


def test_a_store_can_keep_to_the_seeds_layout() -> None:
    store = TokenStore(b"test-secret", layout="0.2.1")
    token = store.mint("ut-op", Role.OPERATOR, NOW, ttl=30, nonce=NONCE)
    limited = store.mint("a", Role.WORKER, NOW, scopes=("x", "y"), max_uses=2)

    assert token.sig_hex.startswith("aed01302")
    assert store.verify(decode(token.encode()), Verb.POLL_TASK, NOW) is None
    assert text_to_sign(limited, "0.2.1").split(b"|")[:3] == [b"a", b"Worker", b"x,y"]
    assert b"|Some(2)|" in text_to_sign(limited, "0.2.1")


def test_what_is_signed_is_canonical_json() -> None:
    text = text_to_sign(SEED)

    plain = json.loads(text)
    assert set(plain) == {"agent_id", "role", "scopes", "issued_at", "expire_at", "max_uses", "nonce"}
    assert text.decode() == json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_two_tokens_never_share_a_text_as_they_could_in_the_seed() -> None:
    one = CapToken("a|Worker", Role.OPERATOR, ("x",), 1, 2, None, NONCE)
    other = CapToken("a|Worker", Role.OPERATOR, ("x,y",), 1, 2, None, NONCE)
    third = CapToken("a|Worker", Role.OPERATOR, ("x", "y"), 1, 2, None, NONCE)

    assert text_to_sign(other, "0.2.1") == text_to_sign(third, "0.2.1")
    assert len({text_to_sign(each) for each in (one, other, third)}) == 3


@given(tokens)
def test_encoding_keeps_every_field(token: CapToken) -> None:
    text = token.encode()

    assert decode(text) == token
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert list(json.loads(raw)) == [
        "agent_id", "role", "scopes", "issued_at", "expire_at", "max_uses", "nonce", "sig_hex",
    ]  # fmt: skip
    assert json.loads(raw)["role"] == token.role.value
    assert "=" not in text
    assert b", " not in raw.split(b'"nonce"')[1]


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("not base64!", "base64 decode failed: "),
        ("é", "base64 decode failed: "),
        ("a", "base64 decode failed: "),
        ("aGFsbG8", "json parse failed: "),
        (base64.urlsafe_b64encode(b'{"agent_id":"x"}').decode(), "json parse failed: "),
        (base64.urlsafe_b64encode(b'"\xff"').decode(), "json parse failed: "),
        ("", "json parse failed: "),
    ],
)
def test_what_is_no_token_is_refused_with_the_reason(text: str, begins: str) -> None:
    with pytest.raises(TokenUnreadable) as raised:
        decode(text)

    assert str(raised.value).startswith(begins)


@given(token=tokens)
def test_a_forged_token_opens_nothing(token: CapToken) -> None:
    with pytest.raises(BadSignature):
        TokenStore(b"test-secret").verify(token, Verb.POLL_TASK, 0.0)


@pytest.mark.parametrize(
    "change",
    [
        {"agent_id": "other"},
        {"role": Role.SENIOR},
        {"scopes": ()},
        {"issued_at": 1},
        {"expire_at": NEVER - 1},
        {"max_uses": 5},
        {"nonce": NONCE},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("travels", [False, True], ids=["here", "from outside"])
def test_a_changed_token_opens_nothing(store: TokenStore, change: dict[str, object], travels: bool) -> None:
    token = store.mint("op", Role.OPERATOR, NOW, ttl=30)
    if travels:
        token = decode(token.encode())
        assert store.is_genuine(token)

    unsigned = "nonce" in change and not travels  # not to be told from one whose task is forgotten
    with pytest.raises(TokenNotFound if unsigned else BadSignature) as raised:
        store.verify(msgspec.structs.replace(token, **change), Verb.POLL_TASK, NOW)

    assert str(raised.value).startswith("token not found" if unsigned else "token signature invalid")


def test_another_engine_with_the_same_secret_believes_the_signature_but_knows_no_token(store: TokenStore) -> None:
    token = decode(store.mint("op", Role.OPERATOR, NOW).encode())

    with pytest.raises(TokenNotFound) as raised:
        TokenStore(b"test-secret").verify(token, Verb.POLL_TASK, NOW)
    with pytest.raises(BadSignature):
        TokenStore(b"another").verify(token, Verb.POLL_TASK, NOW)

    assert str(raised.value) == f"token not found in store (nonce={token.nonce})"


def test_a_token_whose_task_is_forgotten_is_not_said_to_be_changed(store: TokenStore) -> None:
    token = store.mint("op", Role.OPERATOR, NOW)
    store.forget(token.nonce)

    with pytest.raises(TokenNotFound):
        store.verify(token, Verb.POLL_TASK, NOW)
    with pytest.raises(BadSignature):
        TokenStore(b"test-secret").verify(token, Verb.POLL_TASK, NOW)


@pytest.mark.parametrize(("ttl", "lives"), [(0.9, 0), (1.0, 1), (1.9, 1), (30, 30)])
def test_a_token_lives_for_whole_seconds(store: TokenStore, ttl: float, lives: int) -> None:
    token = store.mint("op", Role.OPERATOR, NOW + 0.7, ttl=ttl)

    assert token.expire_at - token.issued_at == lives
    if lives:
        store.verify(token, Verb.POLL_TASK, NOW + lives - 0.1)
    with pytest.raises(TokenExpired) as raised:
        store.verify(token, Verb.POLL_TASK, NOW + lives)
    assert str(raised.value) == "token expired"


def test_a_token_without_an_end_is_good_for_ever(store: TokenStore) -> None:
    token = store.mint("op", Role.OPERATOR, NOW)

    assert token.expire_at == NEVER
    store.verify(token, Verb.POLL_TASK, 4e9)


def test_uses_are_counted_and_a_refused_verb_costs_none(store: TokenStore) -> None:
    token = store.mint("op", Role.OPERATOR, NOW, max_uses=2)

    with pytest.raises(RoleViolation):
        store.verify(token, Verb.FETCH_PROMPT, NOW)
    store.verify(token, Verb.POLL_TASK, NOW)
    store.verify(token, Verb.POLL_TASK, NOW)
    with pytest.raises(TokenUsesExhausted) as raised:
        store.verify(token, Verb.POLL_TASK, NOW)

    assert str(raised.value) == "token uses exhausted"


def test_a_revoked_token_opens_nothing(store: TokenStore) -> None:
    token = store.mint("op", Role.OPERATOR, NOW)

    assert store.revoke(token.nonce)
    assert not store.revoke("unknown")

    with pytest.raises(TokenUsesExhausted):
        store.verify(token, Verb.POLL_TASK, NOW)


def test_a_worker_touches_its_own_task_only(store: TokenStore) -> None:
    bound = store.mint("worker-of-T-1", Role.WORKER, NOW, task_id="T-1")
    unbound = store.mint("stray", Role.WORKER, NOW)
    operator = store.mint("op", Role.OPERATOR, NOW)

    assert store.verify(bound, Verb.FETCH_PROMPT, NOW, task_id="T-1") == "T-1"
    assert store.verify(bound, Verb.DISPATCH_ATTEMPT, NOW, task_id="T-2") == "T-1"
    with pytest.raises(TokenTaskMismatch) as raised:
        store.verify(bound, Verb.FETCH_PROMPT, NOW, task_id="T-2")
    assert str(raised.value) == "token task mismatch: token bound to T-1, arg was T-2"
    with pytest.raises(TokenNotFound):
        store.verify(unbound, Verb.FETCH_PROMPT, NOW, task_id="T-2")
    store.verify(operator, Verb.CANCEL_TASK, NOW, task_id="T-2")


def test_the_first_thing_that_is_wrong_is_what_is_said(store: TokenStore) -> None:
    token = store.mint("w", Role.OBSERVER, NOW, ttl=1, max_uses=0)
    store.revoke(token.nonce)
    after = NOW + 2
    forged = msgspec.structs.replace(decode(token.encode()), agent_id="x")

    def refusal(token: CapToken, verb: Verb, now: float) -> type[BaseException]:
        with pytest.raises(TokenError) as raised:
            store.verify(token, verb, now)
        return raised.type

    assert refusal(forged, Verb.START_TASK, after) is BadSignature
    assert refusal(token, Verb.START_TASK, after) is TokenExpired
    assert refusal(token, Verb.START_TASK, NOW) is RoleViolation
    assert refusal(token, Verb.READ_TRACE, NOW) is TokenUsesExhausted


def test_what_has_expired_is_not_remembered_for_ever(store: TokenStore) -> None:
    for _ in range(10_000):
        store.mint("op", Role.OPERATOR, NOW, ttl=1)
    for _ in range(10_000):
        store.mint("op", Role.OPERATOR, NOW + 60, ttl=1)

    assert len(store) < 15_000


def test_a_token_does_not_show_its_signature(store: TokenStore) -> None:
    token = store.mint("op", Role.OPERATOR, NOW)

    assert repr(token) == "<CapToken operator op>"
    assert token.sig_hex not in repr(store) + repr(token)
