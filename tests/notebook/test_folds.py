from __future__ import annotations

from flowbench.blueprint import draw, load
from flowbench.notebook.folds import Folds, known
from flowbench.runtime import Progress
from tests.flows import blueprint, fan, seq, step

LONG = draw(load(blueprint(seq(*[step("a")] * 240))))  # ten folds of 24
INSIDE = draw(load(blueprint(seq(step("a"), fan(seq(*[fan(step("b"))] * 60))))))


def progress(counts: dict[str, tuple[int, int, int, int]], state: str = "running") -> Progress:
    return Progress(state, 0, 0, 0, (), counts, {}, ())


def test_a_step_belongs_to_the_fold_that_holds_it() -> None:
    folds = Folds(LONG)

    assert [folds.of(at) for at in ("0", "23", "24", "239")] == ["[0-23]", "[0-23]", "[24-47]", "[216-239]"]
    assert [folds.of(at) for at in ("start", "240", "")] == ["", "", ""]


def test_folds_inside_a_fan_out_are_found_by_its_shape() -> None:
    folds = Folds(INSIDE)

    assert folds.of("0") == ""
    assert folds.of("1.f.21.f") == "1.f[20-39]"


def test_status_and_count_are_put_together_from_what_is_inside() -> None:
    counts = {"0": (1, 0, 0, 0), "1": (0, 1, 0, 0), "24": (1, 0, 0, 0), "25": (1, 0, 0, 0), "48": (0, 0, 0, 1)}

    status, told = Folds(LONG).tell(progress(counts))

    assert {id: status[id] for id in ("[0-23]", "[24-47]", "[48-71]")} == {
        "[0-23]": "mixed",
        "[24-47]": "done",
        "[48-71]": "running",
    }
    assert (told["[0-23]"], told["[24-47]"]) == ("2", "2")
    assert "[72-95]" not in status


def test_the_last_fold_reached_runs_as_long_as_the_run_does() -> None:
    counts = {"0": (1, 0, 0, 0)}

    assert Folds(LONG).tell(progress(counts))[0]["[0-23]"] == "running"
    assert Folds(LONG).tell(progress(counts, "cancelled"))[0]["[0-23]"] == "done"


def test_what_comes_from_a_browser_is_no_fold_unless_it_looks_like_one() -> None:
    assert known(["[0-23]", "1.f[0-9]", "x", 3, None, "[" * 5_000]) == {"[0-23]", "1.f[0-9]"}
