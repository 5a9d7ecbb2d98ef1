"""What can be wrong with advisories and ends of support: versions and dates that say nothing, or contradict."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

import duckdb

from inventory.knowledge_tables import Row
from inventory.versions import create_macros

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_CVSS: Final = re.compile(r"10\.0|\d\.\d")

Found = Iterator[tuple[int, str]]  # line, what


def advisory_problems(rows: list[Row], con: duckdb.DuckDBPyConnection) -> Found:
    """Check `advisories`. Rows that take one back may be empty but for their key."""
    keys = _keys(rows, con, "introduced", "fixed", "last_affected")
    for line, values in rows:
        if values["severity"] == "none":
            continue
        yield from (
            (line, f"{column} is empty") for column in ("backported", "summary", "published") if not values[column]
        )
        yield from _unreadable(line, values, keys, "introduced", "fixed", "last_affected")
        if values["fixed"] and values["last_affected"]:
            yield line, "fixed and last_affected: only one of them can be the end"
        first, fixed, last = (keys.get(values[column]) for column in ("introduced", "fixed", "last_affected"))
        if first and ((fixed and fixed <= first) or (last and last < first)):
            yield line, "it ends before it begins"
        if values["published"] and not _is_day(values["published"]) and not re.fullmatch(r"\d{4}", values["published"]):
            yield line, f"published {values['published']!r} is no day such as 2026-01-31, and no year"
        if values["cvss"] and not _CVSS.fullmatch(values["cvss"]):
            yield line, f"cvss {values['cvss']!r} is no base score such as 9.8"


def end_problems(rows: list[Row], con: duckdb.DuckDBPyConnection) -> Found:
    """Check `end_of_life`. A version has one end only."""
    keys = _keys(rows, con, "first_version", "next_version")
    ranges: dict[str, list[tuple[list[int], list[int] | None, int]]] = {}
    for line, values in rows:
        yield from _unreadable(line, values, keys, "first_version", "next_version")
        for column in ("ended", "extended"):
            if values[column] and not _is_day(values[column]):
                yield line, f"{column} {values[column]!r} is no day such as 2026-01-31"
        if values["extended"] and values["extended"] <= values["ended"]:
            yield line, "extended is not after ended"
        if values["kind"] == "software" and not values["backported"]:
            yield line, "backported is empty"
        first, following = keys.get(values["first_version"]), keys.get(values["next_version"])
        if first is None or (values["next_version"] and following is None):
            continue
        if following is not None and following <= first:
            yield line, "it ends before it begins"
        for begins, ends, other in ranges.setdefault(values["product"], []):
            if (ends is None or first < ends) and (following is None or begins < following):
                yield line, f"line {other} holds the same versions"
        ranges[values["product"]].append((first, following, line))


def _keys(rows: list[Row], con: duckdb.DuckDBPyConnection, *columns: str) -> dict[str, list[int]]:
    """What each version in these columns is sorted by; nothing for what is no version."""
    create_macros(con)
    versions = sorted({row.values[column] for row in rows for column in columns})
    query = "SELECT v, version_key(v) FROM unnest(?::VARCHAR[]) t(v) WHERE version_key(v) IS NOT NULL"
    return dict(con.execute(query, [versions]).fetchall())


def _unreadable(line: int, values: dict[str, str], keys: dict[str, list[int]], *columns: str) -> Found:
    for column in columns:
        if values[column] and values[column] not in keys:
            yield line, f"{column} {values[column]!r} is no version that can be compared"


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
