"""Sections: a text below a heading is replaced and nothing else; headings in fenced code are none."""

from __future__ import annotations

import pytest

from flowbench.project import SectionError, sections

BODY = sections.task_body("fn-1.1", "Design schema")


def test_a_new_task_has_its_four_headings_in_order() -> None:
    assert BODY.startswith("# fn-1.1 Design schema\n\n## Description\nTBD\n\n## Acceptance\n- [ ] TBD\n")
    assert sections.headings(BODY) == list(sections.TASK_HEADINGS)
    assert sections.faults(BODY) == []


def test_the_text_below_one_heading_is_replaced() -> None:
    made = sections.patched(BODY, "## Acceptance", "- [ ] one\n- [ ] two\n\n\n")

    assert sections.section(made, "## Acceptance") == "- [ ] one\n- [ ] two"
    assert made.replace("- [ ] one\n- [ ] two", "- [ ] TBD") == BODY


def test_a_heading_at_the_start_of_the_new_text_is_not_doubled() -> None:
    made = sections.patched(BODY, "## Description", "\n## Description\n\nWhat it is.")

    assert sections.headings(made) == list(sections.TASK_HEADINGS)
    assert sections.section(made, "## Description") == "What it is."


def test_a_missing_heading_comes_last() -> None:
    assert sections.patched("# x\n\ntext\n", "## Notes", "n") == "# x\n\ntext\n\n## Notes\nn\n"
    assert sections.patched("", "## Notes", "n") == "## Notes\nn\n"


def test_a_heading_that_is_there_twice_is_refused() -> None:
    with pytest.raises(SectionError, match="'## A' found"):
        sections.patched("## A\nx\n## A\ny\n", "## A", "z")


def test_fenced_code_holds_no_headings() -> None:
    body = "## A\n```md\n## B\n~~~\n```\n## C\n~~~~\n```\n## D\n~~~\n## E\n~~~~\n"

    assert sections.headings(body) == ["## A", "## C"]
    assert sections.faults(body, ["## A", "## B"]) == ["Missing required heading: ## B"]
    assert sections.duplicates("## A\n## B\n## A\n") == [("## A", 2)]


def test_line_breaks_of_the_body_are_kept() -> None:
    body = BODY.replace("\n", "\r\n")

    made = sections.patched(body, "## Description", "a\nb")

    assert made == body.replace("TBD", "a\r\nb", 1)


def test_a_paragraph_is_added_below_what_is_there() -> None:
    once = sections.appended(BODY, sections.SUMMARY, "Blocked:\nno key")
    twice = sections.appended(once, sections.SUMMARY, "again")

    assert sections.section(once, sections.SUMMARY) == "Blocked:\nno key"
    assert sections.section(twice, sections.SUMMARY) == "Blocked:\nno key\n\nagain"
    assert sections.reset(twice) == BODY


def test_evidence_reads_as_bullets() -> None:
    changes = {"baseline_rev": "a" * 40, "final_rev": "b" * 40, "files_changed": 2, "insertions": 3, "deletions": 1}

    told = sections.evidence_text({"commits": ["c1", "c2"], "workspace_changes": changes}, 125)

    assert told.splitlines() == [
        "- Commits: c1, c2",
        "- Tests:",
        "- PRs:",
        f"- Workspace: 2 files changed, +3 -1 ({'a' * 7}..{'b' * 7})",
        "- Duration: 2m 5s",
    ]
    assert sections.evidence_text({"workspace_changes": {"final_rev": "b"}}, 5).splitlines()[-1] == "- Duration: 5s"
