"""Which packets are whose: MACs, routers, addresses, sites and VLANs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.inventory.attribution.scene import CANON, NOON, SIEMENS, Host, Scene, rows_of

ROUTER = "00:00:5e:aa:00:01"


def test_router_in_front_of_many_is_not_its_hosts() -> None:
    s = Scene()
    pacs = s.host("10.0.0.40", "52:54:00:a0:00:40")
    for n in (1, 2, 3):
        s.send(Host(f"10.1.0.{n}", ROUTER), pacs, f"CT{n}", "PACS", CANON | {"DeviceSerialNumber": f"SN-{n}"})
    found = s.devices()
    assert {found[f"10.1.0.{n}"]["device_serial_number"] for n in (1, 2, 3)} == {"SN-1", "SN-2", "SN-3"}
    assert all(found[f"10.1.0.{n}"]["mac_addresses"] == [] for n in (1, 2, 3))
    assert (found[ROUTER]["role"], found[ROUTER]["ip_addresses"]) == ("network", [])
    assert len(found) == 5


def test_router_with_its_own_address_and_one_host_behind() -> None:
    s = Scene()
    s.host("10.0.0.254", ROUTER)
    pacs = s.host("10.0.0.40", "52:54:00:a0:00:40")
    s.send(Host("10.1.0.1", ROUTER), pacs, "CT1", "PACS", CANON)
    found = s.devices()
    assert found["10.1.0.1"]["mac_addresses"] == []
    assert found["10.0.0.254"]["device_serial_number"] is None
    assert found["10.0.0.254"]["mac_addresses"] == [ROUTER]


def test_gateway_to_the_public_owns_no_host() -> None:
    s = Scene()
    client = s.host("10.0.0.5", "00:11:22:00:00:05")
    s.flow(client, Host("8.8.8.8", ROUTER), 443, "tls")
    s.flow(Host("10.9.9.9", ROUTER), client, 22, None)
    found = s.devices()
    assert found["10.9.9.9"]["mac_addresses"] == []
    assert "8.8.8.8" not in found


def test_sole_address_behind_a_mac_is_local() -> None:
    s = Scene()
    s.send(Host("10.0.0.1", "00:11:22:00:00:01"), Host("10.0.0.2", "00:11:22:00:00:02"), "A", "B", CANON)
    found = s.devices()
    assert {ip: d["mac_addresses"] for ip, d in found.items()} == {
        "10.0.0.1": ["00:11:22:00:00:01"],
        "10.0.0.2": ["00:11:22:00:00:02"],
    }


def test_ipv4_and_ipv6_of_one_mac_are_one_device() -> None:
    s = Scene()
    mac = "00:11:22:00:00:01"
    s.host("10.0.0.1", mac)
    s.host("fd00::1", mac)
    link_local = Host("fe80::211:22ff:fe00:1", mac)
    s.flow(link_local, Host("ff02::fb", "33:33:00:00:00:fb"), 5353, None, transport="udp", established=False)
    found = s.devices()
    assert found["10.0.0.1"]["device_id"] == found["fd00::1"]["device_id"]
    assert found["10.0.0.1"]["ip_addresses"] == ["10.0.0.1", "fd00::1", "fe80::211:22ff:fe00:1"]


def test_one_device_although_routed_packets_show_another_mac() -> None:
    s = Scene()
    ct = s.host("10.0.0.11", "00:00:39:c7:00:11", vlan="10")
    pacs = s.host("10.0.1.40", "52:54:00:a0:00:40", vlan="20")
    s.send(ct, Host("10.0.1.40", ROUTER, vlan="10"), "CT1", "PACS", CANON)
    s.send(Host("10.0.0.11", ROUTER, vlan="20"), pacs, "CT1", "PACS", CANON)
    found = s.devices()
    assert {ip: d["mac_addresses"] for ip, d in found.items() if d["role"] != "network"} == {
        "10.0.0.11": ["00:00:39:c7:00:11"],
        "10.0.1.40": ["52:54:00:a0:00:40"],
    }
    assert found["10.0.0.11"]["role"] == "modality"


def test_same_address_at_two_sites() -> None:
    s = Scene()
    for site, equipment in (("north", CANON), ("south", SIEMENS)):
        sender, receiver = (Host(f"10.0.0.{n}", f"00:11:22:00:00:0{n}", site=site) for n in (1, 2))
        s.send(sender, receiver, "X", "PACS", equipment)
    rows = rows_of(s.derive(), "FROM device WHERE role = 'modality' ORDER BY site")
    assert [(row["site"], row["ip_addresses"], row["device_serial_number"], row["conflicts"]) for row in rows] == [
        ("north", ["10.0.0.1"], "1CA1952201", []),
        ("south", ["10.0.0.1"], "45123", []),
    ]
    assert len({row["device_id"] for row in rows}) == 2


def test_same_address_in_two_vlans() -> None:
    s = Scene()
    for vlan, equipment, last in (("10", CANON, "a"), ("20", SIEMENS, "b")):
        sender = s.host("192.168.0.5", f"00:11:22:00:00:0{last}", vlan=vlan)
        s.send(sender, s.host("192.168.0.9", f"00:11:22:00:01:0{last}", vlan=vlan), "X", "PACS", equipment)
    con = s.derive()
    rows = rows_of(con, "FROM device WHERE role = 'modality' ORDER BY device_serial_number")
    assert [row["mac_addresses"] for row in rows] == [["00:11:22:00:00:0a"], ["00:11:22:00:00:0b"]]
    keys = rows_of(con, "SELECT key FROM device_key WHERE kind = 'vlan_ip' ORDER BY key")
    assert [row["key"] for row in keys] == ["10/192.168.0.5", "10/192.168.0.9", "20/192.168.0.5", "20/192.168.0.9"]


def test_shared_macs_are_nobodys() -> None:
    s = Scene()
    for mac in ("00:00:5e:00:01:0a", "00:00:0c:07:ac:01", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff"):
        s.host(f"10.0.{len(s.observations)}.1", mac)
    found = s.devices()
    assert sorted(found) == ["10.0.0.1", "10.0.1.1", "10.0.2.1", "10.0.3.1"]
    assert all(d["mac_addresses"] == [] for d in found.values())


def test_proxy_arp_proves_nothing() -> None:
    s = Scene()
    for n in range(12):
        s.host(f"10.0.0.{n + 1}", ROUTER)
    found = s.devices()
    assert len(found) == 13
    assert found[ROUTER]["role"] == "network"


def test_who_only_received_is_no_device() -> None:
    s = Scene()
    scanner = s.host("10.0.0.1", "00:11:22:00:00:01")
    quiet: dict[str, Any] = {"established": False, "packets_to_client": 0}
    s.flow(scanner, Host("10.0.0.77", "00:11:22:00:00:77"), 104, None, **quiet)
    s.say(Host("10.0.0.77", "00:11:22:00:00:77"), "called_ae_title", "ANY", "claim", 104)
    s.flow(scanner, Host("255.255.255.255", "ff:ff:ff:ff:ff:ff"), 67, None, transport="udp", **quiet)
    s.flow(scanner, Host("10.0.0.78", "00:11:22:00:00:78"), 104, "dicom", packets_to_client=0)  # one-way capture
    found = s.devices()
    assert sorted(found) == ["10.0.0.1", "10.0.0.78"]
    assert found["10.0.0.1"]["role"] == "client"
    assert [service["port"] for service in found["10.0.0.78"]["services"]] == [104]


def test_public_address_of_the_site_is_a_device() -> None:
    s = Scene()
    s.send(s.host("198.41.0.9", "00:11:22:00:00:01"), s.host("10.0.0.2", "00:11:22:00:00:02"), "X", "Y", CANON)
    assert sorted(s.devices()) == ["10.0.0.2"]
    s.local_nets = "198.41.0.0/24"
    assert s.devices()["198.41.0.9"]["device_serial_number"] == "1CA1952201"
    s.local_nets = "!10.0.0.0/24"
    con = s.derive()
    assert rows_of(con, "FROM device") == []
    assert rows_of(con, "SELECT direction FROM conversation") == [{"direction": "external"}]


def test_id_stays_when_a_mac_is_learned_later() -> None:
    s = Scene()
    ct, pacs = Host("10.0.0.1"), Host("10.0.0.2")
    s.send(ct, pacs, "CT1", "PACS", CANON)
    before = s.devices()["10.0.0.1"]["device_id"]
    s.annotations = [
        (before, "owner", "radiology", "ann", NOON),
        (before, "owner", "RADIOLOGY", "ann", NOON + timedelta(1)),
    ]
    s.send(s.host("10.0.0.1", "00:11:22:00:00:01"), pacs, "CT1", "PACS", CANON)
    device = s.devices()["10.0.0.1"]
    assert (device["device_id"], device["owner"]) == (before, "RADIOLOGY")
    assert device["mac_addresses"] == ["00:11:22:00:00:01"]


def test_old_id_resolves_when_an_earlier_capture_is_added() -> None:
    s = Scene()
    s.send(s.host("10.0.0.1", "00:11:22:00:00:01"), Host("10.0.0.2"), "CT1", "PACS", CANON)
    before = s.devices()["10.0.0.1"]["device_id"]
    s.annotations = [(before, "asset_tag", "A-17", "ann", NOON)]
    s.say(Host("10.0.0.1"), "calling_ae_title", "CT1")
    s.observations[-1]["first_seen"] = NOON - timedelta(1)
    device = s.devices()["10.0.0.1"]
    assert device["device_id"] != before
    assert device["asset_tag"] == "A-17"
    resolved = rows_of(s.derive(), f"SELECT device_id FROM device_key WHERE kind = 'id' AND key = '{before}'")
    assert resolved == [{"device_id": device["device_id"]}]


def test_address_that_changes_hands() -> None:
    s = Scene()
    pacs = s.host("10.0.0.40", "52:54:00:a0:00:40")
    s.send(s.host("10.0.0.9", "00:11:22:00:00:01"), pacs, "CT1", "PACS", CANON)
    s.send(s.host("10.0.0.9", "00:11:22:00:00:02"), pacs, "MR1", "PACS", SIEMENS)
    rows = rows_of(s.derive(), "FROM device WHERE role = 'modality' ORDER BY device_serial_number")
    assert [(row["device_serial_number"], row["mac_addresses"]) for row in rows] == [
        ("1CA1952201", ["00:11:22:00:00:01"]),
        ("45123", ["00:11:22:00:00:02"]),
    ]
