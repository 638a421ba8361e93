"""Lint of verdicts: conditions that ask for an answer which no agent gives, and answers that no condition asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from flowbench.blueprint.model import BODY, Verdict
from flowbench.blueprint.registry import Functions
from flowbench.blueprint.survey import Stop, Survey, overlap
from flowbench.diagnostic import Diagnostic, Fix
from flowbench.errors import nearest
from flowbench.flow import (
    And,
    Branch,
    CallExtern,
    Eq,
    Expr,
    In,
    InvalidPath,
    Keys,
    Lit,
    Loop,
    Ne,
    Not,
    Or,
    Path,
    Step,
    parse_path,
)

LISTED = 8  # values that a text names


class _Asked(NamedTuple):
    """One value that a condition compares a path with. place: of the value."""

    stop: Stop
    keys: Keys
    text: str
    value: Any
    place: str


def invalid_verdict(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """A verdict allows nothing, or two values that cannot be told apart."""
    for index, agent in enumerate(survey.blueprint.agents):
        if agent.verdict is None:
            continue
        place = f"$.agents[{index}].verdict"
        values = [value.strip() for value in agent.verdict.values]
        if not values or not all(values):
            text = "it allows no value" if not values else "a value is empty"
            yield Diagnostic("error", "invalid_verdict", f"{place}.values", text, "name every answer that it may give")
        if twice := sorted({value for value in values if values.count(value) > 1}):
            text = f"{_listed(twice)} stands there more than once"
            yield Diagnostic("error", "invalid_verdict", f"{place}.values", text, "name each once")
        if not agent.verdict.channel:
            text = "the channel has no name"
            yield Diagnostic("error", "invalid_verdict", f"{place}.channel", text, f'"{BODY}", or the name of a part')


def unknown_verdict(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """A condition compares a verdict with a value that its agent never answers: it always goes the other way."""
    verdicts = _verdicts(survey, functions)
    for asked in _conditions(survey) if verdicts else ():
        writers = _writers(survey, verdicts, asked)
        if writers is None:
            continue
        allowed = list(dict.fromkeys(value.strip() for agent in writers for value in verdicts[agent].values))
        if isinstance(asked.value, str) and asked.value in allowed:
            continue
        meant = nearest(asked.value.strip(), allowed) if isinstance(asked.value, str) else None
        meant = meant or next((each for each in allowed if each.lower() == str(asked.value).strip().lower()), None)
        shown = repr(asked.value) if isinstance(asked.value, str) else str(Lit(asked.value))
        agents = list(dict.fromkeys(writers))
        says = f"{_listed(agents)} {'answers' if len(agents) == 1 else 'answer'}"
        text = f"`{asked.text}` is never {shown}: {says} {_listed(allowed)}"
        hint = f"did you mean '{meant}'?" if meant else "name one of these, or allow it in the agent's verdict"
        fix = Fix(asked.place, meant) if meant else None
        yield Diagnostic("error", "unknown_verdict", asked.place, text, hint, fix, writers[0])


def unread_verdict(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """Values that an agent may answer and no condition asks for. One left over is what `else` is for."""
    verdicts = _verdicts(survey, functions)
    if not verdicts:
        return
    asked: dict[str, set[Any]] = {agent: set() for agent in verdicts}
    for each in _conditions(survey):
        for agent in _writers(survey, verdicts, each) or ():
            asked[agent].add(each.value if isinstance(each.value, str) else None)
    for stop in survey.stops:
        if not isinstance(stop.node, Step) or (agent := stop.node.ref) not in asked:
            continue
        known = asked.pop(agent)  # told once
        keys = [_keys(out.keys, verdicts[agent]) for out in stop.writes]
        if not known and (survey.fans(stop) or any(_is_read(survey, each) for each in keys)):
            continue  # somebody else looks at it; of a fan-out whoever gets what it has collected
        values = [value.strip() for value in verdicts[agent].values]
        left = [value for value in values if value not in known]
        if len(left) > 1 and known <= set(values):  # else one is misspelt, which is told already
            hint = "let a branch ask for them, or take them out of its verdict"
            text = f"no condition asks whether '{agent}' answers {_listed(left)}"
            yield Diagnostic("note", "unread_verdict", f"{stop.place}.out", text, hint, None, agent)


def _verdicts(survey: Survey, functions: Functions) -> dict[str, Verdict]:
    """By agent, those of registered functions too."""
    found = {agent.name: agent.verdict for agent in survey.blueprint.agents}
    for stop in (survey.stops[number] for number in survey.steps):
        if isinstance(stop.node, Step) and stop.node.ref not in found and stop.node.ref in functions:
            found[stop.node.ref] = functions.get(stop.node.ref).verdict
    return {name: verdict for name, verdict in found.items() if verdict is not None}


def _writers(survey: Survey, verdicts: Mapping[str, Verdict], asked: _Asked) -> list[str] | None:
    """The agents whose verdict the path holds; None if something else may be there."""
    found: list[str] = []
    around = survey.fans(asked.stop)
    for number in dict.fromkeys(survey.writers.near(asked.keys)):
        stop = survey.stops[number]
        if stop.bind and overlap(stop.bind.keys, asked.keys) and number in around:
            return None
        fans = survey.fans(stop)
        if around[: len(fans)] != fans or not any(overlap(out.keys, asked.keys) for out in stop.writes):
            continue
        verdict = verdicts.get(stop.node.ref) if isinstance(stop.node, Step) else None
        if verdict is None or all(_keys(out.keys, verdict) != asked.keys for out in stop.writes):
            return None
        assert isinstance(stop.node, Step)
        found.append(stop.node.ref)
    return found or None


def _keys(out: Keys, verdict: Verdict) -> Keys:
    """Where the verdict of a step lies that writes to `out`."""
    return out if verdict.channel == BODY else (*out, "parts", verdict.channel)


def _conditions(survey: Survey) -> Iterator[_Asked]:
    """All values that a branch or a loop compares a path with."""
    for stop in survey.stops:
        if not isinstance(stop.node, (Branch, Loop)):
            continue
        work: list[tuple[Expr, str]] = [(stop.node.cond, f"{stop.place}.cond")]
        while work:
            expr, place = work.pop()
            match expr:
                case Eq(Path() as path, Lit(value)) | Ne(Path() as path, Lit(value)):
                    yield from _asked(survey, stop, path, [(value, f"{place}.rhs.value")])
                case Eq(Lit(value), Path() as path) | Ne(Lit(value), Path() as path):
                    yield from _asked(survey, stop, path, [(value, f"{place}.lhs.value")])
                case In(Path() as path, Lit(list() | tuple() as values)):
                    each = [(value, f"{place}.haystack.value[{n}]") for n, value in enumerate(values)]
                    yield from _asked(survey, stop, path, each)
                case In(Path() as path, CallExtern("array", args)):
                    inside = [
                        (arg.value, f"{place}.haystack.args[{n}].value")
                        for n, arg in enumerate(args)
                        if isinstance(arg, Lit)
                    ]
                    yield from _asked(survey, stop, path, inside)
                case And(args) | Or(args):
                    work += [(arg, f"{place}.args[{n}]") for n, arg in reversed(list(enumerate(args)))]
                case Not(arg):
                    work.append((arg, f"{place}.arg"))


def _asked(survey: Survey, stop: Stop, path: Path, values: list[tuple[Any, str]]) -> Iterator[_Asked]:
    try:
        keys = parse_path(path.at, survey.compat)
    except InvalidPath:
        return
    for value, place in values:
        if value is not None:  # null stands for `not there yet`
            yield _Asked(stop, keys, path.at, value, place)


def _is_read(survey: Survey, keys: Keys) -> bool:
    near = (survey.stops[number] for number in survey.readers.near(keys))
    return any(overlap(read.keys, keys) for stop in near for read in stop.reads)


def _listed(values: list[str]) -> str:
    shown = ", ".join(f"'{value}'" for value in values[:LISTED])
    return shown + (f" and {len(values) - LISTED} more" if len(values) > LISTED else "")
