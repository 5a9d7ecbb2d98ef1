"""The same private address in several VLANs and tunnels: one host where its traffic is routed, else one in each."""

from __future__ import annotations

import random
from importlib.resources import files
from typing import Any

import duckdb
import pytest

from tests.inventory.attribution.scene import CANON, SIEMENS, Host, Scene, rows_of

ROUTER, OTHER_ROUTER = "00:00:5e:aa:00:01", "00:00:5e:aa:00:02"
CT_MAC, PACS_MAC = "00:00:39:c7:00:11", "52:54:00:a0:00:40"


def at(scene: Scene, ip: str) -> list[dict[str, Any]]:
    return rows_of(scene.derive(), f"FROM device WHERE list_contains(ip_addresses, '{ip}') ORDER BY first_seen")


def behind(scene: Scene, router: str, vlan: str, peer: str, **flow: Any) -> None:
    """Add traffic of 192.168.0.5 and of another host, both behind `router` in `vlan`."""
    for ip in ("192.168.0.5", f"192.168.0.{100 + len(scene.flows)}"):
        scene.flow(Host(ip, router, vlan=vlan), Host(peer, f"00:11:22:00:00:{vlan}", vlan=vlan), 443, "tls", **flow)


def test_behind_different_routers_in_two_vlans_there_are_two() -> None:
    s = Scene()
    behind(s, ROUTER, "10", "10.0.10.1")
    behind(s, OTHER_ROUTER, "20", "10.0.20.1")
    assert len(at(s, "192.168.0.5")) == 2
    keys = rows_of(s.derive(), "FROM device_key WHERE ends_with(key, '/192.168.0.5') ORDER BY key")
    assert [row["key"] for row in keys] == ["10/192.168.0.5", "20/192.168.0.5"]
    assert keys[0]["device_id"] != keys[1]["device_id"]


def test_behind_one_router_in_two_vlans_there_is_one() -> None:
    s = Scene()
    behind(s, ROUTER, "10", "10.0.10.1")
    behind(s, ROUTER, "20", "10.0.20.1")
    assert len(at(s, "192.168.0.5")) == 1


def test_virtual_routers_have_the_same_mac_everywhere() -> None:
    s = Scene()
    for vlan in ("10", "20"):
        behind(s, "00:00:5e:00:01:01", vlan, f"10.0.{vlan}.1")
    assert len(at(s, "192.168.0.5")) == 2


@pytest.mark.parametrize(("same", "devices"), [(True, 1), (False, 2)])
def test_one_connection_in_two_vlans_is_of_one_host(same: bool, devices: int) -> None:
    s = Scene()
    for number, (vlan, router) in enumerate((("10", ROUTER), ("20", OTHER_ROUTER))):
        behind(s, router, vlan, "10.0.9.9")
        s.flows[-2]["community_id"] = "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" if same else f"1:{number}"
    assert len(at(s, "192.168.0.5")) == devices


def test_of_udp_both_ports_may_be_everybodys() -> None:
    s = Scene()
    for vlan, router in (("10", ROUTER), ("20", OTHER_ROUTER)):
        behind(s, router, vlan, "10.0.9.9", transport="udp")
        s.flows[-2]["community_id"] = "1:the same"
    assert len(at(s, "192.168.0.5")) == 2


def trunk(vlans: tuple[str, str], community_id: str | None, routers: tuple[str, str] = (ROUTER, OTHER_ROUTER)) -> Scene:
    """A mirrored trunk: each direction is seen first in the VLAN it comes from, and the routed copies are dropped."""
    s = Scene()
    ct, pacs = s.host("10.0.0.11", CT_MAC, vlan=vlans[0]), s.host("10.0.1.40", PACS_MAC, vlan=vlans[1])
    far_ct, far_pacs = Host("10.0.0.11", routers[1], vlan=vlans[1]), Host("10.0.1.40", routers[0], vlan=vlans[0])
    s.send(ct, far_pacs, "CT1", "PACS", CANON)
    s.flows[-1] |= {"packets_to_client": 0, "community_id": community_id}
    s.flow(far_ct, pacs, 104, "dicom", packets_to_server=0, community_id=community_id)
    for number in (3, 4):  # others, so that the routers are known as such
        for vlan, router in zip(vlans, routers, strict=True):
            s.flow(Host(f"10.9.{vlan}.{number}", router, vlan=vlan), ct if vlan == vlans[0] else pacs, 22, "ssh")
    return s


