"""Several devices behind one address: split where their software shows them, and marked. And what must not be split."""

from __future__ import annotations

import random
from typing import Any

from tests.inventory.attribution.scene import CANON, DCMTK, GE, SIEMENS, STUDY_FIND, Host, Scene, rows_of

NAT, NAT_MAC = "10.0.0.9", "00:11:22:00:00:99"
CANON_SOFTWARE = ("1.2.392.200036.9116.2.6.1", "TM_CT_1.0")
SIEMENS_SOFTWARE = ("1.3.12.2.1107.5.2.19.45123", "MR_VE11C")
GE_SOFTWARE = ("1.2.840.113619.6.391", "E95_203")
OTHER_GE = ("1.2.840.113619.6.323", "LOGIQ")
MARK = f"address: {NAT} is shared by 2 devices (NAT?)"


def pacs(scene: Scene) -> Host:
    return scene.host("10.0.0.40", "52:54:00:a0:00:40")


def send(scene: Scene, title: str, software: tuple[str, str], *objects: dict[str, Any]) -> None:
    """Add a store from the shared address."""
    scene.send(scene.host(NAT, NAT_MAC, software=software), pacs(scene), title, "PACS", *objects)


def at_nat(scene: Scene) -> list[dict[str, Any]]:
    return rows_of(scene.derive(), f"FROM device WHERE list_contains(ip_addresses, '{NAT}') ORDER BY ae_titles")


def shared() -> Scene:
    s = Scene()
    for _ in range(2):
        send(s, "AQ1", CANON_SOFTWARE, CANON)
        send(s, "MR1", SIEMENS_SOFTWARE, SIEMENS)
    return s


def test_two_makers_behind_one_address() -> None:
    s = shared()
    rest, ct, mr = at_nat(s)
    assert [d["device_serial_number"] for d in (rest, ct, mr)] == [None, "1CA1952201", "45123"]
    assert [d["ae_titles"] for d in (rest, ct, mr)] == [[], ["AQ1"], ["MR1"]]
    assert [d["manufacturer"] for d in (ct, mr)] == ["Canon Medical Systems", "Siemens Healthineers"]
    assert [d["implementation_class_uids"] for d in (ct, mr)] == [[CANON_SOFTWARE[0]], [SIEMENS_SOFTWARE[0]]]
    for device in (rest, ct, mr):
        assert (device["ip_addresses"], device["mac_addresses"]) == ([NAT], [NAT_MAC])
        assert device["conflicts"] == [MARK]
    con = s.derive()
    ids = {device["device_id"] for device in (rest, ct, mr)}
    assert len(ids) == 3
    for kind, key in (("ip", NAT), ("mac", NAT_MAC)):
        found = rows_of(con, f"FROM device_key WHERE kind = '{kind}' AND key = '{key}'")
        assert {row["device_id"] for row in found} == ids
    assert rows_of(con, "SELECT DISTINCT client_device_id AS id FROM conversation") == [{"id": rest["device_id"]}]


def test_ids_behind_one_address_stay() -> None:
    s = shared()
    before = {d["ae_titles"][0]: d["device_id"] for d in at_nat(s) if d["ae_titles"]}
    send(s, "AQ1", ("1.2.392.200036.9116.2.6.2", "TM_CT_2.0"), CANON)  # an upgrade
    send(s, "AQ0", CANON_SOFTWARE, CANON)  # one more title, which sorts before
    s.say(Host(NAT, NAT_MAC), "http_user_agent", "curl/8", protocol="http")
    after = {d["device_serial_number"]: d["device_id"] for d in at_nat(s)}
    assert (after["1CA1952201"], after["45123"]) == (before["AQ1"], before["MR1"])
    assert len(after) == 3


def test_ids_behind_one_address_stay_when_its_mac_is_learned() -> None:
    s = Scene()
    router = "00:00:5e:aa:00:01"
    for title, software, equipment in (("AQ1", CANON_SOFTWARE, CANON), ("MR1", SIEMENS_SOFTWARE, SIEMENS)):
        s.send(Host(NAT, router, software=software), pacs(s), title, "PACS", equipment)
        s.flow(Host("10.7.7.7", router), pacs(s), 22, "ssh")
    before = [d["device_id"] for d in at_nat(s)]
    s.host(NAT, NAT_MAC)
    assert [d["device_id"] for d in at_nat(s)] == before
    assert len(before) == 3


