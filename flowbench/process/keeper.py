"""Keeper: the parent of one child's whole tree; it adopts, counts and ends all of it. Standard library only.

It runs as a process of its own between flowbench and the child, and imports next to nothing, so that it starts within
milliseconds. As a subreaper (Linux) it becomes the parent of every orphan below it, whatever daemons do to get away;
"no child left" is then a proof, not a guess. A host that is a subreaper itself would adopt the orphans of others, too.

It ends the tree when it is told to, and by itself when its owner dies: the pipe it holds on to then ends.
Elsewhere than on Linux there are no subreapers: what leaves the process group and loses its parent gets away.
"""

from __future__ import annotations

import marshal
import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # the real module costs 4 ms
    from typing import Any

TICK = 0.1  # seconds between two looks at orphans and at the number of processes
FAST_TICK = 0.005  # the same while the tree is being ended
ASK, FORCE = b"a", b"f"  # what the owner writes
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
LINUX = sys.platform == "linux"
TERM, KILL = 15, 9  # module `signal` would cost 6 ms
STOP, CONT = (19, 18) if LINUX else (17, 19)
TYPED = [2, 3, 20] if LINUX else [2, 3, 18]  # INT, QUIT, TSTP: what keys send; a shell's `&` has some ignored
FREE = 100  # above the numbers under which a child may want files

Table = dict[int, list[int]]


def main(request_at: int, orders: int, report: int, answer: int) -> None:
    """Start what the request says, stay until nothing of it is left. Arguments: file descriptors; answer: -1 or one.

    Writes lines to `report`: `started <pid>`, or `failed <errno>`; `exit <wait status>`; `storm <processes>`; `gone 0`.
    """
    with os.fdopen(request_at, "rb") as file:
        request = marshal.loads(file.read())  # noqa: S302 -- from the process that has started this one
    for fd in (orders, report, answer):
        if fd >= 0:
            os.set_inheritable(fd, False)
    if LINUX:
        import ctypes

        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    try:
        if request["cwd"]:
            os.chdir(request["cwd"])
        child = _fork(request, orders, report, answer) if answer >= 0 else _spawn(request)
    except OSError as error:
        tell(report, b"failed", error.errno or 0)
        return
    tell(report, b"started", child)
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):  # the child alone may hold its pipes open
        os.dup2(nothing, fd)
    if answer >= 0:
        os.close(answer)
    Keeper(child, orders, report, request["limit"], request["grace"]).keep()
    tell(report, b"gone", 0)


def _spawn(request: dict[str, Any]) -> int:
    argv, own = request["argv"], request.get("env")
    words = {word: value for word, value in os.environb.items() if word in (b"FLOWBENCH_RUN", b"FLOWBENCH_CHILD")}
    env = os.environ if own is None else {**own, **words}
    files = [(_moved(fd), number) for fd, number in request.get("files", ())]
    actions: list[Any] = [(os.POSIX_SPAWN_DUP2, fd, number) for fd, number in files]
    restored = [13, 25] if LINUX else [13]  # SIGPIPE and SIGXFSZ, which Python ignores and the child would inherit
    if "tty" in request or own is not None:
        restored += TYPED
    if tty := request.get("tty"):  # the first terminal that the leader of a new session opens is its own
        actions += [(os.POSIX_SPAWN_OPEN, 0, tty, os.O_RDWR, 0), *((os.POSIX_SPAWN_DUP2, 0, fd) for fd in (1, 2))]
    child = os.posix_spawnp(argv[0], argv, env, file_actions=actions, setsid=True, setsigdef=restored)
    for fd, _ in files:
        os.close(fd)
    return child


def _moved(fd: int) -> int:
    """The same file under a number that is nobody's place, and that the child does not inherit."""
    import fcntl

    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, FREE)
    os.close(fd)
    return moved


def _fork(request: dict[str, Any], orders: int, report: int, answer: int) -> int:
    """A fork of this process, which has one thread and no state, becomes the body."""
    child = os.fork()
    if child == 0:
        os.setsid()
        os.close(orders)
        os.close(report)
        import body  # type: ignore[import-not-found]  # beside this file; see leash.BOOT

        body.run(request, answer)
    return child


