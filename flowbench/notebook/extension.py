"""Extension: what `%load_ext flowbench` puts into a shell, and how it is taken out again."""

from __future__ import annotations

from typing import Any

from flowbench.blueprint import Blueprint
from flowbench.notebook import still
from flowbench.notebook.completion import complete
from flowbench.notebook.ledger import Ledger
from flowbench.notebook.magics import FlowMagics
from flowbench.notebook.place import is_headless, kernel_of
from flowbench.notebook.tap import tap
from flowbench.runtime import Run, launched, prints, waiting

WORDS = ("%fb", "%flowbench")
LINE_MAGICS = ("fb", "flowbench")


def load_ipython_extension(shell: Any) -> None:
    """Register magics, their completion, rich reprs of Blueprint and Run, the tap and, headless, the ledger.

    Loading again is harmless.
    """
    magics = FlowMagics(shell)
    shell.register_magics(magics)
    for word in WORDS:
        _forget_completion(shell, word)
        shell.set_hook("complete_command", _completer(magics), str_key=word)
    reprs = shell.display_formatter.mimebundle_formatter
    reprs.for_type(Blueprint, lambda blueprint, **_: still.of_blueprint(blueprint))
    reprs.for_type(Run, lambda run, **_: still.of_run(run))
    seen = tap(kernel_of(shell))
    if seen is not None and seen.pump not in waiting.pumps:
        waiting.pumps.append(seen.pump)
    # In a kernel the panel and the still output show what steps print; a terminal has only its own lines for that.
    prints.passes_on = kernel_of(shell) is None
    if is_headless():
        _forget_ledgers(shell)
        ledger = Ledger(magics.recent)
        launched.append(ledger.launched)
        shell.events.register("post_run_cell", ledger.tell)


def unload_ipython_extension(shell: Any) -> None:
    """Take out what was put in. The tap stays on the kernel, where without a panel it looks at nothing."""
    for name in LINE_MAGICS:
        shell.magics_manager.magics["line"].pop(name, None)
    shell.magics_manager.magics["cell"].pop("blueprint", None)
    for word in WORDS:
        _forget_completion(shell, word)
    for type in (Blueprint, Run):
        shell.display_formatter.mimebundle_formatter.pop(type, None)
    prints.passes_on = True
    seen = tap(kernel_of(shell))
    if seen is not None and seen.pump in waiting.pumps:
        waiting.pumps.remove(seen.pump)
    _forget_ledgers(shell)


def _forget_ledgers(shell: Any) -> None:
    for heard in [each for each in launched if isinstance(getattr(each, "__self__", None), Ledger)]:
        launched.remove(heard)
        shell.events.unregister("post_run_cell", heard.__self__.tell)  # type: ignore[attr-defined]


def _completer(magics: FlowMagics) -> Any:
    def complete_line(shell: Any, event: Any) -> list[str]:
        return complete(event.text_until_cursor, shell.user_ns, magics.recent)

    return complete_line


def _forget_completion(shell: Any, word: str) -> None:
    # IPython only ever adds completers; without this %reload_ext would leave the old one answering too.
    known = shell.strdispatchers.get("complete_command")
    if known is not None:
        known.strs.pop(word, None)
