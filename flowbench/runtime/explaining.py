"""Explaining: for each agent of a Blueprint what surrounds it, who stands behind it and what it would be told; nothing
runs.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import msgspec

from flowbench import blueprint as bp
from flowbench import engine, flow
from flowbench.cancel import CancelToken
from flowbench.process import Terms
from flowbench.runtime import explained as shown
from flowbench.runtime import kinds, persons
from flowbench.runtime.dispatch import FACES, Dispatch
from flowbench.runtime.errors import RunError
from flowbench.runtime.launching import Options, check
from flowbench.runtime.loop import engine as engine_thread
from flowbench.runtime.whence import whence

if TYPE_CHECKING:
    import pandas as pd

TAKES_VALUES = (
    bp.AgentKind.PYTHON_FN,
    bp.AgentKind.FLOW,
    bp.AgentKind.NOTEBOOK,
    bp.AgentKind.TOOL,
)  # all others are given text
TOLD_SYSTEM = (bp.AgentKind.OPERATOR, bp.AgentKind.AGENT_BLOCK)  # whose system prompt is rendered for each visit
DELEGATE = "operator_delegate"


class StepExplained(msgspec.Struct, frozen=True):
    """One step that calls the agent. place: `$.flow.children[0]`. reads: its `in`, as a person would write it.

    form: "text" (a string as it is), "json" (canonical), "value" (JSON, not as text), or "text or json".
    prompt: None where `why` says that it is known only when the step runs. system: rendered for this prompt; None where
    the agent is told none, or not yet.
    """

    place: str
    reads: str
    form: str
    prompt: str | None
    why: str
    system: str | None


class TokenExplained(msgspec.Struct, frozen=True):
    """The token that a visit of the agent would get if it asked. ttl: seconds, None is as long as its task is known."""

    role: engine.Role
    scopes: tuple[str, ...]
    ttl: float | None
    bound_to: str
    agent_id: str


class AgentExplained(msgspec.Struct, frozen=True):
    """layers: outermost first. operator_kind, tier: what holds, and who said so. faces: hook, bridge or backend -> the
    name of its class. work: of kind operator, who does it: the operator's name and class, or that nobody is registered,
    without whom no launch begins; of kind tool, which one; else "". worker: the binding that operators are given.
    template: the system prompt as it is written.
    """

    name: str
    kind: str
    layers: tuple[str, ...]
    operator_kind: bp.OperatorKind
    tier: engine.Tier
    operator_id: str
    faces: dict[str, str]
    work: str
    worker: engine.WorkerBinding | None
    template: str | None
    steps: tuple[StepExplained, ...]
    token: TokenExplained


class Explanation(msgspec.Struct, frozen=True):
    """What `explain` found. unknown: hints for layers that nobody knows, which are left out."""

    blueprint: str
    agents: tuple[AgentExplained, ...]
    unknown: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[AgentExplained]:
        return iter(self.agents)

    def __getitem__(self, agent: str) -> AgentExplained:
        """Raises: KeyError."""
        for each in self.agents:
            if each.name == agent:
                return each
        raise KeyError(agent)

    def frame(self) -> pd.DataFrame:
        """One row per agent and step; see explanation_frame."""
        from flowbench.runtime.frames import explanation_frame

        return explanation_frame(self)

    def plain(self) -> dict[str, Any]:
        """JSON data."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told

    def __repr__(self) -> str:
        return shown.as_text(self)

    def _repr_html_(self) -> str:
        return shown.as_html(self)


def explain(blueprint: bp.Source, ctx: Any = None, **options: Unpack[Options]) -> Explanation:
    """What each agent would meet in a launch with these options; no agent or face is called; abort raises Aborted.

    ctx: that the run would begin with: prompts that depend on nothing else are shown. A system prompt with placeholders
    is rendered where its prompt is known, in a process of its own. Secrets stay references. A Blueprint that has to be
    trusted need not be for this, nor need its operators be registered.
    Raises: blueprint.BlueprintError, engine.CompileError, engine.UnknownLayer, flow.ParseError, flow.NotJson, RunError.
    """
    check(options, "explain", Options.__optional_keys__)
    if (token := options.get("token")) is not None:
        token.heartbeat()
    compat, externs = options.get("compat"), options.get("externs")
    functions = options.get("functions", bp.functions)
    made = bp.adopt(bp.load(blueprint), functions)
    given = flow.take({} if ctx is None else ctx)[0]
    dispatch = Dispatch(made, options)
    desks = _desks(made, dispatch, options)
    absent = {ref: _ABSENT for ref, found in desks.items() if found is None}
    if absent:
        options = {**options, "operators": {**(options.get("operators") or {}), **absent}}
    factories = kinds.factories(made, options, compat, whence(made), dispatch.desk)
    engine.compile(made, factories, compat=compat, externs=externs, meant=functions.ids())
    stack = engine.layer_registry.stack(made, dispatch.layers)
    inputs = list(bp.step_inputs(made, given, compat=compat, externs=externs))
    told = [_agent(agent, dispatch, desks, stack, inputs) for agent in made.agents]
    known = engine.layer_registry.hints()
    unknown = tuple(name for name in made.spawner_hints.layers if name not in known)
    return Explanation(made.id, tuple(_rendered(told, token)), unknown)