@pytest.mark.parametrize("community_id", ["1:LQU9qZlK+B5F3KDmev6m5PMibrg=", None])
@pytest.mark.parametrize("vlans", [("10", "20"), ("20", "10"), ("vxlan:5001", "vxlan:5002")])
def test_a_mirrored_trunk_shows_each_host_once(vlans: tuple[str, str], community_id: str | None) -> None:
    s = trunk(vlans, community_id)
    (ct,), (pacs,) = at(s, "10.0.0.11"), at(s, "10.0.1.40")
    assert (ct["mac_addresses"], pacs["mac_addresses"]) == ([CT_MAC], [PACS_MAC])
    (flow,) = rows_of(s.derive(), "FROM conversation WHERE server_port = 104")
    assert (flow["client_device_id"], flow["server_device_id"]) == (ct["device_id"], pacs["device_id"])


def test_equal_networks_with_equal_conversations_are_two() -> None:
    """Two clinics on one trunk, installed alike: the same client asks the same server in both."""
    s = Scene()
    for vlan, equipment in (("10", CANON), ("20", SIEMENS)):
        client = s.host("192.168.0.5", f"00:11:22:00:00:{vlan}", vlan=vlan)
        s.send(client, s.host("192.168.0.9", f"00:11:22:00:01:{vlan}", vlan=vlan), "X", "PACS", equipment)
    assert [d["device_serial_number"] for d in at(s, "192.168.0.5")] == ["1CA1952201", "45123"]
    assert len(at(s, "192.168.0.9")) == 2


def test_another_hosts_address_behind_a_router_elsewhere() -> None:
    """VLAN 20 has no sign of the holder's network: what it shows behind its router is another host."""
    s = Scene()
    s.send(s.host("192.168.0.5", CT_MAC, vlan="10"), s.host("192.168.0.9", PACS_MAC, vlan="10"), "CT1", "PACS", CANON)
    behind(s, ROUTER, "20", "10.0.20.1")
    ct, other = at(s, "192.168.0.5")
    assert (ct["device_serial_number"], ct["mac_addresses"]) == ("1CA1952201", [CT_MAC])
    assert (other["device_serial_number"], other["mac_addresses"]) == (None, [])


def test_ids_go_with_the_vlan() -> None:
    s = Scene()
    behind(s, ROUTER, "20", "10.0.20.1")
    (before,) = at(s, "192.168.0.5")
    behind(s, OTHER_ROUTER, "10", "10.0.10.1")
    s.flows[-2]["first_seen"] = s.flows[0]["first_seen"].replace(year=2020)  # from an older capture, read later
    older, newer = at(s, "192.168.0.5")
    assert newer["device_id"] == before["device_id"] != older["device_id"]


@pytest.mark.parametrize("vlans", [60, 70, 2000])
def test_an_address_that_hops_through_vlans_is_bounded(vlans: int) -> None:
    s = Scene()
    for vlan in range(vlans):
        s.flow(Host("10.0.0.1", ROUTER, vlan=str(vlan)), Host("10.0.0.2", OTHER_ROUTER, vlan="1"), 80, None)
        s.flow(Host("10.0.0.3", ROUTER, vlan=str(vlan)), Host("10.0.0.2", OTHER_ROUTER, vlan="1"), 80, None)
    assert len(at(s, "10.0.0.1")) == (1 if vlans <= 64 else vlans)


def test_the_order_of_facts_does_not_matter() -> None:
    expected = [
        sorted(map(repr, rows_of(trunk(("10", "20"), None).derive(), f"FROM {t}"))) for t in ("device", "segment")
    ]
    for seed in range(3):
        s = trunk(("10", "20"), None)
        random.Random(seed).shuffle(s.flows)
        random.Random(seed).shuffle(s.observations)
        assert [sorted(map(repr, rows_of(s.derive(), f"FROM {t}"))) for t in ("device", "segment")] == expected


def test_an_address_whose_name_another_has_already() -> None:
    """Whoever is known by an address alone has an id of its own, also where a MAC held that address before."""
    con = duckdb.connect()
    con.execute("""
        CREATE TABLE host AS SELECT 's' AS site, key, true AS took_part, first_seen, first_seen AS last_seen,
            first_seen AS alive_from, first_seen AS alive_to, NULL::VARCHAR AS title, mac = 'a' AS own, mac, '' AS vlan,
            '10.0.0.1' AS ip
        FROM (VALUES ('mac:a', 'a', TIMESTAMP '2008-01-01'), ('ip:10.0.0.1', 'r', TIMESTAMP '2023-01-01'))
            v(key, mac, first_seen)
    """)
    con.execute("CREATE TABLE interface AS SELECT * FROM host WHERE false")
    con.execute("ALTER TABLE interface ADD COLUMN router BOOLEAN")
    con.execute(files("inventory").joinpath("sql/14_candidate.sql").read_text("utf-8"))
    ids = con.execute("SELECT key, list(id ORDER BY id) FROM candidate WHERE id IS NOT NULL GROUP BY key").fetchall()
    assert {key: len(names) for key, names in ids} == {"mac:a": 2, "ip:10.0.0.1": 1}
    assert len({name for _, names in ids for name in names}) == 3
