"""`flowbench tool NAME KEY=VALUE ...`: call one of the tools that a step can be; Ctrl-C ends it."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from flowbench.cli import output, tool_words
from flowbench.cli.exits import Exit, Refusal, of_cancelled
from flowbench.cli.tool_shown import as_text
from flowbench.cli.words import as_json, table

if TYPE_CHECKING:
    from flowbench.cancel import CancelToken

SIGNALS = {signal.SIGINT: (Exit.INTERRUPTED, "interrupt"), signal.SIGTERM: (Exit.TERMINATED, "SIGTERM")}


@click.command()
@click.argument("name", required=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[WORD] [KEY=VALUE]...")
@click.option("--options", "wants_options", is_flag=True, help="Say what NAME can be told; nothing is called.")
@click.option("--json", "machine", is_flag=True, help="Print the answer, or what is listed, as one JSON value.")
@click.pass_context
def command(
    context: click.Context, name: str | None, words: tuple[str, ...], wants_options: bool, machine: bool
) -> None:
    """Call one of the tools that a step can be, as NAME [KEY=VALUE ...]; without a name, list them.

    The first WORD without a key is the tool's first option, the second one its path: `flowbench tool grep TODO src`. A
    VALUE is text where the option is a text, else JSON; @FILE stands for the text of a file, @- for standard input.

    Exit codes: 1 failed, also a command that ends with another code than 0; 2 usage; 124 its timeout_ms; 130 Ctrl-C.
    """
    from flowbench.blueprint import TOOLS, SpecError, options_of

    if name is None:
        return output.say(as_json(_listed()) if machine else table(_listing()))
    if name not in TOOLS:
        from flowbench.errors import nearest

        near = nearest(name, TOOLS)
        hint = f"did you mean `{near}`?" if near else "`flowbench tool` lists them"
        raise Refusal(f"no tool is called '{name}'; {hint}", Exit.USAGE)
    if wants_options:
        return output.say(as_json(_told(name)) if machine else table(_table(name)))
    try:
        options = options_of(tool_words.options(name, words), name)
    except SpecError as error:
        raise Refusal(str(error), Exit.USAGE) from error
    for needed in TOOLS[name].needed:
        if needed not in options:
            raise Refusal(f"tool {name}: {needed} is missing; `flowbench tool {name} --options` tells all", Exit.USAGE)
    answer = asyncio.run(_called(name, options, machine))
    if machine:
        output.say(as_json(answer))
    elif text := as_text(answer):
        output.say(text)
    if isinstance(answer, dict) and answer.get("exit_code") and not _is_fine(options, answer["exit_code"]):
        raise Refusal(f"tool {name}: the command ended with exit code {answer['exit_code']}", Exit.FAILED)
    return None


def _is_fine(options: dict[str, Any], code: int) -> bool:
    rule = options.get("ok_from")
    return rule == "any" or (isinstance(rule, tuple) and code in rule)


async def _called(name: str, options: dict[str, Any], machine: bool) -> Any:
    """The answer as plain data. What a command writes is passed on as it comes. Raises: Refusal when it was stopped."""
    from flowbench.cancel import Aborted, CancelToken
    from flowbench.tools import CATALOG

    token, written = CancelToken(), list[str]()
    given = {key: value for key, value in options.items() if key != "ok_from"}

    def heard(text: str) -> None:
        written.append(text) if machine else sys.stdout.write(text)
        sys.stdout.flush()

    got = _listen(token)
    try:
        answer = await CATALOG[name].answer(given, token, heard)
    except Aborted as aborted:
        raise _stopped(name, got, aborted.cause) from None
    if isinstance(answer, dict) and (answer.get("timed_out") or answer.get("cancelled")):
        raise _stopped(name, got, token.cause)
    if isinstance(answer, dict) and "exit_code" in answer:
        answer = {key: each for key, each in answer.items() if key not in ("cancelled", "timed_out")}
        answer["output"] = "".join(written)
    return answer


def _listen(token: CancelToken) -> list[Exit]:
    """SIGINT and SIGTERM abort the token; a second one ends this process at once. What came first, when it has."""
    from flowbench.cancel import AbortReason

    loop, got = asyncio.get_running_loop(), list[Exit]()

    def hear(number: signal.Signals) -> None:
        if got:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        code, by = SIGNALS[number]
        got.append(code)
        token.abort(AbortReason.SIGNAL, by=by)

    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, hear, number)
    return got


def _stopped(name: str, got: list[Exit], cause: Any) -> Refusal:
    from flowbench.cancel import AbortReason

    if got:
        return Refusal(f"tool {name}: stopped", of_cancelled(cause, got[0]))
    if cause is None or cause.reason is AbortReason.TIMEOUT:
        return Refusal(f"tool {name}: it did not end within its timeout_ms", Exit.TIMEOUT)
    return Refusal(f"tool {name}: {cause.reason} (by {cause.by})", of_cancelled(cause, None))


def _listed() -> list[dict[str, Any]]:
    from flowbench.blueprint import TOOLS

    return [{"name": name, **_told(name)} for name in TOOLS]


def _told(name: str) -> dict[str, Any]:
    from flowbench.blueprint import TOOLS, about_tool

    cls = TOOLS[name]
    first, fields = about_tool(name)
    facts = {"does": first, "first": cls.principal, "needed": list(cls.needed), "danger": cls.danger}
    first_of_all = (cls.principal, *cls.needed)
    names = sorted(cls.__struct_fields__, key=lambda each: (each == "timeout_ms", each not in first_of_all))
    return {**facts, "options": {each: fields.get(each, "") for each in names}}


def _listing() -> list[tuple[str, ...]]:
    from flowbench.blueprint import TOOLS, about_tool

    return [(name, about_tool(name)[0], "needs trust in a file" if TOOLS[name].danger else "") for name in TOOLS]


def _table(name: str) -> list[tuple[str, ...]]:
    told = _told(name)
    marks = dict.fromkeys(told["needed"], "needed")
    return [(each, marks.get(each, ""), text) for each, text in told["options"].items()]
