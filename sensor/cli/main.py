"""The entry point: every command, and what becomes of errors."""

from __future__ import annotations

import gc
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from inventory.errors import InventoryError
from sensor import __version__
from sensor.cli.ae import ae
from sensor.cli.annotate import annotate
from sensor.cli.carve import carve
from sensor.cli.devices import device, devices
from sensor.cli.diff import diff
from sensor.cli.export import export
from sensor.cli.exposure import exposure
from sensor.cli.findings import findings
from sensor.cli.flows import flows
from sensor.cli.health import health
from sensor.cli.listen import interfaces, listen
from sensor.cli.output import note
from sensor.cli.policy import policy
from sensor.cli.read import read
from sensor.cli.report import report
from sensor.cli.serve import serve
from sensor.cli.sql import sql
from sensor.cli.why import why

COMMANDS = (
    read,
    listen,
    interfaces,
    devices,
    device,
    why,
    annotate,
    carve,
    ae,
    flows,
    exposure,
    findings,
    diff,
    export,
    report,
    serve,
    health,
    sql,
)  # in the order of --help

app = typer.Typer(
    name="medspan",
    help="Passive asset inventory of hospital imaging networks.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(policy)


def _version(asked: bool) -> None:
    if asked:
        print(f"medspan {__version__}")
        raise typer.Exit


@app.callback()
def medspan(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line. Exit codes: 0 ok, 1 findings, 2 usage or missing file, 3 partial, 130 interrupted."""
    if sys.stdout is None:  # closed by whoever started us
        note("medspan: there is no standard output to write to")
        sys.exit(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no error
    # Facts are many and long-lived, and without cycles: looking for cycles so often costs a tenth of a reading.
    gc.set_threshold(300_000, 20, 100)
    try:
        app()
    except InventoryError as error:
        for line in str(error).split("\n"):
            note(f"medspan: {line}")
        sys.exit(2)
    except OSError as error:  # standard output cannot be written
        note(f"medspan: the answer cannot be written: {(error.strerror or 'error').lower()}")
        os._exit(2)  # or flushing standard output at exit would fail once more
    except KeyboardInterrupt:
        sys.exit(130)
    except RuntimeError as error:  # DuckDB's word for a KeyboardInterrupt
        if str(error) != "Query interrupted":
            raise
        sys.exit(130)
    except Exception as error:
        if "duckdb" not in sys.modules:
            raise
        from inventory.database import explain, is_about_file

        if not is_about_file(error):
            raise
        note(f"medspan: {explain(error, Path('the inventory'))}")
        sys.exit(2)


if __name__ == "__main__":
    main()
