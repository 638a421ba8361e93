"""TaskLaunchService: the seed's own test cases by their names, and what flowbench promises beyond them."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import flowbench as fb
from flowbench import engine
from flowbench.blueprint import Functions, OperatorKind
from flowbench.cancel import AbortReason
from flowbench.runtime import LaunchFailed, TaskLaunchInput, TaskLaunchService
from tests.engine.layered import Everybody
from tests.flows import Json, blueprint, fan, lit, seq, step

OPERATOR = engine.Role.OPERATOR


@pytest.fixture
def functions() -> Functions:
    table = Functions()
    table.register(lambda value: value, id="echo", inline=True)
    table.register(lambda value: value + 1, id="inc", inline=True)

    @table.agent
    def boom(value: Any) -> Any:
        raise ValueError("intentional boom")

    return table


@pytest.fixture
def desk() -> engine.Engine:
    return engine.Engine()


@pytest.fixture
def service(desk: engine.Engine, functions: Functions) -> TaskLaunchService:
    return TaskLaunchService(desk, functions=functions, durability="memory")


def given(flow: Json, ctx: Any = None, **more: Any) -> TaskLaunchInput:
    return TaskLaunchInput.automate(blueprint(flow, **more), "ut-op", OPERATOR, 30.0, {"x": 1} if ctx is None else ctx)


# -- the seed's


def test_single_step_writes_out(service: TaskLaunchService) -> None:
    out = service.launch(given(step("echo", "$.input", "$.out"), {"input": "hello"})).result(60)

    assert out.final_ctx == {"input": "hello", "out": "hello"}
    assert (out.token.agent_id, out.token.role) == ("ut-op", OPERATOR)


def test_three_step_sequence(service: TaskLaunchService) -> None:
    flow = seq(step("inc", "$.x", "$.a"), step("inc", "$.a", "$.b"), step("inc", "$.b", "$.c"))

    assert service.launch(given(flow)).result(60).final_ctx == {"x": 1, "a": 2, "b": 3, "c": 4}


def test_fanout_all_of_four_runs_at_least_two_concurrently_with_ordered_results(
    service: TaskLaunchService, functions: Functions
) -> None:
    two = asyncio.Event()
    running: list[int] = []

    @functions.agent
    async def meets(value: int) -> int:
        running.append(value)
        if len(running) >= 2:
            two.set()
        await two.wait()
        return value * 10

    out = service.launch(given(fan(step("meets", "$.i", "$.o"), (1, 2, 3, 4)), {})).result(60)

    assert [branch["o"] for branch in out.final_ctx["r"]] == [10, 20, 30, 40]


def test_worker_error_is_a_flow_eval_error_that_mentions_the_worker(service: TaskLaunchService) -> None:
    launch = service.launch(given(step("boom")))

    with pytest.raises(LaunchFailed, match=r"^flow eval: dispatcher error for ref 'boom': intentional boom$") as raised:
        launch.result(60)

    assert (raised.value.where, raised.value.run_id) == ("flow eval", launch.run.id)


CALL = {"kind": "assign", "at": {"op": "path", "at": "$.y"}, "value": {"op": "call_extern", "ref": "twice"}}


def extern() -> Json:
    node = dict(CALL)
    node["value"] = {**CALL["value"], "args": [lit(21)]}  # type: ignore[dict-item]
    return node


def test_extern_resolves(service: TaskLaunchService) -> None:
    other = service.with_externs({"twice": lambda args: args[0] * 2})

    assert other.launch(given(extern(), {})).result(60).final_ctx == {"y": 42}


def test_missing_registry_mentions_the_extern(service: TaskLaunchService) -> None:
    with pytest.raises(LaunchFailed, match="extern"):
        service.launch(given(extern(), {})).result(60)


# -- ours


def test_what_does_not_compile_attaches_nobody(service: TaskLaunchService, desk: engine.Engine) -> None:
    with pytest.raises(LaunchFailed, match=r"^compile: flow references agent 'nobody'"):
        service.launch(given(step("nobody")))

    assert desk.sessions() == []


def test_what_the_engine_refuses_says_so(service: TaskLaunchService) -> None:
    asks = TaskLaunchService(layers=["audti"])

    with pytest.raises(LaunchFailed, match=r"^engine: no layer is called 'audti'; did you mean 'audit'"):
        asks.launch(given(seq()))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"role": engine.Role.OBSERVER}, "role violation: role=Observer verb=StartTask"),
        ({"role": "senior"}, "role violation: role=Senior verb=StartTask"),
        ({"role": "opreator"}, "role is no role: 'opreator'; did you mean 'operator'?"),
        ({"operator_kind": "main"}, "operator_kind is no operator kind: 'main'; did you mean 'main_ai'?"),
        (
            {"operator_kind_overrides": {"inc": "auto"}},
            "operator_kind_overrides['inc'] is no operator kind: 'auto'; did you mean 'automate'?",
        ),
    ],
    ids=["observer", "senior as text", "no role", "no kind", "no kind of one"],
)
def test_who_may_start_nothing_or_is_nothing_launches_nothing_and_is_not_attached(
    service: TaskLaunchService, desk: engine.Engine, given: Any, said: str
) -> None:
    with pytest.raises(LaunchFailed) as raised:
        service.launch(TaskLaunchInput(blueprint=blueprint(step("inc")), operator_id="x", init_ctx={"x": 1}, **given))

    assert str(raised.value) == f"engine: {said}"
    assert desk.sessions() == []


def test_a_token_that_is_revoked_starts_no_further_step(
    service: TaskLaunchService, desk: engine.Engine, functions: Functions
) -> None:
    @functions.agent(inline=True)
    def shuts_out(value: Any) -> Any:
        [session] = desk.sessions()
        return desk.revoke(session.nonce)

    launch = service.launch(given(seq(step("shuts_out", "$.x", "$.revoked"), step("inc"))))

    with pytest.raises(LaunchFailed, match=r"^flow eval: dispatcher error for ref 'inc': token uses exhausted"):
        launch.result(60)
    assert launch.run.ctx == {"x": 1, "revoked": True}


def test_roles_and_kinds_may_come_as_text(service: TaskLaunchService, desk: engine.Engine) -> None:
    input: Any = {"role": "worker", "operator_kind": "composite", "operator_kind_overrides": {"inc": "main_ai"}}

    launch = service.launch(
        TaskLaunchInput(blueprint=blueprint(step("inc")), operator_id="x", init_ctx={"x": 1}, **input)
    )

    assert launch.result(60).final_ctx == {"x": 2}
    (session,) = desk.sessions()
    assert session.role is engine.Role.WORKER
    assert [session.tiers.effective(agent) for agent in ("inc", "echo")] == [
        OperatorKind.MAIN_AI,
        OperatorKind.COMPOSITE,
    ]


def test_a_launch_can_be_awaited_and_several_share_one_engine(service: TaskLaunchService, desk: engine.Engine) -> None:
    async def both() -> list[Any]:
        return await asyncio.gather(
            *[_of(service.launch(given(step("inc"), {"x": start}, id=f"b{start}"))) for start in (1, 2)]
        )

    async def _of(launch: Any) -> Any:
        return (await launch).final_ctx

    assert asyncio.run(both()) == [{"x": 2}, {"x": 3}]
    assert [session.operator_id for session in desk.sessions()] == ["ut-op", "ut-op"]


def test_a_failure_is_told_to_who_awaits(service: TaskLaunchService) -> None:
    async def go() -> None:
        await service.launch(given(step("boom")))

    with pytest.raises(LaunchFailed, match=r"^flow eval: "):
        asyncio.run(go())


def test_the_ttl_is_the_deadline_of_the_run(service: TaskLaunchService, functions: Functions) -> None:
    began = threading.Event()

    @functions.agent
    async def forever(value: Any) -> Any:
        began.set()
        await asyncio.sleep(600)

    launch = service.launch(TaskLaunchInput.automate(blueprint(step("forever")), ttl=0.2, init_ctx={"x": 1}))

    with pytest.raises(fb.RunCancelled) as raised:
        launch.result(60)

    assert raised.value.cause.reason is AbortReason.TIMEOUT


def test_a_session_is_detached_when_its_run_ends_and_its_token_stays_good(
    service: TaskLaunchService, desk: engine.Engine
) -> None:
    ended, launch = threading.Event(), service.launch(given(step("inc")))
    launch.run.on_end(lambda _: ended.set())

    token = launch.result(60).token
    assert ended.wait(60)

    assert [session.attached for session in desk.sessions()] == [False]
    assert desk.start_task(token, engine.TaskSpec("inc", 1)).startswith("T-")


def test_faces_are_found_by_their_ids_when_a_step_wants_them(service: TaskLaunchService, desk: engine.Engine) -> None:
    everybody, nobody = Everybody(), Everybody()
    desk.register_spawn_hook("hk", everybody)
    desk.register_operator("op", everybody)
    flow = blueprint(seq(step("inc"), step("echo")), spawner_hints={"layers": ["operator_delegate", "main_ai"]})
    input = TaskLaunchInput(
        blueprint=flow,
        operator_id="me",
        ttl=30.0,
        operator_kind=OperatorKind.MAIN_AI,
        hook_id="hk",
        bridge_id="not registered",
        operator_backend_id="op",
        operator_kind_overrides={"echo": OperatorKind.AUTOMATE},
        init_ctx={"x": 1},
    )

    out = service.launch(input).result(60)

    assert out.final_ctx == {"x": "operator did"}
    assert [what for what, *_ in everybody.heard] == ["before", "execute", "after", "execute"]
    assert [ctx.operator.id for ctx in everybody.ctxs] == ["me"] * 3
    assert nobody.heard == []


def test_automate_brings_nothing_so_that_the_blueprint_decides(service: TaskLaunchService, desk: engine.Engine) -> None:
    input = given(step("inc"), default_operator_kind="composite")

    assert (input.operator_kind, input.hook_id, input.bridge_id, input.operator_backend_id) == (None,) * 4
    assert input.operator_kind_overrides == {}
    launch = service.launch(input)
    assert desk.session(launch.token).tiers.effective("inc") is OperatorKind.COMPOSITE
    launch.result(60)


def test_options_that_the_input_says_are_refused(functions: Functions) -> None:
    with pytest.raises(TypeError, match="TaskLaunchService\\(\\) knows no option 'timeout'"):
        TaskLaunchService(functions=functions, timeout=3)
