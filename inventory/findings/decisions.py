"""What people decide of findings in `medspan.toml`: accepted until a day, for a reason. Also said with `annotate`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import duckdb

from inventory.config import Acceptance
from inventory.errors import InventoryError
from inventory.findings.macros import create_macros
from inventory.findings.rules import rules
from inventory.naming import canonical, mac

_TODAY: Final = "CREATE OR REPLACE TEMP TABLE today AS SELECT ?::DATE AS day"
_ACCEPTANCE: Final = """
CREATE OR REPLACE TEMP TABLE acceptance (
    number INTEGER,  -- as it stands in the file, from 1
    rule   VARCHAR,
    site   VARCHAR,  -- NULL is every site
    device VARCHAR,  -- id, address or AE title; NULL is every device
    mac    VARCHAR,  -- the same, should it be one
    peer   VARCHAR,  -- address, or name of a partner; NULL is every peer
    until  DATE,
    reason VARCHAR
)
"""
_IDLE: Final = "SELECT number FROM acceptance WHERE number NOT IN (SELECT number FROM accepted) ORDER BY number"


def create_words(con: duckdb.DuckDBPyConnection, accepted: Sequence[Acceptance] = ()) -> None:
    """Put the day, what `medspan.toml` accepts, and the macros of rules and listings beside the facts.

    Raises InventoryError for an unknown rule.
    """
    known = {rule.rule for rule in rules()}
    for number, acceptance in enumerate(accepted, 1):
        if acceptance.rule not in known:
            raise InventoryError(f"accept {number}: no rule {acceptance.rule!r}: medspan findings --rules lists them")
    create_macros(con)
    con.execute(_TODAY, [datetime.now(UTC).date()])
    con.execute(_ACCEPTANCE)
    for number, (rule, site, device, *rest) in enumerate(accepted, 1):
        names = [None, None] if device is None else [canonical(device), mac(device)]
        con.execute("INSERT INTO acceptance VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [number, rule, site, *names, *rest])


def idle_acceptances(con: duckdb.DuckDBPyConnection) -> list[int]:
    """Return which entries of `medspan.toml` accept nothing, by their numbers: perhaps they are misspelt."""
    return [number for (number,) in con.execute(_IDLE).fetchall()]