class Keeper:
    """limit: processes at most. grace: seconds between asking and forcing."""

    def __init__(self, child: int, orders: int, report: int, limit: int, grace: float) -> None:
        self.child, self.orders, self.report, self.limit, self.grace = child, orders, report, limit, grace
        self.force_at: float | None = None  # monotonic seconds; None: nobody wants it to end
        self.births = 0
        self.many = 1

    def keep(self) -> None:
        """Return when nothing of the tree is left."""
        poller = select.poll()
        poller.register(self.orders, select.POLLIN)
        watch = os.pidfd_open(self.child) if hasattr(os, "pidfd_open") else -1
        if watch >= 0:
            poller.register(watch, select.POLLIN)
        while not self._reap():
            tick = TICK if watch >= 0 and self.force_at is None else FAST_TICK
            for fd, _ in poller.poll(tick * 1000):
                if fd == watch:
                    poller.unregister(watch)
                elif self._obey():
                    poller.unregister(self.orders)
            if self.force_at is not None and time.monotonic() >= self.force_at:
                self._force()
            elif self.force_at is None:
                self._count()

    def _obey(self) -> bool:
        """Read an order; True if the owner is gone, so that there will be no other."""
        order = os.read(self.orders, 64)
        if FORCE in order:
            self.force_at = 0.0
        elif self.force_at is None:
            self.force_at = time.monotonic() + self.grace
            for pid in [*below(os.getpid()), *self._group()]:
                send(pid, TERM)
                send(pid, CONT)  # a stopped process hears nothing else
        return not order

    def _force(self) -> None:
        end({os.getpid()}, {os.getpid()})
        for group in self._group():
            send(group, KILL)

    def _group(self) -> list[int]:
        """The child's process group, where orphans are not ours."""
        return [] if LINUX else [-self.child]

    def _reap(self) -> bool:
        """Take what has ended; True if nothing is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return not any(send(group, 0) for group in self._group())
            if pid == 0:
                return False
            if pid == self.child:
                tell(self.report, b"exit", status)

    def _count(self) -> None:
        """End a tree that grows without bound. It is only counted when enough was born anywhere to matter."""
        births = _births()
        if self.many + births - self.births <= self.limit:
            return
        self.births, self.many = births, len(below(os.getpid()))
        if self.many > self.limit:
            tell(self.report, b"storm", self.many)
            self.force_at = 0.0


def end(starts: set[int], spared: set[int]) -> set[int]:
    """Stop these processes and all below them until nothing new appears, then kill them; which they were.

    What is stopped starts nothing, so the chase ends. An id is used within microseconds of its listing, and is not
    given to another process before ids have gone round their whole range.
    """
    stopped: set[int] = set()
    while True:
        table = processes()
        new = {pid for start in starts for pid in (start, *below(start, table))} - stopped - spared
        if not new:
            break
        for pid in new:
            send(pid, STOP)
        stopped |= new
    for pid in stopped:
        send(pid, KILL)
    return stopped


def below(root: int, table: Table | None = None) -> list[int]:
    """Descendants that have not ended, the nearest first."""
    table = processes() if table is None else table
    found: list[int] = []
    ready = [root]
    for parent in ready:  # grows while it is walked
        for pid in table.get(parent, ()):
            found.append(pid)
            ready.append(pid)
    return found


def processes() -> Table:
    """The children of every process, by parent; without those that have ended and only wait to be reaped."""
    table: Table = {}
    for pid, parent, state in _listed() if LINUX else _told():
        if state not in "ZX":
            table.setdefault(parent, []).append(pid)
    return table


def tell(report: int, word: bytes, number: int) -> None:
    try:
        os.write(report, b"%s %d\n" % (word, number))
    except OSError:  # the owner is dead, and there is the more to do
        return


def send(pid: int, signal: int) -> bool:
    """False if there is no such process, or it belongs to somebody else."""
    try:
        os.kill(pid, signal)
    except OSError:
        return False
    return True


def _listed() -> list[tuple[int, int, str]]:
    """(pid, parent, state) of all processes."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            fd = os.open(f"/proc/{name}/stat", os.O_RDONLY | os.O_CLOEXEC)
            try:
                text = os.read(fd, 1024)
            finally:
                os.close(fd)
            state, parent = text[text.rindex(b")") + 2 :].split(None, 2)[:2]
        except (OSError, ValueError):  # it ended while we looked
            continue
        found.append((int(name), int(parent), state.decode()))
    return found


def _told() -> list[tuple[int, int, str]]:
    """The same, as `ps` tells it."""
    with os.popen("ps -axo pid=,ppid=,state=") as said:  # noqa: S605 -- nothing in it comes from outside
        rows = [line.split() for line in said]
    return [(int(row[0]), int(row[1]), row[2][:1]) for row in rows if len(row) == 3]


def _births() -> int:
    """Processes and threads that this machine has begun since it was started; 0 where nobody counts."""
    try:
        with open("/proc/stat", "rb") as file:
            line = next((line for line in file if line.startswith(b"processes ")), b"- 0")
    except OSError:
        return 0
    return int(line.split()[1])
