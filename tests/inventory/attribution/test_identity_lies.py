"""What would make the inventory lie: mirrors that show a host twice, forged and cloned names, others' software."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from inventory.derive import derive_tables
from tests.inventory.attribution.scene import CANON, DCMTK, SIEMENS, STUDY_FIND, Host, Scene, rows_of

OLD, NEW = "00:11:22:00:00:0a", "00:11:22:00:00:0b"
GATEWAYS = {"10": "00:1b:0c:00:0a:fe", "20": "00:1b:0c:00:14:fe", "30": "00:1b:0c:00:1e:fe"}
PACS = "52:54:00:a0:00:40"
CANON_SOFTWARE = ("1.2.392.200036.9116.2.6.1", "TM_CT_1.0")
DUID = "000100012a3b4c5d001122000001"


def routed(scene: Scene, vlan: str, ip: str, mac: str, title: str) -> None:
    """Add a store from `vlan` to the archive in VLAN 20, as a trunk's mirror shows it: in both, nobody asks ARP."""
    for tag, client, server in ((vlan, mac, GATEWAYS[vlan]), ("20", GATEWAYS["20"], PACS)):
        scene.send(Host(ip, client, vlan=tag), Host("10.0.20.40", server, vlan=tag), title, "PACS", CANON)
        scene.flows[-1]["community_id"] = f"1:{ip}"


def test_a_trunk_shows_one_archive_although_no_arp_was_seen() -> None:
    s = Scene()
    routed(s, "10", "10.0.10.9", OLD, "CT1")
    found = s.devices()
    assert sorted(found) == ["10.0.10.9", "10.0.20.40"]
    assert found["10.0.20.40"]["mac_addresses"] == []  # one of two, and nothing says which
    assert found["10.0.10.9"]["device_serial_number"] == "1CA1952201"


def test_a_trunk_shows_one_archive_to_clients_of_several_vlans() -> None:
    s = Scene()
    routed(s, "10", "10.0.10.9", OLD, "CT1")
    routed(s, "30", "10.0.30.9", NEW, "CT2")
    assert len(rows_of(s.derive(), "FROM device WHERE list_contains(ip_addresses, '10.0.20.40')")) == 1


def lease(scene: Scene, ip: str, mac: str, name: str) -> None:
    host = scene.host(ip, mac)
    for attribute, value in (("dhcp_client_id", DUID), ("hostname", name)):
        scene.say(host, attribute, value, transport="udp", protocol="dhcp")


@pytest.mark.parametrize(
    ("names", "devices"),
    [
        (("ct1", "ct1"), 1),
        (("ct1", "ct1.example.org"), 1),
        (("radiology-ct-room-1", "RADIOLOGY-CT-RO"), 1),
        (("ct1", "thief"), 2),
        (("clone-1", "clone-2"), 2),
    ],
)
def test_a_client_id_under_another_name_is_another_host(names: tuple[str, str], devices: int) -> None:
    s = Scene()
    for name, (ip, mac) in zip(names, (("10.0.0.11", OLD), ("10.0.0.66", NEW)), strict=True):
        lease(s, ip, mac, name)
    found = rows_of(s.derive(), "FROM device")
    assert len(found) == devices
    shared = [text for device in found for text in device["conflicts"] if "dhcp_client_id" in text]
    assert len(shared) == (0 if devices == 1 else 2)


def test_a_serial_number_goes_on_under_another_name() -> None:
    s = Scene()
    archive = s.host("10.0.0.40", PACS)
    for name, mac in (("ct1", OLD), ("ct1-new", NEW)):
        scanner = s.host("10.0.0.11", mac, software=CANON_SOFTWARE)
        s.say(scanner, "hostname", name, transport="udp", protocol="dhcp")
        s.send(scanner, archive, "AQ1", "PACS", CANON)
    assert s.devices()["10.0.0.11"]["mac_addresses"] == [OLD, NEW]


