"""Terminal: questions of runs are put one after the other to the person at this process's terminal."""

from __future__ import annotations

import json
import os
import select
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from flowbench.engine import BadAnswer

if TYPE_CHECKING:
    from flowbench.engine import Question
    from flowbench.runtime.questions import Open
    from flowbench.runtime.run import Run

LOOK = 0.1  # seconds between two looks whether the question still waits
ABOUT = 600  # characters of what the question is about


class Terminal:
    """Implements runtime.Attendant. read, write: file descriptors; by default standard input and standard error."""

    def __init__(self, read: int = 0, write: int = 2) -> None:
        self._read, self._write = read, write
        self._lock = threading.Lock()
        self._runs: list[Run] = []
        self._rest = b""
        self.asks = False  # the screen is taken

    def is_there(self) -> bool:
        """Both are a terminal."""
        try:
            return os.isatty(self._read) and os.isatty(self._write)
        except OSError:
            return False

    def show(self, run: Run) -> None:
        """Put its questions to the person, after those of the runs before."""
        with self._lock:
            self._runs.append(run)
            if len(self._runs) == 1:
                threading.Thread(target=self._serve, name="flowbench-terminal", daemon=True).start()

    def _serve(self) -> None:
        while True:
            run = self._runs[0]
            while waiting := run.questions.open:
                self.asks = True
                self._ask(run, waiting[0], len(waiting) - 1)
            self.asks = False
            with self._lock:
                self._runs.pop(0)
                if not self._runs:
                    return

    def _ask(self, run: Run, asked: Open, more: int) -> None:
        self._say(f"\r\x1b[2K{described(asked, more)}\n")
        while True:
            self._say(f"{_how(asked)}> ")
            line = self._line(run, asked)
            if line is None:
                self._say("(no answer is needed any more)\n")
                return
            try:
                if answered(run, asked, line):
                    return
            except BadAnswer as wrong:
                self._say(f"{wrong.message}\n")

    def _line(self, run: Run, asked: Open) -> str | None:
        """What was typed; None if the question waits no more."""
        while asked in run.questions.open:
            if b"\n" in self._rest:
                line, _, self._rest = self._rest.partition(b"\n")
                return line.decode(errors="replace").strip()
            if not select.select([self._read], [], [], LOOK)[0]:
                continue
            told = os.read(self._read, 65536)
            if not told:  # Ctrl-D: the person goes
                run.questions.reject(asked.id, "the terminal was closed", by="terminal")
                return None
            self._rest += told
        return None

    def _say(self, text: str) -> None:
        sys.stderr.flush()
        os.write(self._write, text.encode(errors="replace"))


def answered(run: Run, asked: Open, line: str) -> bool:
    """Answer with what a person typed; False if that says nothing. Raises: BadAnswer."""
    question, questions = asked.question, run.questions
    if not line and question.has_default:
        questions.answer(asked.id, question.default, by="terminal")
        return True
    if not line:
        return False
    if line == "/no" or line.startswith("/no "):
        questions.reject(asked.id, line[3:].strip(), by="terminal")
        return True
    if question.kind == "approve":
        said = line.lower() in ("y", "yes")
        if said or line.lower() in ("n", "no"):
            questions.answer(asked.id, said, by="terminal")
        else:
            questions.reject(asked.id, line, by="terminal")
        return True
    questions.answer(asked.id, _value(question, line), by="terminal")
    return True


def described(asked: Open, more: int) -> str:
    """Who asks what about what."""
    question = asked.question
    lines = [f"{question.whose()} asks: {question.prompt}"]
    if question.note:
        lines.append(f"  note: {question.note}")
    if question.about is not None:
        about = json.dumps(question.about, ensure_ascii=False, default=str)
        lines.append(f"  about: {about if len(about) <= ABOUT else about[: ABOUT - 1] + '…'}")
    lines += [f"  {number} {choice}" for number, choice in enumerate(question.choices, 1)]
    if more:
        lines.append(f"  ({more} more wait)")
    return "\n".join(_clean(line) for line in lines)


def _how(asked: Open) -> str:
    question = asked.question
    how = {
        "approve": "y, n or the reason to reject",
        "choice": "a number or its text",
        "json": "JSON in one line",
        "text": "one line",
    }[question.kind]
    parts = [how] if question.kind == "approve" else [how, "/no REASON declines"]
    if question.has_default:
        parts.append(f"Enter: {json.dumps(question.default, ensure_ascii=False)}")
    if asked.until is not None:
        parts.append(f"{max(asked.until - time.time(), 0):.0f} s left")
    return f"({'; '.join(parts)}) "


def _value(question: Question, line: str) -> Any:
    if question.kind == "choice" and line.isdecimal() and 1 <= int(line) <= len(question.choices):
        return question.choices[int(line) - 1]
    if question.kind != "json":
        return line
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise BadAnswer(f"that is no JSON: {error}", question.whose()) from None


def _clean(line: str) -> str:
    """Without what would steer the terminal: prompts come from files."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in line)
