"""Ripgrep: engine 1 of grep: the program `rg`, where it is, what it is told, and what its answer means.

It walks by itself (`search_tree`), or looks at the files that it is given (`search_files`). Whole trees are its own
work, because only there it leaves a binary file at the first NUL byte.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec

from flowbench.cancel import CancelToken
from flowbench.tools.errors import SearchFailed
from flowbench.tools.files.walking import reported
from flowbench.tools.searching import backtracked
from flowbench.tools.searching.guarded import Guarded
from flowbench.tools.searching.hits import Ask, Collected, FileHits, Hearer, Unable, Unfit
from flowbench.tools.searching.in_process import NO_WAIT, in_threads
from flowbench.tools.searching.ladder import Rung
from flowbench.tools.searching.linear import Linear
from flowbench.tools.searching.rg_messages import Messages

NAME = "rg.exe" if sys.platform == "win32" else "rg"
LONGEST = 100_000  # bytes of one argument; Linux takes no more than 131,072
ARGUMENTS = 1_000_000  # bytes of all arguments; the system takes 2 MiB, the environment included
HEAD = 1 << 16  # bytes of a binary file that are looked at before it is searched
LEFT = re.compile(rb": ignoring (?:\./)?(.+): found binary data at offset (\d+)\n\Z", re.DOTALL)
GIVEN_UP = re.compile(rb"\Arg: (?:\./)?(.+): PCRE2: error matching: [^\n]*\n\Z", re.DOTALL)
BASE = ("--no-config", "--json", "--no-mmap", "--no-require-git")


def programs() -> Iterator[str]:
    """Where `rg` is: with the environment's scripts, beside a `--target` install, with the user's scripts, on PATH.

    FLOWBENCH_RIPGREP names it instead; if that is no program, there is none.
    """
    named = os.environ.get("FLOWBENCH_RIPGREP")
    if named is not None:
        yield from [named] if os.access(named, os.X_OK) and os.path.isfile(named) else []
        return
    target = Path(__file__).resolve().parents[3] / "bin"
    user = sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))
    seen = set()
    for folder in (sysconfig.get_path("scripts"), str(target), user):
        place = os.path.join(folder, NAME)
        if place not in seen and os.path.isfile(place) and os.access(place, os.X_OK):
            seen.add(place)
            yield place
    found = shutil.which(NAME)
    if found is not None and found not in seen:
        yield found


class Ripgrep:
    """It as an engine of the plans."""

    def __init__(self, program: str) -> None:
        self.program = program

    def takes_tree(self, ask: Ask) -> bool:
        """A glob that takes in would make rg take back what is ignored, too; a type makes it tell of all it leaves."""
        return ask.glob is None and ask.kind is None

    def tree(self, ask: Ask, rung: Rung, hearer: Hearer, token: CancelToken) -> int:
        """Raises: Unfit, Unable, Aborted."""
        return search_tree(self.program, ask, rung, hearer, token)

    def files(self, ask: Ask, rung: Rung, places: list[bytes], hearer: Hearer, token: CancelToken) -> int:
        """Raises: Unfit, Unable, Aborted."""
        return search_files(self.program, ask, rung, places, hearer, token)


def search_tree(program: str, ask: Ask, rung: Rung, hearer: Hearer, token: CancelToken) -> int:
    """Search below `ask.root`; returns how many files were searched. hearer: told of each file with a match.

    Raises: Unfit, Unable, Aborted.
    """
    argv = [program, *BASE, *_options(ask, rung), "--glob=!.git", "--glob=!node_modules/"]
    argv += ["--hidden"] if ask.hidden else ["--glob=!.*"]  # else rg shows those that an ignore file takes back in
    argv += [] if ask.gitignore else ["--no-ignore"]
    argv += [] if ask.recursive else ["--max-depth=1"]
    if ask.multiline or not ask.stops_at_nul:
        return _run([*argv, "--", "./"], ask, rung, hearer, token, is_explicit=False)
    heads: dict[bytes, int] = {}
    searched = _run([*argv, "--debug", "--", "./"], ask, rung, hearer, token, is_explicit=False, heads=heads)
    _search_heads(heads, program, ask, rung, hearer, token)
    return searched


def search_files(
    program: str, ask: Ask, rung: Rung, places: Sequence[bytes], hearer: Hearer, token: CancelToken
) -> int:
    """Search those files. places: from `ask.root`, or absolute. Raises: Unfit, Unable, Aborted."""
    count = 0
    for part in _portions(places):
        argv = [program, *BASE, "--no-ignore", "--hidden", *_options(ask, rung), "--"]
        count += _run([*argv, *part], ask, rung, hearer, token, is_explicit=True)
    return count


def _options(ask: Ask, rung: Rung) -> list[str]:
    if "\0" in rung.text or len(rung.text.encode("utf-8", "surrogatepass")) > LONGEST:
        raise Unable("a pattern that cannot be an argument")
    options = ["--fixed-strings"] if rung.is_literal else ["--engine=auto"]
    options += ["--ignore-case"] if ask.ignore_case else ["--case-sensitive"]
    options += ["--multiline"] if ask.multiline else []
    # A file is left at its first NUL byte, or not at all. What spans lines is looked at again, see Messages.
    options += ["--text"] if ask.multiline or not ask.stops_at_nul else []
    # With multiline, rg counts each match where lines that touch are one here.
    is_counted = ask.per_file is not None and not (ask.multiline and ask.mode == "content")
    options += [f"--max-count={ask.per_file}"] if is_counted else []
    if ask.mode == "content":
        options += [f"--before-context={ask.before}", f"--after-context={ask.after}"]
    return [*options, f"--regexp={rung.text}"]


def _run(
    argv: list[str | bytes],
    ask: Ask,
    rung: Rung,
    hearer: Hearer,
    token: CancelToken,
    *,
    is_explicit: bool,
    heads: dict[bytes, int] | None = None,
) -> int:
    """heads: gets where the first NUL byte is in each file that rg has left because of it."""
    messages = Messages(ask, hearer.file, partial(_locate, ask, rung), is_explicit=is_explicit)
    folder = os.path.dirname(ask.root) if ask.is_file else ask.root
    try:
        with Guarded(argv, folder, token) as running:
            for chunk in running.chunks():
                messages.take(chunk)
                hearer.pause()
            if messages.searched is None:
                raise _broken(running.code, running.errors())
            given_up = [place for (place,) in _said(running.stderr(), GIVEN_UP)] if running.code == 2 else []
            if heads is not None:
                heads.update((place, int(nul)) for place, nul in _said(running.stderr(), LEFT))
                heads.update((hits.place, nul) for hits, nul in messages.odd)
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise Unable(f"ripgrep cannot run: {error}") from None
    for hits, nul in messages.odd if heads is None else ():
        token.heartbeat()
        _search_up_to(nul, hits, argv, ask, rung, hearer, token)
    return messages.searched + (_search_on(given_up, ask, rung, hearer, token) if given_up else 0)


def _search_on(places: list[bytes], ask: Ask, rung: Rung, hearer: Hearer, token: CancelToken) -> int:
    """Search files that rg gave up, because the pattern takes too many steps in them; this may take for ever.

    Raises: SearchFailed, Aborted.
    """
    try:
        return backtracked.search_files(ask, rung, places, hearer, token)
    except (Unfit, Unable) as error:
        place = reported(os.fsdecode(places[0]))
        raise SearchFailed(f"the pattern {ask.pattern!r} takes too many steps in {place} ({error})") from None


def _locate(ask: Ask, rung: Rung, line: bytes) -> tuple[int, int] | None:
    """Where the match is in a line, of which rg does not say it: one that asks for the ends of the text."""
    try:
        return Linear(rung, ignore_case=ask.ignore_case, multiline=ask.multiline).find(line)
    except Unfit:
        return None


def _said(stderr: Iterable[bytes], what: re.Pattern[bytes]) -> Iterator[tuple[bytes, ...]]:
    """The groups of each message of that form; the name of a file, and so its message, may hold line ends."""
    held = b""
    for line in stderr:
        held = line if line.startswith(b"rg: ") else held + line
        found = what.search(held)
        if found is not None:
            yield found.groups()
            held = b""


def _search_heads(
    heads: dict[bytes, int], program: str, ask: Ask, rung: Rung, hearer: Hearer, token: CancelToken
) -> None:
    """Search files up to their first NUL byte. rg leaves them when it reads the block in which that is."""
    if not heads:
        return
    try:
        pattern = Linear(rung, ignore_case=ask.ignore_case)
        if pattern.is_for_ascii:
            raise Unfit("beside letters that are not ASCII")
    except Unfit:  # left to rg, which searches what is behind the NUL byte, too
        search_files(program, ask, rung, list(heads), hearer, token)
        return
    folder = os.fsencode(ask.root)
    likely = []
    for place, nul in token.iter(heads.items()):
        if nul >= max(pattern.shortest, 1):
            try:
                fd = os.open(os.path.join(folder, place), os.O_RDONLY | NO_WAIT)
            except OSError:
                continue
            try:
                head = os.read(fd, min(nul, HEAD))
            except OSError:
                continue
            finally:
                os.close(fd)
            if nul > HEAD or (pattern.may_be_in(head) and (pattern.by_line or pattern.find(head) is not None)):
                likely.append(place)
    in_threads(pattern, ask, likely, hearer, token)


def _search_up_to(
    nul: int, hits: FileHits, argv: list[str | bytes], ask: Ask, rung: Rung, hearer: Hearer, token: CancelToken
) -> None:
    """Search a copy of a file that ends where its first NUL byte is."""

    found = Collected()
    folder = os.path.dirname(ask.root) if ask.is_file else ask.root
    with tempfile.NamedTemporaryFile() as copy:
        try:
            with open(os.path.join(os.fsencode(folder), hits.place), "rb") as whole:
                copy.write(whole.read(nul))
        except OSError:  # it is gone meanwhile
            return
        copy.flush()
        alone = msgspec.structs.replace(ask, root=copy.name, is_file=True)
        walks = ("--type", "--glob", "--max-depth")
        own = [each for each in argv[: argv.index("--")] if not str(each).startswith(walks)]
        _run([*own, "--", copy.name], alone, rung, found, token, is_explicit=True)
    for file in found.files:
        file.path, file.place, file.is_large = hits.path, hits.place, hits.is_large
        file.matches = [msgspec.structs.replace(match, path=hits.path) for match in file.matches]
        hearer.file(file)


def _broken(code: int | None, said: str) -> Exception:
    """What it means that rg ended without a summary. An old rg without PCRE2 cannot judge a pattern: then ours does."""
    if code == 2 and "regex could not be compiled with either" in said:
        return Unfit(said)
    return Unable(f"ripgrep ended with code {code}: {said.strip()[:200]}")


def _portions(places: Iterable[bytes]) -> Iterator[list[bytes]]:
    """As many as one command line takes."""
    part: list[bytes] = []
    size = 0
    for place in places:
        if part and size + len(place) > ARGUMENTS:
            yield part
            part, size = [], 0
        part.append(place if os.path.isabs(place) else b"./" + place)
        size += len(place) + 16
    if part:
        yield part
