"""Cancel: how anything stops."""

from __future__ import annotations

from flowbench.cancel.grace import GRACE_SECONDS, Ending, stop
from flowbench.cancel.job import Orphan, raise_in
from flowbench.cancel.reason import Aborted, AbortReason, Cause
from flowbench.cancel.threads import Handoff
from flowbench.cancel.token import AbortToken, CancelToken

__all__ = [
    "GRACE_SECONDS",
    "AbortReason",
    "AbortToken",
    "Aborted",
    "CancelToken",
    "Cause",
    "Ending",
    "Handoff",
    "Orphan",
    "raise_in",
    "stop",
]
