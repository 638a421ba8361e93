"""An abort of many bodies leaves nothing for the collector of garbage, which would pause everything to look for it."""

from __future__ import annotations

import asyncio
import gc
import threading
from types import CoroutineType, TracebackType
from typing import Any

import pytest

from flowbench.cancel import Aborted, AbortReason, Cause
from tests.flow.flows import evaluation, fan, go, step


async def forever(value: Any) -> Any:
    await asyncio.sleep(30)
    return value


def test_bodies_that_were_cancelled_leave_no_cycles_to_be_found() -> None:
    count = 100
    made = evaluation(fan(step("a", "$.i", "$.o"), range(count)), {"a": forever})
    gc.collect()
    gc.disable()
    try:
        threading.Timer(0.02, made.stop, [Cause(AbortReason.USER, "button")]).start()
        with pytest.raises(Aborted):
            go(made, {})
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found = [each for each in gc.garbage if isinstance(each, CoroutineType | TracebackType | BaseException)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()

    assert len(found) < count  # each body that is cancelled would be several, and a pause while a thousand are
