"""What is compared of an inventory, as a file of its own: saved from one connection, attached by another.

Relations of a snapshot: `state` (`sql/46_state.sql`), `device_key` (ids and MACs), `finding` and `coverage`.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

# What was captured of each site. Two inventories that share a capture are one that has grown.
_COVERAGE: Final = """
CREATE OR REPLACE TEMP VIEW coverage AS
SELECT site, list_sort(list(DISTINCT id)) AS captures, min(first_packet) AS first_packet, max(last_packet) AS last_packet
FROM capture
WHERE last_packet IS NOT NULL
GROUP BY site
"""
_RELATIONS: Final = {
    "state": "SELECT * FROM state",
    "device_key": "SELECT site, kind, key, device_id FROM device_key WHERE kind IN ('id', 'mac')",
    "finding": "SELECT finding_id, rule, severity, title, site, device_id, ip_address, port, peer, first_seen, "
    "last_seen, status FROM finding",
    "coverage": "SELECT * FROM coverage",
}


def cover(con: duckdb.DuckDBPyConnection) -> None:
    """Put the view `coverage` beside what is derived of an inventory."""
    con.execute(_COVERAGE)


def save(con: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Write what is compared of the inventory that `con` has derived to `file`, which must not be there."""
    cover(con)
    con.execute(f"ATTACH {_quoted(file)} AS saved (READ_WRITE)")
    try:
        for name, statement in _RELATIONS.items():
            con.execute(f"CREATE TABLE saved.{name} AS {statement}")
    finally:
        con.execute("DETACH saved")


def attach(con: duckdb.DuckDBPyConnection, file: Path, side: str) -> None:
    """Make the snapshot in `file` one side of a comparison on `con`: relations named `old_...` or `new_...`."""
    con.execute(f"ATTACH {_quoted(file)} AS {side} (READ_ONLY)")
    for name in _RELATIONS:
        con.execute(f"CREATE OR REPLACE TEMP VIEW {side}_{name} AS FROM {side}.{name}")


def use(con: duckdb.DuckDBPyConnection) -> None:
    """Make the inventory that `con` has derived the new side of a comparison on it."""
    cover(con)
    for name, statement in _RELATIONS.items():
        con.execute(f"CREATE OR REPLACE TEMP VIEW new_{name} AS {statement}")


def cut_old(con: duckdb.DuckDBPyConnection, since: datetime) -> None:
    """Make the inventory itself, as it was at `since` (UTC, without a zone), the old side of a comparison on `con`."""
    time = f"TIMESTAMP '{since.isoformat(sep=' ')}'"
    before = {
        "state": f"SELECT * FROM state WHERE first_seen < {time}",
        "device_key": _RELATIONS["device_key"],
        "finding": "SELECT f.* REPLACE (CASE WHEN f.last_seen + to_days(r.closes_after_days) < "
        f"{time} THEN 'closed' ELSE 'open' END AS status) "
        f"FROM ({_RELATIONS['finding']}) f JOIN rule r USING (rule) WHERE first_seen < {time}",
        "coverage": f"SELECT * REPLACE (least(last_packet, {time}) AS last_packet) FROM coverage "
        f"WHERE first_packet < {time}",
    }
    for name, statement in before.items():
        con.execute(f"CREATE OR REPLACE TEMP VIEW old_{name} AS {statement}")


def _quoted(file: Path) -> str:
    return "'" + str(file).replace("'", "''") + "'"
