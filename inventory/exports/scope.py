"""What an export is of: which sites, from when until when, and how much was captured.

The workbook tells all of it, CycloneDX the sites and the date, OCSF the date; the other formats have no place for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

import duckdb

_SCOPE: Final = """
SELECT coalesce(list_sort(list(DISTINCT site)), []), min(first_packet), max(last_packet), sum(packets)::BIGINT
FROM capture
WHERE $site IS NULL OR site = $site
"""


class Scope(NamedTuple):
    """What was looked at. Times are UTC; None where no packet was read."""

    sites: list[str]
    first_packet: datetime | None
    last_packet: datetime | None  # the date of all that is told: nothing is newer
    packets: int


def scope(con: duckdb.DuckDBPyConnection, site: str | None) -> Scope:
    """Tell what was looked at (of one site)."""
    sites, first, last, packets = con.execute(_SCOPE, {"site": site}).fetchall()[0]
    return Scope(sites, first, last, packets or 0)
