"""Headless: execute a notebook without a browser, through papermill, on this very Python.

Also the papermill engine `flowbench` (`papermill --engine flowbench IN OUT`), which does the same for its callers.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypedDict, Unpack

import msgspec

from flowbench.blueprint.hashes import HASH
from flowbench.notebook.errors import NotebookRefused, did_you_mean
from flowbench.notebook.kernels import NAME, require
from flowbench.storage import StorageError

SHORTEST_SECRET = 4  # characters; taking a shorter one out of all outputs would leave nothing to read


class Result(msgspec.Struct, frozen=True):
    """An executed notebook. cells: code cells that ran. run_ids: runs whose outputs are in it, in order.

    runs: the facts about each, see flowbench.notebook.record.facts. output: what it handed over with
    `fb.output(value)`; None if nothing.
    """

    notebook: Path
    run_ids: tuple[str, ...]
    seconds: float
    cells: int
    runs: tuple[dict[str, Any], ...] = ()
    output: Any = None


class Options(TypedDict, total=False):
    """parameters: for the cell tagged `parameters`; never secrets, they are written into the notebook.

    timeout: seconds for the whole notebook, cell_timeout: for each cell; what passes them is interrupted, and its runs
    are aborted with reason Timeout shortly before. kernel: an installed kernel; by default this very Python.
    tags: only cells with one of these run (and those tagged `parameters` or `always`). skip_tags: these do not.
    answers: a policy for what runs would ask people, for launches that have none of their own; see engine.Policy.
    trust: hashes of Blueprints in files whose commands may run in this execution. secrets: environment variables of
    this process whose values never reach the saved notebook.
    cwd: where the kernel starts. heartbeat: file that says once a second what goes on. log: gets one line as each
    cell starts. warn: gets one line for each thing that looks wrong.
    """

    parameters: Mapping[str, Any] | None
    timeout: float | None
    cell_timeout: float | None
    kernel: str | None
    tags: Collection[str]
    skip_tags: Collection[str]
    secrets: Collection[str]
    trust: Collection[str]
    answers: Mapping[str, Any] | Path | str | None
    cwd: Path | None
    heartbeat: Path | None
    log: Callable[[str], None] | None
    warn: Callable[[str], None] | None


def run_notebook(source: Path, output: Path, **options: Unpack[Options]) -> Result:
    """Execute `source` and save what came of it as `output`, also when it fails. The kernel is gone afterwards.

    Runs that go on in the background are waited for after the last cell; if the notebook ends early they are aborted.
    In the main thread SIGINT and SIGTERM interrupt the cell; a second one kills the kernel.
    Raises: NotebookRefused before anything runs; CellFailed, CellTimedOut, NotebookTimedOut, KernelDied,
    NotebookStopped, each after the notebook was saved.
    """
    started = time.monotonic()
    secrets = _secrets(options.get("secrets", ()))
    for hash in options.get("trust", ()):
        if not HASH.fullmatch(hash):
            raise NotebookRefused(f"trust {hash!r}: no hash of a Blueprint; `flowbench trust FILE` shows it")
    answers = _answers(options.get("answers"))
    kernel, heartbeat = options.get("kernel"), options.get("heartbeat")
    if kernel is not None:
        require(kernel)
    notebook = _prepared(source, output, options)

    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import raise_for_execution_errors

    from flowbench.notebook.engine import carry_out

    try:
        client = carry_out(
            notebook,
            str(output),
            execution_timeout=options.get("cell_timeout"),
            timeout=options.get("timeout"),
            heartbeat=None if heartbeat is None else heartbeat.absolute(),
            secrets=secrets,
            cwd=options.get("cwd"),
            kernel=kernel,
            said=options.get("log"),
            tags=options.get("tags", ()),
            skip_tags=options.get("skip_tags", ()),
            trust=options.get("trust", ()),
            answers=answers,
        )
    except (StorageError, OSError) as error:
        raise NotebookRefused(f"cannot write: {error}") from error
    if client.ended_by is not None:
        with suppress(PapermillExecutionError):
            raise_for_execution_errors(client.nb, None)  # papermill's banners: where it stopped, and a link to it
        client.sheet.save()
        raise client.ended_by
    runs = client.nb.metadata["flowbench"]["runs"]
    return Result(
        notebook=Path(output).absolute(),
        run_ids=tuple(run["id"] for run in runs),
        seconds=time.monotonic() - started,
        cells=client.executed,
        runs=tuple(runs),
        output=client.nb.metadata["flowbench"].get("output"),
    )


def _prepared(source: Path, output: Path, options: Options) -> Any:
    """The notebook with its parameters in place. Raises: NotebookRefused."""
    from papermill.execute import prepare_notebook_metadata, remove_error_markers
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    from flowbench.notebook.parameters import check

    warn = options.get("warn") or (lambda line: None)
    folder = Path(output).absolute().parent
    if not folder.is_dir():
        raise NotebookRefused(f"cannot save {output}: the folder {folder} does not exist")
    if Path(output).is_dir():
        raise NotebookRefused(f"cannot save {output}: it is a folder; name the notebook to write")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # papermill's word on the file's name; below is ours
            notebook = load_notebook_node(str(Path(source).absolute()))
    except OSError as error:
        raise NotebookRefused(f"cannot read {source}: {error.strerror or error}") from error
    except Exception as error:  # whatever nbformat makes of bytes that are no notebook
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NotebookRefused(f"{source} is no notebook: {reason}") from error
    given = dict(options.get("parameters") or {})
    for line in [*check(given, notebook), *_untagged(notebook, options.get("tags", ()))]:
        warn(line)
    if given:
        notebook = parameterize_notebook(notebook, given, kernel_name=NAME, language="python")
    notebook = prepare_notebook_metadata(notebook, str(source), str(output))
    return remove_error_markers(notebook)


def _answers(given: Mapping[str, Any] | Path | str | None) -> str:
    """For the kernel's environment: JSON, or an absolute path. Raises: NotebookRefused for what is no policy."""
    from flowbench.engine import PolicyError, policy

    if given is None:
        return ""
    try:
        policy(given)
    except PolicyError as error:
        raise NotebookRefused(str(error)) from error
    if isinstance(given, Mapping):
        return msgspec.json.encode(given).decode()
    text = str(given)
    return text if text.lstrip()[:1] in ("{", "[") else str(Path(text).expanduser().absolute())


