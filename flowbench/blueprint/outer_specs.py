"""Specs of agents whose work is done elsewhere: by an operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowbench.blueprint.placeholders import SpecError


def read_operator(spec: Any) -> str:
    """`operator_ref`: the name of one of the Blueprint's operators, under which whoever does the work is registered.

    What else the spec says is between its author and the operator. Raises: SpecError.
    Source: mlua-swarm 0.2.1 `OperatorFactory`.
    """
    ref = spec.get("operator_ref") if isinstance(spec, Mapping) else None
    if not isinstance(ref, str):
        raise SpecError("operator spec: 'operator_ref' (string) required")
    return ref
