"""Addresses that change hands: whose a fact is depends on when it was seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.inventory.attribution.scene import CANON, GE, NOON, SIEMENS, Host, Scene, rows_of

ROUTER = "00:00:5e:aa:00:01"
A, B = "00:11:22:00:00:0a", "00:11:22:00:00:0b"
X = "10.0.0.9"


def devices(scene: Scene, where: str = f"list_contains(ip_addresses, '{X}')") -> list[dict[str, Any]]:
    return rows_of(scene.derive(), f"FROM device WHERE {where} ORDER BY first_seen, device_id")


def made(scene: Scene) -> list[tuple[str | None, list[str]]]:
    return [(d["device_serial_number"], d["mac_addresses"]) for d in devices(scene)]


def routed(scene: Scene, equipment: dict[str, Any], title: str) -> None:
    """Add what the archive's network sees of X: the router's MAC."""
    archive = Host("10.0.1.40", "52:54:00:a0:00:40", vlan="20")
    scene.flow(Host("10.8.8.8", ROUTER, vlan="20"), archive, 22, "ssh")
    scene.flow(Host("10.8.8.9", ROUTER, vlan="10"), Host("10.0.0.2", "00:11:22:00:00:02", vlan="10"), 22, "ssh")
    scene.send(Host(X, ROUTER, vlan="20"), archive, title, "PACS", equipment)


def reused() -> Scene:
    s = Scene()
    s.host(X, A, vlan="10")
    routed(s, CANON, "CT1")
    s.host(X, B, vlan="10")
    routed(s, SIEMENS, "MR1")
    return s


def later(rows: list[dict[str, Any]], by: timedelta) -> None:
    for row in rows:
        row["first_seen"] += by
        row["last_seen"] += by


def test_facts_behind_a_router_belong_to_who_held_the_address_then() -> None:
    s = reused()
    assert made(s) == [("1CA1952201", [A]), ("45123", [B])]
    con = s.derive()
    flows = rows_of(con, f"SELECT DISTINCT client_device_id FROM conversation WHERE client_ip = '{X}'")
    assert {f["client_device_id"] for f in flows} == {d["device_id"] for d in devices(s)}
    assert [d["conflicts"] for d in devices(s)] == [[], []]


def test_a_lease_is_a_binding() -> None:
    s = Scene()
    for mac, equipment, title in ((A, CANON, "CT1"), (B, SIEMENS, "MR1")):
        lease = Host(X, mac, vlan="20")
        s.say(lease, "link_layer_address", mac, transport="udp", protocol="dhcp")
        routed(s, equipment, title)
    assert made(s) == [("1CA1952201", [A]), ("45123", [B])]


def test_reuse_without_arp() -> None:
    s = Scene()
    for mac, equipment, title in ((A, CANON, "CT1"), (B, SIEMENS, "MR1")):
        s.send(Host(X, mac), s.host("10.0.0.40", "52:54:00:a0:00:40"), title, "PACS", equipment)
    assert made(s) == [("1CA1952201", [A]), ("45123", [B])]


def test_two_macs_in_turn_without_arp_are_routers() -> None:
    s = Scene()
    for mac in (A, B, A):
        s.flow(Host(X, mac), s.host("10.0.0.40", "52:54:00:a0:00:40"), 104, "dicom")
    assert made(s) == [(None, [])]


def test_an_address_that_two_claim_at_once_is_neithers_behind_a_router() -> None:
    s = Scene()
    for mac in (A, B, A):
        s.host(X, mac, vlan="10")
    routed(s, CANON, "CT1")
    assert sorted(made(s), key=str) == [("1CA1952201", []), (None, [A]), (None, [B])]


def test_an_address_that_returns_after_days() -> None:
    s = Scene()
    for day, (mac, title, equipment) in enumerate(((A, "CT1", CANON), (B, "MR1", SIEMENS), (A, "CT1", CANON))):
        before = len(s.observations), len(s.flows)
        s.host(X, mac, vlan="10")
        routed(s, equipment, title)
        later(s.observations[before[0] :], timedelta(days=day))
        later(s.flows[before[1] :], timedelta(days=day))
    assert made(s) == [("1CA1952201", [A]), ("45123", [B])]
    history = rows_of(s.derive(), f"FROM address_history WHERE ip = '{X}' AND vlan = '10' ORDER BY first_seen")
    assert [(row["mac"], row["first_seen"].day) for row in history] == [(A, 2), (B, 3), (A, 4)]
    assert {row["known_by"] for row in history} == {"arp"}


def test_before_anybody_was_known_it_was_the_first() -> None:
    s = Scene()
    routed(s, CANON, "CT1")
    (before,) = devices(s)
    s.host(X, A, vlan="10")
    (after,) = devices(s)
    assert (after["device_id"], after["mac_addresses"]) == (before["device_id"], [A])
    s.host(X, B, vlan="10")
    routed(s, SIEMENS, "MR1")
    assert made(s) == [("1CA1952201", [A]), ("45123", [B])]
    assert devices(s)[0]["device_id"] == before["device_id"]


def test_evidence_is_from_the_holders_time() -> None:
    s = reused()
    con = s.derive()
    rows = rows_of(con, f"SELECT e.* FROM evidence e JOIN device USING (device_id) WHERE mac_addresses = ['{B}']")
    first = min(row["first_seen"] for row in rows)
    assert first == s.observations[len(s.observations) // 2]["first_seen"]


def split(scene: Scene, at: datetime) -> tuple[Scene, Scene]:
    """The same facts as two readings: what was before `at`, and what came after."""
    halves = Scene(), Scene()
    for number, half in enumerate(halves):
        for rows, kept in ((scene.observations, half.observations), (scene.flows, half.flows)):
            kept += [row for row in rows if (row["first_seen"] >= at) == bool(number)]
    return halves


def moved_and_reused() -> Scene:
    """A CT leaves its address to an ultrasound, and comes back elsewhere; all of them behind a router, too."""
    s = reused()
    s.send(s.host("10.0.0.77", "00:11:22:00:00:0c", vlan="10"), Host("10.0.1.40", ROUTER, vlan="10"), "CT1", "P", CANON)
    s.send(s.host("10.0.0.78", "00:11:22:00:00:0d"), s.host("10.0.0.40", "52:54:00:a0:00:40"), "US1", "P", GE)
    return s


@pytest.mark.parametrize("build", [reused, moved_and_reused])
def test_two_readings_split_in_time_give_the_same_ids(build: Callable[[], Scene]) -> None:
    def ids(s: Scene) -> list[tuple[Any, ...]]:
        return sorted(
            (d["device_id"], *d["ip_addresses"], *d["mac_addresses"]) for d in rows_of(s.derive(), "FROM device")
        )

    whole = build()
    expected = ids(whole)
    for second in range(2, len(whole.observations) + len(whole.flows), 37):
        first, rest = split(build(), NOON + timedelta(seconds=second))
        early = {d["device_id"] for d in rows_of(first.derive(), "FROM device")}
        for rows, more in ((first.observations, rest.observations), (first.flows, rest.flows)):
            rows[:0] = more  # and their order does not matter
        assert ids(first) == expected
        known = {row["key"] for row in rows_of(first.derive(), "FROM device_key WHERE kind = 'id'")}
        assert early <= known
