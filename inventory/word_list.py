"""What people say of many devices at once: a CSV file, such as the export with some cells filled in."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Final, NamedTuple

import duckdb

from inventory.annotate import FIELDS, read_value, said
from inventory.csv_lists import CsvRows
from inventory.errors import InventoryError
from inventory.merging import NOT_SAME, SAME
from inventory.naming import find_named, the_one
from inventory.store import Annotation
from parsers.text import clean

DEVICE_COLUMNS: Final = ("device_id", "device", "id")  # the first that is there names the device
MAX_LINES: Final = 1_000_000
_GUARDED: Final = tuple("'" + mark for mark in "=+-@\t\r")  # as `inventory.export.to_cell` writes them
_NEWEST: Final = """
SELECT device_id, field, max_by(value, {'written': "at", 'value': value}) FROM annotation GROUP BY ALL
"""


class Said(NamedTuple):
    """One line of the list."""

    line: int
    device: str  # as written
    values: dict[str, str]  # field -> what it says; cells that are empty say nothing


def read_list(text: str, name: str) -> tuple[list[str], list[Said]]:
    """Read a list, whatever its delimiter; return the fields it has, and its lines.

    Raises InventoryError, naming file and line.
    """
    lines = CsvRows(text)
    try:
        header = [clean(cell).strip() for cell in next(lines, [])]
        key = next((column for column in DEVICE_COLUMNS if column in header), None)
        fields = [column for column in header if column in FIELDS]
        if key is None:
            raise InventoryError(f"{name}:1: a column device_id is needed (or device: an id, IP, MAC or AE title)")
        if not fields:
            raise InventoryError(f"{name}:1: a column of {', '.join(FIELDS)} is needed")
        for column in (key, *fields):
            if header.count(column) > 1:
                raise InventoryError(f"{name}:1: column {column} is here twice")
        return fields, list(_lines(lines, name, header, key))
    except csv.Error as error:
        raise InventoryError(f"{name}:{lines.line}: not CSV: {clean(str(error))}") from None


def _lines(lines: CsvRows, name: str, header: list[str], key: str) -> Iterator[Said]:
    first: dict[str, int] = {}
    for cells in lines:
        line = lines.line
        if not any(cells):
            continue
        if len(cells) != len(header):
            raise InventoryError(f"{name}:{line}: {len(cells)} cells for {len(header)} columns")
        if len(first) >= MAX_LINES:
            raise InventoryError(f"{name}:{line}: more than {MAX_LINES:,} lines")
        row = dict(zip(header, map(_unguarded, cells), strict=True))
        device = row[key].strip()
        if not device:
            raise InventoryError(f"{name}:{line}: {key} is empty")
        if device in first:
            raise InventoryError(f"{name}:{line}: {clean(device)!r} is in line {first[device]}, too")
        first[device] = line
        try:
            yield Said(line, device, {field: read_value(field, row[field]) for field in FIELDS if row.get(field)})
        except InventoryError as error:
            raise InventoryError(f"{name}:{line}: {error}") from None


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith(_GUARDED) else cell


def said_in_list(
    con: duckdb.DuckDBPyConnection, name: str, lines: list[Said], author: str, site: str | None
) -> list[Annotation]:
    """Return what `lines` say and was not said already. Raises InventoryError for the first device nobody knows."""
    named = find_named(con, {word for line in lines for word in _devices(line)}, site)
    newest = {(device_id, field): value for device_id, field, value in con.execute(_NEWEST).fetchall()}
    annotations = []
    for line in lines:
        try:
            ids = {word: the_one(clean(word), named[word]).device_id for word in _devices(line)}
            values = {
                field: ids.get(value, value) if field in (SAME, NOT_SAME) else value
                for field, value in line.values.items()
            }
            device_id = ids[line.device]
            new = {field: value for field, value in values.items() if newest.get((device_id, field)) != value}
            annotations += said(con, device_id, new, author)
        except InventoryError as error:
            raise InventoryError(f"{name}:{line.line}: {error}") from None
    return annotations


def _devices(line: Said) -> list[str]:
    return [line.device, *(line.values[field] for field in (SAME, NOT_SAME) if field in line.values)]
