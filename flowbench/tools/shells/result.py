"""Result: how a command of a shell ended, and what it wrote as far as nobody else has listened."""

from __future__ import annotations

import msgspec

from flowbench.tools.minimizing.result import Minimized


class ShellResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Exactly one of exit_code, cancelled and timed_out says how it ended.

    exit_code: 127 not found, 126 not executable, 2 wrong syntax, 128 + n killed by signal n. working_dir: of the
    session afterwards; None if the session has ended with the command. output: what was written, if nobody has heard
    it meanwhile (`on_chunk`, `stream`); of more than 1 MiB both ends, with the name of the file that has all of it.
    minimized: a shorter text for what was written, where a minimizer has one.
    """

    exit_code: int | None = None
    cancelled: bool
    timed_out: bool
    minimized: Minimized | None = None
    working_dir: str | None = None
    output: str = ""
