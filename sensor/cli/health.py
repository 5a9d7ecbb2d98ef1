"""`medspan health`: what was captured, and what was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sensor.cli.options import DEFAULT_INVENTORY, Format, FormatOption, InventoryOption, SiteOption
from sensor.cli.output import Columns, emit, short_time

if TYPE_CHECKING:
    from inventory.export import Row

_HEALTH = """
SELECT name AS capture, site, sensor, first_packet, last_packet, packets, bytes, kernel_drops, truncated_packets,
       duplicate_packets, gaps, gap_bytes, one_way_flows, unknown_link_packets, undecoded_packets, parser_errors,
       caps_hit, file_error
FROM capture
WHERE $site IS NULL OR site = $site
ORDER BY first_packet, name
"""
_LOSSES = {
    "kernel_drops": "dropped by the kernel",
    "truncated_packets": "truncated packets",
    "duplicate_packets": "duplicate packets",
    "gaps": "gaps in streams",
    "gap_bytes": "bytes in gaps",
    "one_way_flows": "one-way flows",
    "unknown_link_packets": "packets of unknown link type",
    "undecoded_packets": "undecoded packets",
    "parser_errors": "malformed streams",
    "caps_hit": "caps hit",
}


def _losses(row: Row) -> str:
    parts = [f"{row[key]:,} {words}" for key, words in _LOSSES.items() if row[key]]
    if row["file_error"]:
        parts.append(row["file_error"])
    return "; ".join(parts) or "none"


_COLUMNS: Columns = {
    "Capture": "capture",
    "Site": "site",
    "Sensor": "sensor",
    "First packet": lambda row: short_time(row["first_packet"]),
    "Last packet": lambda row: short_time(row["last_packet"]),
    "Packets": lambda row: f"{row['packets']:,}",
    "Bytes": lambda row: f"{row['bytes']:,}",
    "Losses and oddities": _losses,
}


def health(
    inventory: InventoryOption = DEFAULT_INVENTORY,
    output: FormatOption = Format.TABLE,
    site: SiteOption = None,
) -> None:
    """Show what was captured and what was lost."""
    from inventory.database import open_database
    from inventory.export import query

    with open_database(inventory, read_only=True) as con:
        result = query(con, _HEALTH, {"site": site})
    emit(result, output, _COLUMNS, "capture")  # the file is free meanwhile: a pager may take its time
