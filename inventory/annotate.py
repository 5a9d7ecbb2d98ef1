"""What people say of devices: who owns one, where it is, and that two of them are one, or are not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import duckdb

from inventory.errors import InventoryError
from inventory.merging import NOT_SAME, SAME
from inventory.store import Annotation
from parsers.text import clean

FIELDS: Final = ("owner", "location", "asset_tag", "note", SAME, NOT_SAME)
MAX_VALUE: Final = 1000  # characters

_NAMED: Final = "SELECT DISTINCT site, key FROM candidate WHERE id = ?"


def parse(words: Iterable[str]) -> dict[str, str]:
    """Read FIELD=VALUE words. Raises InventoryError for an unknown field, one given twice, or a value of no use."""
    values: dict[str, str] = {}
    for word in words:
        field, equals, value = word.partition("=")
        if not equals:
            raise InventoryError(f"FIELD=VALUE is expected, not {clean(word)!r}")
        if field not in FIELDS:
            raise InventoryError(f"no field {clean(field)!r}: FIELD=VALUE, where FIELD is one of {', '.join(FIELDS)}")
        if field in values:
            raise InventoryError(f"{field} is given twice")
        if len(value) > MAX_VALUE or (value and (not value.strip() or not value.isprintable())):
            raise InventoryError(f"{field} must be one line of at most {MAX_VALUE} printable characters")
        values[field] = value.strip()
    return values


def said(con: duckdb.DuckDBPyConnection, device_id: str, values: dict[str, str], author: str) -> list[Annotation]:
    """Return `values` as said of `device_id` by `author` now; `con` is the inventory with its derived tables.

    Raises InventoryError where two devices cannot be one, or one cannot be two.
    """
    for field in (SAME, NOT_SAME):
        if other := values.get(field):
            _check(con, device_id, field, other)
    now = datetime.now(UTC).replace(tzinfo=None)
    return [Annotation(device_id, field, value, author, now) for field, value in values.items()]


def _check(con: duckdb.DuckDBPyConnection, device_id: str, field: str, other: str) -> None:
    ours, theirs = (con.execute(_NAMED, [name]).fetchall() for name in (device_id, other))
    for name, found in ((device_id, ours), (other, theirs)):
        if not found:
            raise InventoryError(f"{name} was never seen itself, only in others' messages: {field} says nothing of it")
    if ours == theirs:
        raise InventoryError(f"{device_id} and {other} are names of one and the same MAC or address")
    if ours[0][0] != theirs[0][0]:
        raise InventoryError(f"{device_id} is at site {ours[0][0]}, {other} at {theirs[0][0]}: devices are of one site")
