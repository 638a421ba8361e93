"""Prompt templates: what they may say, how they fail, and that a hostile one runs nothing and ends."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from flowbench import process
from flowbench.blueprint import Functions
from flowbench.cancel import CancelToken
from flowbench.engine import Secrets, TemplateFailed, Visit, render
from flowbench.process.tagged import RUN, bearing
from tests.engine.programs import launched, until
from tests.flows import Json, step


class Here:
    """As much of a site as a template asks for."""

    run_id, folder = f"template-test-{os.getpid()}", None

    def __init__(self) -> None:
        self.token, self.secrets = CancelToken(), Secrets()

    def visit(self) -> Visit:
        return Visit("0", 1)

    def voice(self) -> Any:
        return lambda stream, text: None

    def outlives(self, at: str, ended: float | None) -> None: ...

    def step_token(self, at: str | None = None) -> CancelToken:
        return self.token.child()


def rendered(template: str, prompt: str = "do it", **options: Any) -> str:
    async def once() -> str:
        try:
            return await render(Here(), template, prompt, **options)  # type: ignore[arg-type]
        finally:
            await process.clear(Here.run_id)  # as the end of a run does

    return asyncio.run(once())


def refused(template: str, prompt: str = "do it", **options: Any) -> str:
    with pytest.raises(TemplateFailed) as raised:
        rendered(template, prompt, **options)
    text = str(raised.value)
    assert text.startswith("render system_prompt: template render failed: ")
    assert "\n" not in text
    return text.removeprefix("render system_prompt: template render failed: ")


def speaker(system_prompt: str) -> Json:
    """An agent whose answer is its system prompt, rendered."""
    spec = {"argv": ["cat"], "stdin": "{system}", "fold": "text"}
    return {"name": "work", "kind": "subprocess", "spec": spec, "profile": {"system_prompt": system_prompt}}


@pytest.mark.parametrize(
    ("template", "prompt", "text"),
    [
        ("Do {{ directive }}.\n", "it <now>", "Do it <now>.\n"),
        ("{{ a.b }} {{ a['c d'] }}", '{"a": {"b": 1, "c d": [2]}}', "1 [2]"),
        ("{{ order.items }}", '{"order": {"items": "three"}}', "three"),
        ("{% for x in xs %}{{ loop.index }}={{ x }};{% endfor %}", '{"xs": ["a", "b"]}', "1=a;2=b;"),
        ("{{ x|tojson }}{# a note #}", '{"x": {"b": "<é>", "a": null}}', '{"a": null, "b": "<é>"}'),
        ("{{ directive }}", "[1, 2]", "[1, 2]"),
        ("{% if x is defined %}yes{% else %}no{% endif %}", "{}", "no"),
    ],
)
def test_slots_are_the_fields_of_the_prompt_or_the_directive(template: str, prompt: str, text: str) -> None:
    assert rendered(template, prompt) == text


def test_text_without_marks_is_returned_as_it_is_and_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowbench.process.run_script", None)

    assert rendered("A { brace } and 100 %.\r\n") == "A { brace } and 100 %.\r\n"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("one\ntwo {{ missing }}", "line 2: 'missing' is undefined"),
        ("{{ directive.missing }}", "line 1: "),
        ("one\n{% for %}", "line 2: Expected "),
        ("{{ directive | nope }}", "line 1: No filter named 'nope'."),
        ("\n\n{{ 1 / 0 }}", "line 3: division by zero"),
        ("{{ 1 + directive }}", "line 1: unsupported operand"),
        ("{% include 'x' %}", "line 1: "),
        ("{% extends '/etc/passwd' %}", "line 1: "),
        ("{% import 'os' as os %}", "line 1: "),
    ],
)
def test_a_failure_names_the_line(template: str, said: str) -> None:
    assert refused(template).startswith(said)


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''['__class__']['__base__'] }}",
        "{{ directive|attr('__class__') }}",
        "{{ [directive]|map(attribute='__class__')|first|attr('__mro__') }}",
        "{{ '{0.__class__.__init__.__globals__}'.format(directive) }}",
        "{{ ('{0.__class__.__mro__}'|format(directive)).upper.__globals__ }}",
        "{{ self.__init__.__globals__['os'].popen('touch OWNED') }}",
        "{{ cycler.__init__.__globals__.os.system('touch OWNED') }}",
        "{{ lipsum.__globals__ }}",
        "{{ namespace }}",
        "{{ joiner }}",
        "{{ dict }}",
        "{{ range(10**9) }}",
        "{{ loop.__init__ }}",
        "{% for x in [1] %}{{ loop._iterator.__reduce__() }}{% endfor %}",
        "{% macro m() %}{{ m.__globals__ }}{% endmacro %}{{ m() }}",
        "{% set x = [] %}{{ x.append(1) }}",
        "{{ 'a' * 10**10 }}",
        "{{ '%2000000000d' % 1 }}",
        "{{ '{:>2000000000}'.format(1) }}",
        "{{ directive.ljust(10**10) }}",
        "{{ [0] * 10**10 }}",
        "{{ 'x' * 2000000 }}",
        "{% set s = 'x' * 100000 %}" + "{{ s }}" * 20,
        "{{ " + "(" * 5000 + ")" * 5000 + " }}",
        "{{ " + "-" * 20_000 + "1 }}",
        "{% if 1 %}" * 3000 + "{% endif %}" * 3000,
    ],
    ids=lambda template: template[:50],
)
def test_a_hostile_template_runs_nothing(template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    said = refused(template)

    assert said
    assert list(tmp_path.iterdir()) == []


ENDLESS = (
    "{% for a in x %}{% for b in x %}{% for c in x %}{% for d in x %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}"
)
MANY = '{"x": "' + "x" * 100_000 + '"}'


@pytest.mark.parametrize("template", [ENDLESS, "{{ 9 ** (9 ** 9) }}"], ids=["loops", "in C"])
def test_one_that_does_not_end_is_ended(template: str) -> None:
    assert refused(template, MANY, seconds=1.0) == "it did not end within 1 s"
    assert bearing(RUN, Here.run_id) == set()


def test_a_failure_is_the_steps_failure() -> None:
    run = launched(speaker("Be {{ tone }}."), {"text": "x"}, functions=Functions())
    run.wait(60)

    assert run.state == "failed"
    assert str(run.steps[-1].error) == "render system_prompt: template render failed: line 1: 'tone' is undefined"


def test_an_abort_ends_a_template_and_leaves_no_process() -> None:
    run = launched(speaker(ENDLESS), {"x": "x" * 100_000}, flow=step("work"))
    until(lambda: len(bearing(RUN, run.id)) >= 2)

    run.abort()
    run.wait(30)

    assert run.state == "cancelled"
    assert bearing(RUN, run.id) == set()
