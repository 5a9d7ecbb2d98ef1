from __future__ import annotations

import json
from pathlib import Path

import pytest

from inventory.store import Store
from sensor.cli.options import DEFAULT_INVENTORY
from tests.cli.conftest import Cli, write_inventory
from tests.inventory.test_geoip import database


def test_what_is_exposed(cli: Cli) -> None:
    rows = json.loads(cli("exposure", "--format", "json").stdout)
    assert [(row["kind"], row["direction"], row["organization"], row["expected"]) for row in rows] == [
        ("service", "inbound", None, False),
        ("peers", "outbound", None, False),
    ]
    assert rows[0]["services"] == [{"port": 80, "transport": "tcp", "protocol": "http", "encrypted": False}]
    assert rows[0]["evidence"] == [{"capture": "ward 3.pcap", "frame": 1}]
    done = cli("exposure")
    assert done.stderr == "2 exposures\n"
    assert "reachable" in done.stdout and "8.8.8.8 (cloud.example)" in done.stdout
    assert cli("exposure", "--format", "csv").stdout.splitlines()[0].split(",") == list(rows[0])


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (["--site", "north"], 2),
        (["--site", "south"], 0),
        (["--since", "2026-01-02"], 0),
        (["--since", "2026-01-01"], 2),
    ],
)
def test_of_some(cli: Cli, arguments: list[str], count: int) -> None:
    assert len(json.loads(cli("exposure", *arguments, "--format", "json").stdout)) == count


def test_countries_and_as_numbers(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    countries = database(tmp_path / "countries.mmdb", {"8.8.8.0/24": {"country": {"iso_code": "US"}}})
    numbers = database(tmp_path / "numbers.mmdb", {"8.8.8.0/24": {"asn": "AS15169", "name": "=Google [bold]"}})
    given = ["--geoip", str(countries), "--geoip", str(numbers)]
    (row,) = [
        row for row in json.loads(cli("flows", *given, "--format", "json").stdout) if row["server_ip"] == "8.8.8.8"
    ]
    assert (row["country"], row["asn"], row["as_organization"], row["cloud"]) == (
        "US",
        15169,
        "=Google [bold]",
        "Google",
    )
    assert "8.8.8.8 (public, US, Google)" in cli("flows", *given).stdout
    (csv_row,) = [line for line in cli("flows", *given, "--format", "csv").stdout.splitlines() if "8.8.8.8" in line]
    assert ",'=Google [bold]," in csv_row
    monkeypatch.setenv("MEDSPAN_GEOIP", f"{countries}:{numbers}")
    by_variable = json.loads(cli("exposure", "--format", "json").stdout)
    assert [row["organization"] for row in by_variable] == [None, "Google"]
    monkeypatch.delenv("MEDSPAN_GEOIP")
    (tmp_path / "medspan.toml").write_text('geoip = ["countries.mmdb", "numbers.mmdb"]')
    assert json.loads(cli("exposure", "--format", "json").stdout) == by_variable


@pytest.mark.parametrize("name", ["missing.mmdb", "text.mmdb"])
def test_a_database_that_is_none(cli: Cli, tmp_path: Path, name: str) -> None:
    (tmp_path / "text.mmdb").write_text("countries")
    done = cli("exposure", "--geoip", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"medspan: {name}: ") and len(done.stderr.splitlines()) == 1


def test_partners_are_remembered_with_the_inventory(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / DEFAULT_INVENTORY
    write_inventory(path)
    named = {"partner": {"TeleRad": "8.8.8.0/24"}, "own": {"DMZ": "9.9.9.9"}}
    assert Store(path).remember_named_networks(named) == named
    assert Store(path).remember_named_networks(None) == named
    rows = json.loads(cli("exposure", "--inventory", path, "--format", "json").stdout)
    assert [(row["organization"], row["expected"]) for row in rows] == [("TeleRad", True)]
    assert "TeleRad: 8.8.8.8 (cloud.example)" in cli("exposure", "--inventory", path).stdout
    (tmp_path / "medspan.toml").write_text('[networks.partner]\n"Quad" = "9.9.9.0/24"')  # goes before what was
    rows = json.loads(cli("exposure", "--inventory", path, "--format", "json").stdout)
    assert [(row["direction"], row["expected"]) for row in rows] == [("outbound", False), ("inbound", True)]
