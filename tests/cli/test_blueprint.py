"""`flowbench blueprint`: Blueprints are stored, listed, shown and archived, and run by their names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flowbench.blueprint import GitStore
from flowbench.cli import main
from flowbench.cli.exits import Exit
from tests.cli.test_trust import REMOVE


def told(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def stored(desk: Path) -> list[str]:
    """Versions 1.0.0, which doubles twice, and 1.1.0, which doubles once; the oldest first."""
    file = desk / "doubling.yaml"
    first = told("blueprint", "put", "doubling.yaml", "--label", "1.0.0", "--json")
    file.write_text("id: doubling\nflow: {kind: step, ref: double, in: $.number, out: $.number}\n")
    second = told("blueprint", "put", "doubling.yaml", "--label", "1.1.0", "--why", "once is enough", "--json")
    return [json.loads(each.stdout)["version"] for each in (first, second)]


def test_what_is_put_is_listed_with_label_and_reason(stored: list[str]) -> None:
    listed = told("blueprint")

    head, line = listed.stdout.splitlines()
    assert head.split() == ["BLUEPRINT", "LABEL", "VERSION", "STORED", "WHY"]
    assert line.split()[:3] == ["doubling", "1.1.0", stored[1][:12]]
    assert line.endswith("once is enough")


def test_history_has_every_version_the_newest_first(stored: list[str]) -> None:
    history = json.loads(told("blueprint", "history", "doubling", "--json").stdout)

    assert [each["version"] for each in history["versions"]] == stored[::-1]
    assert [each["version_label"] for each in history["versions"]] == ["1.1.0", "1.0.0"]
    assert [each["rationale"] for each in history["versions"]] == ["once is enough", "put doubling.yaml"]
    assert history["versions"][0]["parents"] == stored[:1]
    assert told("blueprint", "history", "doubling", "-n", "1").stdout.endswith("and older ones; -n shows more\n")


def test_the_same_again_is_no_new_version(stored: list[str]) -> None:
    again = told("blueprint", "put", "doubling.yaml", "--label", "1.1.0")

    assert again.stdout == f"doubling.yaml: is stored already: doubling@{stored[1][:12]}, labelled 1.1.0\n"
    assert len(GitStore().history("doubling")) == 2


def test_an_id_may_be_given(desk: Path) -> None:
    told("blueprint", "put", "doubling.yaml", "--id", "twice")

    assert GitStore().read_head("twice").value.id == "twice"


@pytest.mark.parametrize(
    ("selector", "out"),
    [("", 6), ("@latest", 6), ("@^1", 6), ("@~1.0", 12), ("@HASH", 12), ("@BEGINNING", 12)],
)
def test_run_takes_a_stored_one_by_id_and_selector(stored: list[str], selector: str, out: int) -> None:
    name = selector.replace("HASH", stored[0]).replace("BEGINNING", stored[0][:8])

    ran = told("run", f"stored:doubling{name}", "--ctx", '{"number": 3}', "--agents", "agents.py", "--json")

    assert ran.exit_code == Exit.DONE
    assert json.loads(ran.stdout)["ctx"] == {"number": out}


def test_a_file_of_such_a_name_is_still_a_file(desk: Path) -> None:
    (desk / "stored:doubling.yaml").write_text((desk / "doubling.yaml").read_text())

    ran = told("run", str(desk / "stored:doubling.yaml"), "--ctx", '{"number": 1}', "--agents", "agents.py", "--json")

    assert json.loads(ran.stdout)["ctx"] == {"number": 4}


def test_check_and_graph_take_it_too(stored: list[str]) -> None:
    checked = told("check", "stored:doubling", "--agents", "agents.py")
    drawn = told("graph", "stored:doubling")

    assert checked.stdout == "stored:doubling: doubling is well formed: 1 step, every function is there\n"
    assert drawn.stdout.startswith("<svg")


def test_what_show_prints_is_the_version_itself(stored: list[str], desk: Path) -> None:
    (desk / "again.json").write_text(told("blueprint", "show", f"doubling@{stored[0]}").stdout)

    again = told("blueprint", "put", "again.json", "--json")

    assert json.loads(again.stdout) == {
        "id": "doubling",
        "version": stored[0],
        "version_label": "1.0.0",
        "new": True,
    }


def test_show_says_to_programs_what_is_known_of_a_version(stored: list[str]) -> None:
    facts = json.loads(told("blueprint", "show", "doubling", "--json").stdout)

    assert facts["blueprint"]["id"] == facts["id"] == "doubling"
    assert (facts["version"], facts["version_label"], facts["parents"]) == (stored[1], "1.1.0", stored[:1])
    assert facts["rationale"] == "once is enough"


def test_an_archived_one_is_not_run_until_it_is_brought_back(stored: list[str]) -> None:
    told("blueprint", "archive", "doubling")
    refused = told("run", "stored:doubling")
    unlisted = told("blueprint", "list", "--json")
    put = told("blueprint", "put", "doubling.yaml", "--label", "1.1.0")
    back = told("blueprint", "unarchive", "doubling", "--json")

    assert (refused.exit_code, put.exit_code) == (Exit.USAGE, Exit.USAGE)
    assert refused.stderr.startswith("flowbench: blueprint is archived: id=doubling")
    assert json.loads(unlisted.stdout) == []
    assert json.loads(back.stdout) == {"id": "doubling", "archived": False}
    assert [row["id"] for row in json.loads(told("blueprint", "--json").stdout)] == ["doubling"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "stored:nobody"], "head ref empty: id=nobody"),
        (["run", "stored:doubling@^2"], "no version matches semver req: ^2; labelled: 1.1.0, 1.0.0"),
        (["run", "stored:doubling@^x"], "no version requirement"),
        (["run", "stored:doubling@00000000"], "blueprint not found: id=doubling version=00000000"),
        (["run", "stored:../x"], "blueprint id "),
        (["run", "doubling@^1"], "doubling@^1: unsupported extension"),
        (["blueprint", "history", "dubling"], 'blueprint id not found: id=dubling (did you mean "doubling"?)'),
        (["blueprint", "archive", "nobody"], "blueprint id not found: id=nobody"),
        (["blueprint", "put", "doubling.yaml", "--label", "one"], "--label one: a version is MAJOR.MINOR.PATCH"),
        (["blueprint", "put", "gone.yaml"], "gone.yaml: "),
    ],
)
def test_what_is_not_there_is_told_in_a_line(stored: list[str], words: list[str], said: str) -> None:
    refused = told(*words)

    assert refused.exit_code == Exit.USAGE
    assert refused.stderr.startswith(f"flowbench: {said}")
    assert len(refused.stderr.splitlines()) == 1


def test_who_forgets_the_prefix_is_told_of_it(desk: Path) -> None:
    assert "a stored Blueprint is named stored:doubling@^1" in told("run", "doubling@^1").stderr


def test_commands_in_a_stored_one_need_trust_and_the_refusal_says_how(desk: Path) -> None:
    (desk / "remove.yaml").write_text(REMOVE)
    version = json.loads(told("blueprint", "put", "remove.yaml", "--json").stdout)["version"]

    refused = told("run", "stored:remove")
    name = f"stored:remove@{version[:12]}"
    allowed = told("trust", name, "--yes")

    assert refused.exit_code == Exit.UNTRUSTED
    assert f"`flowbench trust {name}`" in refused.stderr
    assert allowed.stdout.splitlines()[-1] == f"allowed: {version}"
    assert told("run", "stored:remove").exit_code != Exit.UNTRUSTED
