"""A device that moves, or changes its network card, keeps its id where a strong key or people say so."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from tests.inventory.attribution.scene import CANON, NOON, SIEMENS, Host, Scene, rows_of

OLD, NEW, THIRD = (f"00:11:22:00:00:0{n}" for n in "abc")
PACS = ("10.0.0.40", "52:54:00:a0:00:40")
KEY = "SHA256:8Zq0m0b3vXo2Jr4uLx1w5p7tYkEoQh0aWl9cVnRz3sM"
SIEMENS_SOFTWARE = ("1.3.12.2.1107.5.2.19.45123", "MR_VE11C")


def devices(scene: Scene) -> dict[str, dict[str, Any]]:
    """By MAC."""
    return {mac: row for row in rows_of(scene.derive(), "FROM device") for mac in row["mac_addresses"]}


def one(scene: Scene, *macs: str) -> bool:
    """Tell whether `macs` are one device; fail when only some are."""
    found = devices(scene)
    ids = {found[mac]["device_id"] for mac in macs}
    assert len(ids) in (1, len(macs))
    return len(ids) == 1


def show(scene: Scene, ip: str | None, mac: str, attribute: str, value: object, port: int | None = None) -> Host:
    host = scene.host(ip, mac) if ip else Host(None, mac)
    scene.say(host, attribute, value, port=port, protocol="any", transport="udp")
    return host


def certificate(number: int) -> dict[str, str]:
    return {"subject": "CN=x", "key_sha256": f"{number:064x}"}


def varied(value: object, number: int) -> object:
    """Another value of the same kind."""
    if isinstance(value, dict):
        return {key: f"{text}{number}" for key, text in value.items()}
    return f"{value}{number:02d}"


STRONG = [
    ("dhcp_client_id", "000100012a3b4c5d0011220000", None),
    ("dhcp_client_id", "ff0011aabb000100012a3b4c5d001122000001", None),
    ("dhcp_client_id", "00636973636f2d6170", None),
    ("ssh_host_key", KEY, 22),
    ("tls_certificate", certificate(1), 443),
    ("snmp_engine_id", "80001f8880e9bd0c1d12667a51", 161),
    ("device_uuid", "uuid:2fac1234-31f8-11b4-a222-08002b34c003", None),
    ("hardware_inventory", {"ModelName": "IP Phone", "SerialNumber": "FCH12345678"}, None),
]


def macs(number: int) -> list[str]:
    return [f"00:11:22:00:{number:02x}:0{n}" for n in "abc"]


def test_a_device_that_moves_keeps_its_id() -> None:
    s = Scene()
    for n, (attribute, value, port) in enumerate(STRONG):
        show(s, f"10.0.{n}.9", macs(n)[0], attribute, varied(value, n), port)
    before = devices(s)
    for n, (attribute, value, port) in enumerate(STRONG):
        show(s, f"10.0.{n}.77", macs(n)[1], attribute, varied(value, n), port)
    after, con = devices(s), s.derive()
    for n, (attribute, _, _) in enumerate(STRONG):
        old, new, _ = macs(n)
        id_, device = before[old]["device_id"], after[new]
        assert (device["device_id"], device["conflicts"]) == (id_, []), attribute
        assert (device["ip_addresses"], device["mac_addresses"]) == ([f"10.0.{n}.77", f"10.0.{n}.9"], [old, new])
        keys = rows_of(con, f"FROM device_key WHERE key IN ('{old}', '{new}', '10.0.{n}.9', '10.0.{n}.77')")
        assert [row["device_id"] for row in keys] == [id_] * 4
        (why,) = rows_of(con, f"FROM evidence WHERE field = 'device_id' AND device_id = '{id_}'")
        assert why["reason"].startswith(f"the same {attribute.replace('_', ' ')} as {id_}")
        assert (why["used"], why["capture"], why["frame"]) == (True, "scene.pcap", 2 * (len(STRONG) + n + 1))
        assert rows_of(con, f"SELECT device_id FROM device_key WHERE key = '{why['value']}'") == [{"device_id": id_}]
    assert len(rows_of(con, "FROM device")) == len(STRONG)


WEAK = [
    ("dhcp_client_id", "01001122000001", None),  # made of the MAC
    ("dhcp_client_id", "0001", None),
    ("tls_certificate", certificate(1), None),  # a client's
    ("hardware_inventory", {"ModelName": "IP Phone"}, None),
    ("hardware_inventory", {"SerialNumber": "1"}, None),
    ("hostname", "ct1", None),
]


def test_a_renewed_certificate_names_its_server() -> None:
    s = Scene()
    for number, (ip, mac) in enumerate((("10.0.0.9", OLD), ("10.0.7.7", NEW))):
        show(s, ip, mac, "tls_certificate", certificate(1) | {"sha256": f"{number:064x}"}, 443)
    assert one(s, OLD, NEW)


def test_what_is_no_key() -> None:
    s = Scene()
    for ip, mac in (("10.0.0.9", OLD), ("10.0.7.7", NEW)):
        for attribute, value, port in WEAK:
            show(s, ip, mac, attribute, value, port)
    assert not one(s, OLD, NEW)
    assert rows_of(s.derive(), "FROM strong_key") == []


def test_a_key_at_two_hosts_at_once_is_shared() -> None:
    s = Scene()
    for turn in (0, 1, 0, 2):  # nor does it say which of the two the third one is
        for n, (attribute, value, port) in enumerate(STRONG):
            show(s, f"10.{turn}.{n}.9", macs(n)[turn], attribute, varied(value, n), port)
    found = devices(s)
    for n, (attribute, _, _) in enumerate(STRONG):
        ids = [found[mac]["device_id"] for mac in macs(n)]
        assert len(set(ids)) == 3
        (conflict,) = found[macs(n)[0]]["conflicts"]
        assert conflict.startswith(f"device_id: {attribute} ")
        assert conflict.endswith(f" is used by {', '.join(sorted(ids[1:]))}, too")


def test_a_host_that_was_there_all_the_time_is_not_the_one_that_left() -> None:
    """A certificate goes to another server."""
    s = Scene()
    server = s.host("10.0.0.50", NEW)
    show(s, "10.0.0.9", OLD, "tls_certificate", certificate(1), 443)
    show(s, "10.0.0.50", NEW, "tls_certificate", certificate(1), 443)
    s.flow(server, s.host(*PACS), 104, "dicom")
    assert not one(s, OLD, NEW)


def test_a_dhcp_client_without_an_address() -> None:
    s = Scene()
    show(s, None, OLD, "dhcp_client_id", "000100012a3b4c5d001122000001")
    s.host("10.0.0.9", OLD)
    show(s, None, NEW, "dhcp_client_id", "ff0011aabb000100012a3b4c5d001122000001")
    s.host("10.0.0.9", NEW)
    assert one(s, OLD, NEW)
    assert devices(s)[OLD]["ip_addresses"] == ["10.0.0.9"]


# -- serial numbers --------------------------------------------------------------------------------------------------


def worked(scene: Scene, ip: str, mac: str, title: str = "MR1", equipment: dict[str, Any] = SIEMENS) -> None:
    modality = scene.host(ip, mac, software=SIEMENS_SOFTWARE)
    scene.send(modality, scene.host(*PACS), title, "PACS", equipment)


def test_the_equipment_of_its_own_names_a_device() -> None:
    s = Scene()
    worked(s, "10.0.0.9", OLD)
    before = devices(s)[OLD]
    worked(s, "10.0.7.7", NEW)
    assert one(s, OLD, NEW)
    after = devices(s)[NEW]
    assert after["device_id"] == before["device_id"]
    assert (after["device_serial_number"], after["ae_titles"], after["conflicts"]) == ("45123", ["MR1"], [])
    assert after["confidence"]["device_serial_number"] == before["confidence"]["device_serial_number"]


def test_a_toolkits_sender_is_one_only_under_its_own_name() -> None:
    """Anybody can send an image with storescu; a station that calls itself as its images do has another card."""
    for title, same in (("AQ1", True), ("STORESCU", False)):
        s = Scene()
        for ip, mac in (("10.0.0.9", OLD), ("10.0.7.7", NEW)):
            s.send(s.host(ip, mac), s.host(*PACS), title, "PACS", CANON)
        assert one(s, OLD, NEW) == same


def test_what_is_forwarded_names_nobody() -> None:
    s = Scene()
    for ip, mac in (("10.0.0.9", OLD), ("10.0.7.7", NEW)):
        router = s.host(ip, mac)
        s.send(s.host("10.0.0.1", "00:00:39:c7:00:11"), router, "AQ1", "ROUTER", CANON)
        s.send(router, s.host(*PACS), "ROUTER", "PACS", CANON)
    assert not one(s, OLD, NEW)


def test_devices_of_different_serial_numbers_are_two_whatever_key_they_share() -> None:
    s = Scene()
    for ip, mac, title, serial in (("10.0.0.9", OLD, "MR1", "1"), ("10.0.7.7", NEW, "MR2", "2")):
        worked(s, ip, mac, title, SIEMENS | {"DeviceSerialNumber": serial, "StationName": title})
        s.say(Host(ip, mac), "ssh_host_key", KEY, port=22, protocol="ssh")
    assert not one(s, OLD, NEW)
    assert devices(s)[OLD]["conflicts"] == [
        f"device_id: ssh_host_key {KEY} is used by {devices(s)[NEW]['device_id']}, too"
    ]


def test_the_same_serial_number_at_another_site() -> None:
    s = Scene()
    for site, mac in (("north", OLD), ("south", NEW)):
        show_at = s.host("10.0.0.9", mac, site=site)
        s.say(show_at, "ssh_host_key", KEY, port=22, protocol="ssh")
    assert not one(s, OLD, NEW)


# -- people ----------------------------------------------------------------------------------------------------------


def say(scene: Scene, one: str, field: str, other: str, author: str = "ann") -> None:
    scene.annotations.append((one, field, other, author, NOON + timedelta(days=len(scene.annotations))))


def moved() -> tuple[Scene, str, str]:
    """A device that moved, and the ids it would have alone."""
    s = Scene()
    show(s, "10.0.0.9", OLD, "ssh_host_key", KEY, 22)
    old = devices(s)[OLD]["device_id"]
    show(s, "10.0.7.7", NEW, "ssh_host_key", KEY, 22)
    (why,) = rows_of(s.derive(), "FROM evidence WHERE field = 'device_id'")
    return s, old, why["value"]


def test_people_split_what_a_key_joined() -> None:
    s, old, new = moved()
    s.annotations.append((new, "owner", "radiology", "ann", NOON))
    assert devices(s)[OLD]["owner"] == "radiology"
    say(s, old, "not-same-as", new)
    found = devices(s)
    assert [found[mac]["device_id"] for mac in (OLD, NEW)] == [old, new]
    assert [found[mac]["owner"] for mac in (OLD, NEW)] == [None, "radiology"]
    reasons = rows_of(s.derive(), "SELECT device_id, value, used, reason FROM evidence WHERE field = 'device_id'")
    assert sorted(tuple(row.values()) for row in reasons) == sorted(
        [(old, new, False, f"ann says that it is not {old}"), (new, old, False, f"ann says that it is not {new}")]
    )


def test_people_join_what_nothing_else_does() -> None:
    s = Scene()
    for ip, mac in (("10.0.0.9", OLD), ("10.0.7.7", NEW), ("10.0.0.9", OLD), ("10.0.8.8", THIRD)):
        s.host(ip, mac)
    ids = [devices(s)[mac]["device_id"] for mac in (OLD, NEW, THIRD)]
    say(s, ids[2], "same-as", ids[1])
    say(s, ids[1], "same-as", ids[0])
    assert one(s, OLD, NEW, THIRD)
    assert devices(s)[THIRD]["device_id"] == ids[0]
    assert {row["key"] for row in rows_of(s.derive(), "FROM device_key WHERE kind = 'id'")} >= set(ids)
    say(s, ids[1], "same-as", "")  # takes back whatever was said of it
    assert not one(s, OLD, NEW, THIRD)


def test_the_newest_word_counts() -> None:
    s, old, new = moved()
    for number, field in enumerate(("not-same-as", "same-as", "not-same-as", "same-as")):
        say(s, *((old, field, new) if number % 2 else (new, field, old)))
        assert one(s, OLD, NEW) == (field == "same-as")
    random.Random(1).shuffle(s.annotations)
    assert one(s, OLD, NEW)


def test_two_words_do_not_outvote_a_newer_one() -> None:
    s = Scene()
    for ip, mac in (("10.0.0.9", OLD), ("10.0.7.7", NEW), ("10.0.8.8", THIRD)):
        s.host(ip, mac)
    ids = [devices(s)[mac]["device_id"] for mac in (OLD, NEW, THIRD)]
    say(s, ids[0], "same-as", ids[1])
    say(s, ids[1], "same-as", ids[2])
    say(s, ids[0], "not-same-as", ids[2])
    found = devices(s)
    assert found[NEW]["device_id"] == found[THIRD]["device_id"] != found[OLD]["device_id"]


def test_a_key_does_not_go_around_peoples_word() -> None:
    s, old, new = moved()
    show(s, "10.0.8.8", THIRD, "ssh_host_key", KEY, 22)
    say(s, old, "not-same-as", new)
    found = devices(s)
    assert found[OLD]["device_id"] == found[THIRD]["device_id"] == old
    assert found[NEW]["device_id"] == new


def test_words_about_nobody_change_nothing() -> None:
    s, old, _ = moved()
    for one_, other in (("dnobody", old), (old, "dnobody"), (old, old)):
        say(s, one_, "not-same-as", other)
    assert one(s, OLD, NEW)


def test_the_order_of_facts_and_words_does_not_matter() -> None:
    s, old, _ = moved()
    worked(s, "10.0.8.8", THIRD)
    worked(s, "10.0.9.9", "00:11:22:00:00:0d")
    say(s, devices(s)[THIRD]["device_id"], "same-as", old)

    def outcome() -> list[list[str]]:
        con = s.derive()
        return [sorted(map(repr, rows_of(con, f"FROM {table}"))) for table in ("device", "device_key", "evidence")]

    expected = outcome()
    assert expected[0] and len(expected[0]) == 2
    for seed in range(3):
        for rows in (s.observations, s.flows, s.annotations):
            random.Random(seed).shuffle(rows)
        assert outcome() == expected
