"""Who only passes on, or only seems to: what its software, its names and its associations say of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.inventory.attribution.scene import CANON, COMMITMENT, CT, GE, MR, SC, SIEMENS, US, WORKLIST, rows_of
from tests.inventory.attribution.test_imaging import owns_nothing, pair

SIEMENS_SOFTWARE = ("1.3.12.2.1107.5.99.1", "")
MG = "1.2.840.10008.5.1.4.1.1.1.2"
OF_SIEMENS = {"Modality": "OT", "SOPClassUID": SC, "ImageType": ["DERIVED", "SECONDARY"]}


@pytest.mark.parametrize(
    ("title", "station", "serial", "level"),
    [
        ("SRV7", "MRC1", "99999", "low"),  # makers build archives, too
        ("MRC1", "MRC1", "99999", "medium"),
        ("SKYRA2", "MRC1", "99999", "medium"),
        ("SKY", "MRC1", "99999", "low"),
        ("SRV7", "MRC1", "1", "low"),
    ],
)
def test_software_of_the_maker_supports_the_maker_only(title: str, station: str, serial: str, level: str) -> None:
    s, sender, pacs = pair(software=SIEMENS_SOFTWARE)
    s.send(sender, pacs, title, "X", SIEMENS | {"StationName": station, "DeviceSerialNumber": serial})
    confidence = s.devices()["10.0.0.1"]["confidence"]
    assert (confidence["manufacturer"], confidence["device_serial_number"], confidence["role"]) == (
        "high",
        level,
        level,
    )


def test_uid_that_ends_in_the_serial_number() -> None:
    s, mr, pacs = pair(software=("1.3.12.2.1107.5.2.19.45123", ""))
    s.send(mr, pacs, "A", "X", SIEMENS)
    assert s.devices()["10.0.0.1"]["confidence"]["device_serial_number"] == "medium"


@pytest.mark.parametrize("software", [("1.2.840.113619.6.94", ""), ("1.2.840.113619.6.391", "CENTRICITY_4.0")])
def test_archive_by_its_software(software: tuple[str, str]) -> None:
    s, pacs, other = pair(software=software)
    s.send(pacs, other, "A", "OTHER", GE)
    found = s.devices()
    assert (found["10.0.0.1"]["role"], found["10.0.0.1"]["manufacturer"]) == ("archive", "GE HealthCare")
    assert found["10.0.0.1"]["device_serial_number"] is found["10.0.0.1"]["station_name"] is None
    assert found["VE95-001234"]["addressless"]


@pytest.mark.parametrize(
    ("title", "role"),
    [("DCMROUTER", "router"), ("RAD_GW", "router"), ("PACS_MAIN", "archive"), ("vna1", "archive"), ("STORESCU", None)],
)
def test_what_it_calls_itself(title: str, role: str | None) -> None:
    s, sender, other = pair()
    s.send(sender, other, title, "OTHER", CANON)
    found = s.devices()
    assert (found["10.0.0.1"]["role"], found["10.0.0.1"]["confidence"]["role"]) == (role or "workstation", "low")
    assert owns_nothing(found["10.0.0.1"])
    assert found["1CA1952201"]["addressless"]


@pytest.mark.parametrize("title", ["CTGW1", "ARCHER", "CT_ROOM1"])
def test_other_words_are_no_sign(title: str) -> None:
    s, ct, pacs = pair()
    s.send(ct, pacs, title, "X", CANON)
    assert s.devices()["10.0.0.1"]["device_serial_number"] == "1CA1952201"


def test_a_worklist_outweighs_a_name() -> None:
    s, ct, pacs = pair()
    s.dimse(ct, pacs, 104, "C-FIND", WORKLIST)
    s.send(ct, pacs, "CT_GW", "X", CANON)
    assert s.devices()["10.0.0.1"]["confidence"]["device_serial_number"] == "high"


def test_general_software_offers_everything() -> None:
    s, sender, pacs = pair()
    s.say(sender, "proposed_sop_classes", [CT, MR, US, MG])
    s.send(sender, pacs, "A", "X", CANON)
    found = s.devices()
    assert (found["10.0.0.1"]["role"], owns_nothing(found["10.0.0.1"])) == ("router", True)


def test_host_name_of_the_station() -> None:
    s, us, pacs = pair()
    s.say(us, "hostname", "VividE95-1.clinic.example", transport="udp", protocol="dhcp")
    s.send(us, pacs, "A", "X", GE)
    device = s.devices()["10.0.0.1"]
    assert {device["confidence"][name] for name in ("manufacturer", "device_serial_number", "role")} == {"high"}


@pytest.mark.parametrize("scheduled", [True, False])
def test_captures_of_what_another_device_made(scheduled: bool) -> None:
    s, ct, pacs = pair()
    if scheduled:
        s.dimse(ct, pacs, 104, "C-FIND", WORKLIST)
    s.send(ct, pacs, "CT1", "X", CANON, SIEMENS | OF_SIEMENS)
    device = s.devices()["10.0.0.1"]
    if scheduled:
        assert (device["manufacturer"], device["device_serial_number"]) == ("Canon Medical Systems", "1CA1952201")
        assert (device["software_versions"], device["modalities"]) == (["V6.00ER006"], ["CT"])
    else:
        assert owns_nothing(device)


def test_present_and_former_version() -> None:
    s, ct, pacs = pair()
    s.dimse(ct, pacs, 104, "C-FIND", WORKLIST)
    for version in ("V6.00", "V7.00"):
        s.send(ct, pacs, "CT1", "X", CANON | {"SoftwareVersions": [version]})
    assert s.devices()["10.0.0.1"]["software_versions"] == ["V7.00"]
    told = rows_of(s.derive(), "FROM evidence WHERE field = 'software_versions' ORDER BY value")
    assert [(row["value"], row["used"]) for row in told] == [("V6.00", False), ("V7.00", True)]
    assert told[0]["reason"].startswith("replaced by another version from 2026-03-02T12:00:")


def test_versions_that_alternate_are_both_present() -> None:
    s, ct, pacs = pair()
    s.dimse(ct, pacs, 104, "C-FIND", WORKLIST)
    for version in ("V6.00", "V7.00", "V6.00"):
        s.send(ct, pacs, "CT1", "X", CANON | {"SoftwareVersions": [version]})
    assert s.devices()["10.0.0.1"]["software_versions"] == ["V6.00", "V7.00"]


def commits(series: list[str]) -> dict[str, Any]:
    s, sender, middle = pair()
    far = s.host("10.0.0.3", "00:11:22:00:00:03")
    s.dimse(sender, middle, 104, "N-ACTION", COMMITMENT)
    for name in series:
        s.store(sender, middle, 104, CANON, name)
    s.store(middle, far, 104, CANON, series[0])
    return s.devices()["10.0.0.2"]


def test_who_commits_and_keeps_is_an_archive_who_passes_all_on_a_router() -> None:
    assert commits(["one", "two"])["role"] == "archive"
    assert commits(["one"])["role"] == "router"
