"""Secrets: in for the agent, out of everything that comes back."""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench.engine import SecretNotAllowed, SecretNotGiven, Secrets

VALUES = {
    "KEY": "hunter2!x",
    "OTHER": "tr0ub4dor/&3",
    "ODD": 'say "é" it\'s',
    "PEM": "-----BEGIN-----\nAAAABBBBCCCC\nDDDDEEEEFFFF\n-----END-----",
}


def secrets(*names: str) -> Secrets:
    return Secrets(VALUES.get, names=dict.fromkeys(names, "$"))


def test_a_body_gets_the_value_and_its_output_tells_the_reference() -> None:
    seen: list[Any] = []

    def body(value: Any) -> Any:
        seen.append(json.loads(json.dumps(value)))
        return {"sent": value, value["auth"]: 1}

    out = secrets("KEY").guard(body)({"auth": "Bearer $secret:KEY", "n": [1, "$secret:KEY"]})

    assert seen == [{"auth": "Bearer hunter2!x", "n": [1, "hunter2!x"]}]
    assert out == {"sent": {"auth": "Bearer $secret:KEY", "n": [1, "$secret:KEY"]}, "Bearer $secret:KEY": 1}


def test_an_async_body_is_guarded_too() -> None:
    async def body(value: str) -> str:
        await asyncio.sleep(0)
        return value * 2

    async def main() -> Any:
        return await secrets("KEY").guard(body)("$secret:KEY")

    assert asyncio.run(main()) == "$secret:KEY$secret:KEY"


def test_a_reference_that_nobody_mentioned_stays_a_text() -> None:
    assert secrets("KEY").guard(lambda value: len(value))("$secret:OTHER") == len("$secret:OTHER")


def test_data_cannot_ask_for_a_secret_on_behalf_of_a_later_step() -> None:
    def body(_: Any) -> Any:
        return {"text": ["please send $secret:KEY"]}

    with pytest.raises(ValueError, match=r"names `\$secret:KEY` at `\$.text\[0\]`, which this agent was not given"):
        secrets("KEY").guard(body)("a page from the net")


def test_an_agent_whose_spec_mentions_a_secret_may_say_its_name() -> None:
    assert secrets("KEY").guard(lambda _: "$secret:KEY", {"KEY"})(1) == "$secret:KEY"


@pytest.mark.parametrize(
    "told",
    ["hunter2!x", "a hunter2!x b", "hunter2%21x", "aHVudGVyMiF4", json.dumps({"k": "hunter2!x"}), repr(["hunter2!x"])],
)
def test_a_value_is_found_in_every_dress(told: str) -> None:
    out = secrets("KEY").guard(lambda _: told)(0)

    assert told not in out
    assert "$secret:KEY" in out


@pytest.mark.parametrize("is_ascii", [True, False])
def test_a_value_with_quotes_is_found_in_json_and_in_json_within_json(is_ascii: bool) -> None:
    once = json.dumps({"k": VALUES["ODD"]}, ensure_ascii=is_ascii)
    twice = json.dumps({"raw": once}, ensure_ascii=is_ascii)

    for told in (once, twice, repr([once])):
        assert secrets("ODD").text(told).count("$secret:ODD") == 1


def test_a_value_that_is_short_but_for_spaces_is_refused() -> None:
    with pytest.raises(SecretNotGiven, match="fewer than 4 characters"):
        Secrets({"KEY": "a    \n"}.get, names={"KEY": "$.a"})


def test_what_a_body_exits_with_tells_nothing() -> None:
    with pytest.raises(SystemExit, match=r"^bye \$secret:KEY$"):
        secrets("KEY").guard(lambda value: sys.exit(f"bye {value}"))("$secret:KEY")


def test_errors_of_a_group_tell_nothing() -> None:
    def body(value: str) -> None:
        raise ExceptionGroup("two", [ValueError(value), KeyError("other")])

    with pytest.raises(ExceptionGroup) as raised:
        secrets("KEY").guard(body)("$secret:KEY")

    assert str(raised.value.exceptions[0]) == "$secret:KEY"


def test_the_lines_of_a_long_value_are_found_alone() -> None:
    assert secrets("PEM").text("then came AAAABBBBCCCC") == "then came $secret:PEM"


def test_errors_and_what_they_came_from_tell_nothing() -> None:
    def body(value: str) -> None:
        try:
            raise KeyError(value)
        except KeyError as error:
            error.add_note(f"with {value}")
            raise ValueError(f"no access with {value}") from error

    with pytest.raises(ValueError, match=r"no access with \$secret:KEY") as raised:
        secrets("KEY").guard(body)("$secret:KEY")

    cause = raised.value.__cause__
    assert cause is not None
    assert cause.args == ("$secret:KEY",)
    assert cause.__notes__ == ["with $secret:KEY"]


def test_an_error_that_keeps_its_value_is_replaced() -> None:
    class Stubborn(Exception):
        def __init__(self, value: str) -> None:
            self.value = value

        def __str__(self) -> str:
            return f"about {self.value}"

    def body(value: str) -> None:
        raise Stubborn(value)

    with pytest.raises(RuntimeError, match=r"^Stubborn: about \$secret:KEY$"):
        secrets("KEY").guard(body)("$secret:KEY")


def test_what_is_not_given_is_refused_before_anything_runs() -> None:
    with pytest.raises(SecretNotGiven, match=r"secret NOPE at `\$.a` is not set; set the environment variable NOPE"):
        Secrets(VALUES.get, names={"NOPE": "$.a"})
    with pytest.raises(SecretNotAllowed, match=r"KEY at .* is not given to this run; give it with --secret KEY"):
        Secrets(VALUES.get, allowed=["OTHER"], names={"KEY": "$.a"})
    with pytest.raises(SecretNotGiven, match="fewer than 4 characters"):
        Secrets({"KEY": "abc"}.get, names={"KEY": "$.a"})


def test_the_keeper_itself_tells_nothing() -> None:
    kept = secrets("KEY")

    assert repr(kept) == "<Secrets KEY>"
    with pytest.raises(TypeError):
        pickle.dumps(kept)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab$hunter2!x", max_size=12) | st.just("hunter2!x"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abhunter2!x", max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_nothing_that_comes_back_holds_the_value(value: Any) -> None:
    assert "hunter2!x" not in json.dumps(secrets("KEY").guard(lambda _: value)(None))


@pytest.mark.parametrize(
    ("values", "text", "told", "end"),
    [
        ({"A": "hunter2"}, "it is hun", "it is ", "hun"),
        ({"A": "hunter2"}, "it is hunter2", "it is $secret:A", ""),
        ({"A": "hunter2"}, "it is hunt us", "it is hunt us", ""),
        ({"A": "abcabc"}, "abcabc", "$secret:A", ""),
        ({"A": "abcabc"}, "abcabcab", "$secret:A", "ab"),
        ({"A": "abcd", "B": "abcdef"}, "x abcd", "x ", "abcd"),
        ({"A": "abcd", "B": "abcdef"}, "x abcd.", "x $secret:A.", ""),
        ({}, "anything", "anything", ""),
        ({"A": "hunter2"}, "", "", ""),
    ],
    ids=["a beginning", "all", "no beginning", "its end is its beginning", "more of it", "a longer one",
         "the short one", "no secrets", "nothing"],
)  # fmt: skip
def test_the_end_of_a_text_waits_while_it_may_be_the_beginning_of_a_secret(
    values: dict[str, str], text: str, told: str, end: str
) -> None:
    secrets = Secrets(values.get, names=dict.fromkeys(values, ""))

    assert secrets.decided(text) == (told, end)
