"""Standard output: tables for people, JSON and CSV for programs. Everything else goes to standard error."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TextIO

import typer

from sensor.cli.options import Format

if TYPE_CHECKING:
    from inventory.export import Cells, Result, Row

Columns = Mapping[str, "str | Callable[[Row], Any]"]  # heading -> the row's key, or what to make of the row
_GAP: Final = 3  # columns between two of a table
_FOLDED: Final = 24  # the least that a long text gets


def note(message: str) -> None:
    """Tell the user something that is not data. File names may hold anything: only what is printable is shown."""
    print("".join(c if c.isprintable() else "\ufffd" for c in message), file=sys.stderr)


@contextmanager
def standard_output() -> Iterator[TextIO]:
    """Standard output, whose reader may have seen enough (`| head`): that ends the command quietly."""
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is flushed at exit
        raise typer.Exit from None


def emit(result: Result | Cells, output: Format, columns: Columns, noun: str) -> None:
    """Write `result` as `output`; `columns` are those of the table, `noun` what one row is.

    Cells, which are quicker made, are for CSV alone. A column Site is shown only where there are several.
    """
    from inventory.export import Cells, write_cells, write_csv, write_json

    with standard_output() as stdout:
        if isinstance(result, Cells):
            write_cells(result.columns, result.rows, stdout)
        elif output is Format.JSON:
            write_json(result.rows, stdout)
        elif output is Format.CSV:
            write_csv(result, stdout)
        elif result.rows:
            if columns.get("Site") == "site" and len({row["site"] for row in result.rows}) == 1:
                columns = {heading: key for heading, key in columns.items() if heading != "Site"}
            print_table(result.rows, columns, stdout)
    if output is Format.TABLE:
        note(f"{len(result.rows)} {noun}{'' if len(result.rows) == 1 else 's'}")


def print_table(rows: list[Row], columns: Columns, stdout: TextIO) -> None:
    """Write `rows` as a table, as wide as the terminal; as wide as the text where there is none."""
    cells = [
        _lines([heading, *([row[key] for row in rows] if isinstance(key, str) else map(key, rows))])
        for heading, key in columns.items()
    ]
    widths = [max(map(_width_of(column), column)) for column in cells]
    if sys.stdout.isatty() and sum(widths) + _GAP * len(widths) > shutil.get_terminal_size().columns:
        _print_folded(cells, widths, stdout)
        return
    padded = [_padded(column, width) for column, width in zip(cells, widths, strict=True)]
    heading, *body = map((" " * _GAP).join, zip(*padded, strict=True))
    rule = "\u2500" * (sum(widths) + _GAP * len(widths) - 1)
    stdout.writelines(f"{line.rstrip()}\n" for line in (heading, rule, *body))


def _lines(values: list[object]) -> list[str]:
    """Return plain values as one line of printable text each."""
    from inventory.export import to_text

    texts = [value if isinstance(value, str) else to_text(value) for value in values]
    whole = "|".join(texts)  # looked at together: most have nothing to be mended
    if whole.isprintable() and not any(blanks in f"|{whole}|" for blanks in ("  ", "| ", " |")):
        return texts
    return [" ".join(to_text(text).split()) for text in texts]


def _width_of(column: list[str]) -> Callable[[str], int]:
    """What tells how many columns of a terminal a text takes."""
    if "".join(column).isascii():
        return len
    from rich.cells import cell_len

    return cell_len


def _padded(column: list[str], width: int) -> list[str]:
    measure = _width_of(column)
    if measure is len:
        return [text.ljust(width) for text in column]
    return [text + " " * (width - measure(text)) for text in column]


def _print_folded(cells: list[list[str]], widths: list[int], stdout: TextIO) -> None:
    """Write a table that is wider than the terminal: long texts are folded, and the last columns may have no room.

    Ids, addresses and times stay whole, as the next command may need them.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    room = shutil.get_terminal_size().columns
    least = [
        min(width, _FOLDED) if width > _FOLDED and any(" " in text for text in column[1:]) else width
        for column, width in zip(cells, widths, strict=True)
    ]
    shown = max((n for n in range(1, len(cells) + 1) if sum(least[:n]) + _GAP * n <= room), default=1)
    console = Console(markup=False, highlight=False, emoji=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for (heading, *_), width, fewest in zip(cells[:shown], widths, least, strict=False):
        table.add_column(Text(heading), overflow="fold", no_wrap=fewest == width, min_width=fewest)
    for line in zip(*(column for _, *column in cells[:shown]), strict=True):
        table.add_row(*map(Text, line))
    with console.capture() as captured:  # written here, as rich has its own idea of a broken pipe
        console.print(table)
    stdout.write("".join(line.rstrip() + "\n" for line in captured.get().splitlines()))
    if hidden := [column[0] for column in cells[shown:]]:
        note(f"no room for {', '.join(hidden)}: a wider terminal or --format json shows all")


def short_time(value: str | None) -> str:
    """Return an ISO 8601 time to the second."""
    return f"{value[:19]}Z" if value else ""


def port_name(row: Row) -> str:
    """Return the port of a conversation as 104/tcp; the transport alone where it has no ports."""
    return row["transport"] if row["server_port"] is None else f"{row['server_port']}/{row['transport']}"
