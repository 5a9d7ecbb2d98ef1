"""The knowledge tables as rows, and the look-up by longest root that SQL does in the inventory."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import duckdb

KNOWLEDGE = Path(__file__).parent.parent.parent / "inventory" / "knowledge"
NORMALISE = "regexp_replace(lower(x), '[^a-z0-9]', '', 'g')"  # a Manufacturer as `manufacturers.csv` spells it
Row = dict[str, str]


def read(path: Path) -> list[Row]:
    """The rows of a CSV file, each a dict by column."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@cache
def table(name: str) -> list[Row]:
    """The rows of one knowledge table. Not to be changed."""
    return read(KNOWLEDGE / f"{name}.csv")


@cache
def database() -> duckdb.DuckDBPyConnection:
    """A database in memory with every knowledge table, all text, as the inventory has them."""
    con = duckdb.connect()
    for path in sorted(KNOWLEDGE.glob("*.csv")):
        columns = ", ".join(f"'{column}': 'VARCHAR'" for column in read(path)[0])
        con.execute(
            f"CREATE TABLE {path.stem} AS SELECT coalesce(COLUMNS(*), '') AS '\\0' FROM read_csv('{path}', "
            f"auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', columns = {{{columns}}})"
        )
    return con


def organisation(uid: str) -> Row | None:
    """The row of `uid_roots` whose root is the longest that is `uid` or holds it, by whole components."""
    under = [row for row in table("uid_roots") if f"{uid}.".startswith(f"{row['root']}.")]
    return max(under, key=lambda row: len(row["root"]), default=None)
