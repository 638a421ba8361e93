"""Scopes: which ignore files hold in a directory, its own and those above it, and what they say of an entry there.

Asked in this order, and in each from the directory upwards, until one has an opinion: `.ignore`; `.gitignore`;
`.git/info/exclude`; the user's global ignore file. No repository is needed, and none ends what holds above it. The
directories above the root of a walk count as well. What an ignore file takes back in stays hidden if it is.
Source: ripgrep 15 with --no-require-git, which shows hidden entries that are taken back in; pi-natives 18.2 does not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Container
from pathlib import Path
from typing import TypeAlias

from flowbench.tools.files.ignoring import Rules, rules_of
from flowbench.tools.files.segments import Choice, Stage

IGNORE, GITIGNORE, GIT = ".ignore", ".gitignore", ".git"
NAMES = frozenset({IGNORE, GITIGNORE, GIT})

Chain: TypeAlias = tuple[tuple[Stage, tuple[bool, ...]], ...]
"""(where the directory stands in the rules of a file, which of them take back in), the nearest file first."""

Ignores: TypeAlias = Callable[[str], bool]


class Scopes:
    """What holds in one directory. chains: of `.ignore`, `.gitignore`, the exclude files, the global file.

    ignores_file, ignores_folder: whether an entry of this name is left out; None where none is.
    """

    __slots__ = ("_is_steady", "chains", "ignores_file", "ignores_folder")

    def __init__(self, chains: tuple[Chain, Chain, Chain, Chain] = ((), (), (), ())) -> None:
        self.chains = chains
        asked = [each for chain in chains for each in chain]
        self.ignores_file: Ignores | None = _ignoring([(stage.files, keeps) for stage, keeps in asked])
        self.ignores_folder: Ignores | None = _ignoring([(stage.folders, keeps) for stage, keeps in asked])
        self._is_steady = all(stage.is_steady for stage, _ in asked)

    def below(self, name: str) -> Scopes:
        """In the directory of this name, before its own files are looked at; this one where nothing changes."""
        if self._is_steady:
            return self
        ignore, git, exclude, general = self.chains
        return Scopes((_entered(ignore, name), _entered(git, name), _entered(exclude, name), _entered(general, name)))

    def with_files_of(self, directory: str, names: Container[str], everywhere: Rules | None) -> Scopes:
        """And with the directory's own files. names: entries that it has; everywhere: the user's global rules."""
        ignore, git, exclude, general = self.chains
        if GIT in names:
            general = _with((), everywhere)  # its `/name` is meant from the top of a repository
        if IGNORE in names:
            ignore = _with(ignore, rules_of(os.path.join(directory, IGNORE)))
        if GITIGNORE in names:
            git = _with(git, rules_of(os.path.join(directory, GITIGNORE)))
        if GIT in names:
            exclude = _with(exclude, rules_of(_exclude_file(os.path.join(directory, GIT))))
        return Scopes((ignore, git, exclude, general))


def above(root: str, everywhere: Rules | None) -> Scopes:
    """What the directories above a root say of it. root: absolute, without links in it."""
    *folders, _ = Path(root).parts
    scopes = Scopes()
    directory, in_repository = "", False
    for folder in folders:
        if directory:
            scopes = scopes.below(folder)
        directory = os.path.join(directory, folder)
        names = present(directory)
        scopes = scopes.with_files_of(directory, names, everywhere)
        in_repository = in_repository or GIT in names
    scopes = scopes.below(os.path.basename(root)) if folders else scopes
    return scopes if in_repository else Scopes((*scopes.chains[:3], _with((), everywhere)))


def present(directory: str) -> frozenset[str]:
    """Which of the names that matter a directory has, without listing it."""
    return frozenset(name for name in NAMES if os.path.lexists(os.path.join(directory, name)))


def everywhere() -> Rules | None:
    """The user's global rules: `core.excludesFile` of git's configuration, else `git/ignore` where settings live."""
    home = Path(os.path.expanduser("~"))
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    for place in (home / ".gitconfig", settings / "git" / "config"):
        try:
            text = place.read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError):
            continue
        found = re.search(r'(?im)^\s*excludesfile\s*=\s*"?\s*(\S[^"\r\n]*?)\s*"?\s*$', text)
        if found:
            return rules_of(os.path.expanduser(found[1]))
    return rules_of(str(settings / "git" / "ignore"))


def _exclude_file(git: str) -> str:
    """git: the directory `.git`, or the file that stands for it in a worktree or a submodule."""
    shared = git
    if os.path.isfile(git):
        shared = os.path.join(os.path.dirname(git), _first_line(git).removeprefix("gitdir:").strip())
        shared = os.path.join(shared, _first_line(os.path.join(shared, "commondir")) or ".")
    return os.path.join(shared, "info", "exclude")


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.readline(4096).strip()
    except (OSError, ValueError):
        return ""


def _ignoring(asked: list[tuple[Choice, tuple[bool, ...]]]) -> Ignores | None:
    """Asked for each entry of a walk: most trees have one file with rules, and nothing in it that takes back in."""
    if not asked:
        return None
    if not any(any(keeps) for _, keeps in asked):
        first, *others = (choice.accepts for choice, _ in asked)
        return (lambda name: first(name) or any(fits(name) for fits in others)) if others else first

    def ignores(name: str) -> bool:
        for choice, keeps in asked:
            if choice.accepts(name):
                return not keeps[choice.best(name)]
        return False

    return ignores


def _entered(chain: Chain, name: str) -> Chain:
    return tuple((below, keeps) for stage, keeps in chain if (below := stage.enter(name)) is not None)


def _with(chain: Chain, rules: Rules | None) -> Chain:
    return chain if rules is None or rules.start is None else ((rules.start, rules.keeps), *chain)
