"""Registry: the Python functions that Blueprints may name, and the @agent decorator that enters them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, get_args, overload

import msgspec

from flowbench.blueprint.errors import UnfitFunction, UnknownFunction
from flowbench.blueprint.model import AgentDef, AgentKind, Blueprint, Verdict
from flowbench.blueprint.python_function import Isolation, PythonFunction, as_callee, inspected
from flowbench.flow import Node, Step, introduce

Answers = Verdict | Sequence[str] | None
F = TypeVar("F", bound=Callable[..., Any])
_NODES = get_args(Node)


class Functions:
    """Python functions by id. Registering an id again replaces it: a cell may be run twice."""

    def __init__(self) -> None:
        self._by_id: dict[str, PythonFunction] = {}

    def register(
        self,
        fn: Callable[..., Any],
        *,
        id: str | None = None,
        inline: bool = False,
        isolation: Isolation | None = None,
        verdict: Answers = None,
        skip_on: Sequence[Any] | None = None,
    ) -> PythonFunction:
        """Enter a function. id: its own name unless given. Raises: UnfitFunction."""
        if id is None:
            id = getattr(fn, "__name__", "")
            if not id or id == "<lambda>":
                raise UnfitFunction('this function has no name of its own; say agent(id="...")(function)')
        function = inspected(fn, id, inline=inline, isolation=isolation)
        if verdict is not None or skip_on is not None:
            named = verdict if verdict is None or isinstance(verdict, Verdict) else Verdict(tuple(verdict))
            skips = None if skip_on is None else tuple(skip_on)
            function = msgspec.structs.replace(function, verdict=named, skip_on=skips)
        self._by_id[id] = function
        introduce(fn, as_callee(function))
        return function

    def get(self, id: str) -> PythonFunction:
        """Raises: UnknownFunction."""
        try:
            return self._by_id[id]
        except KeyError:
            raise UnknownFunction(id, self._by_id) from None

    def ids(self) -> list[str]:
        return sorted(self._by_id)

    def __contains__(self, id: object) -> bool:
        return id in self._by_id

    def __len__(self) -> int:
        return len(self._by_id)

    @overload
    def agent(self, fn: F) -> F: ...

    @overload
    def agent(
        self,
        *,
        id: str | None = None,
        inline: bool = False,
        isolation: Isolation | None = None,
        verdict: Answers = None,
        skip_on: Sequence[Any] | None = None,
    ) -> Callable[[F], F]: ...

    def agent(
        self,
        fn: F | None = None,
        *,
        id: str | None = None,
        inline: bool = False,
        isolation: Isolation | None = None,
        verdict: Answers = None,
        skip_on: Sequence[Any] | None = None,
    ) -> F | Callable[[F], F]:
        """Let steps call this function: `@agent`, or `@agent(id="...", inline=True)`. The function itself is returned.

        Parameters named ctx, token and prompt get the run's ctx, its CancelToken and the step's prompt; one named
        secret gets a function: secret("NAME") is what `$secret:NAME` stands for. One other parameter gets
        the step's input; several get the input's keys by name. inline: it is quick and never waits.
        isolation="process": each call gets a fresh process (about 0.1 s), which is killed with all it has started
        when it does not stop; what it prints and returns comes back, what it changes in memory does not.
        verdict: the only texts that it may answer, or a Verdict: any other fails the step. skip_on: answers that mean
        that the step does not apply; it is skipped, as with `raise Skip(reason)`.
        Raises: UnfitFunction.
        """

        def enter(each: F) -> F:
            self.register(each, id=id, inline=inline, isolation=isolation, verdict=verdict, skip_on=skip_on)
            return each

        return enter if fn is None else enter(fn)


functions = Functions()
agent = functions.agent


def adopt(blueprint: Blueprint, functions: Functions = functions) -> Blueprint:
    """The Blueprint with an agent for every step whose ref no agent has, but a registered function."""
    defined = {each.name for each in blueprint.agents}
    found: dict[str, AgentDef] = {}
    for ref in step_refs(blueprint.flow):
        if ref not in defined and ref not in found and ref in functions:
            function = functions.get(ref)
            answers = {"verdict": function.verdict, "skip_on": function.skip_on}
            found[ref] = AgentDef(ref, AgentKind.PYTHON_FN, {"fn_id": ref}, **answers)  # type: ignore[arg-type]
    if not found:
        return blueprint
    return msgspec.structs.replace(blueprint, agents=(*blueprint.agents, *found.values()))


def is_adopted(agent: AgentDef) -> bool:
    """Whether `adopt` would have written this agent."""
    bare = msgspec.structs.replace(agent, verdict=None, skip_on=None)
    return bare == AgentDef(agent.name, AgentKind.PYTHON_FN, {"fn_id": agent.name})


def step_refs(node: Node) -> Iterator[str]:
    """The refs of all steps in reading order, some of them more than once."""
    work: list[Any] = [node]
    while work:
        each = work.pop()
        if isinstance(each, Step):
            yield each.ref
        elif isinstance(each, (list, tuple)):
            work += reversed(each)
        elif isinstance(each, _NODES):
            work += [getattr(each, name) for name in reversed(each.__struct_fields__)]
