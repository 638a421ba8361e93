"""Explained: an explanation as text for a terminal, and as HTML for a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowbench.runtime.explaining import AgentExplained, Explanation, StepExplained

SHOWN = 2_000  # characters of one prompt

Line = tuple[str, str]
"""(what it is, its text); a line without a name goes on with the one before."""


def as_text(told: Explanation) -> str:
    """One paragraph per agent."""
    parts = [_head(told)]
    for agent in told.agents:
        rows = [f"  {name:<9} {line}".rstrip() for name, text in _lines(agent) for name, line in _split(name, text)]
        parts.append("\n".join([f"{agent.name} ({agent.kind})", *rows]))
    return "\n\n".join(parts)


def as_html(told: Explanation) -> str:
    """A table per agent; every text is escaped."""
    tables = []
    for agent in told.agents:
        rows = "".join(
            f'<tr><td style="text-align:left;vertical-align:top">{escape(name)}</td>'
            f'<td style="text-align:left;white-space:pre-wrap">{escape(text)}</td></tr>'
            for name, text in _lines(agent)
        )
        tables.append(
            f"<table><caption><b>{escape(agent.name)}</b> ({agent.kind})</caption><tbody>{rows}</tbody></table>"
        )
    return f'<div class="flowbench mathjax_ignore"><p>{escape(_head(told))}</p>{"".join(tables)}</div>'


def _head(told: Explanation) -> str:
    left_out = f"; left out, because nobody knows them: {', '.join(told.unknown)}" if told.unknown else ""
    return f"Blueprint {told.blueprint}{left_out}" if told.agents else f"Blueprint {told.blueprint} has no agents"


def _lines(agent: AgentExplained) -> Iterator[Line]:
    yield "layers", " > ".join(agent.layers) or "none"
    yield "operator", f"{agent.operator_kind} ({agent.tier}), id {agent.operator_id}"
    yield from agent.faces.items()
    if agent.work:
        yield "work", agent.work
    if agent.worker is not None:
        tools = f", tools {', '.join(agent.worker.tools)}" if agent.worker.tools else ""
        yield "worker", f"{agent.worker.subagent_type}{tools}"
    for step in agent.steps:
        yield from _step(step, agent)
    if not agent.steps:
        yield "step", "none calls it"
    token = agent.token
    ttl = "as long as its task is known" if token.ttl is None else f"{token.ttl:g} s"
    yield "token", f"{token.role} {token.agent_id}, scopes {' '.join(token.scopes)}, {ttl}, bound to {token.bound_to}"


def _step(step: StepExplained, agent: AgentExplained) -> Iterator[Line]:
    yield "step", f"{step.place}, in {step.reads}"
    if agent.template is not None:
        known = step.system is not None
        yield "system", _cut((step.system if known else f"rendered when it runs: {agent.template}") or "(empty)")
    what = step.form if step.prompt is None else f"{step.form}: {step.prompt}"
    yield "prompt", _cut(f"{what}, known when it runs: {step.why}" if step.prompt is None else what)


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} ... ({len(text):,} characters)"


def _split(name: str, text: str) -> Iterator[Line]:
    for number, line in enumerate(text.splitlines() or [""]):
        yield (name if number == 0 else ""), line
