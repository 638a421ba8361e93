"""Executing: an operator does the work of one visit; its answer is recorded before anybody hears it."""

from __future__ import annotations

from typing import Any

from flowbench import flow
from flowbench.engine.errors import Internal
from flowbench.engine.faces import OperatorInfo, WorkerBinding, WorkerResult, call
from flowbench.engine.outputs import Artifact, Final, Inline
from flowbench.engine.spawner import Site
from flowbench.engine.telling import ctx_of

PARTED = "$answer"  # the key of a recorded answer that has parts


async def execute(
    site: Site, agent: str, info: OperatorInfo, system: str | None, prompt: str, worker: WorkerBinding | None
) -> Any:
    """What `info.backend` makes of the prompt; abort raises. Inside `site.here()`.

    A Final that was submitted for this attempt meanwhile counts instead of what `execute` returns, and artifacts are
    parts of the answer, recorded with it. An answer that is not ok is none: a resume asks again.
    Raises: Blocked if it says ok=False, Internal, whatever the operator raises.
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
        return _recorded(task.outcome(), task.parts())

    value, parts = _opened(await site.answer("operator", ask, system))
    for name in parts.keys() - task.parts().keys():  # of an attempt before this one
        task.submit(Artifact(name, Inline(parts[name])))
    return value


def _recorded(value: Any, parts: dict[str, Any]) -> Any:
    """As the journal has it: the value itself, unless there is more to say or it looks as if there were."""
    is_plain = not parts and not (isinstance(value, dict) and value.keys() == {PARTED})
    return value if is_plain else {PARTED: {"value": value, "parts": parts}}


def _opened(answer: Any) -> tuple[Any, dict[str, Any]]:
    if isinstance(answer, dict) and answer.keys() == {PARTED}:
        return answer[PARTED]["value"], answer[PARTED]["parts"]
    return answer, {}