class _Absent:
    """Stands for an operator that nobody has registered yet."""

    def execute(self, *asked: Any) -> Any:
        raise AssertionError("explain calls nobody")


_ABSENT = _Absent()


def _desks(made: bp.Blueprint, dispatch: Dispatch, options: Options) -> dict[str, engine.Operator | None]:
    """Who is registered under each `operator_ref`."""
    known = engine.Operators(persons.operators(made, options, dispatch.desk), dispatch.desk)
    return {ref: known.find(ref) for ref in map(_ref, made.agents) if ref}


def _ref(agent: bp.AgentDef) -> str:
    """The `operator_ref` of an agent of that kind."""
    ref = agent.spec.get("operator_ref") if isinstance(agent.spec, Mapping) else None
    return ref if agent.kind is bp.AgentKind.OPERATOR and isinstance(ref, str) else ""


def _tool(agent: bp.AgentDef) -> str:
    """`grep`, and what it does that a file has to be trusted for; "" of an agent of another kind."""
    if agent.kind is not bp.AgentKind.TOOL:
        return ""
    spec = bp.read_tool(agent.spec)
    return f"{spec.tool}: {spec.known.danger}" if spec.known.danger else spec.tool


def _work(ref: str, desks: Mapping[str, engine.Operator | None]) -> str:
    found = desks.get(ref)
    return ref and f"{ref}: {'nobody is registered yet' if found is None else type(found).__name__}"


def _agent(
    agent: bp.AgentDef,
    dispatch: Dispatch,
    desks: Mapping[str, engine.Operator | None],
    stack: Sequence[engine.LayerFactory],
    inputs: Sequence[bp.StepInput],
) -> AgentExplained:
    kind, tier = dispatch.decide(agent.name)
    info, names = dispatch.operator(agent.name), [each.name for each in stack]
    found = {name: face for name in FACES if (face := getattr(info, name)) is not None}
    delegated = DELEGATE in names and "backend" in found
    forms = "text" if delegated or agent.kind not in TAKES_VALUES else "value"
    template = None if agent.profile is None else agent.profile.system_prompt
    token = TokenExplained(
        engine.Role.WORKER,
        ("*",),
        dispatch.desk().cfg.worker_ttl,
        "its own task, which every visit of a step is",
        "worker-of-T-<16 hex>",
    )
    return AgentExplained(
        agent.name,
        agent.kind.value,
        tuple(reversed(names)),
        kind,
        tier,
        info.id,
        {name: type(face).__name__ for name, face in found.items()},
        _tool(agent) or _work(_ref(agent), desks),
        engine.binding_of(agent.profile),
        template if agent.kind in TOLD_SYSTEM and not delegated else None,
        tuple(_step(each, forms) for each in inputs if each.ref == agent.name),
        token,
    )


def _step(given: bp.StepInput, form: str) -> StepExplained:
    if given.why:
        form = "text or json" if form == "text" else form
        return StepExplained(given.place, given.text, form, None, given.why, None)
    if form == "text" and not isinstance(given.value, str):
        form = "json"
    prompt = given.value if isinstance(given.value, str) and form == "text" else flow.compact(given.value)
    return StepExplained(given.place, given.text, form, prompt, "", None)


def _rendered(agents: Sequence[AgentExplained], token: CancelToken | None) -> list[AgentExplained]:
    """With the system prompts that can be known."""
    wanted = [each for each in agents if each.template is not None]
    if not any(engine.is_template(each.template or "") for each in wanted):
        plain = {each.name: [each.template for _ in each.steps] for each in wanted}
        return [_with(each, plain.get(each.name)) for each in agents]
    if engine_thread().is_here():
        raise RunError("a step cannot explain on the engine's own thread; `await asyncio.to_thread(explain, ...)`")
    found = asyncio.run_coroutine_threadsafe(_render_all(wanted, token), engine_thread().loop)
    try:
        texts = found.result()
    except BaseException:  # Ctrl-C: the process that renders ends with it
        found.cancel()
        raise
    return [_with(each, texts.get(each.name)) for each in agents]


async def _render_all(agents: Sequence[AgentExplained], token: CancelToken | None) -> dict[str, list[str | None]]:
    texts: dict[str, list[str | None]] = {}
    stop = CancelToken() if token is None else token.child()
    for agent in agents:
        for number, step in enumerate(agent.steps):
            name = f"explain-{uuid.uuid4().hex[:12]}"
            terms: Terms = {"tag": name, "token": stop, "voice": _silent, "folder": None, "name": name, "hide": None}
            text: str | None = None
            template = agent.template or ""
            if step.prompt is not None or not engine.is_template(template):
                try:
                    text = await engine.rendered(terms, template, step.prompt or "")
                except engine.TemplateFailed as error:
                    text = f"({error})"
            texts.setdefault(agent.name, []).insert(number, text)
    return texts


def _with(agent: AgentExplained, systems: Sequence[str | None] | None) -> AgentExplained:
    if systems is None:
        return agent
    steps = [msgspec.structs.replace(step, system=text) for step, text in zip(agent.steps, systems, strict=True)]
    return msgspec.structs.replace(agent, steps=tuple(steps))


def _silent(stream: str, text: str) -> None:
    """Nothing runs that could say anything but what `rendered` tells itself."""
