"""Terms: what holds for every process that a visit of a step starts."""

from __future__ import annotations

import hashlib

from flowbench.engine.spawner import Site, Voice
from flowbench.process import Terms

LONGEST_NAME = 100  # characters of an address in a file name


def terms_of(site: Site, voice: Voice) -> Terms:
    """Taken when the body is called. voice: of this visit."""
    visit = site.visit()
    at = visit.address or "root"
    if len(at) > LONGEST_NAME:
        at = hashlib.sha256(at.encode()).hexdigest()[:32]
    return {
        "tag": site.run_id,
        "token": site.step_token(),
        "voice": voice,
        "folder": site.folder,
        "name": f"{site.run_id}-{at}-{visit.attempt}",
        "hide": site.secrets.text if site.secrets.longest() else None,
    }
