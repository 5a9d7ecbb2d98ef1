from __future__ import annotations

from typing import Any

from tests.inventory.attribution.scene import (
    CANON,
    CT,
    ECHO,
    STUDY_FIND,
    WORKLIST,
    Host,
    Scene,
    rows_of,
)


def registry(scene: Scene) -> dict[str, dict[str, Any]]:
    return {row["ae_title"]: row for row in rows_of(scene.derive(), "FROM ae_registry")}


def hosts(scene: Scene, *ends: tuple[str, str]) -> list[Host]:
    return [scene.host(ip, mac) for ip, mac in ends]


ONE, TWO, THREE = (
    ("10.0.0.1", "02:00:00:00:00:01"),
    ("10.0.0.2", "02:00:00:00:00:02"),
    ("10.0.0.3", "02:00:00:00:00:03"),
)


def test_who_calls_and_who_accepts() -> None:
    scene = Scene()
    ct, pacs = hosts(scene, ONE, TWO)
    scene.send(ct, pacs, "CT1", "PACS", CANON)
    scene.say(ct, "scu_sop_classes", [CT, ECHO, WORKLIST])
    scene.say(pacs, "scp_sop_classes", [CT, STUDY_FIND, "1.3.12.2.1107.9"], "peer", 104)
    found = registry(scene)
    assert found.keys() == {"CT1", "PACS"}
    ct1, server = found["CT1"], found["PACS"]
    assert (ct1["hosts"], server["hosts"]) == (["10.0.0.1"], ["10.0.0.2:104"])
    assert len(ct1["device_ids"]) == len(server["device_ids"]) == 1
    assert ct1["device_ids"] != server["device_ids"]
    assert (ct1["requested"], ct1["called"], ct1["accepted"]) == (1, 0, 0)
    assert (server["requested"], server["called"], server["accepted"], server["rejected"]) == (0, 1, 1, 0)
    assert (ct1["roles"], ct1["scu_services"], ct1["scp_services"]) == (
        *(["SCU"], ["storage", "verification", "worklist"], []),
    )
    assert (server["roles"], server["scp_services"]) == (["SCP"], ["private", "query", "storage"])
    assert not ct1["conflict"] and not server["conflict"]


def test_one_title_on_two_hosts_is_a_conflict_many_on_one_are_not() -> None:
    scene = Scene()
    one, two, pacs = hosts(scene, ONE, TWO, THREE)
    scene.associate(one, pacs, 104, "CT1", "PACS")
    scene.associate(two, pacs, 104, "CT1", "PACS")
    for title in ("A", "B", "C"):
        scene.associate(one, pacs, 104, title, "PACS")
    found = registry(scene)
    assert [title for title, row in found.items() if row["conflict"]] == ["CT1"]
    assert (found["CT1"]["hosts"], len(found["CT1"]["device_ids"])) == (["10.0.0.1", "10.0.0.2"], 2)


def test_one_host_with_two_addresses_is_no_conflict() -> None:
    scene = Scene()
    one, pacs = hosts(scene, ONE, TWO)
    scene.associate(one, pacs, 104, "CT1", "PACS")
    scene.associate(scene.host("fd00::1", ONE[1]), pacs, 104, "CT1", "PACS")
    row = registry(scene)["CT1"]
    assert (row["conflict"], row["hosts"], len(row["device_ids"])) == (False, ["10.0.0.1", "fd00::1"], 1)


def test_the_same_title_at_two_sites_is_two_rows() -> None:
    scene = Scene()
    for site in ("north", "south"):
        one, pacs = scene.host(*ONE, site=site), scene.host(*TWO, site=site)
        scene.associate(one, pacs, 104, "CT1", "PACS")
    rows = rows_of(scene.derive(), "FROM ae_registry WHERE ae_title = 'CT1' ORDER BY site")
    assert [(row["site"], row["conflict"]) for row in rows] == [("north", False), ("south", False)]


def test_a_rejected_title_is_nobodys() -> None:
    scene = Scene()
    ct, pacs = hosts(scene, ONE, TWO)
    scene.associate(ct, pacs, 104, "CT1", "WRONG", accepted=False)
    scene.associate(ct, pacs, 104, "CT1", "PACS")
    wrong = registry(scene)["WRONG"]
    assert (wrong["hosts"], wrong["device_ids"], wrong["called_in_vain"]) == ([], [], ["10.0.0.2:104"])
    assert (wrong["called"], wrong["accepted"], wrong["rejected"]) == (1, 0, 1)
    assert registry(scene)["PACS"]["called_in_vain"] == []


def test_a_title_outside_the_site_has_no_device() -> None:
    scene = Scene()
    pacs = scene.host(*ONE)
    scene.associate(pacs, Host("81.2.69.160", "02:00:00:00:00:fe"), 11112, "PACS", "SECONDOP")
    row = registry(scene)["SECONDOP"]
    assert (row["hosts"], row["device_ids"], row["accepted"]) == (["81.2.69.160:11112"], [], 1)


def test_aborts_are_counted_where_the_title_is_known() -> None:
    scene = Scene()
    ct, pacs, both = hosts(scene, ONE, TWO, THREE)
    abort = {"Outcome": "aborted", "Source": "service-user"}
    scene.associate(ct, pacs, 104, "CT1", "PACS")
    scene.say(ct, "association", abort, count=2)
    scene.say(pacs, "association", abort, "peer", 104)
    scene.say(pacs, "association", {"Outcome": "accepted"}, "peer", 104)
    scene.associate(ct, both, 104, "CT1", "X")
    scene.associate(ct, both, 104, "CT1", "Y")
    scene.say(both, "association", abort, "peer", 104)  # of X or of Y
    found = registry(scene)
    assert {title: row["aborted"] for title, row in found.items()} == {"CT1": 2, "PACS": 1, "X": 0, "Y": 0}


def test_services_of_a_port_with_several_titles_are_nobodys() -> None:
    scene = Scene()
    ct, pacs = hosts(scene, ONE, TWO)
    for title in ("X", "Y"):
        scene.associate(ct, pacs, 104, "CT1", title)
    scene.say(pacs, "scp_sop_classes", [CT], "peer", 104)
    assert registry(scene)["X"]["scp_services"] == registry(scene)["Y"]["scp_services"] == []


def test_two_titles_of_one_host_keep_their_own_services() -> None:
    scene = Scene()
    host, pacs = hosts(scene, ONE, TWO)
    scene.associate(host, pacs, 104, "SENDER", "PACS")
    scene.say(host, "scu_sop_classes", [CT])
    scene.associate(host, pacs, 104, "ASKER", "PACS")
    scene.say(host, "scu_sop_classes", [STUDY_FIND])
    found = registry(scene)
    assert (found["SENDER"]["scu_services"], found["ASKER"]["scu_services"]) == (["storage"], ["query"])


def test_ipv6_hosts_are_bracketed() -> None:
    scene = Scene()
    ct, pacs = scene.host("fd00::1", ONE[1]), scene.host("fd00::2", TWO[1])
    scene.associate(ct, pacs, 104, "CT1", "PACS")
    found = registry(scene)
    assert (found["CT1"]["hosts"], found["PACS"]["hosts"]) == (["fd00::1"], ["[fd00::2]:104"])
