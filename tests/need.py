"""Need: what a test needs and this machine may lack. Missing skips with the reason; under CI it fails."""

from __future__ import annotations

import os

import pytest


def need(condition: object, reason: str) -> None:
    """Go on if `condition` holds. Else skip, saying `reason`; with CI=true fail instead, so that no gap goes unseen."""
    if condition:
        return
    if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(f"missing on CI: {reason}", pytrace=False)
    pytest.skip(reason)
