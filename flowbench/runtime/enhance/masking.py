"""Masking: what mentions a secret in an issue or a Blueprint is data to an enhance flow, never a request for its value.

`$secret:NAME` is written `$secret-ref:NAME` in the ctx of such a run: a launch would look the value up and hand it to
whoever proposes patches, on the word of anybody who can file an issue.
"""

from __future__ import annotations

import re
from typing import Any

from flowbench.flow import decode, encode

_REFERENCE = re.compile(rb"\$secret((?:-ref)*):")
_MASKED = re.compile(rb"\$secret((?:-ref)*)-ref:")


def masked(value: Any) -> Any:
    """A JSON value without references, in texts and keys; what looks masked already can still be told apart."""
    return decode(_REFERENCE.sub(rb"$secret\1-ref:", encode(value)))


def unmasked(value: Any) -> Any:
    """The way back; a reference that was written since stays one."""
    return decode(_MASKED.sub(rb"$secret\1:", encode(value)))
