"""Commands run in this process, as starting so many would take long."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from sensor.cli.main import app


def run(inventory: Path, *arguments: str | Path, code: int = 0) -> tuple[str, str]:
    """Return what a command prints on its outputs, stdout and stderr, and see that it ends with `code`."""
    done = CliRunner().invoke(app, [*map(str, arguments), "--inventory", str(inventory)])
    assert done.exit_code == code, f"{done.output}{done.exception!r}"
    return done.stdout, done.stderr
