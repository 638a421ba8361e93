"""Kinds: the file types by name: which extensions, or which whole file names, are `py`, `ts`, `docker`, ..."""

from __future__ import annotations

import msgspec

EXTENSIONS: dict[str, str] = {
    "js javascript": "js jsx mjs cjs",
    "ts typescript": "ts tsx mts cts",
    "json": "json jsonc json5",
    "yaml yml": "yaml yml",
    "toml": "toml",
    "md markdown": "md markdown mdx",
    "py python": "py pyi",
    "rs rust": "rs",
    "go golang": "go",
    "java": "java",
    "kt kotlin": "kt kts",
    "c": "c h",
    "cpp c++": "cpp cc cxx hpp hxx hh",
    "cs csharp c#": "cs csx",
    "php": "php phtml",
    "rb ruby": "rb rake gemspec",
    "sh bash shell": "sh bash zsh",
    "zsh": "zsh",
    "fish": "fish",
    "html htm": "html htm",
    "css": "css",
    "scss": "scss",
    "sass": "sass",
    "less": "less",
    "xml": "xml",
}
NAMES = {"docker": "dockerfile", "dockerfile": "dockerfile", "make": "makefile", "makefile": "makefile"}
_BY_WORD = {word: tuple(ends.split()) for words, ends in EXTENSIONS.items() for word in words.split()}


class Kind(msgspec.Struct, frozen=True):
    """Files of one type, in lower case. extensions: without the dot. name: a whole file name."""

    extensions: tuple[str, ...] = ()
    name: str = ""

    def accepts(self, path: str) -> bool:
        """path: with `/`; only its last part counts, in upper or lower case."""
        name = path.rpartition("/")[2].lower()
        stem, _, extension = name.rpartition(".")
        return name == self.name or (stem != "" and extension in self.extensions)


def kind_of(word: str) -> Kind:
    """What a word means as a type; one that is not known is that extension, or that file name.

    Source: pi-natives 18.2, grep's table of types.
    """
    plain = word.strip().lower().removeprefix(".")
    if plain in NAMES:
        return Kind(name=NAMES[plain])
    if plain in _BY_WORD:
        return Kind(_BY_WORD[plain])
    return Kind((plain,), plain)
