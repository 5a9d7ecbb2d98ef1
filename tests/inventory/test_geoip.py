from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from inventory.errors import InventoryError
from inventory.geoip import Place, create_places, look_up
from inventory.knowledge_tables import create_tables

# Records as their makers lay them out.
LAYOUTS: dict[str, tuple[dict[str, Any], Place]] = {
    "GeoLite2-Country": ({"country": {"iso_code": "GB", "geoname_id": 2635167}}, Place("GB", None, None)),
    "GeoLite2-City": (
        {"city": {"names": {"en": "London"}}, "country": {"iso_code": "GB"}, "registered_country": {"iso_code": "US"}},
        Place("GB", None, None),
    ),
    "GeoLite2-ASN": (
        {"autonomous_system_number": 16509, "autonomous_system_organization": "AMAZON-02"},
        Place(None, 16509, "AMAZON-02"),
    ),
    "GeoIP2-Enterprise": (
        {
            "country": {"iso_code": "SE"},
            "traits": {"autonomous_system_number": 29518, "autonomous_system_organization": "B"},
        },
        Place("SE", 29518, "B"),
    ),
    "DBIP-ASN-Lite (compat=GeoLite2-ASN)": (
        {"autonomous_system_number": 8075, "autonomous_system_organization": "Microsoft Corporation"},
        Place(None, 8075, "Microsoft Corporation"),
    ),
    "ipinfo generic_asn_free.mmdb": (
        {"asn": "AS15169", "name": "Google LLC", "domain": "google.com"},
        Place(None, 15169, "Google LLC"),
    ),
    "ipinfo bundle_location_lite.mmdb": (
        {"asn": "AS15169", "as_name": "Google LLC", "country": "United States", "country_code": "US"},
        Place("US", 15169, "Google LLC"),
    ),
    "ipinfo generic_country_free.mmdb": ({"country": "US", "country_name": "United States"}, Place("US", None, None)),
    "only registered": ({"registered_country": {"iso_code": "DE"}}, Place("DE", None, None)),
    "hostile": (
        {"asn": 64500, "name": "\x1b[31m<b>=x\u202e", "country": "=1", "country_code": ["US"]},
        Place(None, 64500, "[31m<b>=x"),
    ),
}


def database(path: Path, records: dict[str, dict[str, Any]], kind: str = "GeoLite2-Country", version: int = 6) -> Path:
    """Write a MaxMind database of network -> record."""
    writer = MMDBWriter(version, kind, ipv4_compatible=version == 6, int_type="u32")
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
    return path


@pytest.mark.parametrize("kind", LAYOUTS)
def test_layouts(tmp_path: Path, kind: str) -> None:
    record, place = LAYOUTS[kind]
    path = database(tmp_path / "a.mmdb", {"81.2.69.0/24": record}, kind)
    found = look_up(["81.2.69.160", "8.8.8.8"], [path])
    assert set(found) == {"81.2.69.160"}
    assert found["81.2.69.160"][:2] == place[:2]
    assert (found["81.2.69.160"].as_organization or "").replace("\ufffd", "") == (place.as_organization or "")


def test_wrapped_addresses_are_looked_up_by_the_inner_one(tmp_path: Path) -> None:
    path = database(tmp_path / "a.mmdb", {"81.2.69.0/24": {"country": {"iso_code": "GB"}}})
    ips = ["::ffff:81.2.69.160", "64:ff9b::81.2.69.160", "64:ff9b:1::81.2.69.160", "2002:5102:45a0::1"]
    assert {ip: place.country for ip, place in look_up(ips, [path]).items()} == dict.fromkeys(ips, "GB")


def test_what_one_database_does_not_tell_another_does(tmp_path: Path) -> None:
    countries = database(tmp_path / "c.mmdb", {"81.2.69.0/24": {"country": {"iso_code": "GB"}}})
    numbers = database(tmp_path / "n.mmdb", {"81.0.0.0/8": {"asn": "AS64500", "name": "One"}})
    others = database(tmp_path / "o.mmdb", {"81.0.0.0/8": {"asn": "AS64501", "name": "Two", "country": "FR"}})
    found = look_up(["81.2.69.160"], [countries, numbers, others])
    assert found == {"81.2.69.160": Place("GB", 64500, "One")}


def test_a_database_of_ipv4_alone(tmp_path: Path) -> None:
    path = database(tmp_path / "a.mmdb", {"81.2.69.0/24": {"country": "GB"}}, version=4)
    assert look_up(["2a00:1450::1", "81.2.69.1", "fe80::1%eth0"], [path]) == {"81.2.69.1": Place("GB", None, None)}


def test_what_is_no_such_database(tmp_path: Path) -> None:
    whole = database(tmp_path / "whole.mmdb", {"81.2.69.0/24": {"country": "GB"}}).read_bytes()
    files = {
        "text.mmdb": b"not a database",
        "empty.mmdb": b"",
        "cut.mmdb": whole[:100],
        "anonymous.mmdb": database(
            tmp_path / "x", {"81.2.69.0/24": {"is_anonymous": True}}, "GeoIP2-Anonymous-IP"
        ).read_bytes(),
        "torn.mmdb": whole.replace(b"GB", b"\xff\xff"),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    for name in (*files, "missing.mmdb", "."):
        with pytest.raises(
            InventoryError, match=r"a MaxMind database, or|tells neither|no such file|directory"
        ) as error:
            look_up(["81.2.69.160"], [tmp_path / name])
        assert len(str(error.value).splitlines()) == 1
        assert str(error.value).startswith(str(tmp_path / name).rstrip("."))


def test_places_of_outside_addresses_only(tmp_path: Path) -> None:
    path = database(tmp_path / "a.mmdb", {"0.0.0.0/0": {"asn": 16509, "name": "AMAZON-02", "country": "IE"}})
    with duckdb.connect() as con:
        create_tables(con)
        con.execute(
            "CREATE TEMP TABLE address AS FROM (VALUES ('81.2.69.160', true), ('10.0.0.1', false)) t(ip, public)"
        )
        create_places(con, [path])
        assert con.execute("FROM place").fetchall() == [("81.2.69.160", "IE", 16509, "AMAZON-02", "AWS")]
        create_places(con, ())
        assert con.execute("FROM place").fetchall() == []
