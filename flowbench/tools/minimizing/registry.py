"""Registry: which filter shortens what which program writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

Filter = Callable[[Sequence[str], str, int], str | None]
"""(argv, text, exit code) -> a shorter text, or None to leave it as it is. It drops what nobody looks for, and says in
the text how much that was; what it raises leaves the text as it is."""

_filters: dict[str, tuple[str, Filter]] = {}  # by program: its filter's name, and it


def register_minimizer(name: str, programs: Iterable[str], filter: Filter) -> None:
    """Shorten what these programs write with `filter`, from now on, instead of one that was registered for them before.

    programs: names without a folder. Raises: ValueError, for a name that is empty or `chain`.
    """
    if not name or name == "chain":
        raise ValueError(f"no filter can have the name {name!r}")
    for program in programs:
        _filters[program] = (name, filter)


def filter_of(program: str) -> tuple[str, Filter] | None:
    """program: as it was called, maybe with its folder."""
    from flowbench.tools.minimizing import builtin  # registers its own when it is first asked for

    builtin.ready()
    return _filters.get(program.rpartition("/")[2])


def is_known(program: str) -> bool:
    return program in _filters
