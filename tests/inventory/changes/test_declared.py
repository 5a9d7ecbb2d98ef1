"""What was seen against what is declared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from inventory.changes.declared import differences
from inventory.changes.declared_list import read_list

DEVICE = """
CREATE TABLE device (site VARCHAR, device_id VARCHAR, device_serial_number VARCHAR, mac_addresses VARCHAR[],
    asset_tag VARCHAR, ip_addresses VARCHAR[], hostnames VARCHAR[], ae_titles VARCHAR[], manufacturer VARCHAR,
    manufacturer_model_name VARCHAR, software_versions VARCHAR[], owner VARCHAR, location VARCHAR);
CREATE TABLE state (device_id VARCHAR, aspect VARCHAR, value VARCHAR, detail VARCHAR, first_seen TIMESTAMP,
    last_seen TIMESTAMP);
CREATE TABLE knowledge_manufacturers (spelling VARCHAR, manufacturer VARCHAR);
INSERT INTO knowledge_manufacturers VALUES ('toshiba', 'Canon Medical Systems');
INSERT INTO device VALUES
    ('north', 'd1', 'S-001', ['00:00:00:00:00:01'], 'A1', ['10.0.0.1', '10.0.0.11'], ['ct1.example'], ['CT1'],
        'Canon Medical Systems', 'Aquilion ONE', ['V6.0'], NULL, 'room 1'),
    ('north', 'd2', NULL, ['00:00:00:00:00:02'], NULL, ['10.0.0.2'], ['pacs'], ['PACS'], NULL, NULL, [], NULL, NULL),
    ('north', 'd3', 'S3', ['00:00:00:00:00:03'], NULL, ['10.0.0.3'], [], ['SHARED'], NULL, NULL, [], NULL, NULL),
    ('south', 'd4', NULL, ['00:00:00:00:00:04'], NULL, ['10.0.0.2'], [], ['SHARED'], NULL, NULL, [], NULL, NULL);
INSERT INTO state SELECT device_id, 'device', 'client', ip_addresses[1], '2026-01-01', '2026-01-02' FROM device;
INSERT INTO state VALUES ('d1', 'ip_address', '10.0.0.1', 'IPv4', '2026-01-01', '2026-01-02'),
    ('d1', 'ip_address', '10.0.0.11', 'IPv4', '2026-01-03', '2026-01-04'),
    ('d2', 'ip_address', '10.0.0.2', 'IPv4', '2026-01-01', '2026-01-02');
"""
HEADER = "Site,Serial,MAC,Tag,IP,Name,AET,Vendor,Model,Version,Location\n".replace("Version", "Software")


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(DEVICE)
        yield con


def told(con: duckdb.DuckDBPyConnection, tmp_path: Path, *lines: str, site: str | None = None) -> list[tuple[Any, ...]]:
    file = tmp_path / "assets.csv"
    file.write_text(HEADER + "".join(f"{line}\n" for line in lines))
    rows = differences(con, read_list(file), site).result.rows
    keys = ("difference", "device_id", "line", "matched_by", "field", "declared", "seen")
    return [tuple(row[key] for key in keys) for row in rows if row["difference"] != "not declared"]


def test_the_same_in_other_words(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    line = ",s001,00-00-00-00-00-01,a-1,10.0.0.11,CT1,CT1,TOSHIBA,Toshiba Aquilion One,6.0,ROOM 1"
    assert told(con, tmp_path, line) == []


def test_every_field_that_differs(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    line = ",S-001,00:00:00:00:00:99,B1,10.0.0.1,mr1,MR1,Siemens,Skyra,V7,room 2"
    found = told(con, tmp_path, line)
    assert {row[:4] for row in found} == {("different", "d1", 2, "serial")}
    assert {row[4]: row[5:] for row in found} == {
        "mac": ("00:00:00:00:00:99", "00:00:00:00:00:01"),
        "asset_tag": ("B1", "A1"),
        "ip": ("10.0.0.1", "10.0.0.11"),  # it had that one before
        "hostname": ("mr1", "ct1.example"),
        "ae_title": ("MR1", "CT1"),
        "manufacturer": ("Siemens", "Canon Medical Systems"),
        "model": ("Skyra", "Aquilion ONE"),
        "software_version": ("V7", "V6.0"),
        "location": ("room 2", "room 1"),
    }


@pytest.mark.parametrize(
    ("line", "by"),
    [
        (",,00:00:00:00:00:01,,10.0.0.2,,,,,,", "mac"),
        (",,,A1,10.0.0.2,,,,,,", "asset_tag"),
        (",,,,10.0.0.11,pacs,,,,,", "ip"),
        (",,,,10.7.0.1,ct1,PACS,,,,", "hostname"),
        (",,,,10.7.0.1,,CT1,,,,", "ae_title"),
    ],
)
def test_the_strongest_key_decides(line: str, by: str, con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert {row[1:4] for row in told(con, tmp_path, line) if row[0] == "different"} <= {("d1", 2, by)}
    assert "not seen" not in str(told(con, tmp_path, line))


def test_not_seen_and_not_observed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lines = (",S9,,,10.0.0.99,,,,,,", ",,,,10.9.0.1,,,,,,", ",S-002,,,10.0.0.1,,,,,,")
    assert [row[:3] for row in told(con, tmp_path, *lines)] == [
        ("not seen", None, 2),
        ("not seen", None, 4),  # its address is another's, whose serial number says so
        ("not observed", None, 3),
    ]


def test_ambiguous(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (row,) = told(con, tmp_path, ",,,,,,SHARED,,,,")
    assert row == ("ambiguous", None, 2, "ae_title", "ae_title", "SHARED", "d3; d4")
    assert told(con, tmp_path, "south,,,,,,SHARED,,,,") == []
    assert told(con, tmp_path, ",,,,10.0.0.2,pacs,,,,,") == [], "the name tells which of the two"


def test_undeclared(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "assets.csv"
    file.write_text("MAC\n00:00:00:00:00:01\n00:00:00:00:00:02\n")
    found = differences(con, read_list(file))
    rows = [(row["difference"], row["device_id"]) for row in found.result.rows]
    assert (found.matched, rows) == (2, [("not declared", "d3"), ("not declared", "d4")])
    assert [row["device_id"] for row in differences(con, read_list(file), "south").result.rows] == ["d4", None, None]
