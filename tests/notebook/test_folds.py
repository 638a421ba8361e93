from __future__ import annotations

from flowbench.blueprint import draw, load
from flowbench.flow import Visit
from flowbench.notebook.folds import Folds, known
from flowbench.runtime import Progress
from flowbench.runtime.progress import Count
from tests.flows import blueprint, fan, seq, step

LONG = draw(load(blueprint(seq(*[step("a")] * 240))))  # ten folds of 24
INSIDE = draw(load(blueprint(seq(step("a"), fan(seq(*[fan(step("b"))] * 60))))))


def told(counts: dict[str, tuple[int, int, int, int]], state: str = "running") -> tuple[dict[str, str], dict[str, str]]:
    """As if these steps of LONG had been entered so often, and no others."""
    visits = [
        Visit(shape, "step", -1, done + failed + cancelled + waits, done, failed)
        for shape, (done, failed, cancelled, waits) in counts.items()
    ]
    return Folds(LONG).tell(Progress(state, 0, 0, 0, (), {at: Count(*each) for at, each in counts.items()}, {}, visits))


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

    status, numbers = told(counts)

    assert {id: status[id] for id in ("[0-23]", "[24-47]", "[48-71]")} == {
        "[0-23]": "mixed",
        "[24-47]": "done",
        "[48-71]": "running",
    }
    assert (numbers["[0-23]"], numbers["[24-47]"]) == ("2", "2")
    assert "[72-95]" not in status


def test_a_fold_whose_steps_were_cut_off_is_cancelled() -> None:
    assert told({"0": (1, 0, 0, 0), "1": (0, 0, 1, 0)}, "cancelled")[0]["[0-23]"] == "cancelled"


def test_what_comes_from_a_browser_is_no_fold_unless_it_looks_like_one() -> None:
    assert known(["[0-23]", "1.f[0-9]", "x", 3, None, "[" * 5_000]) == {"[0-23]", "1.f[0-9]"}


def test_steps_that_were_skipped_do_not_colour_a_fold_unless_all_were() -> None:
    both = [Visit("0", "step", -1, 1, 1), Visit("1", "step", -1, 1, 1)]

    some = Folds(LONG).tell(Progress("done", 0, 0, 0, (), {"0": Count(1), "1": Count(skipped=1)}, {}, both))
    every = Folds(LONG).tell(Progress("done", 0, 0, 0, (), {"0": Count(skipped=1)}, {}, both[:1]))

    assert (some[0]["[0-23]"], every[0]["[0-23]"]) == ("done", "skipped")