def _untagged(notebook: Any, tags: Collection[str]) -> Iterator[str]:
    """Warnings for people: with a misspelt tag hardly anything runs, and that without an error."""
    known = {tag for cell in notebook.cells for tag in cell.metadata.get("tags", ())}
    for tag in sorted(set(tags) - known):
        yield f"no cell is tagged `{tag}`{did_you_mean(tag, known)}"


def _secrets(names: Collection[str]) -> dict[str, str]:
    """{name: value} from the environment. Raises: NotebookRefused."""
    for name in names:
        if name not in os.environ:
            raise NotebookRefused(f"secret {name}: there is no environment variable of this name")
        if len(os.environ[name]) < SHORTEST_SECRET:
            raise NotebookRefused(
                f"secret {name}: a value of less than {SHORTEST_SECRET} characters cannot be kept out of outputs"
            )
    return {name: os.environ[name] for name in names}


class Engine:
    """The engine that papermill finds by the entry point. Each call goes on to notebook.engine.

    papermill loads its entry points while it is imported itself, so this file must not import it at its top.
    """

    @classmethod
    def execute_notebook(cls, *given: Any, **options: Any) -> Any:
        return _managed().execute_notebook(*given, **options)

    @classmethod
    def nb_kernel_name(cls, *given: Any, **options: Any) -> Any:
        return _managed().nb_kernel_name(*given, **options)

    @classmethod
    def nb_language(cls, *given: Any, **options: Any) -> Any:
        return _managed().nb_language(*given, **options)


def _managed() -> Any:
    from flowbench.notebook.engine import ManagedEngine

    return ManagedEngine
