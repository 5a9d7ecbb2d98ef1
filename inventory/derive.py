"""Opening an inventory to be queried: everything that is derived from the facts, as temporary tables.

What SQL cannot know is put beside the facts first: `address` (whose an address is), `mac_vendor`, and one
`knowledge_<name>` for each CSV of `knowledge/`. Then the statements of `sql/*.sql` are run, in order of their names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import duckdb

from inventory.addresses import create_addresses
from inventory.config import Config
from inventory.database import explain, open_database
from inventory.findings.decisions import create_words
from inventory.findings.rules import run_rules
from inventory.geoip import create_places
from inventory.knowledge_tables import create_tables
from inventory.merging import forget, merge_identities
from inventory.vendors import mac_vendors

_FACTS: Final = "facts.sql"
_IDENTITY: Final = "15_identity.sql"  # the first that asks which identities are one device
_FEW: Final = 500_000  # observations
_KEYS: Final = "32_strong_key.sql"  # the last that is needed to tell
_FINDINGS: Final = "47_finding.sql"  # asks what the rules found
VIEW: Final = "\nCREATE OR REPLACE TEMP VIEW "  # as a file that makes a view begins
_NOTHING: Final = Config()

_MACS: Final = """
SELECT mac FROM observation WHERE mac IS NOT NULL
UNION SELECT value FROM observation WHERE attribute = 'link_layer_address'
UNION SELECT client_mac FROM flow WHERE client_mac IS NOT NULL
UNION SELECT server_mac FROM flow WHERE server_mac IS NOT NULL
"""


@contextmanager
def open_inventory(
    path: Path, config: Config = _NOTHING, last: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the inventory at `path` read-only, with its derived tables, up to the one named `last` (default: all).

    `config` is what the site says of itself. Its own networks: those that a reading was given on the command line go
    before them, those that were configured for a reading are used where there are none.
    Raises InventoryError; DuckDB's errors about the file itself become one, too.
    """
    from inventory.keeping import use_kept

    con = open_database(path, read_only=True)
    try:
        try:
            use_threads(con)
            if use_kept(con, config):
                create_places(con, config.geoip)
                create_words(con, config.accept)
                create_views(con, last)
            else:
                derive(con, config, last)
        except duckdb.IOException as error:
            raise explain(error, path) from None
        yield con
    finally:
        con.close()


def use_threads(con: duckdb.DuckDBPyConnection) -> None:
    """Let DuckDB take as many threads as serve it: with few facts they only wait for each other, a tenth of the time."""
    few = con.execute("SELECT count(*) < ? FROM observation", [_FEW]).fetchone() == (True,)
    con.execute(f"SET threads = {1 if few else len(os.sched_getaffinity(0))}")


def derive(con: duckdb.DuckDBPyConnection, config: Config = _NOTHING, last: str | None = None) -> None:
    """Make the derived tables of an opened inventory, up to the one named `last` (default: all)."""
    create_addresses(con, config)
    _mac_vendors(con)
    create_tables(con, config.knowledge)
    create_places(con, config.geoip)
    create_words(con, config.accept)
    derive_tables(con, last)


def create_views(con: duckdb.DuckDBPyConnection, last: str | None = None) -> None:
    """Make only what is not kept (`inventory.keeping`): the views, up to the one named `last` (default: all)."""
    for name, statement in statements():
        if VIEW in statement:
            con.execute(statement)
        if last is not None and name.endswith(f"_{last}.sql"):
            break


def lock_down(con: duckdb.DuckDBPyConnection) -> None:
    """Let no statement reach a file, the network or the settings from now on. There is no way back."""
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")


def derive_tables(con: duckdb.DuckDBPyConnection, last: str | None = None) -> None:
    """Run `sql/*.sql` over the facts, up to the file named `last` (default: all). What SQL cannot know must be there.

    What is whose depends on which identities are one device, and some of that on what is whose: so it is derived with
    each identity alone first, and once more where some of them turn out to be one.
    """
    forget(con)
    alone: list[str] = []
    for name, statement in statements():
        if name == _FINDINGS:
            run_rules(con)
        con.execute(statement)
        if name >= _IDENTITY:
            alone.append(statement)
        if name == _KEYS and merge_identities(con):
            for again in alone[:-1]:
                con.execute(again)
        if last is not None and name.endswith(f"_{last}.sql"):
            break


@cache
def statements() -> list[tuple[str, str]]:
    """The files that derive tables, by name, and what is in each."""
    folder = files("inventory").joinpath("sql")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql") and entry.name != _FACTS)
    return [(name, folder.joinpath(name).read_text("utf-8")) for name in names]


def _mac_vendors(con: duckdb.DuckDBPyConnection) -> None:
    vendors = mac_vendors(mac for (mac,) in con.execute(_MACS).fetchall())
    con.execute(
        """
        CREATE TEMP TABLE mac_vendor AS
        SELECT unnest(j.mac) AS mac, unnest(j.vendor) AS vendor
        FROM (SELECT from_json_strict(?, '{"mac": ["VARCHAR"], "vendor": ["VARCHAR"]}') AS j)
        """,
        [json.dumps({"mac": list(vendors), "vendor": list(vendors.values())})],
    )
