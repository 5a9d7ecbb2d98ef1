"""Query results as plain values, and as JSON, CSV and Parquet: the same keys, headers and columns in each.

Times are ISO 8601 in UTC. A missing value is null in JSON and empty in CSV; a list is an array in JSON and joined
with "; " in CSV. CSV text that a spreadsheet would run as a formula is guarded with an apostrophe.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO

import duckdb

from inventory.database import explain
from inventory.errors import InventoryError

Row = dict[str, Any]

_FORMULA: Final = re.compile(r"[=+\-@\t\r]")  # https://owasp.org/www-community/attacks/CSV_Injection
_DEVICES: Final = "SELECT * FROM device WHERE $site IS NULL OR site = $site ORDER BY site, device_id"
_COPY_DEVICES: Final = (
    "COPY (SELECT * FROM device WHERE $site IS NULL OR site = $site ORDER BY site, device_id) TO $path (FORMAT parquet)"
)


class Result(NamedTuple):
    """A query's answer: its column names, and its rows as plain JSON values (times as ISO 8601 text)."""

    columns: list[str]
    rows: list[Row]


def query(con: duckdb.DuckDBPyConnection, statement: str, parameters: object = None) -> Result:
    """Run `statement` and return its answer; duckdb.Error is the caller's to judge."""
    con.execute(statement, parameters)
    described = con.description or []
    columns: list[str] = []
    for column in described:  # two columns may have one name: the later one gets its position
        name = str(column[0])
        columns.append(name if name not in columns else f"{name}_{len(columns)}")
    is_json = [str(column[1]).startswith("JSON") for column in described]
    rows = [
        {name: plain(value, as_json) for name, value, as_json in zip(columns, row, is_json, strict=True)}
        for row in con.fetchall()
    ]
    return Result(columns, rows)


def plain(value: object, is_json: bool = False) -> Any:
    """Return a DuckDB value as JSON knows it. `is_json`: text that is itself JSON."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return json.loads(value) if is_json else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        utc = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return utc.isoformat(timespec="microseconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [plain(item, is_json) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value.hex() if isinstance(value, bytes) else str(value)


def write_json(rows: Sequence[Row], file: TextIO) -> None:
    """Write an array with one object a line."""
    separator = "[\n"
    for row in rows:
        file.write(separator + to_json(row))
        separator = ",\n"
    file.write("\n]\n" if rows else "[]\n")


def to_json(value: object) -> str:
    """Return one line of JSON. What a terminal should not be sent (C1 controls, bidi marks) is escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1]  # one or, beyond the Basic Multilingual Plane, two \uXXXX


def write_csv(result: Result, file: TextIO) -> None:
    """Write a header and one record a row (RFC 4180, but with bare line feeds)."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([to_cell(column) for column in result.columns])
    writer.writerows([to_cell(row[column]) for column in result.columns] for row in result.rows)


def to_cell(value: object) -> str:
    """Return a plain value as the text of a CSV cell."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    text = to_text(value)
    return "'" + text if _FORMULA.match(text) else text


def to_text(value: object) -> str:
    """Return a plain value as printable text: "" for None, lists joined with "; ", objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool | dict):
        return to_json(value)
    if isinstance(value, list):
        return "; ".join(to_text(item) for item in value)
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() or c in "\n\t\r" else "\ufffd" for c in text)


def export_devices(con: duckdb.DuckDBPyConnection, file_format: str, path: Path, site: str | None) -> int:
    """Write the devices (of one site) to `path`, which appears whole or not at all. Return how many they are.

    `file_format` is csv, json or parquet. Raises InventoryError when the file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if file_format == "parquet":
            count = con.execute(_COPY_DEVICES, {"site": site, "path": str(part)}).fetchall()[0][0]
        else:
            result = query(con, _DEVICES, {"site": site})
            with part.open("w", encoding="utf-8", newline="") as file:
                if file_format == "csv":
                    write_csv(result, file)
                else:
                    write_json(result.rows, file)
            count = len(result.rows)
        part.replace(path)
    except OSError as error:
        raise InventoryError(f"{path} cannot be written: {(error.strerror or 'error').lower()}") from None
    except duckdb.IOException as error:
        raise explain(error, path) from None
    finally:
        with suppress(OSError):  # the folder cannot be written: that was told
            part.unlink(missing_ok=True)
    return int(count)