def test_two_devices_of_one_maker() -> None:
    s = Scene()
    other = GE | {"DeviceSerialNumber": "VE95-009999", "StationName": "US2"}
    send(s, "US1", GE_SOFTWARE, GE)
    send(s, "US2", OTHER_GE, other)
    assert [d["device_serial_number"] for d in at_nat(s)] == [None, "VE95-001234", "VE95-009999"]
    assert {tuple(d["conflicts"]) for d in at_nat(s)} == {(MARK,)}


def alone(scene: Scene) -> dict[str, Any]:
    (device,) = at_nat(scene)
    assert not [text for text in device["conflicts"] if "NAT" in text]
    return device


def test_versions_of_one_device_are_not_split() -> None:
    s = Scene()
    send(s, "US1", GE_SOFTWARE, GE)
    send(s, "US1", OTHER_GE, GE | {"SoftwareVersions": ["204"]})
    send(s, "US1B", OTHER_GE, GE | {"SoftwareVersions": ["204"]})
    assert alone(s)["device_serial_number"] == "VE95-001234"


def test_a_proxy_that_masquerades_is_not_split() -> None:
    s = Scene()
    for title, equipment in (("AQ1", CANON), ("MR1", SIEMENS), ("US1", GE)):
        send(s, title, GE_SOFTWARE, equipment)
    assert alone(s)["device_serial_number"] is None


def test_a_title_of_two_makers_is_not_split() -> None:
    s = Scene()
    send(s, "HUB", CANON_SOFTWARE, CANON)
    send(s, "HUB", SIEMENS_SOFTWARE, SIEMENS)
    assert alone(s)["device_serial_number"] is None


def test_toolkits_name_nobody() -> None:
    s = Scene()
    send(s, "A", DCMTK, CANON)
    send(s, "B", ("1.2.826.0.1.3680043.9.3811.2.0.2", "PYNETDICOM_202"), SIEMENS)
    send(s, "C", SIEMENS_SOFTWARE, SIEMENS)
    assert alone(s)["device_serial_number"] is None


def test_where_objects_are_accepted_nobody_is_told_apart() -> None:
    s = Scene()
    for title, software, equipment in (("AQ1", CANON_SOFTWARE, CANON), ("MR1", SIEMENS_SOFTWARE, SIEMENS)):
        s.send(s.host("10.0.0.11", "00:00:39:c7:00:11"), s.host(NAT, NAT_MAC), title, "HUB", equipment)
        send(s, title, software, equipment)
    assert alone(s)["device_serial_number"] is None


def test_where_queries_are_answered_nobody_is_told_apart() -> None:
    s = shared()
    asker, server = s.host("10.0.0.71", "d4:be:d9:00:00:71"), s.host(NAT, NAT_MAC)
    s.associate(asker, server, 104, "RAD1", "PACS")
    s.dimse(asker, server, 104, "C-FIND", STUDY_FIND)
    assert alone(s)["device_serial_number"] is None


def test_what_a_toolkit_sends_under_a_makers_title_is_that_devices() -> None:
    s = shared()
    asker = s.host(NAT, NAT_MAC, software=DCMTK)
    s.associate(asker, pacs(s), 105, "AQ1", "MWL")
    s.say(asker, "scheduled_station", {"Modality": "CT"})
    _, ct, mr = at_nat(s)
    assert (ct["toolkits"], mr["toolkits"]) == (["OFFIS DCMTK 3.6.7"], [])
    assert (ct["modalities"], mr["modalities"]) == (["CT"], ["MR"])


def test_the_order_of_facts_behind_one_address_does_not_matter() -> None:
    def outcome(s: Scene) -> list[list[str]]:
        con = s.derive()
        return [sorted(map(repr, rows_of(con, f"FROM {table}"))) for table in ("device", "device_key", "guest")]

    s = shared()
    expected = outcome(s)
    for seed in range(2):
        random.Random(seed).shuffle(s.observations)
        random.Random(seed).shuffle(s.flows)
        assert outcome(s) == expected


def test_people_join_what_was_split() -> None:
    s = shared()
    _, ct, mr = at_nat(s)
    s.annotations.append((ct["device_id"], "same-as", mr["device_id"], "ann", s.flows[0]["first_seen"]))
    found = at_nat(s)
    assert len(found) == 2
    assert not [text for device in found for text in device["conflicts"] if "NAT" in text]
