"""What rules, listings and `sql/46_*`, `47_*` are written with: macros for any connection."""

from __future__ import annotations

from typing import Final

import duckdb

from inventory.findings.rules import SEVERITIES

_MACROS: Final = rf"""
CREATE OR REPLACE TEMP MACRO network_of(ip) AS
    coalesce(nullif(regexp_extract(ip, '^\d+\.\d+\.\d+\.'), ''), 'ipv6');
CREATE OR REPLACE TEMP MACRO severity_rank(severity) AS list_position({list(SEVERITIES)}, severity);
CREATE OR REPLACE TEMP MACRO some_of(names, counted := NULL) AS CASE
    WHEN counted IS NOT NULL AND len(names) > 3 THEN len(names) || ' ' || counted
    ELSE array_to_string(list_sort(names)[:3], ', ')
        || CASE WHEN len(names) > 3 THEN ' and ' || (len(names) - 3) || ' more' ELSE '' END END;
"""


def create_macros(con: duckdb.DuckDBPyConnection) -> None:
    """Let `con` know these macros. The first two are NULL for NULL.

    `severity_rank(severity)`: from 1, the worst first.
    `some_of(names)`: a list of texts in words: "a, b, c and 2 more"; with `counted := 'clients'` then "5 clients".
    `network_of(ip)`: the neighbourhood, as "10.0.0." for a /24, and "ipv6" for all of IPv6.
    """
    con.execute(_MACROS)
