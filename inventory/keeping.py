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
from inventory.database import DROP_DERIVED, MEMORY, WRITER_PATIENCE, attach, explain, open_database
from inventory.derive import derive, use_threads
from inventory.merging import NOT_SAME, SAME

FEWEST: Final = 10_000  # observations, for which it pays
_CODE: Final = (".sql", ".csv", ".py")  # what decides how tables are derived
_PASSING: Final = ("today", "acceptance", "place")  # of the day, or of a command's own settings
_TABLES: Final = "SELECT table_name FROM duckdb_tables() WHERE temporary ORDER BY table_name"
_WORTH: Final = "SELECT (SELECT count(*) FROM observation) >= ?"
# What changes with every flush, and with what people say of identity.
_STATE: Final = """
SELECT (SELECT count(*) FROM observation), (SELECT count(*) FROM flow),
    (SELECT list((id, packets, complete) ORDER BY id) FROM capture),
    (SELECT count(*) FROM annotation WHERE field IN (?, ?))
"""


def keep(path: Path, config: Config) -> bool:
    """Derive the tables of the inventory at `path`, and keep them if that pays; tell whether it did.

    Others are kept from the file only while the tables are copied into it. Nothing is kept where the facts changed
    meanwhile. Raises InventoryError.
    """
    with open_database(path, read_only=True, patience=WRITER_PATIENCE) as con:
        if con.execute(_WORTH, [FEWEST]).fetchone() != (True,):
            return False
    con = duckdb.connect(config=MEMORY)
    try:
        attach(con, path, read_only=True, patience=WRITER_PATIENCE)
        con.execute("USE inventory")
        facts = con.execute(_STATE, [SAME, NOT_SAME]).fetchall()
        use_threads(con)
        derive(con, config)
        stamp = _stamp(con, config)
        con.execute("USE memory")
        con.execute("DETACH inventory")
        attach(con, path, read_only=False, patience=WRITER_PATIENCE)
        con.execute("USE inventory")
        con.execute("BEGIN")
        if con.execute(_STATE, [SAME, NOT_SAME]).fetchall() != facts:
            return False
        con.execute(DROP_DERIVED)
        con.execute("CREATE SCHEMA derived")
        for (name,) in con.execute(_TABLES).fetchall():
            if name not in _PASSING:
                con.execute(f'CREATE TABLE derived."{name}" AS FROM temp."{name}"')
        con.execute("CREATE TABLE derived.stamp AS SELECT ? AS key", [stamp])
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
    own = _digest(config.knowledge) if config.knowledge is not None else ""  # it may change while we run
    return " ".join((_digest_of_ours(), own, version("pymanuf"), address_key(con, config)))


@cache
def _digest_of_ours() -> str:
    return _digest(Path(str(files("inventory"))))


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _CODE):
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
