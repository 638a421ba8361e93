"""Lint of paths: what is read too early, written for nothing, or hidden by another write."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from flowbench.blueprint.registry import Functions
from flowbench.blueprint.survey import Stop, Survey, overlap
from flowbench.diagnostic import Diagnostic, Level
from flowbench.errors import nearest
from flowbench.flow import Assign, Branch, Fanout, Keys, Let, Loop, Seq, Step, Try

WORDS = 100  # paths among which a misspelt one is looked for
LEGIBLE = 6  # characters of a path that can be misspelt; shorter ones are all alike


def read_before_write(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """A path is read, and only a later node writes it; the ctx may bring it, or the order is wrong."""
    for reader in survey.stops:
        for read in reader.needs:
            first = None
            for number in survey.writers.near(read.keys):
                stop = survey.stops[number]
                if not _writes(survey, stop, reader, read.keys):
                    continue
                if not _comes_too_late(survey, stop, reader, read.keys):
                    break
                if all(out.keys for out in stop.writes):  # one that writes the whole ctx brings nothing in particular
                    first = first or stop
            else:
                if first is not None:
                    text = f"`{read.text}` is read here, and first written at {first.place}"
                    hint = "let the ctx bring it, or change the order"
                    yield Diagnostic("note", "read_before_write", read.place, text, hint)
                    break


def unread_output(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """A step's output is read by nothing, although steps come after it. Keys that begin with `_` are meant so."""
    if _somebody_sees_all(survey, functions):
        return
    never_written = _never_written(survey)
    for stop in (survey.stops[number] for number in survey.steps):
        if survey.fans(stop) or not _is_followed(survey, stop):
            continue
        for out in stop.writes:
            if _is_meant(out.keys) or _reader(survey, out.keys) is not None:
                continue
            meant = nearest(out.text, never_written) if len(out.text) >= LEGIBLE else None
            hint = f"did a reader mean it with `{meant}`?" if meant else "fine if it is a result; else write to `$._`"
            yield Diagnostic("note", "unread_output", out.place, f"nothing reads `{out.text}`", hint)


