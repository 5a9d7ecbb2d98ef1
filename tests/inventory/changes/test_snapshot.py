"""What a snapshot refers to in the inventory it is of, and what it holds itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from inventory.changes.snapshot import Snapshot, attach, save
from inventory.database import open_database
from inventory.errors import InventoryError
from inventory.store import Store
from tests.inventory.changes.inventories import NO_FINDING

KEPT = """
CREATE SCHEMA derived;
CREATE TABLE derived.state AS SELECT 's' AS site, 'd' AS device_id, 'device' AS aspect, 'kept' AS value;
CREATE TABLE derived.device_key AS SELECT 's' AS site, 'id' AS kind, 'd' AS key, 'd' AS device_id;
"""
ANEW = "CREATE TEMP TABLE state AS SELECT * REPLACE ('anew' AS value) FROM derived.state"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "i.duckdb"
    Store(path)
    with duckdb.connect(str(path)) as con:
        con.execute(KEPT)
    return path


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_database(path, read_only=True) as con:
        con.execute(NO_FINDING)
        con.execute("SET search_path = 'main,derived'")
        yield con


def value(snapshot: Snapshot) -> object:
    with duckdb.connect() as con:
        attach(con, snapshot, "old")
        assert con.execute("SELECT key FROM old_device_key").fetchall() == [("d",)]
        return con.execute("SELECT value FROM old_state").fetchone()


def test_what_is_kept_is_referred_to(path: Path, tmp_path: Path) -> None:
    with opened(path) as con:
        snapshot = save(con, tmp_path / "old", path)
    assert (snapshot.kept, value(snapshot)) == (path, ("kept",))


def test_what_is_derived_with_other_settings_is_copied(path: Path, tmp_path: Path) -> None:
    with opened(path) as con:
        con.execute(ANEW)
        assert value(save(con, tmp_path / "old", path)) == ("anew",)


def test_an_inventory_that_keeps_nothing_is_free_to_change(path: Path, tmp_path: Path) -> None:
    with opened(path) as con:
        con.execute(ANEW)
        con.execute("CREATE TEMP TABLE device_key AS FROM derived.device_key")
        snapshot = save(con, tmp_path / "old", path)
    path.unlink()
    assert (snapshot.kept, value(snapshot)) == (None, ("anew",))


@pytest.mark.parametrize(
    "statement", ["DROP SCHEMA derived CASCADE", "UPDATE derived.state SET value = 'later'", None], ids=str
)
def test_written_to_meanwhile(statement: str | None, path: Path, tmp_path: Path) -> None:
    """Whether its tables were dropped, or kept again of other facts, or the inventory is no more."""
    with opened(path) as con:
        snapshot = save(con, tmp_path / "old", path)
    if statement is None:
        path.unlink()
    else:
        with duckdb.connect(str(path)) as con:
            con.execute(statement)
    with pytest.raises(InventoryError, match=r"i\.duckdb was written to meanwhile: try again$"):
        value(snapshot)
