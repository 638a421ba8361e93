"""Python function: what a function wants to be called with, read once from its signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from inspect import Parameter
from typing import Any, Literal, get_args

import msgspec

from flowbench.blueprint.digest import digest
from flowbench.blueprint.errors import UnfitFunction, UnfitInput
from flowbench.blueprint.model import Verdict
from flowbench.blueprint.words import did_you_mean, what
from flowbench.flow import Callee

OFFERED = ("ctx", "token", "prompt", "secret")  # parameters of these names get these things and never the input
ALLOWED = (
    "An agent may take the parameters ctx, token, prompt and secret, and besides them: none, one (it gets the "
    "step's input), or several (the input is then an object whose keys are passed by name)"
)
_NAMED = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)

Takes = Literal["nothing", "value", "fields"]
Isolation = Literal["process"]


class PythonFunction(msgspec.Struct, frozen=True):
    """A function that steps can call.

    wants: which of ctx, token, prompt, secret it takes. takes: how it gets the input: not at all, as one value, or an
    object's keys by name. value_name: the parameter of that value where it has to be passed by name, else "".
    required, optional: names for "fields". open_ended: it takes any other key too. inline: it is quick and never
    waits, so it runs where the flow runs, without a thread. hash: changes when the code changes.
    isolation: "process": each call has a fresh process of its own, which is killed when it does not stop.
    verdict, skip_on: as of AgentDef.
    """

    id: str
    fn: Callable[..., Any]
    wants: frozenset[str]
    takes: Takes
    is_async: bool
    inline: bool
    hash: str
    value_name: str = ""
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    open_ended: bool = False
    isolation: Isolation | None = None
    verdict: Verdict | None = None
    skip_on: tuple[Any, ...] | None = None

    def arguments(self, value: Any, **offered: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """(args, kwargs) for one call. offered: ctx, token, prompt, secret: at least those in `wants`.

        Raises: UnfitInput, naming missing and unexpected keys.
        """
        named = {name: offered[name] for name in self.wants}
        if self.takes == "nothing":
            return (), named
        if self.takes == "fields":
            return (), self._fields(value) | named
        if self.value_name:
            return (), {self.value_name: value, **named}
        return (value,), named

    def _fields(self, value: Any) -> dict[str, Any]:
        names = [*self.required, *self.optional]
        if not isinstance(value, dict):
            need = f"{self.id}({', '.join(names)}) takes several parameters"
            raise UnfitInput(f"{need}: its input has to be an object with these keys, not {what(value)}")
        taken = set(OFFERED) & self.wants
        surplus = [key for key in value if key in taken or not (self.open_ended or key in names)]
        missing = [name for name in self.required if name not in value]
        faults = [f'"{name}" is missing' for name in missing]
        faults += [f'"{key}" is unexpected{did_you_mean(key, names)}' for key in surplus]
        if faults:
            raise UnfitInput(f"the input of {self.id}({', '.join(names)}) does not fit: {', '.join(faults)}")
        return dict(value)


def inspected(
    fn: Callable[..., Any], id: str, *, inline: bool = False, isolation: Isolation | None = None
) -> PythonFunction:
    """What a function wants. Raises: UnfitFunction, saying what is allowed."""
    if isinstance(fn, type) or not callable(fn):
        raise UnfitFunction(f"{id}: put @agent above a def, not above {_called(fn)}")
    kind = _unwrapped(fn)
    if inspect.isgeneratorfunction(kind) or inspect.isasyncgenfunction(kind):
        raise UnfitFunction(f"{id} is a generator: an agent returns its output, it does not yield it")
    is_async = inspect.iscoroutinefunction(kind)
    if inline and is_async:
        raise UnfitFunction(f"{id} is async: inline=True is for quick plain functions that never wait")
    if isolation is not None:
        _check_isolation(id, isolation, inline)
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (ValueError, TypeError) as error:
        raise UnfitFunction(f"{id} does not say what it takes; wrap it in a def. {ALLOWED}") from error
    wants = frozenset(each.name for each in parameters if each.name in OFFERED and each.kind in _NAMED)
    plain = [each for each in parameters if each.name not in wants]
    function = PythonFunction(id, fn, wants, "nothing", is_async, inline, digest(fn), isolation=isolation)
    if isolation and "secret" in wants:
        raise UnfitFunction(
            f"{id} asks for secrets, which stay in this process; give it `$secret:NAME` in its step's input instead"
        )
    return _classified(function, plain, parameters[0] if parameters else None)


def as_callee(function: PythonFunction) -> Callee:
    """What flow authoring needs to know of it."""
    given = {
        name: each.default
        for name, each in inspect.signature(function.fn).parameters.items()
        if name not in function.wants and each.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    }
    needs = tuple(name for name, default in given.items() if default is Parameter.empty)
    keeps = {name: default for name, default in given.items() if name not in needs}
    return Callee(function.id, function.takes, needs, keeps)


def _check_isolation(id: str, isolation: str, inline: bool) -> None:
    if isolation not in get_args(Isolation):
        raise UnfitFunction(f'{id}: isolation is "process" or None, not {isolation!r}')
    if inline:
        raise UnfitFunction(f"{id} cannot be inline and in a process of its own: leave one of the two out")


def _classified(function: PythonFunction, plain: list[Parameter], first: Parameter | None) -> PythonFunction:
    """How the input is passed. plain: parameters that are not offered by name. first: of all of them."""
    single = [each for each in plain if each.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)]
    required = [each for each in single if each.default is Parameter.empty]
    rest = {each.kind for each in plain} - {each.kind for each in single}
    if len(required) == 1 or (not required and len(single) == 1):
        return _with_value(function, (required or single)[0], first)
    if not single and Parameter.VAR_POSITIONAL in rest:
        return msgspec.structs.replace(function, takes="value")
    if not single and not rest:
        return function
    fixed = [each.name for each in single if each.kind not in _NAMED]
    if fixed:
        names = ", ".join(fixed)
        raise UnfitFunction(f"{function.id} takes {names} by position only, among several parameters. {ALLOWED}")
    return msgspec.structs.replace(
        function,
        takes="fields",
        required=tuple(each.name for each in required),
        optional=tuple(each.name for each in single if each not in required),
        open_ended=Parameter.VAR_KEYWORD in rest,
    )


def _with_value(function: PythonFunction, parameter: Parameter, first: Parameter | None) -> PythonFunction:
    """By position if it stands first, else by name."""
    if parameter is first and parameter.kind is not Parameter.KEYWORD_ONLY:
        return msgspec.structs.replace(function, takes="value")
    if parameter.kind not in _NAMED:
        raise UnfitFunction(f"{function.id} takes {parameter.name} by position only, behind others. {ALLOWED}")
    return msgspec.structs.replace(function, takes="value", value_name=parameter.name)


def _unwrapped(fn: Callable[..., Any]) -> Any:
    """The function that says whether a call waits: inside partials, or the __call__ of an object."""
    inner: Any = fn
    while isinstance(inner, partial):
        inner = inner.func
    return inner if inspect.isroutine(inner) else type(inner).__call__


def _called(fn: object) -> str:
    return f"the class {fn.__name__}" if isinstance(fn, type) else what(fn)
