"""The checklist for everything public that takes a token; a new export is held to it as soon as it is listed here.

1. Its first words say whether an abort raises or returns; never both.
2. An abort, or a deadline that has passed, before it begins: nothing runs.
3. An abort in the middle ends it in bounded time, and what was asked is what is reported.
Source: pi-natives, "adding a cancellable export".
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import re
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench import cancel, engine, notebook, process, runtime, tools
from flowbench.blueprint import Functions, MemoryStore, load
from flowbench.cancel import Aborted, AbortReason, CancelToken
from tests.engine.desks import Desk, Worker
from tests.engine.test_link import Quiet
from tests.flows import blueprint, step
from tests.process import scripts
from tests.promises import tooled

PACKAGE = Path(fb.__file__).parent
BOUND = 30.0  # seconds; a loaded machine, not a figure of merit


def takes_token(fn: Any) -> bool:
    """By name, or among the options that it passes on."""
    for parameter in inspect.signature(fn).parameters.values():
        options = re.fullmatch(r"Unpack\[(\w+)\]", str(parameter.annotation))
        if "CapToken" in str(parameter.annotation):  # another kind: what somebody may do
            continue
        is_stop = parameter.name == "stop" and "CancelToken" in str(parameter.annotation)
        if is_stop or parameter.name == "token" or (options and "token" in fn.__globals__[options[1]].__annotations__):
            return True
    return False


def exports() -> Iterator[tuple[str, Any]]:
    """(room.name, function) of all public functions, and public methods of public classes."""
    for init in sorted(PACKAGE.glob("*/__init__.py")):
        room = importlib.import_module(f"flowbench.{init.parent.name}")
        for name in room.__all__:
            shown = getattr(room, name)
            if inspect.isfunction(shown):
                yield f"{init.parent.name}.{name}", shown
            elif inspect.isclass(shown) and shown.__module__.startswith("flowbench."):
                ours = [base for base in reversed(shown.__mro__) if base.__module__.startswith("flowbench.")]
                for method, fn in {name: fn for base in ours for name, fn in vars(base).items()}.items():
                    if inspect.isfunction(fn) and not method.startswith("_"):
                        yield f"{init.parent.name}.{name}.{method}", fn


CANCELLABLE = {name: fn for name, fn in exports() if takes_token(fn)}


def body(token: CancelToken, mark: Path) -> None:
    """Work that shows that it has begun and looks at its token ever after."""
    mark.touch()
    while True:
        token.heartbeat()
        time.sleep(0.005)


async def nap(mark: Path) -> None:
    mark.touch()
    await asyncio.sleep(600)


def deaf(mark: str) -> None:
    """Never looks at a token; for a process."""
    Path(mark).touch()
    time.sleep(600)


def functions(mark: Path, may_begin: bool = True) -> Functions:
    table = Functions()

    @table.agent
    def work(value: Any, token: CancelToken) -> None:
        if not may_begin:
            raise OSError("not yet")
        body(token, mark)

    return table


def launch(token: CancelToken, mark: Path) -> Any:
    run = fb.launch(blueprint(step("work")), {"x": 1}, functions=functions(mark), token=token, durability="memory")
    return run.result(BOUND)


def debug(token: CancelToken, mark: Path) -> Any:
    debugger = fb.debug(blueprint(step("work")), {"x": 1}, functions=functions(mark), token=token, durability="memory")
    debugger.go()
    return debugger.run.result(BOUND)


def resume(token: CancelToken, mark: Path) -> Any:
    failed = fb.launch(blueprint(step("work")), {"x": 1}, functions=functions(mark, may_begin=False))
    failed.wait(BOUND)
    return fb.resume(failed.id, functions=functions(mark), token=token).result(BOUND)


def rerun(token: CancelToken, mark: Path) -> Any:
    failed = fb.launch(blueprint(step("work")), {"x": 1}, functions=functions(mark, may_begin=False))
    failed.wait(BOUND)
    return runtime.rerun(failed.id, at="work", functions=functions(mark), token=token).result(BOUND)


def explain(token: CancelToken, mark: Path) -> Any:
    asked = blueprint(step("work") | {"in": {"op": "call_extern", "ref": "wait", "args": []}})
    externs = {"wait": lambda _: body(token, mark)}
    return fb.explain(asked, functions=functions(mark), externs=externs, token=token)


def enhancer(mark: Path) -> runtime.EnhanceApplication:
    """With one issue, and a patch-spawner that works on it until it is stopped."""

    def work(issue: Any, token: CancelToken) -> None:
        body(token, mark)

    table = Functions()
    table.register(work, id="patch-spawner")
    store = MemoryStore()
    store.write_new("main", load(blueprint(step("work")) | {"agents": [{"name": "work", "kind": "operator"}]}))
    app = runtime.EnhanceApplication(store, functions=table)
    asyncio.run(app.handle(runtime.NewIssue("main", "less of it")))
    return app


def handed_over(token: CancelToken, mark: Path) -> Any:
    threads = cancel.Handoff()
    try:
        return asyncio.run(threads.call(lambda own: body(own, mark), token, token=token))
    finally:
        threads.close()


def waited(wait: Callable[[Desk, CancelToken], Coroutine[Any, Any, Any]]) -> Callable[[CancelToken, Path], Any]:
    """A wait for what never comes; the mark says that it has begun."""

    async def both(token: CancelToken, mark: Path) -> Any:
        waiting = asyncio.ensure_future(wait(Desk(), token))
        await asyncio.sleep(0)
        if not waiting.done():
            mark.touch()
        return await waiting

    return lambda token, mark: asyncio.run(both(token, mark))


def asked(desk: Desk) -> str:
    return desk.engine.query_senior(desk.token, desk.start(), "?")


def dispatched(token: CancelToken, mark: Path, is_own: bool = False) -> Any:
    desk, worker = Desk(), Worker(lambda site, value: nap(mark))
    desk.engine.spawner = worker
    if is_own:
        return asyncio.run(desk.engine.dispatch_attempt(desk.token, desk.start(), stop=token))
    return asyncio.run(desk.engine.dispatch_attempt_with(desk.token, desk.start(), worker, stop=token))


WAITS = "tests.process.called:wait_for"


def waits(mark: Path) -> tuple[str, str]:
    return str(mark), str(mark.with_name("never"))


def with_pool(use: Callable[[process.WarmPool], Any]) -> Any:
    pool = process.WarmPool("test")
    try:
        return use(pool)
    finally:
        pool.close()


def on_thread(token: CancelToken, mark: Path) -> Any:
    site = Quiet()
    try:
        return asyncio.run(engine.on_thread(lambda _: body(token, mark), None, site, token))
    finally:
        site.threads.close()


def on_terminal(begin: Callable[..., Any]) -> Callable[[CancelToken, Path], Any]:
    """An abort before the program runs raises, as the first words say, too."""

    def call(token: CancelToken, mark: Path) -> None:
        with suppress(Aborted):
            begin(f"touch {mark}; exec sleep 600", token=token)

    return call


def in_shell(run: Callable[[str, CancelToken], Any]) -> Callable[[CancelToken, Path], Any]:
    return lambda token, mark: run(f"touch {mark}; sleep 600", token)


def for_process(wait: Callable[[tools.Process, CancelToken], Any]) -> Callable[[CancelToken, Path], Any]:
    """Wait for one that does not end by itself, nor when it is asked to."""

    def call(token: CancelToken, mark: Path) -> Any:
        script = "trap '' TERM; echo up; while :; do sleep 0.05; done"
        with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            found = tools.Process.from_pid(child.pid)
            assert found is not None
            if not token.aborted():
                mark.touch()
            try:
                return wait(found, token)
            finally:
                child.kill()

    return call


CALLS: dict[str, Callable[[CancelToken, Path], Any]] = {
    "cancel.Handoff.call": handed_over,
    "cancel.blocking": lambda token, mark: cancel.blocking("test", token, lambda own: body(own, mark)).result(BOUND),
    "cancel.future": lambda token, mark: asyncio.run(cancel.future("test", token, nap(mark))),
    "engine.Engine.await_resume": waited(lambda desk, token: desk.engine.await_resume(asked(desk), None, token)),
    "engine.Engine.dispatch_attempt": lambda token, mark: dispatched(token, mark, is_own=True),
    "engine.Engine.dispatch_attempt_with": dispatched,
    "engine.Engine.poll_task": waited(lambda desk, token: desk.engine.poll_task(desk.token, desk.start(), 600, token)),
    "engine.Engine.start_detach_loop": waited(lambda desk, token: desk.engine.start_detach_loop(token)),
    "engine.on_thread": on_thread,
    "notebook.terminal": on_terminal(notebook.terminal),
    "process.Dialog.attend": lambda token, mark: asyncio.run(
        process.Dialog(["sh", "-c", 'touch "$0"; exec sleep 600', str(mark)], bytes).attend(token=token)
    ),
    "process.WarmPool.begin": lambda token, mark: with_pool(
        lambda pool: pool.begin(WAITS, *waits(mark), token=token).result()
    ),
    "process.WarmPool.call": lambda token, mark: with_pool(lambda pool: pool.call(WAITS, *waits(mark), token=token)),
    "process.blocking": lambda token, mark: process.blocking("test", token, lambda token: deaf(str(mark))).result(
        BOUND
    ),
    "process.run_isolated": lambda token, mark: asyncio.run(process.run_isolated(deaf, str(mark), token=token)),
    "process.run_script": lambda token, mark: asyncio.run(
        process.run_script("deaf", Path(scripts.__file__), str(mark), token=token)
    ),
    "process.spawn": lambda token, mark: asyncio.run(
        process.spawn(["sh", "-c", 'touch "$0"; exec sleep 600', str(mark)], token=token)
    ),
    "runtime.EnhanceApplication.run_forever": lambda token, mark: asyncio.run(
        enhancer(mark).run_forever(0.01, token=token)
    ),
    "runtime.EnhanceApplication.tick": lambda token, mark: asyncio.run(enhancer(mark).tick(token)),
    "runtime.debug": debug,
    "runtime.explain": explain,
    "runtime.launch": launch,
    "runtime.rerun": rerun,
    "runtime.resume": resume,
    "tools.Shell.run": in_shell(lambda command, token: tools.Shell().run(command, token=token)),
    "tools.Shell.stream": in_shell(lambda command, token: list(tools.Shell().stream(command, token=token))),
    "tools.execute_shell": in_shell(lambda command, token: tools.execute_shell(command, token=token)),
    "tools.Process.terminate": for_process(lambda each, token: each.terminate(graceful_ms=600_000, token=token)),
    "tools.Process.wait_for_exit": for_process(lambda each, token: each.wait_for_exit(token=token)),
    "tools.PtySession.start": on_terminal(lambda *args, **terms: tools.PtySession().start(*args, **terms)),
    "tools.PtySession.start_argv": on_terminal(
        lambda command, **terms: tools.PtySession().start_argv("sh", ["-c", command], **terms)
    ),
    "tools.PtySession.stream": on_terminal(lambda *args, **terms: list(tools.PtySession().stream(*args, **terms))),
}

CALLS |= tooled.CALLS

each = pytest.mark.parametrize("name", sorted(CALLS))


def reason_of(name: str, token: CancelToken, mark: Path) -> AbortReason:
    """What an abort comes to: an Aborted, the error of a run that was cancelled, or a plain return if it says so."""
    if said(name) == "returns":
        CALLS[name](token, mark)
        assert token.cause is not None
        return token.cause.reason
    with pytest.raises((Aborted, fb.RunCancelled)) as raised:
        CALLS[name](token, mark)
    return raised.value.cause.reason


def said(name: str) -> str:
    """What its first words say of an abort."""
    first = (inspect.getdoc(CANCELLABLE[name]) or "").split("\n\n")[0]
    [word] = re.findall(r"\b[Aa]bort (raises|returns)\b", " ".join(first.split()))
    return str(word)


def test_everything_public_that_takes_a_token_is_on_the_list() -> None:
    assert sorted(CANCELLABLE) == sorted(CALLS)


@each
def test_its_first_words_say_what_an_abort_does(name: str) -> None:
    assert said(name) in {"raises", "returns"}


@each
@pytest.mark.parametrize("reason", [AbortReason.USER, AbortReason.TIMEOUT], ids=["abort", "deadline"])
def test_before_the_start_nothing_runs(name: str, reason: AbortReason, tmp_path: Path) -> None:
    token = CancelToken(0 if reason is AbortReason.TIMEOUT else None)
    if reason is AbortReason.USER:
        token.abort()

    assert reason_of(name, token, tmp_path / "began") is reason
    assert not (tmp_path / "began").exists()


@each
def test_in_the_middle_it_ends_soon_and_says_why(name: str, tmp_path: Path) -> None:
    token, mark = CancelToken(), tmp_path / "began"
    reasons: list[AbortReason] = []
    caller = threading.Thread(target=lambda: reasons.append(reason_of(name, token, mark)), daemon=True)
    caller.start()
    until = time.monotonic() + BOUND
    while not mark.exists():
        assert time.monotonic() < until
        time.sleep(0.005)

    token.abort(AbortReason.SIGNAL, "test")
    caller.join(BOUND)

    assert reasons == [AbortReason.SIGNAL]
