"""Checking: a launch looks at its Blueprint with lint first, if it is asked to."""

from __future__ import annotations

import warnings

from flowbench import blueprint as bp
from flowbench.runtime.errors import RunError


class LintWarning(UserWarning):
    """What lint has found in a Blueprint that is launched with check="warn" or "fail"."""


def look(blueprint: bp.Blueprint, policy: str, functions: bp.Functions, compat: str | None) -> None:
    """policy: warn: all that is no note is a LintWarning. fail: errors refuse the launch, warnings are told.

    Raises: blueprint.LintRefused.
    """
    if policy not in ("warn", "fail"):
        raise RunError(f'check is "off", "warn" or "fail", not {policy!r}')
    found = bp.lint(blueprint, functions=functions, compat=compat)
    if policy == "fail" and found.at("error"):
        raise bp.LintRefused(blueprint.id, found)
    for each in found.at("error", "warning"):
        warnings.warn(str(each), LintWarning, stacklevel=5)
