"""A secret reaches the agent, and no file, frame, error or drawing of the run."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.engine import SecretNotAllowed, SecretNotGiven
from tests.flows import blueprint, lit, seq, step

CANARY = "c4nary-of-the-mine"


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def functions(heard: list[str]) -> Functions:
    functions = Functions()

    def use(value: dict[str, Any]) -> dict[str, Any]:
        heard.append(value["key"])
        print("using", value["key"], "now")
        return {"echo": value, "url": f"https://x/?k={value['key']}"}

    def ask(x: Any, secret: Any) -> str:
        heard.append(secret("ASKED"))
        return f"asked and got {secret('ASKED')}"

    async def boom(value: dict[str, Any]) -> None:
        raise PermissionError(f"refused {value['key']}")

    for fn in (use, ask, boom):
        functions.register(fn)
    return functions


FLOW = seq(
    {"kind": "assign", "at": "$.auth.key", "value": lit("$secret:API_KEY")},
    step("use", "$.auth", "$.used"),
    step("ask", "$.used.url", "$.asked"),
    {"kind": "try", "body": step("boom", "$.auth", "$.x"), "err_at": "$.error", "catch": seq()},
)


def told(run: fb.Run) -> str:
    assert run.path is not None
    files = [path.read_bytes().decode("utf-8", "replace") for path in run.path.rglob("*") if path.is_file()]
    return "\n".join([*files, repr(run), repr(run.steps), run.frame().to_html(), str(run.ctx), str(run.error)])


def test_a_secret_is_used_and_never_told(
    functions: Functions,
    heard: list[str],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("API_KEY", CANARY)
    monkeypatch.setenv("ASKED", CANARY[::-1])

    run = fb.launch(blueprint(FLOW), functions=functions)

    ctx = run.result(30)
    assert heard == [CANARY, CANARY[::-1]]
    assert ctx["used"] == {"echo": {"key": "$secret:API_KEY"}, "url": "https://x/?k=$secret:API_KEY"}
    assert ctx["asked"] == "asked and got $secret:ASKED"
    assert ctx["error"].endswith("refused $secret:API_KEY")
    assert CANARY not in told(run)
    assert CANARY[::-1] not in told(run)
    assert [line.text for line in run.log.lines("1")] == ["using $secret:API_KEY now"]
    assert capsys.readouterr().out == "using $secret:API_KEY now\n"


def test_a_failed_run_tells_nothing_and_can_be_resumed_with_the_secret(
    functions: Functions, heard: list[str], home: Path
) -> None:
    plan = blueprint(seq(step("use", "$.auth", "$.used"), step("boom", "$.auth", "$.x")))
    run = fb.launch(plan, {"auth": {"key": "$secret:API_KEY"}}, functions=functions, secrets={"API_KEY": CANARY})
    run.wait(30)

    again = fb.resume(run.id, functions=functions, secrets={"API_KEY": CANARY})
    again.wait(30)

    assert run.error is not None
    assert "refused $secret:API_KEY" in run.error
    assert heard == [CANARY]
    assert CANARY not in told(run) + told(again)


def test_a_launch_without_the_secret_is_refused_before_it_is_recorded(
    functions: Functions, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("API_KEY", raising=False)

    with pytest.raises(SecretNotGiven, match=r"API_KEY at `\$.flow.children\[0\].value.value` is not set"):
        fb.launch(blueprint(FLOW), functions=functions)
    monkeypatch.setenv("FLOWBENCH_SECRETS", "ANOTHER")
    with pytest.raises(SecretNotAllowed, match="give it with --secret API_KEY"):
        fb.launch(blueprint(FLOW), functions=functions)

    assert fb.runs() == []


def test_a_file_gets_only_what_its_launcher_names(
    functions: Functions, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("API_KEY", CANARY)
    file = tmp_path / "from_a_stranger.json"
    file.write_text(json.dumps(blueprint(FLOW)))
    mine = tmp_path / "mine.json"
    mine.write_text(json.dumps(blueprint(step("use", "$.auth", "$.used"))))

    with pytest.raises(SecretNotAllowed, match="API_KEY"):
        fb.launch(file, functions=functions)
    run = fb.launch(mine, {"auth": {"key": "$secret:API_KEY"}}, functions=functions)

    assert run.result(30)["used"]["echo"] == {"key": "$secret:API_KEY"}


def test_a_step_may_take_a_secret_as_its_whole_input(functions: Functions, home: Path) -> None:
    functions.register(len, id="length")

    run = fb.launch(
        blueprint({**step("length", out="$.n"), "in": "$secret:K"}), functions=functions, secrets={"K": CANARY}
    )

    assert run.result(30) == {"n": len(CANARY)}


@pytest.mark.parametrize("is_async", [False, True], ids=["thread", "loop"])
def test_what_a_step_launches_keeps_the_secrets_of_its_run(
    functions: Functions, heard: list[str], home: Path, is_async: bool
) -> None:
    inner: list[fb.Run] = []

    def launch(x: str) -> fb.Run:
        plan = blueprint(
            seq(
                {"kind": "assign", "at": "$.k.key", "value": lit(x)},
                step("use", "$.k", "$.a"),
                step("use", "$.c", "$.b"),
            )
        )
        inner.append(fb.launch(plan, {"c": {"key": x}}, functions=functions))
        return inner[-1]

    def nest(x: str) -> Any:
        return launch(x).result(30)

    async def nest_async(x: str) -> Any:
        return await launch(x)

    functions.register(nest_async if is_async else nest, id="nest")
    outer = fb.launch(
        blueprint({**step("nest", out="$.n"), "in": "$secret:K"}), functions=functions, secrets={"K": CANARY}
    )

    assert outer.result(30)["n"]["a"]["url"] == "https://x/?k=$secret:K"
    assert heard == [CANARY, CANARY]
    assert CANARY not in told(outer) + told(inner[0])


def test_a_file_that_a_step_launches_gets_no_secret_of_its_run_by_asking(
    functions: Functions, heard: list[str], home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "from_a_stranger.json"
    file.write_text(json.dumps(blueprint(step("use", "$.c", "$.b") | {"in": lit({"key": "$secret:K"})})))

    def nest(x: str) -> Any:
        return fb.launch(file, functions=functions).result(30)

    functions.register(nest)
    outer = fb.launch(
        blueprint({**step("nest", out="$.n"), "in": "$secret:K"}), functions=functions, secrets={"K": CANARY}
    )
    outer.wait(30)

    assert "SecretNotAllowed" in str(outer.error) or "is not given to this run" in str(outer.error)
    assert heard == []


def test_a_thread_that_a_body_starts_prints_no_secret_either(
    functions: Functions, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    @functions.agent
    def start(x: str) -> None:
        thread = threading.Thread(target=print, args=["mine is", x])
        thread.start()
        thread.join()

    run = fb.launch(
        blueprint({**step("start", out="$.n"), "in": "$secret:K"}), functions=functions, secrets={"K": CANARY}
    )
    run.result(30)

    assert capsys.readouterr().out == "mine is $secret:K\n"


def test_a_secret_that_is_printed_in_parts_reaches_the_terminal_as_its_name(
    functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    @functions.agent
    def spell(x: str) -> int:
        for letter in f"it is {x}, is it":
            print(letter, end="", flush=True)
        print(x[:5])
        return 1

    @functions.agent
    def end(x: str) -> int:
        print(x[:-1], end="")
        return 1

    flow = seq({**step("spell", out="$.n"), "in": "$secret:K"}, {**step("end", out="$.n"), "in": "$secret:K"})
    run = fb.launch(blueprint(flow), functions=functions, secrets={"K": CANARY})
    run.result(30)

    assert capsys.readouterr().out == f"it is $secret:K, is it{CANARY[:5]}\n{CANARY[:-1]}"
