"""Languages: what can be parsed, by name or by the name of a file.

Source: pi-natives 18.2, crates/ast/language; of its languages those that ast-grep-py brings.
"""

from __future__ import annotations

from flowbench.tools.errors import UnsupportedLanguage

# canonical name: (other names, extensions of files)
TABLE: dict[str, tuple[str, str]] = {
    "bash": ("sh zsh ksh bats", "bash bats cgi command env fcgi ksh sh tmux tool zsh"),
    "c": ("h", "c h"),
    "cpp": ("c++ cc cxx hh hpp cu ino", "cc hpp cpp c++ hh cxx cu ino"),
    "csharp": ("c# cs", "cs"),
    "css": ("", "css scss"),
    "dart": ("", "dart"),
    "elixir": ("ex exs", "ex exs"),
    "go": ("golang", "go"),
    "haskell": ("hs", "hs"),
    "hcl": ("tf tfvars terraform", "hcl tf tfvars"),
    "html": ("htm xhtml", "html htm xhtml"),
    "java": ("", "java"),
    "javascript": ("js jsx mjs cjs", "cjs js mjs jsx"),
    "json": ("", "json"),
    "kotlin": ("kt kts ktm", "kt ktm kts"),
    "lua": ("", "lua"),
    "markdown": ("md mdx", "md markdown mdx"),
    "nix": ("", "nix"),
    "php": ("", "php"),
    "python": ("py py3 pyi", "py py3 pyi"),
    "ruby": ("rb rbw gemspec", "rb rbw gemspec"),
    "rust": ("rs", "rs"),
    "scala": ("sc sbt", "scala sc sbt"),
    "solidity": ("sol", "sol"),
    "swift": ("", "swift"),
    "tsx": ("", "tsx"),
    "typescript": ("ts mts cts", "ts cts mts"),
    "yaml": ("yml", "yaml yml"),
    "zig": ("", "zig"),
}
NAMES = {name: canonical for canonical, (others, _) in TABLE.items() for name in (canonical, *others.split())}
EXTENSIONS = {end: canonical for canonical, (_, ends) in TABLE.items() for end in ends.split()}

# Shell files without an extension, with a dot in front or without.
_SHELL_FILES = """
zshrc zshenv zprofile zlogin zlogout zsh_aliases bashrc bash_profile bash_login bash_logout bash_aliases profile kshrc
mkshrc shrc
"""
SHELL_FILES = frozenset(_SHELL_FILES.split())


def language(name: str) -> str:
    """The canonical name; case does not count. Raises: UnsupportedLanguage."""
    found = NAMES.get(name.strip().lower())
    if found is None:
        raise UnsupportedLanguage(name, sorted(NAMES))
    return found


def language_of(file: str) -> str | None:
    """By the name of a file, case counts; None: nobody can say. file: without folders."""
    if file.removeprefix(".") in SHELL_FILES:
        return "bash"
    stem, dot, extension = file.rpartition(".")
    return EXTENSIONS.get(extension) if stem and dot else None
