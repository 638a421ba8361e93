"""Cancel: how anything stops."""

from __future__ import annotations

from flowbench.cancel.reason import Aborted, AbortReason, Cause
from flowbench.cancel.token import AbortToken, CancelToken

__all__ = ["AbortReason", "AbortToken", "Aborted", "CancelToken", "Cause"]
