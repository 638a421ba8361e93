"""Ids: what is one, in which order they come, and what of a title stands in them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench.project import InvalidId, ids

GRAMMAR = re.compile(r"fn-[0-9]+(-([a-z0-9]{1,3}|[a-z0-9][a-z0-9-]*[a-z0-9]))?(\.[0-9]+)?")


@pytest.mark.parametrize(
    ("text", "number", "slug"),
    [
        ("fn-1", 1, ""),
        ("fn-1-x7k", 1, "x7k"),
        ("fn-12-add-auth", 12, "add-auth"),
        ("fn-3-a", 3, "a"),
        ("fn-3-a--b", 3, "a--b"),
    ],
)
def test_an_epic_id_is_read(text: str, number: int, slug: str) -> None:
    assert ids.parse(text) == ids.EpicId(number, slug, text)


def test_the_epic_of_a_task_is_the_text_before_its_last_dot() -> None:
    assert ids.parse("fn-3-add-auth.10") == ids.TaskId("fn-3-add-auth", 3, 10, "fn-3-add-auth.10")
    assert ids.epic_of("fn-3.1") == "fn-3"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fn-",
        "fn-x",
        "ep-1",
        "fn-1-",
        "fn-1--a",
        "fn-1-A",
        "fn-1-a_b",
        "fn-1-a-",
        "fn-1.",
        "fn-1.x",
        "fn-1.1.1",
        "FN-1",
        "fn-1-é",
        *["fn-1\n", " fn-1", "../fn-1", "fn-1/../x", "fn-1.-1", "fn-١", "fn-1\x00", "fn-" + "9" * 40],
    ],
)
def test_what_is_no_id_is_refused_with_the_form_that_is(text: str) -> None:
    with pytest.raises(InvalidId, match=r"fn-N\[-slug\]"):
        ids.parse(text)


def test_an_id_of_the_other_kind_is_refused() -> None:
    with pytest.raises(InvalidId, match=r"task id.*fn-N\.M"):
        ids.task_id("fn-1")
    with pytest.raises(InvalidId, match=r"epic id.*fn-N or"):
        ids.epic_id("fn-1.1")


@given(st.from_regex(GRAMMAR, fullmatch=True).filter(lambda text: len(text) < 18) | st.text(max_size=12))
def test_an_id_is_what_the_grammar_says(text: str) -> None:
    assert ids.is_id(text) is bool(GRAMMAR.fullmatch(text))


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Add auth", "add-auth"),
        ("Django+React platform with account management", "djangoreact"),
        ("supercalifragilisticexpialidocious", "supercalifragilistic"),
        ("Straße Æther Øre Łódź İstanbul ﬁ", "strae-ther-re-odz"),
        ("snake_case  and -- hyphens", "snake-case-and"),
        ("日本語", None),
        ("!?", None),
        ("", None),
        ("---", None),
    ],
)
def test_a_slug_is_what_of_a_title_can_stand_in_an_id(title: str, slug: str | None) -> None:
    assert ids.slug(title) == slug


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Django+React platform with account management", "djangoreact-platform-with-account"),
        ("Straße Æther Øre Łódź İstanbul ﬁ", "strae-ther-re-odz-istanbul-fi"),
    ],
)
def test_a_longer_slug_can_be_had(title: str, slug: str) -> None:
    assert ids.slug(title, 40) == slug


@given(st.text(max_size=60), st.integers(1, 40))
def test_every_title_gives_an_id(title: str, longest: int) -> None:
    text = ids.new_epic(7, title, longest)

    found = ids.epic_id(text)
    assert found.number == 7
    assert len(found.slug) <= max(longest, ids.SUFFIX_LENGTH)


numbers = st.integers(0, 30)
task_ids = st.builds(lambda n, slug, m: f"fn-{n}{slug}.{m}", numbers, st.sampled_from(["", "-a", "-b"]), numbers)


@given(st.lists(task_ids | task_ids.map(ids.epic_of) | st.sampled_from(["fn-1.01", "x", "a.1", ""])))
def test_natural_order_is_by_number(texts: list[str]) -> None:
    told = [texts[place] for place in ids.natural(texts)]

    assert told == sorted(texts, key=ids.key)


def test_ten_comes_after_two() -> None:
    assert sorted(["fn-10.1", "fn-2-b.10", "fn-2-b.2", "fn-2-b"], key=ids.key) == [
        "fn-2-b",
        "fn-2-b.2",
        "fn-2-b.10",
        "fn-10.1",
    ]
