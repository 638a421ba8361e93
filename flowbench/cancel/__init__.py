"""Cancel: how anything stops."""

from __future__ import annotations

from flowbench.cancel.ambient import bound, stopper
from flowbench.cancel.beats import BeatingToken, Beats
from flowbench.cancel.errors import Panicked
from flowbench.cancel.flag import Signal
from flowbench.cancel.grace import GRACE_SECONDS, LAST_SECONDS, Ending, stop
from flowbench.cancel.job import Orphan, raise_in
from flowbench.cancel.profile import WorkProfile, profile_region, work_profile
from flowbench.cancel.racing import future
from flowbench.cancel.reason import Aborted, AbortReason, Cause
from flowbench.cancel.threads import Handoff
from flowbench.cancel.token import AbortToken, CancelToken
from flowbench.cancel.work import Work, blocking

__all__ = [
    "GRACE_SECONDS",
    "LAST_SECONDS",
    "AbortReason",
    "AbortToken",
    "Aborted",
    "BeatingToken",
    "Beats",
    "CancelToken",
    "Cause",
    "Ending",
    "Handoff",
    "Orphan",
    "Panicked",
    "Signal",
    "Work",
    "WorkProfile",
    "blocking",
    "bound",
    "future",
    "profile_region",
    "raise_in",
    "stop",
    "stopper",
    "work_profile",
]
