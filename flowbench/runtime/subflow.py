"""Agents that are flows: a step is a run of its own, recorded beside its parent, stopped and resumed with it.

The id of the child is recorded with the parent before the child begins, so that a resume of the parent finds it,
whichever process dies at whichever moment.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from flowbench import blueprint as bp
from flowbench import engine, flow, storage
from flowbench.cancel import AbortReason, CancelToken
from flowbench.runtime import journal, store
from flowbench.runtime.errors import RunError
from flowbench.runtime.whence import Whence

if TYPE_CHECKING:
    from flowbench.runtime.launching import Common
    from flowbench.runtime.run import Run

FACE = "flow"  # under which the id of the child is recorded
OWN = ("timeout", "token", "trust")  # options of a launch that are not those of its children


class FlowFactory:
    """Builds agents of kind `flow`. spec: see FlowSpec.

    provenance: of the Blueprint that names them. whence: of the run that calls them.
    """

    def __init__(
        self,
        provenance: bp.Provenance,
        options: Common,
        compat: str | None,
        whence: Whence,
        desk: Callable[[], engine.Engine],
    ) -> None:
        self.provenance, self.options, self.compat, self.whence = provenance, options, compat, whence
        self._desk = desk

    def build(self, agent: bp.AgentDef) -> FlowSpawner:
        """Raises: SpecError, also for what keeps its Blueprint from being compiled."""
        spec = bp.read_flow(agent.spec)
        if spec.blueprint is None:
            told: list[Any] = [spec.id, spec.version, spec.out]
        else:
            self.check_depth(bp.SpecError)
            child = msgspec.structs.replace(spec.blueprint, provenance=self.provenance)
            spec = msgspec.structs.replace(spec, blueprint=child)
            told = [bp.content_hash(child), self._digests(child), spec.out]
        return FlowSpawner(agent.name, spec, self, hashlib.sha256(flow.compact(told).encode()).hexdigest())

    def check_depth(self, error: Callable[[str], Exception]) -> None:
        """Raises: error, if no run may begin below this one."""
        depth, most = self.whence.depth + 1, self._desk().cfg.max_spawn_depth
        if depth >= most:
            raise error(f"spawn depth exceeded: {depth} >= max {most}; flows call flows too deeply, or each other")

    def _digests(self, child: bp.Blueprint) -> dict[str, str]:
        from flowbench.runtime.kinds import factories

        functions, externs = self.options.get("functions", bp.functions), self.options.get("externs")
        below = msgspec.structs.replace(self.whence, depth=self.whence.depth + 1)
        adopted = bp.adopt(child, functions)
        try:
            made = factories(child, self.options, self.compat, below, self._desk)
            compiled = engine.compile(adopted, made, compat=self.compat, externs=externs, meant=functions.ids())
        except (engine.CompileError, flow.ParseError) as error:
            raise bp.SpecError(f"flow spec: the Blueprint '{child.id}' inside of it: {error}", "blueprint") from error
        return {name: spawner.digest for name, spawner in compiled.routes.items()}


class FlowSpawner:
    """One Blueprint, inline or in a store."""

    quick, wants_secrets = False, False
    uses: engine.Uses = "loop"

    def __init__(self, agent: str, spec: bp.FlowSpec, factory: FlowFactory, digest: str) -> None:
        self._agent, self._spec, self._factory, self.digest = agent, spec, factory, digest
        self._out = None if spec.out is None else flow.parse_path(spec.out)

    def body(self, site: engine.Site) -> engine.Body:
        async def body(value: Any) -> Any:
            with site.here():
                child = _Child(self._spec, self._factory, site, value)
                run, token = await child.start([site.run_id, self.digest])
                site.voice()("note", f"run {run.id}\n")
                ctx = await _end_of(run, token)
            return ctx if self._out is None else self._found(ctx, run.id)

        return body

    def _found(self, ctx: Any, run_id: str) -> Any:
        assert self._out is not None
        for key in self._out:
            if not isinstance(ctx, dict) or key not in ctx:
                raise RunError(f"run {run_id} left nothing at {self._spec.out}, which spec.out names", run_id)
            ctx = ctx[key]
        return ctx


class _Child:
    """The run of one visit."""

    def __init__(self, spec: bp.FlowSpec, factory: FlowFactory, site: engine.Site, value: Any) -> None:
        self._spec, self._factory, self._site, self._value = spec, factory, site, value
        self._at = site.visit().address

    async def start(self, question: list[str]) -> tuple[Run, CancelToken]:
        """The child, begun, or gone on with where it was interrupted, and what stops it."""
        known = await self._site.answer(FACE, self._reserved, question)
        token = self._site.step_token()
        run: Run = await engine.on_thread(self._begun, known, self._site, token)
        return run, token

    async def _reserved(self) -> dict[str, str]:
        """{"run": id, "version": of a stored Blueprint}"""
        self._factory.check_depth(RunError)
        if self._spec.blueprint is not None:
            return {"run": store.new_id(time.time())}
        stored = await engine.on_thread(self._stored, self._spec.version, self._site)
        return {"run": store.new_id(time.time()), "version": stored.trace.version}

    def _stored(self, version: str) -> bp.Traced[bp.Blueprint]:
        blueprints = self._factory.options.get("store") or bp.GitStore()
        return bp.resolve(blueprints, self._spec.id, bp.selector(version))

    def _begun(self, known: dict[str, str]) -> Run:
        from flowbench.runtime.launching import Common, launch_as, resume

        given = self._factory.options.items()
        options = cast("Common", {key: each for key, each in given if key in Common.__annotations__ and key not in OWN})
        child = self._spec.blueprint or self._stored(known["version"]).value
        if self._spec.blueprint is not None:  # whoever has allowed the Blueprint around it has allowed this one
            options["trust"] = bp.trust_hash(child)
        elif trust := self._factory.options.get("trust"):
            options["trust"] = trust
        folder = storage.runs() / known["run"]
        if _has_begun(folder):
            return resume(known["run"], **options)
        above = self._factory.whence
        place = Whence(known["run"], self._site.run_id, self._at, above.depth + 1, above.folder)
        return launch_as(place, child, self._value, compat=self._factory.compat, **options)


def _has_begun(folder: Path) -> bool:
    try:
        return bool(journal.read(folder))
    except FileNotFoundError:
        return False


async def _end_of(run: Run, token: CancelToken) -> Any:
    """Its final ctx. Whoever leaves takes it along, and waits until it has ended, as long as they are let.

    Raises: RunFailed, RunCancelled.
    """
    try:
        return await run
    except asyncio.CancelledError:
        token.abort(AbortReason.SIGNAL, by="cancelled")
        loop, ended = asyncio.get_running_loop(), asyncio.Event()

        def tell(_: Run) -> None:
            loop.call_soon_threadsafe(ended.set)

        run.on_end(tell)
        await ended.wait()
        raise
