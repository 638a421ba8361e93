"""Requirements have Cargo's meaning, by table and by what each operator is short for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench import blueprint as bp

# Source: tests/test_version_req.rs of the semver crate, and the tables of the Cargo book.
MATCHES = [
    ("1.0.0", "1.0.0 1.1.0 1.0.1", "0.9.9 0.10.0 0.1.0 1.0.0-pre 1.0.1-pre 2.0.0"),
    ("=1.0.0", "1.0.0", "1.0.1 0.9.9 0.10.0 0.1.0 1.0.0-pre"),
    ("=0.9.0", "0.9.0", "0.9.1 1.9.0 0.0.9 0.9.0-pre"),
    ("=0.1.0-beta2.a", "0.1.0-beta2.a", "0.9.1 0.1.0 0.1.1-beta2.a 0.1.0-beta2"),
    ("=0.1.0+meta", "0.1.0 0.1.0+meta 0.1.0+any", ""),
    ("=1", "1.0.0 1.9.9", "2.0.0 0.9.0 1.0.0-a"),
    (">= 1.0.0", "1.0.0 2.0.0", "0.1.0 0.0.1 1.0.0-pre 2.0.0-pre"),
    (">= 2.1.0-alpha2", "2.1.0-alpha2 2.1.0-alpha3 2.1.0 3.0.0", "2.0.0 2.1.0-alpha1 2.0.0-alpha2 3.0.0-alpha2"),
    (">1.2", "1.3.0 2.0.0", "1.2.0 1.2.9 1.1.0"),
    ("<1.0.0", "0.1.0 0.0.1", "1.0.0 1.0.0-beta 1.0.1 0.9.9-alpha"),
    ("<1.0.0-beta", "1.0.0-alpha 0.9.0", "1.0.0 1.0.0-beta 0.9.0-a"),
    ("<1", "0.9.9", "1.0.0 1.5.0"),
    ("<=1.2", "1.2.0 1.2.9 1.0.0", "1.3.0"),
    ("<=0.5.0-beta", "0.5.0-alpha 0.5.0-beta", "0.5.0 0.6.0"),
    (">1.0.0, <=2.0.0", "1.0.1 2.0.0", "1.0.0 2.0.1"),
    (">=0.5.1-alpha3, <0.6", "0.5.1-alpha3 0.5.1-alpha4 0.5.1-beta 0.5.1 0.5.5", "0.5.1-alpha1 0.6.0  0.5.2-a"),
    ("~1", "1.0.0 1.0.1 1.1.1", "0.9.1 2.9.0 0.0.9"),
    ("~1.2", "1.2.0 1.2.1", "1.1.1 1.3.0 0.0.9"),
    ("~1.2.2", "1.2.2 1.2.4", "1.2.1 1.9.0 1.0.9 2.0.1 0.1.3"),
    ("~1.2.3-beta.2", "1.2.3 1.2.4 1.2.3-beta.2 1.2.3-beta.4", "1.3.3 1.1.4 1.2.3-beta.1 1.2.4-beta.2"),
    ("^1", "1.1.2 1.1.0 1.2.1 1.0.1", "0.9.1 2.9.0 0.1.4 1.0.0-beta1 0.1.0-alpha 1.0.1-pre"),
    ("^1.1", "1.1.2 1.1.0 1.2.1", "0.9.1 2.9.0 1.0.1 0.1.4"),
    ("^1.1.2", "1.1.2 1.1.4 1.2.1", "0.9.1 2.9.0 1.1.1 0.0.1 1.1.2-alpha1 1.1.3-alpha1 2.9.0-alpha1"),
    ("^0.1.2", "0.1.2 0.1.4", "0.9.1 2.9.0 1.1.1 0.0.1 0.1.2-beta 0.1.3-alpha 0.2.0-pre"),
    ("^0.5.1-alpha3", "0.5.1-alpha3 0.5.1-alpha4 0.5.1-beta 0.5.1 0.5.5", "0.5.1-alpha1 0.5.2-alpha3 0.5.5-pre 0.6.0"),
    ("^0.0.2", "0.0.2", "0.9.1 2.9.0 1.1.1 0.0.1 0.1.4"),
    ("^0.0", "0.0.2 0.0.0", "0.9.1 2.9.0 1.1.1 0.1.4"),
    ("^0", "0.9.1 0.0.2 0.0.0", "2.9.0 1.1.1"),
    ("^1.4.2-beta.5", "1.4.2 1.4.3 1.4.2-beta.5 1.4.2-beta.6 1.4.2-c", "0.9.9 2.0.0 1.4.2-alpha 1.4.3-beta.5"),
    ("*", "0.9.1 2.9.0 0.0.9 1.0.1 1.1.1", "1.0.0-pre"),
    ("1.*", "1.2.0 1.2.1 1.1.1 1.3.0", "0.0.9 1.2.0-pre"),
    ("1.x.X", "1.2.0 1.0.0", "2.0.0"),
    ("1.2.*", "1.2.0 1.2.2 1.2.4", "1.9.0 1.0.9 2.0.1 0.1.3"),
    (">1.*", "2.0.0", "1.9.0"),
    (" ^1.0 , <1.5 ", "1.4.0", "1.5.0"),
]  # fmt: skip


@pytest.mark.parametrize(("req", "yes", "no"), MATCHES, ids=[each[0] for each in MATCHES])
def test_a_requirement_matches_what_cargo_matches(req: str, yes: str, no: str) -> None:
    wanted = bp.parse_requirement(req)

    assert [v for v in yes.split() if not wanted.matches(bp.parse_version(v))] == []
    assert [v for v in no.split() if wanted.matches(bp.parse_version(v))] == []


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ">", "^", ">= >= 0.0.2", ">== 0.0.2", "a.0.0", "1.0.0-", ">=", "*, 1", "1, *", "1.*.2", "1.*.2-pre",
        "01", "1.02", "1.2.3.4", "1.2-beta", "1,", ",1", "1..2", "1.2.3-01", "1.2.3-a..b", "=*", "1-pre", "1.0 beta",
        "18446744073709551616", "1.2.3+", "1+x", "v1", "1.2.3-ü", "==1", ",".join(["1"] * 33),
    ],
)  # fmt: skip
def test_what_cargo_refuses_is_refused_with_words(text: str) -> None:
    with pytest.raises(bp.BadRequirement, match=r"^no version requirement: .*; write one like"):
        bp.parse_requirement(text)


def test_versions_are_ordered_as_the_standard_orders_them() -> None:
    texts = "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1"
    versions = [bp.parse_version(text) for text in texts.split()]
    mixed = versions[4:] + versions[:4]

    assert sorted(mixed) == versions
    assert bp.parse_version("1.0.0+a") == bp.parse_version("1.0.0+b")
    assert str(versions[5]) == "1.0.0-beta.11"


@pytest.mark.parametrize(
    "text", ["1", "1.2", "1.2.3.4", "01.0.0", "1.0.0-", "1.0.0-01", "v1.0.0", "1.0.0+", "", "1.0.0+a..b"]
)
def test_a_label_that_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"version|pre-release|\+"):
        bp.parse_version(text)


number = st.integers(0, 3)
pre = st.sampled_from(["", "-0", "-1", "-a", "-a.1"])
version = st.builds("{}.{}.{}{}".format, number, number, number, pre)


@given(version, version)
def test_a_bare_version_is_a_caret(wanted: str, has: str) -> None:
    at = bp.parse_version(has)

    assert bp.parse_requirement(wanted).matches(at) == bp.parse_requirement(f"^{wanted}").matches(at)


@given(number, number, number, version)
def test_short_forms_mean_their_ranges(major: int, minor: int, patch: int, has: str) -> None:
    at = bp.parse_version(has)
    ranges = {
        f"~{major}.{minor}.{patch}": f">={major}.{minor}.{patch}, <{major}.{minor + 1}.0",
        f"~{major}": f">={major}.0.0, <{major + 1}.0.0",
        f"{major}.*": f">={major}.0.0, <{major + 1}.0.0",
        f"={major}.{minor}": f">={major}.{minor}.0, <{major}.{minor + 1}.0",
        f">{major}.{minor}": f">={major}.{minor + 1}.0",
        f"<={major}.{minor}": f"<{major}.{minor + 1}.0",
        f"^{major + 1}.{minor}.{patch}": f">={major + 1}.{minor}.{patch}, <{major + 2}.0.0",
        f"^0.{minor + 1}.{patch}": f">=0.{minor + 1}.{patch}, <0.{minor + 2}.0",
    }

    for short, range in ranges.items():
        assert bp.parse_requirement(short).matches(at) == bp.parse_requirement(range).matches(at), short


@given(st.text(st.sampled_from("0123456789.*xX-+<>=~^, a"), max_size=12))
def test_any_text_is_a_requirement_or_is_refused(text: str) -> None:
    try:
        wanted = bp.parse_requirement(text)
    except bp.BadRequirement:
        return

    assert wanted.matches(bp.parse_version("1.2.3")) in (True, False)
