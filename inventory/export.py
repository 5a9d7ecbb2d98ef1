"""Query results as plain values, and as JSON and CSV: the same keys, headers and columns in each.

Times are ISO 8601 in UTC. A missing value is null in JSON and empty in CSV; a list is an array in JSON and joined
with "; " in CSV. CSV text that a spreadsheet would run as a formula is guarded with an apostrophe. CSV has no byte
order mark: it is for programs, which would take the mark for a part of the first header. For Excel there are workbooks.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, TextIO

import duckdb

Row = dict[str, Any]

_FORMULA: Final = re.compile(r"[=+\-@\t\r]")  # https://owasp.org/www-community/attacks/CSV_Injection
_AT_ONCE: Final = 10_000  # rows that are held at a time where none need be held

# DuckDB's types whose values JSON takes as Python has them, and which are written alike by str().
_WHOLE: Final = frozenset({"tinyint", "smallint", "integer", "bigint", "hugeint"})
_NUMBERS: Final = _WHOLE | {f"u{name}" for name in _WHOLE}
_SIMPLE: Final = _NUMBERS | {"varchar", "boolean"}


class Result(NamedTuple):
    """A query's answer: its column names, and its rows as plain JSON values (times as ISO 8601 text)."""

    columns: list[str]
    rows: list[Row]


class Cells(NamedTuple):
    """A query's answer as CSV has it: its column names, and the text of each cell."""

    columns: list[str]
    rows: list[tuple[str, ...]]


def query(con: duckdb.DuckDBPyConnection, statement: str, parameters: object = None) -> Result:
    """Run `statement` and return its answer; duckdb.Error is the caller's to judge."""
    columns, rows = stream(con, statement, parameters)
    return Result(columns, list(rows))


def stream(
    con: duckdb.DuckDBPyConnection, statement: str, parameters: object = None
) -> tuple[list[str], Iterator[Row]]:
    """Run `statement` as `query` does; the rows come as they are asked for, before the connection's next statement."""
    con.execute(statement, parameters)
    described = con.description or []
    columns = _distinct([str(column[0]) for column in described])
    unlike = [  # the columns whose values are to be converted
        (name, str(column[1]).startswith("JSON"))
        for name, column in zip(columns, described, strict=True)
        if not _is_plain(column[1])
    ]
    return columns, _rows(con, columns, unlike)


def _rows(con: duckdb.DuckDBPyConnection, columns: list[str], unlike: list[tuple[str, bool]]) -> Iterator[Row]:
    for values in _fetched(con):
        row = dict(zip(columns, values, strict=True))
        for name, is_json in unlike:
            row[name] = plain(row[name], is_json)
        yield row


def _fetched(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while some := con.fetchmany(_AT_ONCE):
        yield from some


def _distinct(names: list[str]) -> list[str]:
    """Two columns may have one name: the later one gets its position."""
    columns: list[str] = []
    for name in names:
        columns.append(name if name not in columns else f"{name}_{len(columns)}")
    return columns


def _is_plain(kind: Any) -> bool:
    """Tell whether values of a DuckDB type are plain already."""
    if kind.id in _SIMPLE:
        return not str(kind).startswith("JSON")  # which is text by its id
    if kind.id == "map":
        return str(kind).startswith("MAP(VARCHAR,") and _is_plain(dict(kind.children)["value"])
    return kind.id in ("list", "struct") and all(_is_plain(child) for _, child in kind.children)


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


def write_json(rows: Iterable[Row], file: TextIO) -> int:
    """Write an array with one object a line. Return how many there are."""
    count = 0
    for count, row in enumerate(rows, 1):
        file.write(("[\n" if count == 1 else ",\n") + to_json(row))
    file.write("\n]\n" if count else "[]\n")
    return count


def to_json(value: object) -> str:
    """Return one line of JSON. What a terminal should not be sent (C1 controls, bidi marks) is escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1]  # one or, beyond the Basic Multilingual Plane, two \uXXXX


def write_csv(result: Result, file: TextIO) -> None:
    """Write a header and one record a row (RFC 4180, but with bare line feeds)."""
    write_cells(result.columns, (tuple(to_cell(row[column]) for column in result.columns) for row in result.rows), file)


def write_cells(columns: list[str], rows: Iterable[tuple[str, ...]], file: TextIO) -> int:
    """Write a header and the cells of each row, as `write_csv` does. Return how many rows there are."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([to_cell(column) for column in columns])
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 - counted
        writer.writerow(row)
    return count


def query_cells(con: duckdb.DuckDBPyConnection, statement: str, parameters: object = None) -> Cells:
    """Run `statement` and return the cells that `write_csv` would write, made in SQL: a fifth of the time."""
    columns, rows = stream_cells(con, statement, parameters)
    return Cells(columns, list(rows))


def stream_cells(
    con: duckdb.DuckDBPyConnection, statement: str, parameters: object = None
) -> tuple[list[str], Iterator[tuple[str, ...]]]:
    """Run `statement` as `query_cells` does; the rows come as they are asked for, before the connection's next one."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE answer AS {statement}", parameters)
    con.execute("SELECT * FROM answer LIMIT 0")
    described = con.description or []
    names = [f"a{number}" for number in range(len(described))]
    made = [_cell_in_sql(name, column[1]) for name, column in zip(names, described, strict=True)]
    expressions = ", ".join(expression for expression, _ in made)
    con.execute(f"SELECT {expressions} FROM answer AS t({', '.join(names)})")  # noqa: S608 - names of our own making
    rest = [(at, convert) for at, (_, convert) in enumerate(made) if convert is not None]
    return [str(column[0]) for column in described], _cells(con, rest)


def _cell_in_sql(name: str, kind: Any) -> tuple[str, Callable[[Any], str] | None]:
    """Return what makes cells of a column in SQL, and what is to be done with each after that, if anything."""
    if kind.id in _NUMBERS or kind.id == "boolean":
        return f"coalesce({name}::VARCHAR, '')", None
    if kind.id == "timestamp":
        return f"coalesce(strftime({name}, '%Y-%m-%dT%H:%M:%S.%fZ'), '')", None
    if str(kind) in ("VARCHAR", "VARCHAR[]"):
        text = name if str(kind) == "VARCHAR" else f"array_to_string([coalesce(i, '') FOR i IN {name}], '; ')"
        guard = f"left({text}, 1) IN ('=', '+', '-', '@', chr(9), chr(13))"  # as _FORMULA
        return f"coalesce(CASE WHEN {guard} THEN '''' || {text} ELSE {text} END, '')", None
    if _is_plain(kind):  # structures: many are alike
        return f"to_json({name})::VARCHAR", lru_cache(_AT_ONCE)(_structure)
    is_json = str(kind).startswith("JSON")
    return name, lambda value: to_cell(plain(value, is_json))


def _structure(text: str | None) -> str:
    """The cell of what DuckDB writes as JSON, without the blanks that ours has."""
    return to_cell(None if text is None else json.loads(text))


def _cells(con: duckdb.DuckDBPyConnection, rest: list[tuple[int, Callable[[Any], str]]]) -> Iterator[tuple[str, ...]]:
    for values in _fetched(con):
        row: tuple[str, ...] = values
        if rest:
            changed = list(values)
            for at, convert in rest:
                changed[at] = convert(changed[at])
            row = tuple(changed)
        yield row if "".join(row).isprintable() else tuple(map(to_text, row))
    con.execute("DROP TABLE answer")


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
