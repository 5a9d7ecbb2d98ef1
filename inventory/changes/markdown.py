"""A listing as a Markdown table (GitHub's), for a ticket or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, TextIO

from inventory.export import Result, to_text

# What Markdown, or the HTML that it may hold, would take for markup. Pipes part the cells.
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|~&$@]|(?<=www)\.|:(?=//))")


def write_markdown(result: Result, file: TextIO) -> None:
    """Write `result` to `file`; every cell is plain text, whatever it holds."""
    file.write(_row(column.replace("_", " ") for column in result.columns))
    file.write(_row("---" for _ in result.columns))
    for row in result.rows:
        file.write(_row(_plain(row[column]) for column in result.columns))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _plain(value: object) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(to_text(value).split()))
