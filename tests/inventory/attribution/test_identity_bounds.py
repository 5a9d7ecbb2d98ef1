"""Floods and forgeries: what is derived of them stays small, and says that it was cut."""

from __future__ import annotations

from tests.inventory.attribution.scene import Host, Scene, rows_of

MAC = "00:11:22:00:00:01"


def test_a_host_with_many_addresses() -> None:
    s = Scene()
    for n in range(200):
        s.host(f"fd00::{n:x}", MAC)
    (device,) = rows_of(s.derive(), "FROM device")
    assert (len(device["ip_addresses"]), device["mac_addresses"]) == (64, [MAC])
    assert device["conflicts"] == ["ip_addresses: it has 200, 64 of them are listed"]


def test_an_address_that_everybody_claims() -> None:
    s = Scene()
    for n in range(300):
        s.host("10.0.0.1", f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}", vlan="1")
    s.flow(Host("10.0.0.1", "00:00:5e:aa:00:01", vlan="1"), Host("10.0.0.2", "00:00:5e:aa:00:02", vlan="1"), 80, None)
    con = s.derive()
    assert len(rows_of(con, "FROM device WHERE list_contains(ip_addresses, '10.0.0.1')")) == 300
    assert len(rows_of(con, "FROM stint")) == 300


def test_a_mac_that_claims_every_address_holds_none() -> None:
    s = Scene()
    for n in range(300):
        s.host(f"10.0.{n >> 8}.{n & 255}", MAC)
    con = s.derive()
    assert rows_of(con, "FROM binding") == []
    assert [d["role"] for d in rows_of(con, f"FROM device WHERE list_contains(mac_addresses, '{MAC}')")] == ["network"]


def test_a_frame_of_a_shared_mac_is_nobodys() -> None:
    s = Scene()
    for mac in ("01:80:c2:00:00:0e", "00:00:5e:00:01:01", None):
        s.say(Host(None, mac), "hostname", "x", protocol="lldp", transport="link")
    assert rows_of(s.derive(), "FROM device") == []


def test_a_mac_that_speaks_for_itself_is_a_device() -> None:
    s = Scene()
    s.say(Host(None, MAC), "hostname", "switch-1", protocol="lldp", transport="link")
    con = s.derive()
    (device,) = rows_of(con, "FROM device")
    assert (device["ip_addresses"], device["mac_addresses"]) == ([], [MAC])
    (fact,) = rows_of(con, "FROM fact")
    assert (fact["device_id"], fact["value"]) == (device["device_id"], "switch-1")
    (row,) = rows_of(con, "FROM address_history")
    assert (row["ip"], row["mac"], row["known_by"]) == (None, MAC, "traffic")
    s.host("10.0.0.1", MAC)
    assert s.devices()["10.0.0.1"]["device_id"] == device["device_id"]
