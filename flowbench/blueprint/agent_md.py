"""agent.md: an agent as a Markdown file: front matter between `---` lines, and below it its system prompt.

Source: mlua-swarm 0.2.1 agent.md loader.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flowbench.blueprint.errors import InvalidAgentFile, UnreadableText
from flowbench.blueprint.folder import Folder, Refused
from flowbench.blueprint.hashes import text_hash
from flowbench.blueprint.model import AgentDef, AgentKind, AgentProfile
from flowbench.blueprint.place import ROOT, under
from flowbench.blueprint.reader import Document, read
from flowbench.blueprint.words import what
from flowbench.excerpt import spot

SUFFIX = ".md"
LIMIT = 64 * 2**10  # bytes of front matter
DEPTH = 20  # lists and objects inside each other
_BEGIN = re.compile(r"\ufeff?---[ \t]*\r?\n")
_END = re.compile(r"^---[^\n]*(?:\n|\Z)", re.MULTILINE)
_TEXTS = ("model", "effort", "worker_binding")
_KNOWN = {"name", "description", "tools", *_TEXTS}


def read_agent(text: str, kind: AgentKind, source: str) -> AgentDef:
    """The agent in the text of a file. source: the file's name, for messages.

    Front matter: `name`, and if wanted `description`, `model`, `effort`, `tools` (a list, or a text with commas),
    `worker_binding`; every other key goes to `profile.extras`, also `verdict` and the like, which stand beside the
    reference. The text below is `profile.system_prompt`, to the byte.
    Raises: InvalidAgentFile with line and column.
    """
    front, body = _parts(text, source)
    try:
        document = read(front, "yaml", limit=LIMIT)
    except UnreadableText as error:
        raise InvalidAgentFile(error.message, source=source, spot=error.spot) from error
    fields = _Fields(document, source)
    name = fields.text("name")
    if not name:
        raise fields.refuse(ROOT, 'the front matter has no "name"')
    description = fields.text("description")
    extras = {key: each for key, each in fields.data.items() if key not in _KNOWN}
    profile = AgentProfile(
        system_prompt=body,
        tools=fields.tools(),
        description=None if description is None else description.strip(),
        extras=extras or None,
        version_hash=text_hash(body),
        **{key: fields.text(key) for key in _TEXTS},
    )
    return AgentDef(name, kind, None, profile)


def read_agents(path: Path, kind: AgentKind, limit: int = 8 * 2**20) -> list[AgentDef]:
    """The agents of all `*.md` in one folder, in the order of their names; files without front matter are left out.

    Raises: InvalidAgentFile.
    """
    folder = Folder(path, limit)
    found = []
    for file in sorted(each.name for each in path.iterdir() if each.suffix == SUFFIX):
        source = str(path / file)
        try:
            text = folder.text(file)
        except Refused as error:
            raise InvalidAgentFile(str(error), source=source) from error
        if _BEGIN.match(text):
            found.append(read_agent(text, kind, source))
    return found


def _parts(text: str, source: str) -> tuple[str, str]:
    """Front matter and body. An empty line stands for the first `---`: lines are counted as in the file."""
    begin = _BEGIN.match(text)
    if begin is None:
        message = "no front matter: an agent file begins with a line ---, then name: ..., then another line ---"
        raise InvalidAgentFile(message, source=source, spot=spot(text, 0))
    end = _END.search(text, begin.end())
    if end is None:
        message = "the front matter does not end: a second line --- is missing"
        raise InvalidAgentFile(message, source=source, spot=spot(text, 0))
    return "\n" + text[begin.end() : end.start()], text[end.end() :]


class _Fields:
    """The front matter, field by field."""

    def __init__(self, document: Document, source: str) -> None:
        self._document, self._source = document, source
        if not isinstance(document.data, dict):
            raise self.refuse(ROOT, f"the front matter is {what(document.data)}, no object with a name")
        self.data: dict[str, Any] = document.data
        self._check_depth()

    def refuse(self, place: str, message: str) -> InvalidAgentFile:
        return InvalidAgentFile(message, source=self._source, spot=self._document.spot(place))

    def text(self, key: str) -> str | None:
        value = self.data.get(key)
        if value is None or isinstance(value, str):
            return value
        raise self.refuse(under(ROOT, key), f"{key}: expected a text, not {what(value)}")

    def tools(self) -> tuple[str, ...]:
        value = self.data.get("tools")
        if value is None:
            return ()
        listed = value.split(",") if isinstance(value, str) else value
        if not isinstance(listed, list):
            raise self.refuse(f"{ROOT}.tools", f"tools: expected a list, or a text with commas, not {what(value)}")
        for index, each in enumerate(listed):
            if not isinstance(each, str):
                raise self.refuse(f"{ROOT}.tools[{index}]", f"tools: expected a text, not {what(each)}")
        return tuple(each.strip() for each in listed if each.strip())

    def _check_depth(self) -> None:
        level, depth = [(ROOT, self.data)], 0
        while level:
            depth += 1
            if depth > DEPTH:
                raise self.refuse(level[0][0], f"nested more than {DEPTH} deep")
            inside: list[tuple[str, Any]] = []
            for place, value in level:
                pairs: Any = value.items() if isinstance(value, dict) else enumerate(value)
                inside += [(under(place, key), each) for key, each in pairs if isinstance(each, (dict, list))]
            level = inside
