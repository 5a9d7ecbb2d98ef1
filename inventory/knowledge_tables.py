"""Reading tables of knowledge, ours and a site's own, and finding all that is wrong with them.

`python -m inventory.knowledge_tables [DIR]` tells every problem as `file:line: what`, ours without DIR. A site's folder
(`--knowledge DIR`) has CSV files of the same names; its rows are added to ours, and win over them.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from inventory.errors import InventoryError
from inventory.knowledge_shapes import SHAPES, Shape
from inventory.versions import create_macros
from parsers.text import clean

OURS: Final = Path(str(files("inventory").joinpath("knowledge")))
_MAX_BYTES: Final = 16 * 1024 * 1024  # of one file: ours have 50 KB


class Row(NamedTuple):
    """One row, and the line of its file that it begins on."""

    line: int
    values: dict[str, str]  # every column of the shape; "" where the file has none


class Problem(NamedTuple):
    """Something wrong with a file, or at a line of it (0: with the file)."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}" if self.line else f"{self.file}: {self.what}"


Tables = dict[str, list[Row]]  # by name, without .csv


def read_tables(folder: Path) -> tuple[Tables, list[Problem]]:
    """Read every table of `folder`. What cannot be read is left out, and told."""
    tables: Tables = {}
    problems: list[Problem] = []
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv")
    except OSError as error:
        return {}, [Problem(str(folder), 0, (error.strerror or "cannot be read").lower())]
    if not paths:
        problems.append(Problem(str(folder), 0, "there is no table (*.csv) in this folder"))
    for path in paths:
        shape = SHAPES.get(path.stem)
        if shape is None:
            problems.append(Problem(str(path), 0, f"no table has this name: there are {', '.join(SHAPES)}"))
        else:
            tables[path.stem] = list(_rows(path, shape, problems))
    return tables, problems


def create_tables(con: duckdb.DuckDBPyConnection, site: Path | None = None) -> None:
    """Create `knowledge_<name>` for each of our tables, all text, and put the rows of the folder `site` before ours.

    Column `layer` is 0 in a site's rows and 1 in ours: where several patterns match, the lowest decides. A row of ours
    that has the key of a site's is left out. What compares versions (`inventory.versions`) is made, too.
    Raises InventoryError.
    """
    create_macros(con)
    own = site_tables(site, con) if site else {}
    for path in sorted(OURS.glob("*.csv")):
        columns = ", ".join(f"'{column}': 'VARCHAR'" for column in SHAPES[path.stem].columns)
        con.execute(
            f"CREATE TEMP TABLE knowledge_{path.stem} AS SELECT 1 AS layer, * "  # noqa: S608 - our own names
            # Nothing is left to be guessed: patterns look like many a dialect.
            f"FROM read_csv(?, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
            f"columns = {{{columns}}})",
            [str(path)],
        )
    for name, rows in own.items():
        _put(con, name, rows)


def _put(con: duckdb.DuckDBPyConnection, name: str, rows: list[Row]) -> None:
    shape = SHAPES[name]
    values = [{column: value or None for column, value in row.values.items()} for row in rows]
    layout = json.dumps([dict.fromkeys(shape.columns, "VARCHAR")])
    key = ", ".join(shape.key)
    con.execute(
        f"CREATE TEMP TABLE site_knowledge AS SELECT unnest(from_json_strict(?, '{layout}'), recursive := true)",
        [json.dumps(values)],
    )
    # Names of SHAPES, here and below.
    con.execute(f"DELETE FROM knowledge_{name} WHERE ({key}) IN (SELECT ({key}) FROM site_knowledge)")  # noqa: S608
    con.execute(f"INSERT INTO knowledge_{name} BY NAME SELECT 0 AS layer, * FROM site_knowledge")  # noqa: S608
    con.execute("DROP TABLE site_knowledge")


def site_tables(folder: Path, con: duckdb.DuckDBPyConnection) -> Tables:
    """Return the tables of a site's own folder. `con` is any connection: patterns are tried as they will be run.

    Raises InventoryError, one line a problem, for all of them.
    """
    from inventory.knowledge_checks import check

    tables, problems = read_tables(folder)
    for name in sorted(tables):
        if not SHAPES[name].own:
            problems.append(Problem(str(folder / f"{name}.csv"), 0, "this table is the same everywhere"))
    ours, _ = read_tables(OURS)
    problems += check(folder, tables, con, known=ours)
    if problems:
        raise InventoryError("\n".join(map(str, sorted(problems))))
    return tables


def _rows(path: Path, shape: Shape, problems: list[Problem]) -> Iterator[Row]:
    text = _text(path, problems)
    if text is None:
        return
    file = str(path)
    lines = csv.reader(StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for values in lines:
            if header is None:
                header = values
                wrong = list(_wrong_header(values, shape))
                problems += (Problem(file, line, what) for what in wrong)
                if wrong:
                    return
            elif values and len(values) != len(header):
                problems.append(Problem(file, line, f"{len(values)} values for {len(header)} columns"))
            elif values:
                yield Row(line, dict.fromkeys(shape.columns, "") | dict(zip(header, values, strict=True)))
            line = lines.line_num + 1
    except csv.Error as error:
        problems.append(Problem(file, line, f"not CSV: {error}"))
    if header is None:
        problems.append(Problem(file, 0, "the header is missing"))


def _text(path: Path, problems: list[Problem]) -> str | None:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        problems.append(Problem(str(path), 0, (error.strerror or "cannot be read").lower()))
        return None
    if len(raw) > _MAX_BYTES:
        problems.append(Problem(str(path), 0, f"more than {_MAX_BYTES:,} bytes"))
        return None
    try:
        return raw.decode("utf-8-sig")  # spreadsheets begin with a mark
    except UnicodeDecodeError as error:
        problems.append(Problem(str(path), raw.count(b"\n", 0, error.start) + 1, "not UTF-8"))
        return None


def _wrong_header(header: list[str], shape: Shape) -> Iterator[str]:
    for column in dict.fromkeys(header):
        if column not in shape.columns:
            yield f"no column {clean(column)!r} here: there are {', '.join(shape.columns)}"
        elif header.count(column) > 1:
            yield f"column {column} is here twice"
    missing = [column for column in shape.columns if column not in header and column not in shape.empty]
    if missing:
        yield f"column{'s' if len(missing) > 1 else ''} {', '.join(missing)} missing"


def main(arguments: Iterable[str] = ()) -> int:
    """Tell what is wrong with the tables of a folder, ours without one. Return 1 where something is."""
    from inventory.knowledge_checks import check, check_ours

    folder = next((Path(argument) for argument in arguments), OURS)
    tables, problems = read_tables(folder)
    ours = tables if folder == OURS else read_tables(OURS)[0]
    problems += check(folder, tables, duckdb.connect(), known=ours)
    if folder == OURS:
        problems += check_ours(folder, tables)
    for problem in sorted(problems):
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
