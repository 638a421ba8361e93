"""Programs: nodes compiled to a flat list of instructions, so that nesting costs nothing at run time.

Only the body of a fan-out is a program of its own: its branches run side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import msgspec

from flowbench.flow.errors import ParseError
from flowbench.flow.expressions import Externs, Maker, paths_read
from flowbench.flow.nodes import Assign, Branch, Expr, Fanout, JoinMode, Let, Loop, Node, Path, Seq, Step, Try
from flowbench.flow.paths import SEED, Reader, Writer, refuser, writer
from flowbench.flow.syntax import MAX_FANOUT_DEPTH

STEP, LET, TEST, JUMP, LOOP, HEAD, NEXT, TRY, TRIED, FANOUT, END = range(11)
COUNTS: dict[type[Any], int] = {Assign: 1, Let: 1, Branch: 2, Loop: 2, Fanout: 2}
"""How many counts a node has: written; then, else; turns begun, loops left; branches begun, fan-outs left."""
NOT_A_PATH = "expected Path expr for write target"


def _reads_nothing(ctx: Any) -> None:
    return None


def _writes_nothing(scope: Any, value: Any) -> None:
    return None


class Op(msgspec.Struct, eq=False):
    """One instruction. suffix: its address below the innermost turn of a loop or branch of a fan-out.

    ref, slot: of a step; of others that count their visits (see flow.visited), the place of the first count.
    target: where a jump goes. max: turns of a loop.
    A struct because a flow of 10,000 steps makes as many, in a third of the time.
    """

    kind: int
    suffix: str
    read: Reader = _reads_nothing
    write: Writer = _writes_nothing
    expr: Expr | None = None
    ref: str = ""
    slot: int = -1
    target: int = -1
    max: int = -1

    @property
    def paths(self) -> tuple[str, ...]:
        """Path texts that `read` may look at."""
        return tuple(paths_read(self.expr)) if self.expr is not None else ()


class Fan(Op, eq=False, kw_only=True):
    """The instruction of a fan-out. bind: writes the item into a branch's ctx."""

    bind: Writer
    body: Program
    join: JoinMode


class Program:
    """code: instructions. fans: those that are fan-outs. refs: agent names by slot, shared with the programs of fan-out
    bodies. counts: of visits that an evaluation keeps."""

    __slots__ = ("code", "compat", "counts", "fans", "refs")

    def __init__(self, code: list[Op], fans: list[Fan], refs: list[str], compat: str | None, counts: int) -> None:
        self.code = code
        self.fans = fans
        self.refs = refs
        self.compat = compat
        self.counts = counts

    def ops(self) -> Iterator[Op]:
        """All instructions, those of fan-out bodies included."""
        for op in self.code:
            yield op
            if isinstance(op, Fan):
                yield from op.body.ops()

    def all_fans(self) -> Iterator[Fan]:
        """All fan-outs, those inside others included."""
        for fan in self.fans:
            yield fan
            yield from fan.body.all_fans()


def compile(node: Node, compat: str | None = None, externs: Externs | None = None) -> Program:
    """Raises: ParseError if built deeper than parsing allows; NotJson for a literal that is no JSON value."""
    if compat not in (None, SEED):
        raise ParseError(f'compat is "{SEED}" or None, not {compat!r}')
    root = node if isinstance(node, Seq) else Seq(children=(node,))
    return _Compiler(compat, externs).program(root, None, 0)


Task: TypeAlias = "tuple[Node, str | None] | Callable[[], None]"


