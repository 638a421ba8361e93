"""Executing: an operator does the work of one visit; its answer is recorded before anybody hears it."""

from __future__ import annotations

from typing import Any

from flowbench import flow
from flowbench.engine.errors import Internal
from flowbench.engine.faces import OperatorInfo, WorkerBinding, WorkerResult, call
from flowbench.engine.outputs import Final, Inline
from flowbench.engine.spawner import Site
from flowbench.engine.telling import ctx_of


async def execute(
    site: Site, agent: str, info: OperatorInfo, system: str | None, prompt: str, worker: WorkerBinding | None
) -> Any:
    """What `info.backend` makes of the prompt; abort raises. Inside `site.here()`.

    A Final that was submitted for this attempt meanwhile counts instead of what `execute` returns. An answer that is
    not ok is none: a resume asks again. Raises: Blocked if it says ok=False, Internal, whatever the operator raises.
    """
    backend, task = info.backend, site.task()
    assert backend is not None
    if worker is None and getattr(backend, "requires_worker_binding", False):
        raise Internal(
            "profile.worker_binding is required for this operator backend; declare it in the agent .md frontmatter"
        )
    ctx = ctx_of(site, agent, info)

    async def ask() -> Any:
        said = await call(site, backend.execute, ctx, system, prompt, worker, task.token())
        if not task.finals():
            result = said if isinstance(said, WorkerResult) else WorkerResult(said)
            task.submit(Final(Inline(flow.take(result.value)[0]), result.ok))
        return task.outcome()

    return await site.answer("operator", ask, system)
