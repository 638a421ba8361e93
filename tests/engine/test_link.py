"""Link: layers go around agents, the last one outermost."""

from __future__ import annotations

from typing import Any

from flowbench import engine
from flowbench.blueprint import Functions, load
from flowbench.cancel import CancelToken, Handoff
from tests.flows import blueprint, seq, step


class Quiet:
    """A site for bodies that ask for nothing."""

    def __init__(self) -> None:
        self.run_id, self.folder, self.secrets = "r-0", None, engine.Secrets()
        self.token, self.threads = CancelToken(), Handoff()

    def visit(self) -> engine.Visit:
        return engine.Visit("0", 1)

    def ctx(self) -> Any:
        return {"seen": True}

    def linger(self) -> None:
        return None

    def outlives(self, at: str, ended: float | None) -> None: ...

    def step_token(self, at: str | None = None) -> CancelToken:
        return self.token.child()


class Marked:
    """A layer: writes its mark around whatever is inside."""

    def __init__(self, mark: str, inner: engine.Spawner) -> None:
        self.mark, self.inner = mark, inner
        self.quick, self.uses, self.digest = inner.quick, inner.uses, inner.digest + mark
        self.wants_secrets = inner.wants_secrets

    def body(self, site: engine.Site) -> engine.Body:
        inner = self.inner.body(site)
        return lambda value: f"{self.mark}({inner(value)})"


def compiled() -> engine.Compiled:
    functions = Functions()
    functions.register(lambda value: value, id="same", inline=True)
    functions.register(lambda value: value, id="slow")
    agents = [{"name": name, "kind": "python_fn", "spec": {"fn_id": name}} for name in ("same", "slow")]
    bp = load(blueprint(seq(step("same"), step("slow"), step("same")), agents=agents))
    return engine.compile(bp, engine.factories(functions))


def test_the_last_layer_is_outermost() -> None:
    linked = engine.link(compiled(), [lambda _, inner: Marked("a", inner), lambda _, inner: Marked("b", inner)])

    assert linked.bodies(Quiet())[0]("x") == "b(a(x))"


def test_no_layer_costs_nothing() -> None:
    linked = engine.link(compiled())

    assert linked.bodies(Quiet())[0]("x") == "x"
    assert linked.quick == {0}
    assert set(linked.digests) == {"same", "slow"}
