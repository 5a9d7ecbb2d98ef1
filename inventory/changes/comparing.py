"""The changes between two inventories, or within one since a time; `compare.sql` says what is told of what."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.resources import files
from typing import Final, NamedTuple

import duckdb

from inventory.changes.matching import match
from inventory.changes.snapshot import Snapshot, attach, cut_old, detach, use
from inventory.export import Result, query

# For reading: the alarming first.
_CHANGES: Final = """
SELECT * FROM change
WHERE $site IS NULL OR site = $site
ORDER BY list_position(['critical', 'high', 'medium', 'low', 'info'], severity), list_position(['finding opened',
    'new public peer', 'new device', 'new service', 'new AE title', 'software changed', 'moved', 'renamed', 'changed',
    'device gone', 'service gone', 'finding closed'], change), site, device, device_id, field, "at", old, new
"""
_UNOBSERVED: Final = "SELECT site, net, devices FROM unobserved WHERE $site IS NULL OR site = $site ORDER BY ALL"
_SHORT: Final = """
SELECT site, old_time, new_time FROM period
WHERE new_time < old_time AND ($site IS NULL OR site = $site)
ORDER BY site
"""
_ONLY: Final = """
SELECT site FROM {}_coverage ANTI JOIN {}_coverage USING (site) WHERE $site IS NULL OR site = $site ORDER BY site
"""


class Unobserved(NamedTuple):
    """Devices that were not seen any more, where nothing at all was seen."""

    site: str
    network: str | None  # such as 10.1.0.0/24; None: known by other means than an address
    devices: int


class Short(NamedTuple):
    """A site of which the new side covers less time than the old one: what speaks seldom looks gone."""

    site: str
    before: timedelta
    after: timedelta


class Changes(NamedTuple):
    """What changed, and what cannot be told."""

    result: Result  # columns as in `change` of compare.sql, the alarming first
    unobserved: list[Unobserved]
    short: list[Short]
    missing: list[str]  # sites of which nothing was captured any more
    begun: list[str]  # sites of which nothing was captured before


def compare(con: duckdb.DuckDBPyConnection) -> None:
    """Make `change` and `unobserved` on `con`, which has both sides (`snapshot.py`)."""
    con.execute(_script("period"))
    match(con)
    con.execute(_script("compare"))


def changes(con: duckdb.DuckDBPyConnection, old: Snapshot | datetime, site: str | None = None) -> Changes:
    """Return what changed (of one site) from `old` to the inventory that `con` has opened.

    `old` is a snapshot of another one, or the time (UTC, without a zone) since which. Raises InventoryError.
    """
    use(con)
    try:
        if isinstance(old, Snapshot):
            attach(con, old, "old")
        else:
            cut_old(con, old)
        compare(con)
        return told(con, site)
    finally:
        detach(con, "old")


def told(con: duckdb.DuckDBPyConnection, site: str | None = None) -> Changes:
    """Return what `compare` made of `con` (of one site)."""
    wanted = {"site": site}
    return Changes(
        query(con, _CHANGES, wanted),
        [Unobserved(*row) for row in con.execute(_UNOBSERVED, wanted).fetchall()],
        [Short(*row) for row in con.execute(_SHORT, wanted).fetchall()],
        *(
            [name for (name,) in con.execute(_ONLY.format(*sides), wanted).fetchall()]
            for sides in (("old", "new"), ("new", "old"))
        ),
    )


def _script(name: str) -> str:
    return files("inventory").joinpath(f"changes/{name}.sql").read_text("utf-8")
