"""The vectors of the language hold in both meanings, and the runner says so in its exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flowbench.flow import SEED
from tests.flow import conformance

VECTORS = Path(__file__).with_name("vectors.json")
CASES = [case for name in ("vectors.json", "more_vectors.json") for case in conformance.load(VECTORS.with_name(name))]


@pytest.mark.parametrize("compat", [None, SEED], ids=["later", "seed"])
@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_vector_holds(case: dict[str, Any], compat: str | None) -> None:
    assert list(conformance.check(case, compat)) == []


def test_each_meaning_differs_from_the_other_exactly_where_a_vector_says_so() -> None:
    differing = {case["id"] for case in CASES if list(conformance.check({**case, "expect_v031": case["expect"]}, None))}

    assert differing == {case["id"] for case in CASES if "expect_v031" in case}


def test_the_runner_names_what_differs_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = {"id": "good", "expr": {"op": "lit", "value": 5}, "ctx": {}, "expect": {"value": 5}}
    bad = {"id": "bad", "expr": {"op": "lit", "value": 5}, "ctx": {}, "expect": {"value": 5.0}}
    file = tmp_path / "v.json"
    file.write_text(json.dumps({"cases": [good, bad]}))

    status = conformance.main([str(file)])

    lines = capsys.readouterr().out.splitlines()
    assert status == 1
    assert lines[0].startswith("bad ")
    assert lines[-1] == "1 passed, 1 failed"


def test_the_runner_counts_cases_and_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    status = conformance.main([str(VECTORS), "--compat", SEED])

    assert status == 0
    assert capsys.readouterr().out.splitlines() == [f"{len(conformance.load(VECTORS))} passed, 0 failed"]


def test_a_case_that_cannot_be_run_fails_and_hides_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = {"id": "broken", "flow": {"kind": "seq", "children": []}, "dispatch": 5, "ctx": {}, "expect": {"x": 1}}
    malformed = {"id": "malformed", "flow": {"kind": "assign"}, "ctx": {}, "expect": {"error_kind": "ParseError"}}
    silent = {"id": "silent", "note": "only a note", "expr": {"op": "lit", "value": 5}, "ctx": {}}
    file = tmp_path / "v.json"
    file.write_text(json.dumps({"cases": [broken, malformed, silent]}))

    status = conformance.main([str(file)])

    lines = capsys.readouterr().out.splitlines()
    assert status == 1
    assert lines[0].startswith("broken ")
    assert lines[-1] == "2 passed, 1 failed"
