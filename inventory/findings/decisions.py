"""What people decide of findings in `medspan.toml`: accepted until a day, for a reason. Also said with `annotate`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import duckdb

from inventory.config import Acceptance
from inventory.errors import InventoryError
from inventory.findings.rules import rules

_CREATE = """
CREATE OR REPLACE TEMP TABLE today AS SELECT ?::DATE AS day;
CREATE OR REPLACE TEMP TABLE acceptance (
    rule   VARCHAR,
    device VARCHAR,  -- as written: id, address, MAC or AE title; NULL is every device
    peer   VARCHAR,  -- NULL is every peer
    until  DATE,
    reason VARCHAR
);
"""


def create_words(con: duckdb.DuckDBPyConnection, accepted: Sequence[Acceptance] = ()) -> None:
    """Put the day, and what `medspan.toml` accepts, beside the facts. Raises InventoryError for an unknown rule."""
    known = {rule.rule for rule in rules()}
    for number, acceptance in enumerate(accepted, 1):
        if acceptance.rule not in known:
            raise InventoryError(f"accept {number}: no rule {acceptance.rule!r}: medspan findings --rules lists them")
    con.execute(_CREATE.replace("?", f"'{datetime.now(UTC).date()}'"))
    if accepted:
        con.executemany(
            "INSERT INTO acceptance VALUES (?, ?, ?, ?, ?)",
            [[a.rule, a.device, a.peer, a.until, a.reason] for a in accepted],
        )
