"""Advisories and ends of support: every problem is told at its line, rows are found, and a site's own decide."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from inventory.errors import InventoryError
from inventory.knowledge_tables import site_tables
from sensor.cli.main import app
from tests.conftest import ROOT
from tests.inventory.knowledge import table

ADVISORIES = "product,advisory,introduced,fixed,last_affected,cvss,severity,backported,summary,published,source\n"
ENDS = "product,kind,first_version,next_version,ended,extended,backported,source\n"
UNNAMED = {"Mirth Connect"}  # software segments of HL7 name it, and not our tables


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("advisories", "P,C-1,0,1.2,,9.8,high,no,text,2026-01-31,s\nP,C-1,1.3,,,,none,,,,s\n", []),
        ("advisories", "P,C-1,,1.2,,9.8,high,no,text,2026,s\n", ["2: introduced is empty"]),
        (
            "advisories",
            "P,C-1,0,1.2,1.1,,high,,,2026-02-30,s\n",
            [
                "2: backported is empty",
                "2: fixed and last_affected: only one of them can be the end",
                "2: published '2026-02-30' is no day such as 2026-01-31, and no year",
                "2: summary is empty",
            ],
        ),
        (
            "advisories",
            "P,C-1,2.x,all,,98,urgent,yes,text,2026,s\n",
            [
                "2: backported 'yes' is none of distribution, no, vendor",
                "2: cvss '98' is no base score such as 9.8",
                "2: fixed 'all' is no version that can be compared",
                "2: introduced '2.x' is no version that can be compared",
                "2: severity 'urgent' is none of critical, high, info, low, medium, none",
            ],
        ),
        ("advisories", "P,C-1,1.2,1.2.0,,,low,no,text,2026,s\n", ["2: it ends before it begins"]),
        ("advisories", "P,C-1,1.10,,1.9,,low,no,text,2026,s\n", ["2: it ends before it begins"]),
        ("end_of_life", "P,software,1.9,1.10,2026-01-31,2027-01-31,no,s\nP,software,1.10,,2026-01-31,,no,s\n", []),
        (
            "end_of_life",
            "P,software,1.2,1.4,2026-1-1,,,s\nP,software,1.3,,2026-01-31,2026-01-31,no,s\n",
            [
                "2: backported is empty",
                "2: ended '2026-1-1' is no day such as 2026-01-31",
                "3: extended is not after ended",
                "3: line 2 holds the same versions",
            ],
        ),
        ("end_of_life", "P,operating_system,2,1,2026-01-31,,,s\n", ["2: it ends before it begins"]),
        ("weak_tls", "tls_alpn,^h2$,old,low,s,h2\n", ["2: field 'tls_alpn' is none of"]),
    ],
)
def test_problems(tmp_path: Path, name: str, text: str, told: list[str]) -> None:
    header = {"advisories": ADVISORIES, "end_of_life": ENDS}.get(
        name, "field,pattern,weakness,severity,source,example\n"
    )
    (tmp_path / f"{name}.csv").write_text(header + text)
    if not told:
        site_tables(tmp_path, duckdb.connect())
        return
    with pytest.raises(InventoryError) as raised:
        site_tables(tmp_path, duckdb.connect())
    lines = [line.partition(".csv:")[2] for line in str(raised.value).split("\n")]
    assert len(lines) == len(told)
    assert all(line.startswith(start) for line, start in zip(lines, told, strict=True)), lines


def test_every_product_is_one_that_can_be_seen() -> None:
    named = {row["product"] for name in ("http_products", "fingerprints") for row in table(name)}
    named |= {row["toolkit"] for row in table("implementation_versions")}
    systems = {row["operating_system"] for row in table("operating_systems")}
    assert {row["product"] for row in table("advisories")} - named - systems == UNNAMED
    assert {row["product"] for row in table("end_of_life") if row["kind"] == "software"} <= named
    assert {row["product"] for row in table("end_of_life") if row["kind"] == "operating_system"} <= systems


def test_there_are_enough() -> None:
    assert len({row["advisory"] for row in table("advisories")}) >= 60
    assert all(row["advisory"] in row["source"] or row["product"] == "nginx" for row in table("advisories"))


def test_a_sites_own_rows_decide(tmp_path: Path) -> None:
    """A severity of its own, an advisory taken back, one more, and one taken back of all versions at once."""
    capture, own = tmp_path / "known.pcap", tmp_path / "own"
    capture.write_bytes(gzip.decompress((ROOT / "tests/findings/known-vulnerability/capture.pcap.gz").read_bytes()))
    own.mkdir()
    (own / "advisories.csv").write_text(
        "product,advisory,introduced,fixed,severity,backported,summary,published,source\n"
        "OFFIS DCMTK,CVE-2022-43272,0,,none,,,,the maker's letter\n"
        "Serv-U,CVE-2021-35211,0,15.2.3,low,no,we do not use it,2026,ourselves\n"
        "vsftpd,OUR-1,2.0,3.0,info,no,to be replaced,2026,ourselves\n"
        "Orthanc,CVE-2023-33466,0,,none,,,,Debian 12 has mended it\n"
    )

    def found(*options: str | Path) -> dict[tuple[str, str], str]:
        words = ["findings", "--rule", "known-vulnerability", "--format", "json", *map(str, options)]
        done = CliRunner().invoke(app, [*words, "--inventory", str(tmp_path / "inventory.duckdb")])
        assert done.exit_code == 0, done.output
        rows = json.loads(done.stdout)
        return {
            (row["ip_address"], row["title"].partition(", ")[2].split(" ")[0].strip(":")): row["severity"]
            for row in rows
        }

    read = CliRunner().invoke(app, ["read", str(capture), "--inventory", str(tmp_path / "inventory.duckdb")])
    assert read.exit_code == 0, read.output
    before, after = found(), found("--knowledge", own)
    gone = {("10.60.6.12", "CVE-2022-43272"), ("10.60.6.10", "CVE-2023-33466")}
    assert before.keys() - after.keys() == gone
    assert after.keys() - before.keys() == {("10.60.6.16", "OUR-1")}
    changed = {key: (before[key], after[key]) for key in before.keys() & after.keys() if before[key] != after[key]}
    assert changed == {("10.60.6.13", "CVE-2021-35211"): ("critical", "low")}