class _Compiler:
    """Emits instructions from a list of (node, suffix) and functions to call between them.

    A suffix is None above the root seq, and starts anew as "" in the body of a loop or a fan-out, whose prefix at
    run time already names the turn or the branch.
    """

    def __init__(self, compat: str | None, externs: Externs | None) -> None:
        self.compat = compat
        self.maker = Maker(compat, externs)
        self.slots: dict[str, int] = {}
        self.refs: list[str] = []
        self.writers: dict[str, Writer] = {}
        self.counts = 0
        self.emit: dict[type[Any], Callable[..., list[Task]]] = {
            Branch: self.branch,
            Loop: self.loop,
            Try: self.rescue,
            Assign: self.assign,
            Let: self.let,
        }

    def program(self, root: Node, at: str | None, fans: int) -> Program:
        if fans > MAX_FANOUT_DEPTH:
            raise ParseError(f"fan-outs nested deeper than {MAX_FANOUT_DEPTH}")
        code: list[Op] = []
        found: list[Fan] = []
        todo: list[Iterator[Task]] = [iter([(root, at)])]
        while todo:
            for task in todo[-1]:
                if not isinstance(task, tuple):
                    task()
                    continue
                node, at = task
                if node.__class__ is Step:
                    code.append(self.step(node, at or ""))
                elif isinstance(node, Seq):
                    names = map(str if at is None else f"{at}.{{}}".format, range(len(node.children)))
                    todo.append(zip(node.children, names, strict=True))
                    break
                elif isinstance(node, Fanout):
                    found.append(self.fanout(node, at or "", fans))
                    code.append(found[-1])
                else:
                    todo.append(iter(self.emit[type(node)](code, node, at or "")))
                    break
            else:
                todo.pop()
        code.append(Op(END, ""))
        return Program(code, found, self.refs, self.compat, self.counts)

    def step(self, node: Step, at: str) -> Op:
        ref, source = node.ref, node.input
        slot = self.slots.get(ref)
        if slot is None:
            slot = self.slots[ref] = len(self.refs)
            self.refs.append(ref)
        return Op(STEP, at, self.reader(source), self.target(node.out), source, ref, slot)

    def fanout(self, node: Fanout, at: str, fans: int) -> Fan:
        message = "Step.out must be a Path expr" if self.compat == SEED else NOT_A_PATH
        items, out, bind = self.reader(node.items), self.target(node.out), self.target(node.bind, message)
        slot = self.counted(node)
        body = self.program(node.body, "", fans + 1)
        return Fan(FANOUT, at, items, out, node.items, slot=slot, bind=bind, body=body, join=node.join)

    def counted(self, node: Node) -> int:
        """The place of its first count."""
        first = self.counts
        self.counts += COUNTS[type(node)]
        return first

    # each of these emits, and returns what is left to do, in order

    def assign(self, code: list[Op], node: Assign, at: str) -> list[Task]:
        code.append(Op(LET, at, self.reader(node.value), self.target(node.at), node.value, slot=self.counted(node)))
        return []

    def let(self, code: list[Op], node: Let, at: str) -> list[Task]:
        code.append(Op(LET, at, self.reader(node.value), self.writer(node.at), node.value, slot=self.counted(node)))
        return []

    def branch(self, code: list[Op], node: Branch, at: str) -> list[Task]:
        test = Op(TEST, at, self.reader(node.cond), expr=node.cond, slot=self.counted(node))
        jump = Op(JUMP, at)
        code.append(test)

        def between() -> None:
            code.append(jump)
            test.target = len(code)

        return [(node.then, _below(at, "t")), between, (node.otherwise, _below(at, "e")), _lands(jump, code)]

    def loop(self, code: list[Op], node: Loop, at: str) -> list[Task]:
        counter = self.target(node.counter)
        head = Op(HEAD, at, self.reader(node.cond), expr=node.cond, slot=self.counted(node))
        head.max = node.max
        code += [Op(LOOP, at, write=counter), head]
        back = Op(NEXT, "", write=counter)
        back.target = len(code) - 1
        return [(node.body, ""), lambda: code.append(back), _lands(head, code)]

    def rescue(self, code: list[Op], node: Try, at: str) -> list[Task]:
        keep = _writes_nothing if node.err_at is None else self.target(node.err_at)
        enter, leave = Op(TRY, at, write=keep), Op(TRIED, at)
        code.append(enter)

        def between() -> None:
            code.append(leave)
            enter.target = len(code)

        return [(node.body, _below(at, "b")), between, (node.catch, _below(at, "c")), _lands(leave, code)]

    def reader(self, expr: Expr) -> Reader:
        if expr.__class__ is Path and (found := self.maker.readers.get(expr.at)) is not None:
            return found
        return self.maker.make(expr, 0)

    def target(self, expr: Expr, message: str = NOT_A_PATH) -> Writer:
        if not isinstance(expr, Path):
            return refuser(message)
        return self.writers.get(expr.at) or self.writer(expr.at)

    def writer(self, text: str) -> Writer:
        found = self.writers[text] = self.writers.get(text) or writer(text, self.compat)
        return found


def _below(at: str, segment: str) -> str:
    return f"{at}.{segment}"


def _lands(op: Op, code: list[Op]) -> Callable[[], None]:
    def land() -> None:
        op.target = len(code)

    return land
