"""What rules and listings are written with: macros for any connection."""

from __future__ import annotations

from typing import Final

import duckdb

from inventory.findings.rules import SEVERITIES

_MACROS: Final = f"""
CREATE OR REPLACE TEMP MACRO severity_rank(severity) AS list_position({list(SEVERITIES)}, severity);
CREATE OR REPLACE TEMP MACRO some_of(names, counted := NULL) AS CASE
    WHEN counted IS NOT NULL AND len(names) > 3 THEN len(names) || ' ' || counted
    ELSE array_to_string(list_sort(names)[:3], ', ')
        || CASE WHEN len(names) > 3 THEN ' and ' || (len(names) - 3) || ' more' ELSE '' END END;
"""


def create_macros(con: duckdb.DuckDBPyConnection) -> None:
    """Let `con` know these macros. Both are NULL for NULL.

    `severity_rank(severity)`: from 1, the worst first.
    `some_of(names)`: a list of texts in words: "a, b, c and 2 more"; with `counted := 'clients'` then "5 clients".
    """
    con.execute(_MACROS)
