"""Kept tables: the same answers as derived ones, and never those of other facts or other settings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from inventory import derive, keeping
from inventory.config import Config
from inventory.database import open_database
from inventory.derive import open_inventory
from inventory.keeping import keep
from inventory.store import Annotation, Store
from tests.cli.conftest import write_inventory

RELATIONS = ("device", "finding", "conversation", "proof", "conflict", "address_history", "ae_registry", "exposure")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keeping, "FEWEST", 1)
    path = tmp_path / "medspan.duckdb"
    write_inventory(path)
    assert keep(path, Config())
    return path


@pytest.fixture
def derivations(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """How often was derived, whatever for."""
    done: list[str] = []
    true = derive.derive_tables

    def counted(con: duckdb.DuckDBPyConnection, last: str | None = None) -> None:
        done.append("derived")
        true(con, last)

    monkeypatch.setattr(derive, "derive_tables", counted)
    yield done


def rows(path: Path, relation: str, config: Config = Config()) -> list[Any]:  # noqa: B008 - frozen
    with open_inventory(path, config) as con:
        return sorted(map(repr, con.execute(f"FROM {relation}").fetchall()))


def test_the_same_answers(path: Path, tmp_path: Path, derivations: list[str]) -> None:
    with open_inventory(path) as con:
        kept = {relation: sorted(map(repr, con.execute(f"FROM {relation}").fetchall())) for relation in RELATIONS}
    assert derivations == []
    other = tmp_path / "other.duckdb"
    write_inventory(other)
    with open_inventory(other) as con:
        for relation in RELATIONS:
            assert sorted(map(repr, con.execute(f"FROM {relation}").fetchall())) == kept[relation]
    assert derivations == ["derived"]


def test_of_few_facts_nothing_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "few.duckdb"
    write_inventory(path)
    assert not keep(path, Config())


def test_other_settings_derive(path: Path, tmp_path: Path, derivations: list[str]) -> None:
    peers = "(SELECT unnest(public_peers) FROM device)"
    assert rows(path, peers) == ["('8.8.8.8',)", "('9.9.9.9',)"]
    assert rows(path, peers, Config(local_nets="10.0.0.0/8, 8.8.8.8")) == ["('9.9.9.9',)"]
    assert derivations == ["derived"]
    own = tmp_path / "own"
    own.mkdir()
    (own / "manufacturers.csv").write_text("spelling,manufacturer,kind,source\nacmesys,Canon Medical Systems,maker,x\n")
    rows(path, "device", Config(knowledge=own))
    assert derivations == 2 * ["derived"]


def test_new_facts_take_kept_tables_away(path: Path, derivations: list[str]) -> None:
    write_inventory(path, "south", "beef")
    assert "south" in str(rows(path, "device"))
    assert derivations == ["derived"]
    assert keep(path, Config())
    assert "south" in str(rows(path, "device"))
    assert derivations == 2 * ["derived"]


def test_people_s_words_need_no_derivation_but_those_of_identity_do(path: Path, derivations: list[str]) -> None:
    with open_inventory(path) as con:
        ids = [id_ for (id_,) in con.execute("SELECT device_id FROM device WHERE len(ip_addresses) > 0").fetchall()]
    now = datetime(2026, 3, 1)
    Store(path).annotate([Annotation(ids[0], "owner", "Radiology", "ann", now)])
    assert "Radiology" in str(rows(path, "device"))
    assert derivations == []
    Store(path).annotate([Annotation(ids[0], "same-as", ids[1], "ann", now)])
    rows(path, "device")
    assert derivations == ["derived"]


def test_queries_never_write(path: Path) -> None:
    Store(path).annotate([Annotation("d", "same-as", "", "ann", datetime(2026, 3, 1))])  # nothing is kept now
    before = path.read_bytes()
    rows(path, "device")
    assert path.read_bytes() == before
    with open_database(path, read_only=True) as con:
        assert con.execute("SELECT count(*) FROM duckdb_schemas() WHERE schema_name = 'derived'").fetchone() == (0,)
