"""Templates: a system prompt with Jinja placeholders becomes text, in a process that can be killed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from flowbench import flow, process
from flowbench.engine.errors import TemplateFailed
from flowbench.engine.spawner import Site
from flowbench.engine.workers import template_child
from flowbench.engine.workers.terms import terms_of

LARGEST = 1 << 20  # bytes of what a template makes
SECONDS = 10.0  # that it may take; a start is 0.1 to 0.2
MARKS = ("{{", "{%", "{#")
_FILE = Path(template_child.__file__)

_rendering: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def render(site: Site, template: str, prompt: str, *, seconds: float = SECONDS) -> str:
    """The template's text for one visit; abort raises. As `rendered`.

    Source: mlua-swarm 0.2.1 `OperatorSpawner`, which uses minijinja.
    """
    if not is_template(template):
        return template
    return await rendered(terms_of(site, site.voice()), template, prompt, seconds=seconds)


async def rendered(terms: process.Terms, template: str, prompt: str, *, seconds: float = SECONDS) -> str:
    """The template's text; abort raises. terms: of the process that makes it.

    Slots are the fields of `prompt` if it is a JSON object, else `directive`, which is the prompt. A slot that is not
    there is a failure. There are no loaders, no globals, no escaping of HTML; `a.b` is the field before any method.
    A template without marks is returned as it is, and no process begins.
    Raises: TemplateFailed, Aborted.
    """
    if not is_template(template):
        return template
    asked = {"template": template, "slots": slots(prompt), "limit": LARGEST}
    bounded: process.Terms = {**terms, "timeout": seconds, "limit": 4}
    try:
        async with _places():
            told = await process.run_script("the template", _FILE, asked, **bounded)
    except process.TimedOut:
        raise TemplateFailed(f"it did not end within {seconds:g} s") from None
    except (process.BodyDied, process.BodyRaised) as error:
        raise TemplateFailed(str(error)) from error
    if "error" in told:
        raise TemplateFailed(told["error"])
    text: str = told["text"]
    return text


def is_template(text: str) -> bool:
    """It has placeholders to fill."""
    return any(mark in text for mark in MARKS)


def _places() -> asyncio.Semaphore:
    """Of this loop: who only waits for a person or a model has no place among those that start processes."""
    loop = asyncio.get_running_loop()
    return _rendering.get(loop) or _rendering.setdefault(loop, asyncio.Semaphore(os.cpu_count() or 1))


def slots(prompt: str) -> dict[str, Any]:
    """What a template may name."""
    try:
        value = flow.decode(prompt.encode())
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"directive": prompt}
