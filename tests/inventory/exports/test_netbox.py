"""The files, checked as NetBox's import would: known columns, no required one empty, names that lead to one thing."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from duckdb import DuckDBPyConnection

from inventory.exports.netbox import FILES, README, write_netbox
from inventory.exports.netbox_names import Namer, Slugs, cut
from tests.inventory.exports.conftest import CT_MAC, PACS_MAC, PC_MAC, SOUTH_MAC

FORMS = json.loads(Path(__file__).with_name("netbox_import_forms.json").read_text("utf-8"))
Rows = list[dict[str, str]]
# What a column refers to: a file before, and its column.
REFERENCES = {
    "site": ("01-sites.csv", "name"),
    "location": ("02-locations.csv", "name"),
    "manufacturer": ("03-manufacturers.csv", "name"),
    "device_type": ("04-device-types.csv", "model"),
    "role": ("05-device-roles.csv", "name"),
    "platform": ("06-platforms.csv", "name"),
    "device": ("07-devices.csv", "name"),
    "interface": ("08-interfaces.csv", "name"),
    "vrf": ("10-vrfs.csv", "name"),
}
# netbox/dcim/models, netbox/ipam/models: max_length
LENGTHS = {"name": 100, "slug": 100, "model": 100, "serial": 50, "asset_tag": 50, "description": 200, "dns_name": 255}


@pytest.fixture
def files(con: DuckDBPyConnection, tmp_path: Path) -> dict[str, Rows]:
    assert write_netbox(con, None, tmp_path) == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*FILES, README])
    return {name: list(csv.DictReader((tmp_path / name).open(encoding="utf-8", newline=""))) for name in FILES}


def test_the_columns_are_those_of_the_import_forms(con: DuckDBPyConnection, tmp_path: Path) -> None:
    write_netbox(con, None, tmp_path)
    assert set(FILES) == set(FORMS)
    for name, form in FORMS.items():
        header = (tmp_path / name).read_text("utf-8").splitlines()[0].split(",")
        assert set(header) <= set(form["fields"]), form["source"]
        assert set(form["required"]) <= set(header)


def test_what_is_required_is_there_and_short_enough(files: dict[str, Rows]) -> None:
    for name, rows in files.items():
        for row in rows:
            assert all(row[column] for column in FORMS[name]["required"]), row
            assert all(len(value) <= LENGTHS.get(column, 9999) for column, value in row.items())
            assert all(value == value.strip() for value in row.values())
            assert re.fullmatch(r"[-a-zA-Z0-9_]+", row.get("slug", "a"))
            assert row.get("status", "active") == "active"
    assert all(len(row["name"]) <= 64 for row in files["07-devices.csv"] + files["08-interfaces.csv"])


def test_every_name_leads_to_one_thing_that_is_there_already(files: dict[str, Rows]) -> None:
    for name, rows in files.items():
        for row in rows:
            for column, value in row.items():
                if value and column in REFERENCES:
                    file, key = REFERENCES[column]
                    assert file < name
                    found = [there for there in files[file] if there[key] == value]
                    if column == "device_type":
                        found = [there for there in found if there["manufacturer"] == row["manufacturer"]]
                    if column == "location":
                        found = [there for there in found if there["site"] == row["site"]]
                    if column == "interface":
                        found = [there for there in found if there["device"] == row["device"]]
                    assert len(found) == 1, (name, column, value)


def test_what_is_unique(files: dict[str, Rows]) -> None:
    def once(name: str, *columns: str) -> None:
        told = Counter(tuple(row[column].lower() for column in columns) for row in files[name])
        assert {key: count for key, count in told.items() if count > 1 and all(key)} == {}

    for name in ("01-sites.csv", "03-manufacturers.csv", "05-device-roles.csv", "06-platforms.csv"):
        once(name, "name")
        once(name, "slug")
    once("04-device-types.csv", "manufacturer", "model")
    once("04-device-types.csv", "manufacturer", "slug")
    once("07-devices.csv", "name")  # devices are named without their site
    once("07-devices.csv", "asset_tag")
    once("08-interfaces.csv", "device", "name")
    told = Counter((row["vrf"], row["address"].split("/")[0]) for row in files["11-ip-addresses.csv"])
    assert max(told.values()) == 1


def test_primary_addresses_stay_primary(files: dict[str, Rows]) -> None:
    primary: dict[tuple[str, bool], str | None] = {}
    for row in files["11-ip-addresses.csv"]:  # as IPAddressImportForm.save does
        family = (row["device"], ":" in row["address"])
        primary[family] = row["address"] if row["is_primary"] == "true" else None
    named = {row["comments"].split(";")[0]: row["name"] for row in files["07-devices.csv"]}
    assert len(named) == 6
    held = {row["device"] for row in files["11-ip-addresses.csv"] if ":" not in row["address"]}
    assert all(primary[device, False] for device in held)
    assert not any(value for (_, six), value in primary.items() if six)  # fe80::10 is no primary address


def test_who_holds_what(files: dict[str, Rows]) -> None:
    device = {row["mac_address"]: row["device"] for row in files["09-mac-addresses.csv"]}
    held = {row["address"]: row for row in files["11-ip-addresses.csv"] if row["vrf"] == "north"}
    assert held["10.1.0.10/32"]["device"] == device[PC_MAC]  # the scanner's before
    assert held["10.1.0.11/32"] | {"description": ""} == {
        "address": "10.1.0.11/32",
        "vrf": "north",
        "status": "active",
        "device": device[CT_MAC],
        "interface": CT_MAC,
        "is_primary": "true",
        "dns_name": "ct.example",
        "description": "",
    }
    both = {row["vrf"]: row["device"] for row in files["11-ip-addresses.csv"] if row["address"] == "10.1.0.20/32"}
    assert both == {"north": device[PACS_MAC], "south": device[SOUTH_MAC]}


def test_devices_and_what_people_say_of_them(files: dict[str, Rows]) -> None:
    device = {row["mac_address"]: row["device"] for row in files["09-mac-addresses.csv"]}
    (scanner,) = (row for row in files["07-devices.csv"] if row["name"] == device[CT_MAC])
    assert re.fullmatch(r"ct\.example \(d[0-9a-f]{12}\)", scanner["name"])  # three are called so
    assert scanner["serial"] == "'-2+3"
    assert (scanner["asset_tag"], scanner["location"]) == ("A-17", "Room 3")
    assert "owner: =Radiology" in scanner["comments"]
    assert "note: -leased" in scanner["comments"]
    (other,) = (row for row in files["07-devices.csv"] if row["name"] == device[PC_MAC])
    assert (other["asset_tag"], other["device_type"], other["manufacturer"]) == ("", "Unknown", "Unknown")
    assert "asset_tag: A-17" in other["comments"]


def test_nothing_is_a_formula_and_no_host_writes_markdown(files: dict[str, Rows]) -> None:
    for rows in files.values():
        for row in rows:
            assert not any(value.startswith(tuple("=+-@")) for value in row.values())
            assert "<b>" not in row.get("comments", "")


def test_without_overlap_there_are_no_vrfs(con: DuckDBPyConnection, tmp_path: Path) -> None:
    write_netbox(con, "north", tmp_path)
    assert len((tmp_path / "10-vrfs.csv").read_text().splitlines()) == 1
    assert ",north,active," not in (tmp_path / "11-ip-addresses.csv").read_text()


def test_slugs() -> None:
    slugs = Slugs()
    assert slugs.of("role", "Größe 3/b") == "groe-3-b"
    first, second = slugs.of("site", "放射線科"), slugs.of("site", "内科")
    assert first != second
    assert re.fullmatch(r"[0-9a-f]{8}", first)
    assert slugs.of("role", "a b") == "a-b"
    assert re.fullmatch(r"a-b-[0-9a-f]{8}", slugs.of("role", "a-b"))
    assert slugs.of("site", "a b") == "a-b"
    assert len(slugs.of("role", "x" * 300)) == 100


def test_names() -> None:
    nobody = {"hostnames": [], "station_name": None, "ae_titles": []}
    named = Namer(
        [
            {"device_id": "d1", **nobody, "hostnames": ["CT-1"]},
            {"device_id": "d2", **nobody, "ae_titles": ["ct-1"]},
            {"device_id": "d3", **nobody, "station_name": "s" * 200},
            {"device_id": "d4", **nobody},
        ]
    )
    assert [named["d1"], named["d2"], named["d4"]] == ["CT-1 (d1)", "ct-1 (d2)", "d4"]
    assert len(named["d3"]) == 64
    assert cut("a" * 201, 200) != cut("a" * 202, 200)
    assert cut(" a \n b ", 200) == "a b"
    assert named.dns({"hostnames": ["ct-1", "a b.example", "CT.Example"]}) == "ct.example"
