"""Profile: where the work of the tools, and all other tagged work, has spent its time lately."""

from __future__ import annotations

from flowbench.cancel import WorkProfile as WorkProfile
from flowbench.cancel import work_profile


def get_work_profile(last_seconds: float = 60.0) -> WorkProfile:
    """What has ended in the last `last_seconds`, of at most 10,000 samples. No abort: over at once.

    Raises: ValueError for what is no number of at least 0.
    Source: pi-natives prof.rs, `getWorkProfile`, the flat form.
    """
    return work_profile(last_seconds)
