"""Opening an inventory to be queried: everything that is derived from the facts, as temporary tables.

What SQL cannot know is put beside the facts first: `address` (whose an address is), `mac_vendor`, and one
`knowledge_<name>` for each CSV of `knowledge/`. Then the statements of `sql/*.sql` are run, in order of their names;
of them only those that are needed for what is wanted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from inventory.addresses import create_addresses
from inventory.config import Config
from inventory.database import explain, is_about_file, open_database
from inventory.findings.decisions import create_words
from inventory.findings.rules import run_rules
from inventory.geoip import create_places
from inventory.knowledge_tables import create_tables
from inventory.merging import forget, merge_identities
from inventory.statements import FOUND, needed, statements
from inventory.vendors import mac_vendors

_IDENTITY: Final = "identity"  # the first that asks which identities are one device
_FEW: Final = 500_000  # observations
_KEYS: Final = "strong_key"  # the last that is needed to tell
_ACCEPTED: Final = "accepted"  # the first that asks what the rules found
_NOTHING: Final = Config()

_MACS: Final = """
SELECT mac FROM observation WHERE mac IS NOT NULL
UNION SELECT value FROM observation WHERE attribute = 'link_layer_address'
UNION SELECT client_mac FROM flow WHERE client_mac IS NOT NULL
UNION SELECT server_mac FROM flow WHERE server_mac IS NOT NULL
"""


@contextmanager
def open_inventory(
    path: Path, config: Config = _NOTHING, wanted: Iterable[str] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the inventory at `path` read-only, with those of its derived tables that are `wanted` (default: all).

    `config` is what the site says of itself. Its own networks: those that a reading was given on the command line go
    before them, those that were configured for a reading are used where there are none.
    Raises InventoryError; DuckDB's errors about the file itself become one, too.
    """
    from inventory.keeping import use_kept

    con = open_database(path, read_only=True)
    try:
        use_threads(con)
        if use_kept(con, config):
            create_places(con, config.geoip)
            create_words(con, config.accept)
            create_views(con, wanted)
        else:
            derive(con, config, wanted)
        yield con
    except duckdb.Error as error:
        if not is_about_file(error):
            raise
        raise explain(error, path) from None
    finally:
        con.close()


def use_threads(con: duckdb.DuckDBPyConnection) -> None:
    """Let DuckDB take as many threads as serve it: with few facts they only wait for each other."""
    few = con.execute("SELECT count(*) < ? FROM observation", [_FEW]).fetchone() == (True,)
    con.execute(f"SET threads = {1 if few else os.cpu_count() or 1}")


def derive(con: duckdb.DuckDBPyConnection, config: Config = _NOTHING, wanted: Iterable[str] | None = None) -> None:
    """Make those derived tables of an opened inventory that are `wanted` (default: all)."""
    create_addresses(con, config)
    _mac_vendors(con)
    create_tables(con, config.knowledge)
    create_places(con, config.geoip)
    create_words(con, config.accept)
    derive_tables(con, wanted)


def create_views(con: duckdb.DuckDBPyConnection, wanted: Iterable[str] | None = None) -> None:
    """Make only what `inventory.keeping` does not keep: views that are `wanted`, or asked by them (default: all)."""
    tables = None if wanted is None else needed(wanted)
    for statement in statements():
        if statement.is_view and (tables is None or statement.makes in tables):
            con.execute(statement.sql)


def lock_down(con: duckdb.DuckDBPyConnection) -> None:
    """Let no statement reach a file, the network or the settings from now on. There is no way back."""
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")


def derive_tables(con: duckdb.DuckDBPyConnection, wanted: Iterable[str] | None = None) -> None:
    """Derive the `wanted` tables (default: all) and what they ask, in the order of their files.

    What SQL cannot know must be there. What is whose depends on which identities are one device, and some of that on
    what is whose: so it is derived with each identity alone first, and once more where some of them turn out to be one.
    """
    forget(con)
    tables = needed((statement.makes for statement in statements()) if wanted is None else wanted)
    if _IDENTITY in tables:
        tables |= needed([_KEYS])
    alone: list[str] | None = None
    for statement in statements():
        if statement.makes == _ACCEPTED and FOUND in tables:
            run_rules(con)
        if statement.makes not in tables:
            continue
        if statement.makes == _IDENTITY:
            alone = []
        con.execute(statement.sql)
        if statement.makes == _KEYS and merge_identities(con):
            for again in alone or ():
                con.execute(again)
        if alone is not None:
            alone.append(statement.sql)


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
