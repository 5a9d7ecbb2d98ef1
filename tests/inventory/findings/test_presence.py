"""New, gone and changed: told only where the same network was being watched all the time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from tests.inventory.attribution.scene import CANON, GE, SIEMENS, Host, Scene
from tests.inventory.findings.test_logins import host, told

KNOWN = ((11, "CT1", CANON), (12, "MR1", SIEMENS))


def work(
    scene: Scene,
    days: Iterable[int],
    number: int,
    title: str,
    equipment: dict[str, Any],
    network: str = "10.0.0",
    vlan: str | None = None,
) -> None:
    """A modality that stores, on these days, with a sign of its own of each."""
    for day in days:
        before = len(scene.observations), len(scene.flows)
        modality = scene.host(f"{network}.{number}", f"00:11:22:00:00:{number:02x}", vlan=vlan)
        archive = host(scene, 40)
        scene.send(modality, archive, title, "VNA1", equipment)
        scene.say(modality, "sent_series", f"{number} on {day}", "object")
        for row in (*scene.observations[before[0] :], *scene.flows[before[1] :]):
            row["first_seen"] += timedelta(days=day)
            row["last_seen"] += timedelta(days=day)


def watched(days: Iterable[int], sensor: str = "s") -> Scene:
    s = Scene()
    for number, title, equipment in KNOWN:
        work(s, days, number, title, equipment)
    for row in (*s.observations, *s.flows):
        row["sensor"] = sensor
    return s


def new(scene: Scene) -> list[str]:
    return [ip for ip, *_ in told(scene, "new-device")]


def gone(scene: Scene) -> list[str]:
    return [ip for ip, *_ in told(scene, "device-gone")]


def test_a_new_device() -> None:
    s = watched(range(12))
    work(s, [10, 11], 13, "US1", GE)
    assert told(s, "new-device") == [("10.0.0.13", None, None, "", "medium")]


def test_what_was_watched_too_little_or_elsewhere_is_not_new() -> None:
    few = watched([0, 8])  # two captures, a week apart
    short = watched(range(4))
    other_sensor = watched(range(12), sensor="other")
    for s in (few, short, other_sensor):
        work(s, [9], 13, "US1", GE)
        assert new(s) == []
    elsewhere = watched(range(12))
    for day in (9, 10):
        work(elsewhere, [day], 13, "US1", GE, network="10.7.0")
        work(elsewhere, [day], 14, "US2", GE, vlan="7")
    assert new(elsewhere) == []


def test_many_at_once_are_seen_by_a_sensor_that_sees_more() -> None:
    s = watched(range(12))
    for number in range(13, 18):
        work(s, [10], number, f"US{number}", GE | {"DeviceSerialNumber": f"V{number}"})
    assert new(s) == []


def test_who_was_known_before_has_moved() -> None:
    s = watched(range(12))
    work(s, [10, 11], 13, "CT1", GE)
    assert new(s) == []


def test_clients_count_only_with_a_mac_of_their_own() -> None:
    s = watched(range(12))
    archive = Host("10.0.0.40", "00:11:22:00:00:28")
    for number, mac in ((80, "02:11:22:00:00:50"), (81, None), (82, "00:11:22:00:00:52")):
        client = s.host(f"10.0.0.{number}", mac)
        s.flow(client, archive, 80, "http")
        for row in (*(r for r in s.observations if r["ip"] == client.ip), s.flows[-1]):
            row["first_seen"] += timedelta(days=10)
            row["last_seen"] += timedelta(days=10)
    assert new(s) == ["10.0.0.82"]


def test_a_device_that_is_gone() -> None:
    s = watched(range(30))
    work(s, range(8), 13, "US1", GE)
    assert told(s, "device-gone") == [("10.0.0.13", None, None, "", None)]


def test_who_is_not_gone() -> None:
    others = watched(range(30))
    work(others, [0, 9, 18], 13, "US1", GE)  # seldom there
    work(others, range(20), 14, "US2", GE | {"DeviceSerialNumber": "V14"})  # for ten days only
    work(others, range(8), 15, "US3", GE | {"DeviceSerialNumber": "V15"})
    work(others, range(9, 30), 16, "US3", GE | {"DeviceSerialNumber": "V16"})  # goes on by its name
    assert gone(others) == []


def test_where_nobody_looks_nobody_is_missed() -> None:
    blind = watched(range(8))  # its network is not watched any more
    for day in range(30):
        work(blind, [day], 20, "CT2", CANON | {"DeviceSerialNumber": "C20"}, network="10.7.0")
    assert gone(blind) == []
    less = watched(range(30))
    for number in range(13, 19):  # half of a network at once
        work(less, range(8), number, f"US{number}", GE | {"DeviceSerialNumber": f"V{number}"})
    assert gone(less) == []


def test_software_that_changed() -> None:
    def tell(number: int, version: str, at: int, count: int = 5, mac: bool = True) -> None:
        """Seconds from the beginning."""
        server = host(s, number) if mac else Host(f"10.0.0.{number}", "00:11:22:00:00:fe")
        before = len(s.observations), len(s.flows)
        s.flow(Host("10.0.0.71", "00:11:22:00:00:47"), server, 22, "ssh")
        s.say(server, "ssh_software", f"SSH-2.0-OpenSSH_{version}", "peer", 22, protocol="ssh", count=count)
        for row in (*s.observations[before[0] :], *s.flows[before[1] :]):
            row["first_seen"] += timedelta(seconds=at)
            row["last_seen"] += timedelta(seconds=at)

    s = Scene()
    for number in (81, 82):  # behind a router's MAC
        tell(number, "9.0", 0, mac=False)
        tell(number, "9.6", 3600, mac=False)
    for number, turns in {
        41: ((0, "9.0", 5), (3600, "9.6", 5)),
        42: ((0, "9.0", 5), (3600, "9.6", 5), (7200, "9.0", 5)),
        43: ((0, "9.0", 1), (3600, "9.6", 1)),
        44: ((0, "9.0", 5), (60, "9.6", 5)),
    }.items():
        for at, version, count in turns:
            tell(number, version, at, count)
    assert [ip for ip, *_ in told(s, "software-changed")] == ["10.0.0.41"]


def test_software_of_equipment() -> None:
    s = Scene()
    for day, version in enumerate(("E11", "E11", "XA30")):
        work(s, [day], 12, "MRC45123", SIEMENS | {"SoftwareVersions": [version]})
        work(s, [day], 40, "VNA1", GE | {"SoftwareVersions": [version]})  # of what it passes on
    assert told(s, "software-changed") == [("10.0.0.12", None, None, "E11 > XA30", None)]
