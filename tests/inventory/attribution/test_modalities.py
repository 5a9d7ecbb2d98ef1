"""What else a sender does and says: worklist, procedure steps, names, numbers, and services that it only negotiates."""

from __future__ import annotations

import pytest

from tests.inventory.attribution.scene import (
    CANON,
    CT,
    FILM_SESSION,
    MPPS,
    STUDY_FIND,
    WORKLIST,
    rows_of,
)
from tests.inventory.attribution.test_imaging import owns_nothing, pair


def test_performed_procedure_step_tells_of_its_own_sender() -> None:
    s, ct, ris = pair()
    station = {"PerformedStationAETitle": "CT1", "PerformedStationName": "AQ1", "Modality": "CT"}
    maker = {"Manufacturer": "TOSHIBA", "ManufacturerModelName": "Aquilion ONE", "DeviceSerialNumber": "1CA1952201"}
    s.associate(ct, ris, 104, "CT1", "RIS")
    s.dimse(ct, ris, 104, "N-CREATE", MPPS)
    s.say(ct, "performed_station", station | maker)
    found = s.devices()
    device = found["10.0.0.1"]
    assert (device["role"], device["modalities"], device["station_name"]) == ("modality", ["CT"], "AQ1")
    assert (device["device_serial_number"], device["confidence"]["device_serial_number"]) == ("1CA1952201", "high")
    assert (found["10.0.0.2"]["role"], found["10.0.0.2"]["confidence"]["role"]) == ("worklist", "low")


def test_worklist_query_alone_shows_a_modality() -> None:
    s, ct, ris = pair()
    s.associate(ct, ris, 104, "CT1", "RIS")
    s.dimse(ct, ris, 104, "C-FIND", WORKLIST)
    s.say(ct, "scheduled_station", {"ScheduledStationAETitle": "CT1", "Modality": "CT"})
    found = s.devices()
    assert (found["10.0.0.1"]["role"], found["10.0.0.1"]["modalities"]) == ("modality", ["CT"])
    assert found["10.0.0.1"]["manufacturer"] is None
    assert found["10.0.0.2"]["roles"] == ["worklist"]


def test_worklist_proxy_is_no_modality() -> None:
    s, broker, ris = pair()
    s.dimse(broker, ris, 104, "C-FIND", WORKLIST)
    s.dimse(ris, broker, 104, "C-FIND", WORKLIST)
    s.send(broker, ris, "BROKER", "RIS", CANON)
    found = s.devices()
    assert found["10.0.0.1"]["role"] == "worklist"
    assert owns_nothing(found["10.0.0.1"])


def test_one_device_two_of_whose_objects_differ() -> None:
    s, sender, pacs = pair()
    s.send(sender, pacs, "GATEWAY", "PACS", CANON, CANON | {"DeviceSerialNumber": "1CA1952202"})
    found = s.devices()
    assert (found["10.0.0.1"]["role"], owns_nothing(found["10.0.0.1"])) == ("router", True)
    assert found["1CA1952201"]["device_id"] != found["1CA1952202"]["device_id"]


