"""Contradictions are listed with both sides, each with its frame."""

from __future__ import annotations

from typing import Any

from tests.inventory.attribution.scene import CANON, CT, SIEMENS, Scene, rows_of

ONE, TWO, PACS = (
    ("10.0.0.1", "02:00:00:00:00:01"),
    ("10.0.0.2", "02:00:00:00:00:02"),
    ("10.0.0.9", "02:00:00:00:00:09"),
)
SIEMENS_SOFTWARE = ("1.3.12.2.1107.5.9.1", "")


def proof(scene: Scene, ip: str, field: str) -> list[dict[str, Any]]:
    query = f"""SELECT p.* FROM proof p JOIN device d USING (device_id)
        WHERE list_contains(d.ip_addresses, '{ip}') AND p.field = '{field}' ORDER BY frame, value"""
    return rows_of(scene.derive(), query)


def conflicting(scene: Scene, ip: str, field: str) -> list[tuple[Any, ...]]:
    rows = proof(scene, ip, field)
    return [(row["value"], row["frame"] is not None, row["used"]) for row in rows if row["conflicts"]]


def test_makers_that_contradict() -> None:
    scene = Scene()
    host, pacs = scene.host(*ONE, software=SIEMENS_SOFTWARE), scene.host(*PACS)
    scene.send(host, pacs, "CT1", "PACS", CANON)
    rows = proof(scene, "10.0.0.1", "manufacturer")
    (conflict,) = {conflict for row in rows for conflict in row["conflicts"]}
    assert conflict.startswith("manufacturer: Canon Medical Systems (1 objects) vs Siemens Healthineers (")
    sides = {row["value"]: row for row in rows if row["conflicts"]}
    assert sides.keys() == {"Canon Medical Systems", "Siemens Healthineers"}
    assert len({row["frame"] for row in sides.values()}) == 2
    assert all(row["display_filter"] == f"frame.number == {row['frame']}" for row in sides.values())


def test_what_others_made_contradicts_nothing() -> None:
    scene = Scene()
    ct, mr, archive, other = scene.host(*ONE), scene.host(*TWO), scene.host(*PACS), scene.host("10.0.0.8")
    scene.send(ct, archive, "CT1", "PACS", CANON)
    scene.send(mr, archive, "MR1", "PACS", SIEMENS)
    scene.send(archive, other, "PACS", "OTHER", CANON, SIEMENS)
    rows = proof(scene, "10.0.0.9", "manufacturer")
    assert {row["value"] for row in rows} == {"Canon Medical Systems", "Siemens Healthineers"}
    assert not any(row["used"] or row["conflicts"] for row in rows)


def test_a_title_that_two_devices_use() -> None:
    scene = Scene()
    one, two, pacs = scene.host(*ONE), scene.host(*TWO), scene.host(*PACS)
    scene.associate(one, pacs, 104, "CT1", "PACS")
    scene.associate(one, pacs, 104, "CT10", "PACS")
    scene.associate(two, pacs, 104, "CT1", "PACS")
    for ip, other in (("10.0.0.1", "10.0.0.2"), ("10.0.0.2", "10.0.0.1")):
        rows = [row for row in proof(scene, ip, "ae_titles") if row["conflicts"]]
        assert {row["value"] for row in rows} == {"CT1"}
        assert {(row["ip"], row["used"]) for row in rows} == {(ip, True), (other, False)}
        against = next(row for row in rows if not row["used"])
        assert against["reason"].startswith("said of d") and against["display_filter"].startswith("frame.number == ")


def test_a_title_that_many_devices_use_stays_bounded() -> None:
    scene = Scene()
    pacs = scene.host(*PACS)
    for number in range(60):
        scene.associate(scene.host(f"10.0.1.{number}", f"02:00:00:00:01:{number:02x}"), pacs, 104, "STORESCU", "PACS")
    assert len(proof(scene, "10.0.1.7", "ae_titles")) <= 1 + 8


def test_a_contradiction_without_evidence_of_its_own_is_told() -> None:
    """Whatever the words of a conflict are, it is listed."""
    scene = Scene()
    one, pacs = scene.host(*ONE), scene.host(*PACS)
    scene.associate(one, pacs, 104, "CT1", "PACS")
    con = scene.derive()
    con.execute("INSERT INTO conflict SELECT device_id, 'address: 10.0.0.1 is shared by 2 devices' FROM device "
        "WHERE list_contains(ip_addresses, '10.0.0.1')")  # fmt: skip
    (row,) = rows_of(con, "FROM proof WHERE len(conflicts) > 0")
    assert (row["field"], row["value"], row["frame"], row["display_filter"]) == ("address", None, None, None)
    assert (row["reason"], row["used"]) == ("10.0.0.1 is shared by 2 devices", False)


def test_a_conversation_is_found_by_its_ends() -> None:
    scene = Scene()
    one, pacs = scene.host(*ONE), scene.host(*PACS)
    scene.flow(one, pacs, 104, "dicom")
    scene.flow(scene.host("fd00::1", ONE[1]), scene.host("fd00::9", PACS[1]), 8443, "tls")
    scene.flow(one, pacs, 2575, "hl7", frame=None)
    filters = {row["value"]: row["display_filter"] for row in proof(scene, "10.0.0.9", "services")}
    assert filters["104/dicom"] == "ip.addr == 10.0.0.1 && ip.addr == 10.0.0.9 && tcp.port == 104 && dicom"
    assert filters["8443/tls"] == "ipv6.addr == fd00::1 && ipv6.addr == fd00::9 && tcp.port == 8443"


def test_wireshark_is_told_of_unusual_ports() -> None:
    scene = Scene()
    one, pacs = scene.host(*ONE), scene.host(*PACS)
    scene.associate(one, pacs, 11112, "CT1", "PACS")
    scene.associate(one, pacs, 104, "CT1", "PACS")
    scene.flow(one, pacs, 8443, "tls")
    scene.flow(one, pacs, 8443, "http")  # two protocols at one port: not told
    scene.say(one, "scu_sop_classes", [CT])
    assert {tuple(row["decode_as"]) for row in proof(scene, "10.0.0.1", "ae_titles")} == {("tcp.port==11112,dicom",)}
