"""What is compared of an inventory, as a file of its own: saved from one connection, attached by another.

Relations of a snapshot: `state` (`sql/46_state.sql`), `device_key` (ids and MACs), `finding` and `coverage`.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from inventory.errors import InventoryError

DERIVED: Final = ("state", "device_key", "finding")  # what a snapshot is made of
# What was captured of each site. Two inventories that share a capture are one that has grown.
_COVERAGE: Final = """
CREATE OR REPLACE TEMP VIEW coverage AS
SELECT site, list_sort(list(DISTINCT id)) AS captures, min(first_packet) AS first_packet,
    max(last_packet) AS last_packet
FROM capture
WHERE last_packet IS NOT NULL
GROUP BY site
"""
_FINDING: Final = (
    "SELECT finding_id, rule, severity, title, site, device_id, ip_address, port, peer, first_seen, last_seen, status "
    "FROM {source}finding"
)
_RELATIONS: Final = {  # `source`: where they are, such as `_old_kept.derived.`
    "state": "SELECT * FROM {source}state",
    "device_key": "SELECT site, kind, key, device_id FROM {source}device_key WHERE kind IN ('id', 'mac')",
    "finding": _FINDING,
    "coverage": "SELECT * FROM {source}coverage",
}
_BEFORE: Final = {  # the same, as it was at the time `since`
    "state": "SELECT * FROM {source}state WHERE first_seen < getvariable('since')",
    "finding": "SELECT f.* REPLACE (CASE WHEN f.last_seen + to_days(closes_after_days) < "  # noqa: S608 - our own words
    "least(getvariable('since'), last_packet) THEN 'closed' ELSE 'open' END AS status) "
    f"FROM ({_FINDING}) f JOIN (SELECT rule, closes_after_days FROM rule) USING (rule) "
    "LEFT JOIN coverage USING (site) WHERE first_seen < getvariable('since')",
    "coverage": "SELECT * REPLACE (least(last_packet, getvariable('since')) AS last_packet) FROM coverage "
    "WHERE first_packet < getvariable('since')",
}
# The same, for a sensor that tells changes as they come. A device is told when half a minute has shown what it is, an
# address or a version when it has lasted: who has two of them does not go from one to the other. What was told stays.
_SETTLED: Final = {
    "state": """
        SELECT s.* FROM state s JOIN coverage c USING (site)
        WHERE device_id IN (SELECT device_id FROM state JOIN coverage USING (site) WHERE aspect = 'device'
            AND (first_seen <= last_packet - INTERVAL 30 SECOND OR device_id IN (SELECT device_id FROM _before.state)))
        QUALIFY aspect NOT IN ('ip_address', 'vlan', 'software_version', 'implementation_version', 'operating_system')
            OR s.first_seen <= c.last_packet - INTERVAL 5 MINUTE
            OR s.first_seen = min(s.first_seen) OVER (PARTITION BY device_id, aspect)
            OR (device_id, aspect, value) IN (SELECT device_id, aspect, value FROM _before.state)
    """,
    "finding": _FINDING + " WHERE coalesce(device_id IN (SELECT device_id FROM _saved.state), true)",  # noqa: S608
}
# What was derived anew, with other settings than what is kept, is a temporary table of the same name.
_IS_KEPT: Final = "SELECT bool_and(schema_name = 'derived' AND NOT temporary) FROM duckdb_tables() WHERE table_name = ?"
_IS_SAVED: Final = "FROM duckdb_tables() WHERE database_name = ? AND table_name = ?"


class Snapshot(NamedTuple):
    """What is compared of an inventory."""

    file: Path
    kept: Path | None = None  # the inventory of which it refers to what that one keeps
    written: object = None  # when `kept` was written to last


def written(inventory: Path) -> object:
    """Return what is another value after `inventory` was written to. Raises OSError."""
    log = inventory.with_name(f"{inventory.name}.wal")  # what a writer leaves that is killed
    found = [path.stat() for path in (inventory, log) if path == inventory or path.exists()]
    return [(status.st_ino, status.st_size, status.st_mtime_ns) for status in found]


def cover(con: duckdb.DuckDBPyConnection) -> None:
    """Put the view `coverage` beside what is derived of an inventory."""
    con.execute(_COVERAGE)


def save(con: duckdb.DuckDBPyConnection, file: Path, kept: Path | None = None, before: Path | None = None) -> Snapshot:
    """Write what is compared of the inventory that `con` has derived to `file`, which must not be there.

    Of the inventory at `kept`, what its file keeps anyway (`inventory.keeping`) is referred to, not copied. Where
    `before` is the last snapshot of the same inventory, what has only just begun to show is left out.
    """
    cover(con)
    con.execute(f"ATTACH {_quoted(file)} AS _saved (READ_WRITE)")
    referred = None
    try:
        if before is not None:
            con.execute(f"ATTACH {_quoted(before)} AS _before (READ_ONLY)")
        for name, statement in (_RELATIONS | (_SETTLED if before is not None else {})).items():
            if kept is not None and con.execute(_IS_KEPT, [name]).fetchone() == (True,):
                referred = kept
            else:
                con.execute(f"CREATE TABLE _saved.{name} AS {statement.format(source='')}")
    finally:
        con.execute("DETACH DATABASE IF EXISTS _before")
        con.execute("DETACH _saved")
    return Snapshot(
        file, referred, written(referred) if referred is not None else None
    )  # `con` still keeps writers off


def attach(con: duckdb.DuckDBPyConnection, snapshot: Snapshot, side: str) -> None:
    """Make `snapshot` one side of a comparison on `con`: relations named `old_...` or `new_...`.

    Raises InventoryError where the inventory that it refers to was written to since.
    """
    con.execute(f"ATTACH {_quoted(snapshot.file)} AS _{side} (READ_ONLY)")
    if snapshot.kept is not None:
        try:
            con.execute(f"ATTACH {_quoted(snapshot.kept)} AS _{side}_kept (READ_ONLY)")
            same = written(snapshot.kept) == snapshot.written
        except (duckdb.IOException, OSError):  # somebody is writing to it, or has taken it away
            same = False
        if not same:
            raise InventoryError(f"{snapshot.kept} was written to meanwhile: try again")
    for name, statement in _RELATIONS.items():
        saved = con.execute(_IS_SAVED, [f"_{side}", name]).fetchone() is not None
        found = f"FROM _{side}.{name}" if saved else statement.format(source=f"_{side}_kept.derived.")
        con.execute(f"CREATE OR REPLACE TEMP VIEW {side}_{name} AS {found}")


def detach(con: duckdb.DuckDBPyConnection, side: str) -> None:
    """Let go of the files of `attach`."""
    for name in _RELATIONS:
        con.execute(f"DROP VIEW IF EXISTS {side}_{name}")
    for name in (f"_{side}", f"_{side}_kept"):
        con.execute(f"DETACH DATABASE IF EXISTS {name}")


def use(con: duckdb.DuckDBPyConnection) -> None:
    """Make the inventory that `con` has derived the new side of a comparison on it."""
    cover(con)
    for name, statement in _RELATIONS.items():
        con.execute(f"CREATE OR REPLACE TEMP VIEW new_{name} AS {statement.format(source='')}")


def cut_old(con: duckdb.DuckDBPyConnection, since: datetime) -> None:
    """Make the inventory itself, as it was at `since` (UTC, without a zone), the old side of a comparison on `con`."""
    con.execute("SET VARIABLE since = $since::TIMESTAMP", {"since": since})
    for name, statement in (_RELATIONS | _BEFORE).items():
        con.execute(f"CREATE OR REPLACE TEMP VIEW old_{name} AS {statement.format(source='')}")


def _quoted(file: Path) -> str:
    return "'" + str(file).replace("'", "''") + "'"
