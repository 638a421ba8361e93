"""Ids: `fn-3-add-auth` is an epic, `fn-3-add-auth.2` a task of it."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from flowbench.project.errors import InvalidId

SLUG_LENGTH = 20  # characters, for new epics and new titles
SUFFIX_LENGTH = 3  # of an epic whose title gives no slug
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

_ID = re.compile(
    r"fn-(?P<number>[0-9]+)(?:-(?P<slug>[a-z0-9][a-z0-9-]*[a-z0-9]|[a-z0-9]{1,3}))?(?:\.(?P<task>[0-9]+))?"
)
_DIGITS = 18  # of a number at most: every one fits a column of a database


class EpicId(NamedTuple):
    """number: >= 0. slug: "" if there is none."""

    number: int
    slug: str
    text: str


class TaskId(NamedTuple):
    """epic: as text. number: of the epic. task: within it."""

    epic: str
    number: int
    task: int
    text: str


def parse(text: str) -> EpicId | TaskId:
    """Raises: InvalidId. Leading zeros are kept in the text and mean nothing in the numbers."""
    found = _ID.fullmatch(text) if text.isascii() else None
    if found is None or any(len(digits or "") > _DIGITS for digits in found.group("number", "task")):
        raise InvalidId(text)
    number = int(found["number"])
    if found["task"] is None:
        return EpicId(number, found["slug"] or "", text)
    return TaskId(text.rpartition(".")[0], number, int(found["task"]), text)


def epic_id(text: str) -> EpicId:
    """Raises: InvalidId, also for the id of a task."""
    found = parse(text)
    if isinstance(found, TaskId):
        raise InvalidId(text, "epic")
    return found


def task_id(text: str) -> TaskId:
    """Raises: InvalidId, also for the id of an epic."""
    found = parse(text)
    if isinstance(found, EpicId):
        raise InvalidId(text, "task")
    return found


def is_id(text: str) -> bool:
    """Of an epic or of a task."""
    try:
        parse(text)
    except InvalidId:
        return False
    return True


def epic_of(text: str) -> str:
    """The epic that a task id names: all before its last dot. Nothing is looked at."""
    return text.rpartition(".")[0]


def key(text: str) -> tuple[int, int, str]:
    """Natural order: by the number of the epic, then of the task, then by text; what is no id comes last, by text."""
    head, dot, tail = text.rpartition(".")
    number = (head if dot else text)[3:].partition("-")[0]
    if text.startswith("fn-") and number.isdecimal() and (not dot or tail.isdecimal()):
        return int(number), int(tail) if dot else -1, text
    return 1 << 62, 0, text


def natural(texts: Sequence[str]) -> list[int]:
    """The places of `texts` in the order of `key`. Ten thousand ids of one epic take about three milliseconds."""
    if texts:
        head = texts[0].rpartition(".")[0] + "."
        size = len(head)
        tails = [text[size:] for text in texts]
        if len(head) > 1 and all(text[:size] == head for text in texts) and all(map(str.isdecimal, tails)):
            numbers = list(map(int, tails))
            if len(set(numbers)) == len(texts):  # 1 and 01 are two texts of one number
                return sorted(range(len(texts)), key=numbers.__getitem__)
    keys = list(map(key, texts))
    return sorted(range(len(texts)), key=keys.__getitem__)


def slug(text: str, longest: int = SLUG_LENGTH) -> str | None:
    """What of a title can stand in an id; None if nothing can.

    Letters lose their accents, and what has no ASCII form is dropped. A slug that is too long is cut, and then cut back
    to the hyphen before, even where the first cut falls on the end of a word; one long word is cut hard.
    Source: flowctl.py `slugify`; the length since 591c2424.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^\w\s-]", "", plain.lower()).replace("_", " ")
    plain = re.sub(r"[-\s]+", "-", plain).strip("-")
    if len(plain) > longest:
        plain = plain[:longest]
        plain = (plain.rpartition("-")[0] or plain).strip("-")
    return plain or None


def suffix() -> str:
    """Stands for a slug: three random characters."""
    return "".join(secrets.choice(LETTERS) for _ in range(SUFFIX_LENGTH))


def new_epic(number: int, title: str, longest: int = SLUG_LENGTH) -> str:
    """The id of a new epic."""
    return f"fn-{number}-{slug(title, longest) or suffix()}"
