"""AE titles, addresses and peers: which of them are shared or strange at the same time, and which just moved on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from tests.inventory.attribution.scene import CANON, GE, SIEMENS, WORKLIST, Host, Scene
from tests.inventory.findings.test_logins import host, told

A, B, C = "00:11:22:00:%02x:0a", "00:60:b0:00:%02x:0b", "00:04:23:00:%02x:0c"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CONFLICT: Final = "ae-title-conflict"


def pause(scene: Scene, by: timedelta) -> None:
    """What is said from now on is said so much later: what was said before, so much earlier."""
    for row in (*scene.observations, *scene.flows):
        row["first_seen"] -= by
        row["last_seen"] -= by


def test_titles_in_turn_and_titles_that_moved_on() -> None:
    s = Scene()
    archive = host(s, 40)
    users = {number: host(s, number) for number in range(11, 22)}
    unproven = {number: Host(f"10.9.0.{number}") for number in (1, 2)}

    def send(who: Host, title: str, equipment: dict[str, Any] = CANON) -> None:
        s.send(who, archive, title, "VNA1", equipment)

    send(users[11], "TURN")
    send(users[13], "REPLACED")
    send(users[15], "NAMED")
    for number in (15, 16):  # one computer, two network cards
        s.say(users[number], "hostname", "us-mobile", protocol="dhcp")
    pause(s, 2 * HOUR)
    send(users[12], "TURN", SIEMENS)
    send(users[14], "REPLACED", SIEMENS)
    send(users[16], "NAMED", GE)
    pause(s, 2 * HOUR)
    send(users[11], "TURN")
    send(users[15], "NAMED")
    send(users[17], "SOON")
    send(unproven[1], "ROUTED")
    pause(s, MINUTE)
    send(users[18], "SOON", GE)
    send(unproven[2], "ROUTED", GE)  # perhaps it is the same one, at another address
    for number in (19, 20):
        send(users[number], "PYNETDICOM")
    assert told(s, CONFLICT) == [
        ("10.0.0.11", None, None, "TURN", None),
        ("10.0.0.12", None, None, "TURN", None),
        ("10.0.0.17", None, None, "SOON", None),
        ("10.0.0.18", None, None, "SOON", None),
    ]


def test_titles_that_are_answered_to() -> None:
    s = Scene()
    ct, servers = host(s, 11), [host(s, number) for number in range(40, 47)]
    for _ in range(2):
        for number, titles in enumerate((["PACS"], ["PACS"], ["OWN", "PACS"], ["PROXY"], ["PROXY"])):
            for title in titles:  # the third takes whatever it is called
                s.associate(ct, servers[number], 104, "CT1", title)
        s.associate(servers[3], servers[4], 104, "PROXY", "PROXY")  # passes on what it gets
    # Somebody calls both by the title: nodes of one archive, perhaps.
    assert told(s, CONFLICT) == [(f"10.0.0.{n}", 104, None, "PACS", None) for n in (40, 41)]


def test_titles_by_which_different_clients_reach_different_servers() -> None:
    s = Scene()
    for turn in range(2):
        for number in (40, 41):
            s.send(host(s, number - 20), host(s, number), f"CT{number}", "PACS", CANON)
            # Both also pass on what a third made.
            s.send(host(s, number), host(s, 50), "PACS", f"WS{turn}", GE)
    assert told(s, CONFLICT) == [(f"10.0.0.{n}", 104, None, "PACS", "high") for n in (40, 41)]


def test_one_device_at_several_addresses() -> None:
    s = Scene()
    archive, router = host(s, 40), "00:11:22:00:00:fe"
    wards = [Host(ip, router) for ip in ("10.1.0.5", "10.2.0.5")]
    both = [Host(ip, router) for ip in ("10.3.0.5", "fd00::5")]
    inside, outside = host(s, 11), s.host("192.168.7.1", "00:11:22:00:07:01")
    for number in range(6, 9):  # others behind the router
        s.associate(Host(f"10.1.0.{number}", router), archive, 104, f"A{number}", "VNA1")
    for _ in range(2):
        for ward in wards:
            s.send(ward, archive, "US1", "VNA1", GE)
        for address in both:
            s.associate(address, archive, 104, "WS1", "VNA1")
        for side in (inside, outside):  # of a NAT
            s.send(side, archive, "CT1", "VNA1", CANON)
    s.send(outside, archive, "MR1", "VNA1", SIEMENS)
    assert told(s, CONFLICT) == []


def claim(s: Scene, number: int, macs: Sequence[str], after: timedelta = MINUTE, *vlans: str) -> None:
    """10.0.0.`number` is claimed by one after the other."""
    for turn, mac in enumerate(macs):
        pause(s, after)
        vlan = vlans[turn % len(vlans)] if vlans else None
        s.host(f"10.0.0.{number}", mac.replace("%02x", f"{number:02x}"), vlan=vlan)


def test_addresses_that_two_hold_and_addresses_that_change_hands() -> None:
    s = Scene()
    claim(s, 9, (A, B, A, B))
    claim(s, 10, (A, B, A, B), MINUTE, "10")
    claim(s, 20, (A, B, A))  # a cluster, over and back
    claim(s, 21, (A, B, A, B, A, B), HOUR)  # leases
    claim(s, 22, (A, B, C))
    claim(s, 23, (A, B, A, B), MINUTE, "10", "20")
    claim(s, 24, (A, A[:-1] + "b", A, A[:-1] + "b"))  # two cards of one machine
    claim(s, 25, (A, "00:00:5e:00:01:07", A, "00:00:5e:00:01:07"))  # VRRP
    claim(s, 26, (A, "02:bf:0a:00:00:09", A, "02:bf:0a:00:00:09"))
    assert told(s, "address-conflict") == [
        ("10.0.0.10", None, None, "10.0.0.10 in VLAN 10", None),
        ("10.0.0.9", None, None, "10.0.0.9", None),
    ]


def test_clocks_of_two_sensors_differ() -> None:
    s = Scene()
    claim(s, 9, (A, B, A, B))
    for number, row in enumerate(s.observations):
        row["sensor"] = f"sensor {number % 2}"
    assert told(s, "address-conflict") == []


def test_peers_of_modalities() -> None:
    s = Scene()
    ct, mr, us, archive = (host(s, number) for number in (11, 12, 13, 40))
    perhaps, pc, admin, files = (host(s, number) for number in (14, 71, 72, 50))
    for modality, title, equipment in ((ct, "AQ1", CANON), (mr, "MRC45123", SIEMENS), (us, "VIVIDE95-1", GE)):
        s.send(modality, archive, title, "VNA1", equipment)
        s.dimse(modality, archive, 104, "C-FIND", WORKLIST)
    s.flow(ct, mr, 445, "smb")
    s.flow(mr, ct, 104, "dicom")
    s.flow(us, mr, 3389, "rdp", established=False)
    s.flow(us, pc, 5900, "vnc")
    s.flow(us, files, 445, "smb")
    s.flow(us, archive, 22, "ssh")
    s.flow(pc, us, 23, "telnet")
    s.flow(pc, us, 80, "http")
    s.flow(pc, perhaps, 3389, "rdp")
    for modality in (ct, mr, us):
        s.flow(admin, modality, 3389, "rdp")
    assert told(s, "modality-talks-to-unexpected-peer") == [
        ("10.0.0.11", 445, "10.0.0.12", "smb", None),
        ("10.0.0.13", 23, "10.0.0.71", "telnet", "low"),
        ("10.0.0.13", 5900, "10.0.0.71", "vnc", "low"),
    ]
