"""Our tables of knowledge: nothing is wrong with them, and DuckDB reads them as they are."""

from __future__ import annotations

import pytest

from inventory.knowledge_shapes import SHAPES
from inventory.knowledge_tables import main
from tests.inventory.knowledge import KNOWLEDGE, database, organisation, table

LEAST = {  # rows: a file cut short would still be well formed
    "http_products": 140,
    "implementation_versions": 40,
    "manufacturers": 310,
    "modalities": 70,
    "roles": 14,
    "sop_classes": 370,
    "uid_roots": 140,
    "user_agent_os": 15,
}


def test_nothing_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert (main(), capsys.readouterr().err) == (0, "")


def test_every_table_has_a_shape() -> None:
    assert {path.stem for path in KNOWLEDGE.glob("*.csv")} == set(SHAPES)


@pytest.mark.parametrize("name", LEAST)
def test_nothing_is_lost(name: str) -> None:
    assert len(table(name)) >= LEAST[name]


@pytest.mark.parametrize("name", SHAPES)
def test_duckdb_reads_the_same(name: str) -> None:
    rows = database().execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall()
    assert rows == [tuple(row.values()) for row in table(name)]


@pytest.mark.parametrize(
    ("name", "column", "values"),
    [
        ("uid_roots", "kind", "maker registrar software toolkit"),
        ("uid_roots", "product_kind", "archive modality workstation"),
        ("implementation_versions", "product_kind", "archive modality workstation"),
        ("manufacturers", "kind", "maker software unknown"),
        ("http_products", "kind", "application browser library proxy server"),
    ],
)
def test_vocabulary_is_in_use(name: str, column: str, values: str) -> None:
    assert sorted({row[column] for row in table(name)} - {""}) == values.split()


def test_only_applications_name_a_maker() -> None:
    assert {row["kind"] for row in table("http_products") if row["manufacturer"]} == {"application"}


def test_a_name_tells_a_toolkit_or_a_maker() -> None:
    assert [r for r in table("implementation_versions") if bool(r["toolkit"]) == bool(r["manufacturer"])] == []


@pytest.mark.parametrize(
    ("uid", "version"),
    [("1.2.276.0.7230010.3.0.3.6.7", "3.6.7"), ("1.2.826.0.1.3680043.9.3811.3.0.4", "3.0.4")],
)
def test_a_toolkit_version_in_the_uid(uid: str, version: str) -> None:
    row = organisation(uid)
    assert row is not None
    assert row["version_suffix"] == "true"
    assert uid.removeprefix(row["root"] + ".") == version


def test_only_toolkits_tell_their_version_in_the_uid() -> None:
    assert {row["kind"] for row in table("uid_roots") if row["version_suffix"] == "true"} == {"toolkit"}


@pytest.mark.parametrize("name", ["uid_roots", "implementation_versions"])
def test_products_are_makers_or_software(name: str) -> None:
    for row in table(name):
        assert not row["product_kind"] or row.get("kind", "maker") in ("maker", "software"), row