def dead_write(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """In a seq a value is written over before anything reads it. Keys that begin with `_` are meant so."""
    if _somebody_sees_all(survey, functions):
        return
    jumps = [stop.number for stop in survey.stops if isinstance(stop.node, (Fanout, Try))]
    for stop in survey.stops:
        if not isinstance(stop.node, (Step, Assign, Let)) or not stop.around:
            continue
        for out in stop.writes:
            over = None if _is_meant(out.keys) else _next_write(survey, stop, out.keys)
            # A fan-out hands the whole ctx to its branches, a try may go back to this one.
            if over is None or bisect_right(jumps, over.number) > bisect_right(jumps, stop.number):
                continue
            level: Level = "note" if isinstance(stop.node, Step) else "warning"
            text = f"`{out.text}` is written over at {over.place} before anything reads it"
            yield Diagnostic(level, "dead_write", out.place, text, "remove one of the two, or write elsewhere")


def shadowed_bind(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """An inner fan-out binds over the item of an outer one, or two loops inside each other share a counter."""
    for stop in survey.stops:
        for number, field in stop.around:
            outer = survey.stops[number]
            if field != "body":
                continue
            if stop.bind and outer.bind and outer.bind.keys[: len(stop.bind.keys)] == stop.bind.keys:
                if any(overlap(read.keys, outer.bind.keys) for read in stop.reads):
                    continue  # it goes through the item itself: replacing it by its parts is the point
                text = f"`{stop.bind.text}` hides the item of the fan-out around it, at {outer.place}"
                yield Diagnostic("warning", "shadowed_bind", stop.bind.place, text, "bind it to another path")
            if _share_counter(survey, stop, outer):
                counter = stop.writes[0]
                text = f"`{counter.text}` is the counter of the loop around it too, at {outer.place}"
                yield Diagnostic("warning", "shadowed_bind", counter.place, text, "give it a counter of its own")


def _writes(survey: Survey, stop: Stop, reader: Stop, keys: Keys) -> bool:
    """Whether the reader could see what this node writes there."""
    if stop.bind and overlap(stop.bind.keys, keys) and any(number == stop.number for number, _ in reader.around):
        return True
    around = survey.fans(stop)
    return survey.fans(reader)[: len(around)] == around and any(overlap(each.keys, keys) for each in stop.writes)


def _comes_too_late(survey: Survey, stop: Stop, reader: Stop, keys: Keys) -> bool:
    """It stands later, in no loop together with the reader, on the same way, and does not itself begin by reading."""
    if stop.number <= reader.number or any(overlap(each.keys, keys) for each in stop.reads):
        return False
    for (number, mine), (other, his) in zip(stop.around, reader.around, strict=False):
        if number != other:
            break
        node = survey.stops[number].node
        if isinstance(node, Loop) or (mine != his and isinstance(node, (Branch, Try))):
            return False
    return not any(number == reader.number for number, _ in stop.around)


def _share_counter(survey: Survey, inner: Stop, outer: Stop) -> bool:
    if not (isinstance(inner.node, Loop) and isinstance(outer.node, Loop) and inner.writes and outer.writes):
        return False
    return inner.writes[0].keys == outer.writes[0].keys and survey.fans(inner) == survey.fans(outer)


def _is_meant(keys: Keys) -> bool:
    """The whole ctx, or a key whose name says that nobody will look."""
    return not keys or keys[-1].startswith("_")


def _reader(survey: Survey, keys: Keys, after: int = -1) -> int | None:
    """The first node behind a number that reads these keys, a part of them or what holds them."""
    for number in survey.readers.near(keys, after):
        if any(overlap(read.keys, keys) for read in survey.stops[number].reads):
            return number
    return None


def _next_write(survey: Survey, stop: Stop, keys: Keys) -> Stop | None:
    """The node in the same seq that writes all of these keys before anything may read them."""
    holder, _ = stop.around[-1]
    if not isinstance(survey.stops[holder].node, Seq):
        return None
    read = _reader(survey, keys, stop.number)
    for number in survey.writers.near(keys, stop.number):
        other = survey.stops[number]
        if number >= survey.ends[holder] or (read is not None and read <= number):
            return None
        is_simple = other.around[-1][0] == holder and isinstance(other.node, (Step, Assign, Let))
        if is_simple and any(each.keys == keys[: len(each.keys)] for each in other.writes):
            return other
    return None


def _is_followed(survey: Survey, stop: Stop) -> bool:
    """A step stands behind it in a seq around it."""
    at = bisect_right(survey.steps, stop.number)
    if at == len(survey.steps):
        return False
    behind = survey.stops[survey.steps[at]]
    shared = [(mine, his) for mine, his in zip(stop.around, behind.around, strict=False) if mine[0] == his[0]]
    return any(mine != his and isinstance(survey.stops[mine[0]].node, Seq) for mine, his in shared)


def _never_written(survey: Survey) -> list[str]:
    """Texts of paths that are read and that no node writes; none if they are too many to look for a word among them."""
    reads = {read.text: read.keys for stop in survey.stops for read in stop.needs}
    found = [text for text, keys in reads.items() if not _is_written(survey, keys)]
    return found if len(found) <= WORDS else []


def _is_written(survey: Survey, keys: Keys) -> bool:
    for number in survey.writers.near(keys):
        stop = survey.stops[number]
        if any(overlap(each.keys, keys) for each in (*stop.writes, *([stop.bind] if stop.bind else []))):
            return True
    return False


def _somebody_sees_all(survey: Survey, functions: Functions) -> bool:
    """A step calls a function that takes the whole ctx, or one that we do not know."""
    refs = {stop.node.ref for stop in survey.stops if isinstance(stop.node, Step)}
    return any(_sees_all(survey, functions, ref) for ref in refs)


def _sees_all(survey: Survey, functions: Functions, ref: str) -> bool:
    agent = next((each for each in survey.blueprint.agents if each.name == ref), None)
    id = ref
    if agent is not None:
        if agent.kind.value not in ("python_fn", "rust_fn"):
            return False
        id = str(agent.spec.get("fn_id")) if isinstance(agent.spec, dict) else ref
    return id not in functions or "ctx" in functions.get(id).wants
