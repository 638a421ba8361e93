"""Agents whose body a test writes itself, with the site before it: kind `lua` stands for them."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import flowbench as fb
from flowbench import blueprint as bp
from flowbench import engine
from tests.flows import Json, blueprint, step

Probe = Callable[[engine.Site, Any], Any]


class ProbeSpawner:
    quick, wants_secrets, digest = False, False, ""
    uses: engine.Uses = "loop"

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    def body(self, site: engine.Site) -> engine.Body:
        return lambda value: self.probe(site, value)


class ProbeFactory:
    def __init__(self, probes: Mapping[str, Probe]) -> None:
        self.probes = probes

    def build(self, agent: bp.AgentDef) -> engine.Spawner:
        return ProbeSpawner(self.probes[agent.name])


def install(set_attribute: Callable[[Any, str, Any], object], **probes: Probe) -> None:
    """set_attribute: what makes `engine.factories` know them, monkeypatch.setattr in a test."""
    known = engine.factories
    set_attribute(
        engine, "factories", lambda functions, **more: {**known(functions, **more), "lua": ProbeFactory(probes)}
    )


def probed(flow: Json, *names: str, **more: Any) -> Json:
    return blueprint(flow, agents=[{"name": name, "kind": "lua"} for name in names], **more)


async def asks_and_dies(site: engine.Site, value: Any) -> Any:
    """Asks once; the first process that has the answer is killed before it can use it."""
    log = Path(os.environ["ASKED"])

    async def ask() -> str:
        with log.open("a") as file:
            print(os.getpid(), file=file)
        return f"yes to {value}"

    said = await site.answer("hook", ask, "may I?")
    if os.environ.get("DIES"):
        os.kill(os.getpid(), signal.SIGKILL)
    return said


def seat() -> engine.Seat:
    """Of an engine whose secret all processes know."""
    desk = engine.Engine(engine.EngineCfg(token_secret=b"shared between processes"))
    return engine.Seat(desk, desk.attach("op"))


async def tells_its_token_and_dies(site: engine.Site, value: Any) -> Any:
    Path(os.environ["TOLD"]).write_text(site.task().token().encode())
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    install(setattr, asker=asks_and_dies, teller=tells_its_token_and_dies)
    run = fb.launch(probed(step(sys.argv[1]), sys.argv[1]), {"x": 1}, seat=seat())
    run.wait(60)
    sys.exit(f"it should have died: {run!r}")


if __name__ == "__main__":
    main()
