"""Isolated: a Python function in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

import pytest

from flowbench.cancel import Aborted, AbortReason, CancelToken
from flowbench.process import BodyDied, BodyRaised, ProcessError, Unsendable, clear, run_isolated
from tests.process.trees import WAIT, Heard, linux, run, survivors, tag


def test_it_runs_elsewhere_and_answers_with_json() -> None:
    offset = 2

    def body(value: Any) -> Any:
        return {"pid": os.getpid(), "value": [value, offset, None, 1.5, "é\ud800"[:1]]}

    answer = run(run_isolated(body, {"a": 1}))

    assert answer["pid"] != os.getpid()
    assert answer["value"] == [{"a": 1}, 2, None, 1.5, "é"]


def test_functions_of_modules_travel_by_name_and_those_loaded_by_hand_by_value() -> None:
    module = types.ModuleType("loaded_by_hand")
    exec("factor = 3\ndef times(value):\n    return value * factor", module.__dict__)
    sys.modules["loaded_by_hand"] = module

    try:
        assert run(run_isolated(os.path.basename, "a/b")) == "b"
        assert run(run_isolated(module.times, 2)) == 6
    finally:
        del sys.modules["loaded_by_hand"]


def test_async_functions_are_awaited() -> None:
    async def body(value: int) -> int:
        await asyncio.sleep(0)
        return value + 1

    assert run(run_isolated(body, 1)) == 2


def test_prints_go_to_the_voice() -> None:
    voice = Heard()

    def body() -> None:
        print("out")
        print("err", file=sys.stderr)
        os.system("echo from below")

    run(run_isolated(body, voice=voice))

    assert sorted(voice.of("stdout")) == ["from below", "out"]
    assert voice.of("stderr") == ["err"]


def test_an_exception_comes_back_with_its_text_and_place() -> None:
    def body() -> None:
        raise ValueError("boom")

    with pytest.raises(BodyRaised) as raised:
        run(run_isolated(body))

    assert str(raised.value) == "boom"
    assert raised.value.type_name == "ValueError"
    assert raised.value.frames[-1][2] == "body"
    (note,) = raised.value.__notes__
    assert 'raise ValueError("boom")' in note
    assert note.endswith("ValueError: boom")


@pytest.mark.parametrize(
    ("error", "text"),
    [(KeyError("k"), "KeyError: 'k'"), (SystemExit(2), "SystemExit: 2"), (ValueError(), "ValueError"), (None, "Mute")],
    ids=["key", "exit", "silent", "mute"],
)
def test_exceptions_speak_as_they_do_at_home(error: BaseException | None, text: str) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def fail() -> None:
        raise error or Mute

    with pytest.raises(BodyRaised) as raised:
        run(run_isolated(fail))

    assert str(raised.value) == text


@pytest.mark.parametrize(
    ("blow", "said"),
    [
        ("os._exit(3)", "ended with exit code 3"),
        ("os.kill(os.getpid(), 9)", "was killed by SIGKILL"),
        ("os.abort()", "SIGABRT"),
    ],
    ids=["exit", "kill", "crash"],
)
def test_a_process_that_dies_says_how(blow: str, said: str) -> None:
    def body() -> None:
        eval(blow, {"os": os})

    with pytest.raises(BodyDied, match=f"the process of body .*{said}"):
        run(run_isolated(body))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ((1, 2), r"\$: tuple is no JSON value"),
        ({"a": [{1: 2}]}, r"\$\.a\[0\]: key 1 is no string"),
        ([float("nan")], r"\$\[0\]: nan is no JSON number"),
        ({"s": {1}}, r"\$\.s: set is no JSON value"),
    ],
    ids=["tuple", "key", "nan", "set"],
)
def test_an_answer_that_is_no_json_is_refused_with_its_place(value: Any, said: str) -> None:
    with pytest.raises(ProcessError, match=said):
        run(run_isolated(lambda: value))


def test_what_cannot_travel_says_so() -> None:
    lock = threading.Lock()

    def body() -> bool:
        return lock.locked()

    with pytest.raises(Unsendable, match=r"body cannot be sent to a process of its own: .*lock"):
        run(run_isolated(body))


def test_nothing_of_the_main_program_runs_again(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "print('main', flush=True)\nimport asyncio\nfrom flowbench.process import run_isolated\n"
        "def body(x): return [x, __name__]\n"
        "print(asyncio.run(run_isolated(body, 1)))\n"
    )

    told = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path)

    assert told.stdout == "main\n[1, '__main__']\n", told.stderr


def test_after_the_grace_there_is_no_mercy() -> None:
    token, voice = CancelToken(), Heard()

    def deaf() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("up", flush=True)
        while True:
            pass

    def lingers() -> int:
        threading.Thread(target=time.sleep, args=(600,)).start()
        return 1

    async def case() -> list[Any]:
        stopped = asyncio.create_task(run_isolated(deaf, token=token, voice=voice))
        answered = asyncio.create_task(run_isolated(lingers))
        await voice.up.wait()
        token.abort(AbortReason.USER, "test")
        return await asyncio.gather(stopped, answered, return_exceptions=True)

    aborted, answer = run(case())

    assert isinstance(aborted, Aborted)
    assert answer == 1


@pytest.mark.parametrize("wants_token", [False, True], ids=["by its end", "by its token"])
def test_a_body_that_is_stopped_cleans_up(tmp_path: Path, wants_token: bool) -> None:
    token, voice, trace = CancelToken(), Heard(), tmp_path / "trace"

    def with_token(token: CancelToken) -> None:
        print("up", flush=True)
        cause = token.wait_blocking(60)
        trace.write_text(str(cause))

    def without() -> None:
        try:
            print("up", flush=True)
            time.sleep(60)
        finally:
            trace.write_text("cleaned")

    async def case() -> None:
        work = run_isolated(with_token, token_name="token", token=token, voice=voice) if wants_token else None
        task = asyncio.create_task(work or run_isolated(without, token=token, voice=voice))
        await voice.up.wait()
        token.abort()
        await task

    with pytest.raises(Aborted):
        run(case())

    assert trace.exists()


def test_its_token_has_the_deadline() -> None:
    def body(token: CancelToken) -> bool:
        return token.deadline is not None and not token.aborted()

    assert run(run_isolated(body, token=CancelToken(60), token_name="token")) is True
    assert run(run_isolated(body, token=CancelToken(), token_name="token")) is False


def test_a_fork_that_comes_back_through_the_function_does_not_answer() -> None:
    def body() -> int:
        child = os.fork()
        if child:
            os.waitpid(child, 0)
        return os.getpid()

    assert run(run_isolated(body)) > 0


@linux
def test_what_it_leaves_running_ends_with_the_run() -> None:
    word = tag()

    def body() -> str:
        subprocess.Popen(["sh", "-c", WAIT], start_new_session=True)
        return "left"

    async def case() -> tuple[str, bool]:
        said = await run_isolated(body, tag=word)
        living = bool(survivors(word))
        await clear(word)
        return said, living

    assert run(case()) == ("left", True)
    assert survivors(word) == set()


def test_big_inputs_and_outputs_pass() -> None:
    value = {"rows": [{"n": n, "text": "x" * 100} for n in range(20_000)]}

    assert json.dumps(run(run_isolated(lambda value: value, value))) == json.dumps(value)