def test_reports_that_name_less_do_not_contradict() -> None:
    s, ct, pacs = pair()
    dose = {"Modality": "SR", "Manufacturer": "TOSHIBA", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.67"}
    s.send(ct, pacs, "AQ1", "PACS", CANON, dose, CANON | {"ImageType": ["DERIVED", "SECONDARY", "MPR"]})
    device = s.devices()["10.0.0.1"]
    assert (device["role"], device["modalities"], device["device_serial_number"]) == ("modality", ["CT"], "1CA1952201")
    # Station name equals AE title: a router may keep it, and with a toolkit nothing else tells the two apart.
    assert device["confidence"]["device_serial_number"] == "low"


def test_equal_names_support_only_a_title_that_is_its_own() -> None:
    s, router, pacs = pair()
    other = s.host("10.0.0.3", "00:11:22:00:00:03")
    s.send(router, pacs, "AQ1", "PACS", CANON)
    s.associate(other, pacs, 104, "AQ1", "PACS")
    found = s.devices()
    assert found["10.0.0.1"]["confidence"]["device_serial_number"] == "low"
    assert found["10.0.0.1"]["conflicts"] == ["ae_titles: AQ1 is used by 10.0.0.3, too"]
    assert found["10.0.0.3"]["conflicts"] == ["ae_titles: AQ1 is used by 10.0.0.1, too"]


def test_unknown_maker_is_named_as_on_the_wire() -> None:
    s, sender, pacs = pair()
    s.send(sender, pacs, "X", "PACS", CANON | {"Manufacturer": "Nobody's Imaging Ltd"})
    device = s.devices()["10.0.0.1"]
    assert (device["manufacturer"], device["confidence"]["manufacturer"]) == ("Nobody's Imaging Ltd", "low")


@pytest.mark.parametrize("serial", ["", "0000", "UNKNOWN", "N/A", "none"])
def test_placeholders_are_no_serial_numbers(serial: str) -> None:
    s, sender, pacs = pair()
    s.send(sender, pacs, "X", "PACS", CANON | {"DeviceSerialNumber": serial})
    assert s.devices()["10.0.0.1"]["device_serial_number"] is None


def test_printer_and_weak_roles_of_negotiation() -> None:
    s, client, printer = pair()
    s.dimse(client, printer, 104, "N-CREATE", FILM_SESSION)
    store = s.host("10.0.0.3", "00:11:22:00:00:03")
    s.say(store, "scp_sop_classes", [CT], port=104)
    query = s.host("10.0.0.4", "00:11:22:00:00:04")
    s.say(query, "scp_sop_classes", [STUDY_FIND], port=104)
    found = s.devices()
    assert {ip: (d["role"], d["confidence"]["role"]) for ip, d in found.items()} == {
        "10.0.0.1": ("unknown", "low"),
        "10.0.0.2": ("printer", "high"),
        "10.0.0.3": ("archive", "low"),
        "10.0.0.4": ("archive", "low"),
    }


def test_referenced_device_is_one_however_often_it_is_told() -> None:
    s, pacs, other = pair()
    for host, receiver in ((pacs, other), (other, pacs)):
        s.send(host, receiver, "A", "B", CANON, CANON | {"Manufacturer": "Canon Medical Systems", "StationName": "X"})
    rows = rows_of(s.derive(), "FROM device WHERE addressless")
    assert [(row["manufacturer"], row["device_serial_number"]) for row in rows] == [
        ("Canon Medical Systems", "1CA1952201")
    ]


@pytest.mark.parametrize("service", ["dicomweb-qido", "orthanc-rest"])
def test_archive_that_was_only_seen_sending_and_browsed(service: str) -> None:
    s, pacs, other = pair()
    s.send(pacs, other, "PACS", "OTHER", CANON)
    s.flow(other, pacs, 8042, "http")
    s.say(pacs, "http_service", service, "peer", 8042, protocol="http")
    found = s.devices()
    assert owns_nothing(found["10.0.0.1"])
    assert found["10.0.0.1"]["role"] == "archive"
    assert found["1CA1952201"]["addressless"]


def test_proxy_in_front_of_an_archive_is_none() -> None:
    s, client, proxy = pair()
    s.flow(client, proxy, 443, "http")
    s.say(proxy, "http_service", "dicomweb-qido", "peer", 443, protocol="http")
    s.say(proxy, "http_server", "nginx", "peer", 443, protocol="http")
    assert s.devices()["10.0.0.2"]["roles"] == ["web_server"]


def test_equipment_of_the_same_maker_by_station_where_serials_are_missing() -> None:
    s, ct, pacs = pair()
    other = s.host("10.0.0.3", "00:11:22:00:00:03")
    s.send(ct, pacs, "AQ1", "PACS", CANON)
    s.send(pacs, other, "PACS", "OTHER", CANON | {"DeviceSerialNumber": ""})  # as anonymisers leave it
    assert sorted(s.devices()) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_worklist_of_another_modality_is_asked_for_others() -> None:
    """A gateway, or two scanners behind one address: the images are not of the station that the worklist is for."""
    s, gateway, pacs = pair()
    s.dimse(gateway, pacs, 104, "C-FIND", WORKLIST)
    s.say(gateway, "scheduled_station", {"ScheduledStationAETitle": "MR1", "Modality": "MR"})
    s.send(gateway, pacs, "CT1", "PACS", CANON)
    device = s.devices()["10.0.0.1"]
    assert device["manufacturer"] is device["manufacturer_model_name"] is device["device_serial_number"] is None


def test_worklist_of_its_own_modality_supports() -> None:
    s, ct, pacs = pair()
    s.dimse(ct, pacs, 104, "C-FIND", WORKLIST)
    s.say(ct, "scheduled_station", {"ScheduledStationAETitle": "CT1", "Modality": "CT"})
    s.send(ct, pacs, "CT1", "PACS", CANON)
    device = s.devices()["10.0.0.1"]
    assert (device["device_serial_number"], device["confidence"]["device_serial_number"]) == ("1CA1952201", "high")


def test_objects_that_flow_back_are_retrieved() -> None:
    """C-GET met in the middle: who sends from the port that answers is no scanner, and who takes them no archive."""
    s, archive, client = pair()
    s.flow(client, archive, 104, "dicom")
    s.store(archive, client, 104, CANON, backwards=True)
    devices = s.devices()
    assert devices["10.0.0.1"]["role"] == "archive"
    assert devices["10.0.0.1"]["manufacturer"] is devices["10.0.0.1"]["device_serial_number"] is None
    assert devices["10.0.0.2"]["role"] == "workstation"
