"""A tree with everything in it that a search may stumble over; made once for all tests that only look at it."""

from __future__ import annotations

import os
from pathlib import Path

LARGE = 4 << 20

FILES: dict[str, bytes] = {
    "a.txt": b"foo\nbar\nfoo bar\nbaz\n",
    "a-b.txt": b"foo in a-b\n",
    "a/x.py": b"import os\nfoo = 1\n\ndef bar():\n    return foo\n",
    "a/b/deep.py": b"one\ntwo\nfoo three\nfour\nfive foo\nsix\n",
    "a/node_modules/m.js": b"foo in a module\n",
    "node_modules/m.js": b"foo in a module\n",
    ".git/config": b"foo in git\n",
    ".hidden": b"foo hidden\n",
    "crlf.txt": b"foo\r\nbar foo\r\n  indented foo  \r\n",
    "bad.txt": b"foo \xff\xfe end\n\xe9foo\n",
    "early.bin": b"foo\n\0foo\n",
    "line.bin": b"a\nfoo\0foo\nfoo\n",
    "late.bin": b"foo\n" + (b"-" * 3999 + b"\n") * 20 + b"bar foo\n\0foo\n",
    "bin.dat": b"\0\0foo\n",
    "utf16.txt": "foo in UTF-16\nbar\n".encode("utf-16"),
    "bom.txt": b"\xef\xbb\xbffoo behind a mark\n",
    "unicode.txt": "héllo wörld foo\nnaïve\nfoo١٢٣\n日本語 foo\n".encode(),
    "unended.txt": b"bar\nfoo",
    "empty.txt": b"",
    "blank.txt": b"\n\n\n",
    "new\nline.txt": b"foo\n",
    "-dash.txt": b"foo -dash (x\n",
    "Dockerfile": b"FROM foo\n",
    "code.TSX": b"foo tsx\n",
    "ignored.log": b"foo ignored\n",
    "kept.log": b"foo kept\n",
    ".gitignore": b"*.log\n!kept.log\nsecret/\n",
    "secret/s.txt": b"foo secret\n",
    "a/.ignore": b"y.txt\n",
    "a/y.txt": b"foo y\n",
    "odd.txt": b"foo( [foo {x} a{,3}b $1 \\d\n(foo)\naa bb aa\nabcabc\n",
    "many.txt": b"".join(b"foo %d\n" % n if n % 3 else b"other %d\n" % n for n in range(60)),
}
LARGE_FILE = {
    "large.txt": b"foo early\n" + (b"y" * 99999 + b"\n") * (LARGE // 100000 + 1) + b"foo late\n",
}


def plant(root: Path, *, with_large: bool = False) -> Path:
    """Write it all below `root`, with a broken link, a link out of it, and a pipe."""
    for name, content in (FILES | (LARGE_FILE if with_large else {})).items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    (root / "broken").symlink_to("nowhere")
    (root / "linked").symlink_to("a")
    (root / "linked.txt").symlink_to("a.txt")
    os.mkfifo(root / "pipe")
    return root
