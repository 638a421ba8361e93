"""`flowbench schema`."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from flowbench.blueprint import schema
from flowbench.cli import main


def test_the_schema_goes_to_standard_output_or_into_a_file(desk: Path) -> None:
    printed = CliRunner().invoke(main, ["schema"])
    written = CliRunner().invoke(main, ["schema", "-o", "blueprint.json"])

    assert json.loads(printed.stdout) == schema()
    assert json.loads((desk / "blueprint.json").read_text()) == schema()
    assert written.stdout.startswith("blueprint.json: ")
