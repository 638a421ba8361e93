"""Programs: nodes compiled to a flat list of instructions, so that nesting costs nothing at run time.

Only the body of a fan-out is a program of its own: its branches run side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from flowbench.flow.errors import ParseError
from flowbench.flow.expressions import Externs, Maker, paths_read
from flowbench.flow.nodes import Assign, Branch, Expr, Fanout, JoinMode, Let, Loop, Node, Path, Seq, Step, Try
from flowbench.flow.paths import SEED, Reader, Writer, refuser, writer
from flowbench.flow.syntax import MAX_FANOUT_DEPTH

STEP, LET, TEST, JUMP, LOOP, HEAD, NEXT, TRY, TRIED, FANOUT, END = range(11)
NOT_A_PATH = "expected Path expr for write target"


def _reads_nothing(ctx: Any) -> None:
    return None


def _writes_nothing(scope: Any, value: Any) -> None:
    return None


class Op:
    """One instruction. suffix: its address below the innermost turn of a loop or branch of a fan-out.

    ref, slot: of a step. target: where a jump goes. max: turns of a loop.
    """

    __slots__ = ("expr", "kind", "max", "read", "ref", "slot", "suffix", "target", "write")

    def __init__(
        self,
        kind: int,
        suffix: str,
        read: Reader = _reads_nothing,
        write: Writer = _writes_nothing,
        expr: Expr | None = None,
    ) -> None:
        self.kind = kind
        self.suffix = suffix
        self.read = read
        self.write = write
        self.expr = expr
        self.target = self.slot = self.max = -1
        self.ref = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """Path texts that `read` may look at."""
        return tuple(paths_read(self.expr)) if self.expr is not None else ()


class Fan(Op):
    """The instruction of a fan-out. bind: writes the item into a branch's ctx."""

    __slots__ = ("bind", "body", "join")

    def __init__(self, suffix: str, node: Fanout, read: Reader, write: Writer, bind: Writer, body: Program) -> None:
        super().__init__(FANOUT, suffix, read, write, node.items)
        self.bind = bind
        self.join: JoinMode = node.join
        self.body = body


class Program:
    """code: instructions. refs: agent names by slot, shared with the programs of fan-out bodies."""

    __slots__ = ("code", "compat", "refs")

    def __init__(self, code: list[Op], refs: list[str], compat: str | None) -> None:
        self.code = code
        self.refs = refs
        self.compat = compat

    def ops(self) -> Iterator[Op]:
        """All instructions, those of fan-out bodies included."""
        for op in self.code:
            yield op
            if isinstance(op, Fan):
                yield from op.body.ops()


def compile(node: Node, compat: str | None = None, externs: Externs | None = None) -> Program:
    """Raises: ParseError if built deeper than parsing allows; NotJson for a literal that is no JSON value."""
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
        todo: list[Task] = [(root, at)]
        while todo:
            task = todo.pop()
            if not isinstance(task, tuple):
                task()
                continue
            node, at = task
            if isinstance(node, Step):
                code.append(self.step(node, at or ""))
            elif isinstance(node, Seq):
                lead = "" if at is None else f"{at}."
                todo += [(child, f"{lead}{index}") for index, child in enumerate(node.children)][::-1]
            elif isinstance(node, Fanout):
                code.append(self.fanout(node, at or "", fans))
            else:
                todo += reversed(self.emit[type(node)](code, node, at or ""))
        code.append(Op(END, ""))
        return Program(code, self.refs, self.compat)

    def step(self, node: Step, at: str) -> Op:
        op = Op(STEP, at, self.reader(node.input), self.target(node.out), node.input)
        op.ref = ref = node.ref
        op.slot = slot = self.slots.setdefault(ref, len(self.slots))
        if slot == len(self.refs):
            self.refs.append(ref)
        return op

    def fanout(self, node: Fanout, at: str, fans: int) -> Fan:
        message = "Step.out must be a Path expr" if self.compat == SEED else NOT_A_PATH
        items, out, bind = self.reader(node.items), self.target(node.out), self.target(node.bind, message)
        return Fan(at, node, items, out, bind, self.program(node.body, "", fans + 1))

    # each of these emits, and returns what is left to do, in order

    def assign(self, code: list[Op], node: Assign, at: str) -> list[Task]:
        code.append(Op(LET, at, self.reader(node.value), self.target(node.at), node.value))
        return []

    def let(self, code: list[Op], node: Let, at: str) -> list[Task]:
        code.append(Op(LET, at, self.reader(node.value), self.writer(node.at), node.value))
        return []

    def branch(self, code: list[Op], node: Branch, at: str) -> list[Task]:
        test, jump = Op(TEST, at, self.reader(node.cond), expr=node.cond), Op(JUMP, at)
        code.append(test)

        def between() -> None:
            code.append(jump)
            test.target = len(code)

        return [(node.then, _below(at, "t")), between, (node.otherwise, _below(at, "e")), _lands(jump, code)]

    def loop(self, code: list[Op], node: Loop, at: str) -> list[Task]:
        counter = self.target(node.counter)
        head = Op(HEAD, at, self.reader(node.cond), expr=node.cond)
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
        return self.maker.path(expr.at) if isinstance(expr, Path) else self.maker.make(expr, 0)

    def target(self, expr: Expr, message: str = NOT_A_PATH) -> Writer:
        return self.writer(expr.at) if isinstance(expr, Path) else refuser(message)

    def writer(self, text: str) -> Writer:
        if (found := self.writers.get(text)) is None:
            found = self.writers[text] = writer(text, self.compat)
        return found


def _below(at: str, segment: str) -> str:
    return f"{at}.{segment}"


def _lands(op: Op, code: list[Op]) -> Callable[[], None]:
    def land() -> None:
        op.target = len(code)

    return land
