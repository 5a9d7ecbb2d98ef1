"""Whose images they are: golden scenes of senders, forwarders and people's workstations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.inventory.attribution.scene import (
    CANON,
    COMMITMENT,
    CT,
    GE,
    SC,
    SEG,
    SIEMENS,
    SR,
    STUDY_FIND,
    STUDY_GET,
    STUDY_MOVE,
    WORKLIST,
    Host,
    Scene,
)

EQUIPMENT = [
    "modalities",
    "manufacturer",
    "manufacturer_model_name",
    "device_serial_number",
    "software_versions",
    "station_name",
    "institution_name",
]


def owns_nothing(device: dict[str, Any]) -> bool:
    return not any(device[name] for name in EQUIPMENT)


def pair(**more: Any) -> tuple[Scene, Host, Host]:
    """A sender of images at 10.0.0.1, and 10.0.0.2 that they go to."""
    s = Scene()
    return s, s.host("10.0.0.1", "00:11:22:00:00:01", **more), s.host("10.0.0.2", "00:11:22:00:00:02")


def test_archive_that_forwards_three_makers() -> None:
    s, pacs, other = pair()
    s.send(pacs, other, "PACS", "OTHER", CANON, SIEMENS, GE)
    s.dimse(other, pacs, 104, "C-FIND", STUDY_FIND)
    found = s.devices()
    assert found["10.0.0.1"]["role"] == "archive"
    assert owns_nothing(found["10.0.0.1"])
    referenced = {serial: found[serial] for serial in ("1CA1952201", "45123", "VE95-001234")}
    assert [(d["manufacturer"], d["modalities"], d["addressless"]) for d in referenced.values()] == [
        ("Canon Medical Systems", ["CT"], True),
        ("Siemens Healthineers", ["MR"], True),
        ("GE HealthCare", ["US"], True),
    ]
    assert all(d["role"] == "modality" and d["ip_addresses"] == [] for d in referenced.values())
    assert all(d["confidence"]["device_serial_number"] == "medium" for d in referenced.values())
    assert len(found) == 5


@pytest.mark.parametrize("answer", [("C-FIND", STUDY_FIND), ("C-MOVE", STUDY_MOVE), ("C-GET", STUDY_GET)])
def test_archive_of_one_maker_is_still_an_archive(answer: tuple[str, str]) -> None:
    s, pacs, other = pair(software=("1.2.840.113619.6.391", ""))
    s.send(pacs, other, "PACS", "OTHER", GE)
    s.dimse(other, pacs, 104, *answer)
    found = s.devices()
    assert (found["10.0.0.1"]["role"], found["10.0.0.1"]["manufacturer"]) == ("archive", "GE HealthCare")
    assert found["10.0.0.1"]["confidence"]["manufacturer"] == "high"  # of its own software, not of the images
    assert found["10.0.0.1"]["device_serial_number"] is None
    assert found["10.0.0.1"]["modalities"] == []
    assert found["VE95-001234"]["addressless"]


def test_refused_query_makes_no_archive() -> None:
    s, ct, other = pair()
    s.send(ct, other, "CT1", "PACS", CANON)
    refusal = {"CommandField": "C-FIND-RSP", "SOPClassUID": STUDY_FIND, "Status": "0122"}  # SOP class not supported
    s.say(ct, "dimse_message", refusal, port=104)
    assert s.devices()["10.0.0.1"]["role"] == "modality"


def test_router_with_a_modality_upstream() -> None:
    s, ct, router = pair()
    pacs = s.host("10.0.0.3", "00:11:22:00:00:03")
    s.send(ct, router, "CT1", "ROUTER", CANON)
    s.send(router, pacs, "ROUTER", "PACS", CANON)
    found = s.devices()
    assert (found["10.0.0.2"]["role"], found["10.0.0.2"]["confidence"]["role"]) == ("router", "high")
    assert owns_nothing(found["10.0.0.2"])
    assert found["10.0.0.1"]["device_serial_number"] == "1CA1952201"
    assert len(found) == 3  # what the router tells of is the modality itself


def test_router_whose_modality_was_never_seen_is_believed_little() -> None:
    s, router, pacs = pair()
    s.send(router, pacs, "SRV7", "PACS", CANON)
    confidence = s.devices()["10.0.0.1"]["confidence"]
    assert {confidence[name] for name in (*EQUIPMENT, "role")} == {"low"}


@pytest.mark.parametrize("software", [("1.2.3.4", ""), ("", ""), ("1.2.40.0.13.1.3", "")])
def test_objects_alone_are_low(software: tuple[str, str]) -> None:
    """Whoever sent them: a forwarder whose modality was not seen looks the same."""
    s, ct, pacs = pair(software=software)
    s.send(ct, pacs, "CT1", "PACS", CANON)
    confidence = s.devices()["10.0.0.1"]["confidence"]
    assert {confidence[name] for name in (*EQUIPMENT, "role")} == {"low"}


def test_workstation_that_stores_what_it_derived() -> None:
    s, workstation, pacs = pair()
    derived = [
        SIEMENS | {"Modality": "SEG", "SOPClassUID": SEG, "ImageType": ["DERIVED", "PRIMARY"]},
        SIEMENS | {"Modality": "SR", "SOPClassUID": SR},
        SIEMENS | {"Modality": "OT", "SOPClassUID": SC, "ImageType": ["DERIVED", "SECONDARY"]},
    ]
    s.send(workstation, pacs, "MIM", "PACS", *derived)
    found = s.devices()
    assert (found["10.0.0.1"]["role"], found["10.0.0.1"]["confidence"]["role"]) == ("workstation", "medium")
    assert owns_nothing(found["10.0.0.1"])
    assert len(found) == 2  # derived objects do not even tell of equipment


def test_workstation_that_sends_copied_originals_with_its_segmentation() -> None:
    s, workstation, pacs = pair()
    s.send(workstation, pacs, "WS", "PACS", SIEMENS, SIEMENS | {"Modality": "SEG", "SOPClassUID": SEG})
    found = s.devices()
    assert (found["10.0.0.1"]["role"], owns_nothing(found["10.0.0.1"])) == ("workstation", True)
    assert found["45123"]["addressless"]


def test_get_brings_objects_back_on_the_same_association() -> None:
    s, workstation, pacs = pair()
    s.associate(workstation, pacs, 104, "WS", "PACS")
    s.say(workstation, "scp_sop_classes", [CT])  # role selection: SCU of C-GET, SCP of storage
    s.dimse(workstation, pacs, 104, "C-GET", STUDY_GET)
    s.store(pacs, workstation, 104, CANON, backwards=True)
    found = s.devices()
    assert {ip: found[ip]["role"] for ip in ("10.0.0.1", "10.0.0.2")} == {
        "10.0.0.1": "workstation",
        "10.0.0.2": "archive",
    }
    assert owns_nothing(found["10.0.0.1"])
    assert owns_nothing(found["10.0.0.2"])
    assert found["1CA1952201"]["addressless"]


def test_storage_commitment_on_a_reverse_association() -> None:
    s, ct, pacs = pair()
    s.send(ct, pacs, "CT1", "PACS", CANON)
    s.dimse(ct, pacs, 104, "N-ACTION", COMMITMENT)
    s.associate(pacs, ct, 105, "PACS", "CT1")
    s.say(ct, "scu_sop_classes", [COMMITMENT], port=105)
    s.dimse(pacs, ct, 105, "N-EVENT-REPORT", COMMITMENT)
    found = s.devices()
    assert (found["10.0.0.1"]["role"], found["10.0.0.1"]["device_serial_number"]) == ("modality", "1CA1952201")
    assert found["10.0.0.1"]["confidence"]["device_serial_number"] == "low"  # forwarders ask for commitment, too
    assert (found["10.0.0.2"]["role"], found["10.0.0.2"]["confidence"]["role"]) == ("archive", "medium")


def test_manufacturer_rewritten_by_software() -> None:
    s, sender, pacs = pair()
    s.send(sender, pacs, "MIM", "PACS", SIEMENS | {"Manufacturer": "SIEMENS / MIM Software"})
    found = s.devices()
    assert owns_nothing(found["10.0.0.1"])
    assert len(found) == 2


def test_blank_ae_title_names_nobody() -> None:
    s, us, pacs = pair()
    s.send(us, pacs, "", "PACS", GE | {"StationName": ""})
    found = s.devices()
    assert found["10.0.0.1"]["ae_titles"] == []
    assert (found["10.0.0.1"]["device_serial_number"], found["10.0.0.1"]["station_name"]) == ("VE95-001234", None)
    assert found["10.0.0.1"]["confidence"]["device_serial_number"] == "low"  # blank is not equal to blank


def test_root_of_another_maker_contradicts() -> None:
    s, sender, pacs = pair(software=("1.3.12.2.1107.5.9.1", ""))
    s.send(sender, pacs, "SYNGO", "PACS", GE, GE)
    found = s.devices()
    device = found["10.0.0.1"]
    assert device["conflicts"] == [
        "manufacturer: GE HealthCare (2 objects) vs Siemens Healthineers (implementation_class_uid)"
    ]
    assert (device["manufacturer"], device["confidence"]["manufacturer"]) == ("Siemens Healthineers", "medium")
    assert not any(device[name] for name in EQUIPMENT if name != "manufacturer")
    assert device["role"] == "router"
    assert found["VE95-001234"]["addressless"]


@pytest.mark.parametrize(
    "sign",
    [
        {"ContributingEquipment": [{"Manufacturer": "Laurel Bridge", "PurposeOfReference": "109103"}]},
        {"ImageType": ["DERIVED", "SECONDARY"]},
        {"Modality": "OT"},
    ],
)
def test_one_sign_of_another_hand_is_enough(sign: dict[str, Any]) -> None:
    s, sender, pacs = pair()
    s.send(sender, pacs, "X", "PACS", CANON | sign)
    assert owns_nothing(s.devices()["10.0.0.1"])


def test_images_without_image_type_need_support() -> None:
    plain = {name: value for name, value in CANON.items() if name != "ImageType"}
    s, sender, pacs = pair()
    s.send(sender, pacs, "X", "PACS", plain)
    assert owns_nothing(s.devices()["10.0.0.1"])
    s.dimse(sender, pacs, 104, "C-FIND", WORKLIST)
    assert s.devices()["10.0.0.1"]["device_serial_number"] == "1CA1952201"


def test_move_originator_shows_an_archive() -> None:
    s, pacs, workstation = pair()
    s.send(pacs, workstation, "PACS", "WS", CANON)
    s.say(pacs, "move_originator_ae_title", "WS")
    found = s.devices()
    assert (found["10.0.0.1"]["role"], owns_nothing(found["10.0.0.1"])) == ("archive", True)


def test_workstation_moves_to_itself_and_answers_nothing() -> None:
    s, workstation, pacs = pair()
    s.associate(workstation, pacs, 104, "WS", "PACS")
    s.dimse(workstation, pacs, 104, "C-MOVE", STUDY_MOVE)
    s.say(workstation, "move_destination", "WS")
    s.send(pacs, workstation, "PACS", "WS", CANON)
    s.send(workstation, pacs, "WS", "PACS", CANON)  # and sends them back
    found = s.devices()
    assert found["10.0.0.1"]["roles"] == ["workstation"]
    assert owns_nothing(found["10.0.0.1"])
    assert found["10.0.0.2"]["roles"] == ["archive"]
