"""What people say of devices (owner, place, that two are one) and what they decide of findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Final

import duckdb

from inventory.errors import InventoryError
from inventory.merging import NOT_SAME, SAME
from inventory.store import Annotation
from parsers.text import clean

FIELDS: Final = ("owner", "location", "asset_tag", "note", SAME, NOT_SAME)
FINDING_FIELDS: Final = ("status", "until", "reason", "note")
STATUSES: Final = ("open", "acknowledged", "accepted")
MAX_VALUE: Final = 1000  # characters
FINDING_ID: Final = re.compile(r"f[0-9a-f]{12}")

_NAMED: Final = "SELECT DISTINCT site, key FROM candidate WHERE id = ?"


def parse(words: Iterable[str], fields: tuple[str, ...] = FIELDS) -> dict[str, str]:
    """Read FIELD=VALUE words. Raises InventoryError for an unknown field, one given twice, or a value of no use."""
    values: dict[str, str] = {}
    for word in words:
        field, equals, value = word.partition("=")
        if not equals:
            raise InventoryError(f"FIELD=VALUE is expected, not {clean(word)!r}")
        if field not in fields:
            raise InventoryError(f"no field {clean(field)!r}: FIELD=VALUE, where FIELD is one of {', '.join(fields)}")
        if field in values:
            raise InventoryError(f"{field} is given twice")
        values[field] = read_value(field, value)
    return values


def read_value(field: str, value: str) -> str:
    """Return `value` without the space around it. Raises InventoryError where it is of no use."""
    if len(value) > MAX_VALUE or (value and (not value.strip() or not value.isprintable())):
        raise InventoryError(f"{field} must be one line of at most {MAX_VALUE} printable characters")
    return value.strip()


def said(con: duckdb.DuckDBPyConnection, device_id: str, values: Mapping[str, str], author: str) -> list[Annotation]:
    """Return `values` as said of `device_id` by `author` now; `con` is the inventory with its derived tables.

    Raises InventoryError where two devices cannot be one, or one cannot be two.
    """
    for field in (SAME, NOT_SAME):
        if other := values.get(field):
            _check(con, device_id, field, other)
    return _dated(device_id, values, author)


def decided(
    con: duckdb.DuckDBPyConnection, finding_id: str, values: Mapping[str, str], author: str
) -> list[Annotation]:
    """Return `values` as decided of `finding_id`. Raises InventoryError for a decision that is none, or of no finding.

    Accepted is a finding until a day and for a reason, and only if both are given with it.
    """
    if con.execute("SELECT 1 FROM found_key WHERE key = ?", [finding_id]).fetchone() is None:
        raise InventoryError(f"no finding {finding_id!r}: medspan findings lists them")
    status = values.get("status")
    if status is None and values.keys() - {"note"}:
        raise InventoryError(f"until and reason go with status={'|'.join(STATUSES[1:])}")
    if status is not None and status not in STATUSES:
        raise InventoryError(f"status must be one of {', '.join(STATUSES)}, not {status!r}")
    if status == "accepted" and not (values.get("until") and values.get("reason")):
        raise InventoryError("status=accepted needs until=DATE and reason=TEXT")
    if until := values.get("until"):
        _check_day(until)
    return _dated(finding_id, values, author)


def _check_day(text: str) -> None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InventoryError(f"until must be a date such as 2027-06-30, not {text!r}") from None
    if day < datetime.now(UTC).date():
        raise InventoryError(f"until={text} is over")


def _dated(name: str, values: Mapping[str, str], author: str) -> list[Annotation]:
    now = datetime.now(UTC).replace(tzinfo=None)
    return [Annotation(name, field, value, author, now) for field, value in values.items()]


def _check(con: duckdb.DuckDBPyConnection, device_id: str, field: str, other: str) -> None:
    ours, theirs = (con.execute(_NAMED, [name]).fetchall() for name in (device_id, other))
    for name, found in ((device_id, ours), (other, theirs)):
        if not found:
            raise InventoryError(f"{name} was never seen itself, only in others' messages: {field} says nothing of it")
    if ours == theirs:
        raise InventoryError(f"{device_id} and {other} are names of one and the same MAC or address")
    if ours[0][0] != theirs[0][0]:
        raise InventoryError(f"{device_id} is at site {ours[0][0]}, {other} at {theirs[0][0]}: devices are of one site")