def test_nobody_gives_another_name_to_who_has_one() -> None:
    s = Scene()
    named, nameless = s.host("10.0.0.11", OLD), s.host("10.0.0.12", NEW)
    s.say(named, "hostname", "ct1", transport="udp", protocol="dhcp")
    for host in (named, nameless):
        for name in ("evil", "ct1.example.org"):
            s.say(host, "hostname", name, "claim", transport="udp", protocol="mdns")
    found = s.devices()
    assert found["10.0.0.11"]["hostnames"] == ["ct1.example.org"]
    assert found["10.0.0.12"]["hostnames"] == ["ct1.example.org", "evil"]
    (why,) = rows_of(s.derive(), "FROM evidence WHERE value = 'evil' AND NOT used")
    assert why["reason"] == "another host says so; it calls itself otherwise"


def test_a_scanner_behind_an_archives_address_does_not_name_the_archive() -> None:
    s = Scene()
    archive, other = s.host("10.0.0.40", PACS), s.host("10.0.0.71", "d4:be:d9:00:00:71")
    s.send(s.host("10.0.0.9", OLD, software=CANON_SOFTWARE), archive, "CT1", "PACS", CANON)
    behind = s.host("10.0.0.9", OLD, software=DCMTK)
    s.send(other, behind, "MR1", "ARCH", SIEMENS)
    s.associate(other, behind, 104, "WS", "ARCH")
    s.dimse(other, behind, 104, "C-FIND", STUDY_FIND)
    device = s.devices()["10.0.0.9"]
    assert (device["role"], device["device_serial_number"]) == ("archive", None)
    assert device["confidence"].get("manufacturer") == "low"


@pytest.fixture
def unhelpful() -> Iterator[duckdb.DuckDBPyConnection]:
    """Facts of many kinds, and a DuckDB that filters rows as late as it may."""
    s = Scene()
    scanner, archive = s.host("10.0.0.11", OLD), s.host("10.0.0.40", PACS)
    s.send(scanner, archive, "AQ1", "PACS", CANON)
    s.send(archive, s.host("10.0.0.9", NEW), "PACS", "OTHER", SIEMENS)
    s.say(scanner, "scheduled_station", {"Modality": "CT"})
    s.say(scanner, "performed_station", {"Modality": "CT", "PerformedStationName": "AQ1"})
    s.say(scanner, "association", {"Outcome": "aborted"})
    for attribute in ("proposed_sop_classes", "scu_sop_classes", "scp_sop_classes", "transfer_syntaxes"):
        s.say(scanner, attribute, [STUDY_FIND])
    s.message(scanner, archive, "RIS", "m1", vendor="GE")
    s.say(scanner, "hl7_equipment", {"EntityIdentifier": "P1", "NamespaceID": "GE"}, "object", protocol="hl7")
    for attribute, value in (
        ("mdns_service", {"ServiceType": "_pdl-datastream._tcp", "Model": "M", "Manufacturer": "K"}),
        ("hardware_inventory", {"ModelName": "Phone", "SerialNumber": "1"}),
        ("astm_sender", {"Model": "A", "SerialNumber": "2"}),
        ("http_software", {"name": "Orthanc", "version": "1.12"}),
        ("tls_certificate", {"sha256": "a" * 64}),
        *((name, ["R", "router"]) for name in ("system_capabilities", "astm_record_types", "wsd_types", "wsd_scopes")),
        *((name, "{") for name in ("hostname", "ssh_software", "os_version", "ftp_banner", "dhcp_vendor_class")),
    ):
        s.say(scanner, attribute, value, protocol="any", port=8080)
    con = s.derive(findings=True)
    yield con
    con.execute("RESET disabled_optimizers")


@pytest.mark.parametrize(
    "optimizers", ["filter_pushdown", "filter_pushdown,filter_pullup", "reorder_filter,join_order,filter_pushdown"]
)
def test_text_is_never_read_as_json(unhelpful: duckdb.DuckDBPyConnection, optimizers: str) -> None:
    """What is JSON depends on the attribute; SQL promises no order in which the conditions are tried."""
    con = unhelpful
    tables = ("device", "evidence", "proof", "ae_registry", "ae_capability")
    expected = [sorted(map(repr, rows_of(con, f"FROM {table}"))) for table in tables]
    con.execute(f"SET disabled_optimizers = '{optimizers}'")
    derive_tables(con)
    assert [sorted(map(repr, rows_of(con, f"FROM {table}"))) for table in tables] == expected
