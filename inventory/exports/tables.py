"""The tables that can be taken away as they are, as CSV, JSON or Parquet: all their rows, in a fixed order."""

from __future__ import annotations

from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import duckdb

from inventory.export import stream, stream_cells, write_cells, write_json


class Table(NamedTuple):
    """Something of which there are rows."""

    noun: str  # what one row is
    statement: str  # `$site` NULL is every site
    wanted: tuple[str, ...]  # the derived tables that it asks


TABLES: Final = {
    "devices": Table(
        "device", "SELECT * FROM device WHERE $site IS NULL OR site = $site ORDER BY site, device_id", ("device",)
    ),
    "services": Table(
        "service",
        """
        SELECT site, device_id, role, ip_addresses, port, s.transport, s.protocol, s.encrypted, s.product, s.version,
            s.count AS connections, s.first_seen, s.last_seen, owner, location, asset_tag, note
        FROM service s JOIN device USING (device_id)
        WHERE $site IS NULL OR site = $site
        ORDER BY site, device_id, port, s.transport, s.protocol, s.encrypted, s.product, s.version
        """,
        ("service", "device"),
    ),
    "flows": Table(
        "conversation",
        """
        SELECT * FROM conversation WHERE $site IS NULL OR site = $site
        ORDER BY site, first_seen, client_ip, server_ip, server_port, transport, protocol, encrypted,
            client_device_id, server_device_id
        """,
        ("conversation",),
    ),
    "findings": Table(
        "finding",
        """
        SELECT f.*, d.owner, d.location, d.asset_tag, d.note
        FROM finding f LEFT JOIN device d USING (device_id)
        WHERE $site IS NULL OR f.site = $site
        ORDER BY severity_rank(severity), rule, f.site, finding_id
        """,
        ("finding", "device"),
    ),
    "ae": Table(
        "AE title",
        "SELECT * FROM ae_registry WHERE $site IS NULL OR site = $site ORDER BY ae_title, site",
        ("ae_registry",),
    ),
}


def write_table(con: duckdb.DuckDBPyConnection, what: str, file_format: str, site: str | None, file: BinaryIO) -> int:
    """Write the table `what` (of one site) to `file`, and close it, as csv or json. Return how many rows there are."""
    statement = TABLES[what].statement
    with TextIOWrapper(file, "utf-8", newline="") as text:
        if file_format == "csv":
            return write_cells(*stream_cells(con, statement, {"site": site}), text)
        return write_json(stream(con, statement, {"site": site})[1], text)


def write_parquet(con: duckdb.DuckDBPyConnection, what: str, site: str | None, path: Path) -> int:
    """Write the table `what` (of one site) to `path` as Parquet. Return how many rows there are."""
    statement = f"COPY ({TABLES[what].statement}) TO $path (FORMAT parquet, COMPRESSION zstd)"
    return int(con.execute(statement, {"site": site, "path": str(path)}).fetchall()[0][0])
