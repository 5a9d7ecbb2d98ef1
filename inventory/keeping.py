"""Derived tables kept in the inventory file, so that queries of a large one need not derive them again.

They are in the schema `derived`, beside the stamp of what they were made with: the same facts, since whatever changes
facts drops the schema (`inventory.store`), the same settings, and the same SQL and knowledge. Queries never write: who
wants other settings derives for himself. Of few facts nothing is kept: deriving takes as long as writing.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Final

import duckdb

from inventory.addresses import address_key
from inventory.config import Config
from inventory.database import DROP_DERIVED, WRITER_PATIENCE, explain, open_database
from inventory.derive import derive, use_threads

FEWEST: Final = 10_000  # observations, for which it pays
_CODE: Final = (".sql", ".csv", ".py")  # what decides how tables are derived
_PASSING: Final = frozenset(["today", "acceptance", "place"])  # of the day, or of a command's own settings
_TABLES: Final = "SELECT table_name FROM duckdb_tables() WHERE temporary"
_WORTH: Final = "SELECT (SELECT count(*) FROM observation) >= ?"


def keep(path: Path, config: Config) -> bool:
    """Derive the tables of the inventory at `path`, and keep them if that pays; tell whether it did.

    Raises InventoryError.
    """
    con = open_database(path, read_only=False, patience=WRITER_PATIENCE)
    try:
        if con.execute(_WORTH, [FEWEST]).fetchone() != (True,):
            return False
        use_threads(con)
        derive(con, config)
        con.execute("BEGIN")
        con.execute(DROP_DERIVED)
        con.execute("CREATE SCHEMA derived")
        for (name,) in con.execute(_TABLES).fetchall():
            if name not in _PASSING:
                con.execute(f'CREATE TABLE derived."{name}" AS FROM temp."{name}"')
        con.execute("CREATE TABLE derived.stamp AS SELECT ? AS key", [_stamp(con, config)])
        con.execute("COMMIT")
    except duckdb.Error as error:
        raise explain(error, path) from None
    finally:
        con.close()
    return True


def use_kept(con: duckdb.DuckDBPyConnection, config: Config) -> bool:
    """Let names mean the kept tables, if there are any that were made with the same; tell whether there are."""
    try:
        found = con.execute("SELECT key FROM derived.stamp").fetchall()
    except duckdb.CatalogException:
        return False
    if found != [(_stamp(con, config),)]:
        return False
    con.execute("SET search_path = 'main,derived'")
    return True


def _stamp(con: duckdb.DuckDBPyConnection, config: Config) -> str:
    own = _digest(str(config.knowledge)) if config.knowledge is not None else ""
    return " ".join((_digest(str(files("inventory"))), own, version("pymanuf"), address_key(con, config)))


@cache
def _digest(folder: str) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in Path(folder).rglob("*") if path.suffix in _CODE):
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
