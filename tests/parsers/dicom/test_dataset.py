"""What is taken from data sets, in every encoding."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydicom.datadict import private_dictionaries
from pydicom.dataset import Dataset

from parsers.attributes import ATTRIBUTES, EQUIPMENT_KEYS
from parsers.dicom import Dicom
from parsers.records import Side
from tests.parsers.dicom import building as b
from tests.parsers.dicom.test_dimse import STORE
from tests.parsers.feeding import PSEUDONYM, feed, feed_every_way, statements

C, S = Side.CLIENT, Side.SERVER
ENCODINGS = [b.EXPLICIT, b.IMPLICIT, b.BIG_ENDIAN, b.DEFLATED, "1.2.840.10008.1.2.4.50"]


def equipment_of(data: bytes, syntax: str = b.EXPLICIT) -> list[dict[str, Any]]:
    turns = [
        (C, b.request([(1, b.CT, [syntax])])),
        (S, b.accept([(1, 0, syntax)])),
        (C, b.message(b.command(1), data)),
    ]
    return [json.loads(o.value) for o in feed(Dicom, turns) if o.attribute == "equipment"]


@pytest.mark.parametrize("syntax", ENCODINGS)
@pytest.mark.parametrize("negotiated", [True, False])
def test_every_transfer_syntax_negotiated_or_guessed(syntax: str, negotiated: bool) -> None:
    opening = [(C, b.request([(1, b.CT, [syntax])])), (S, b.accept([(1, 0, syntax)]))] if negotiated else []
    turns = [*opening, (C, b.store(b.image(), syntax, fragment=500))]
    assert statements(feed_every_way(Dicom, turns))[15 if negotiated else 0 :] == STORE


def test_only_what_the_list_allows() -> None:
    (found,) = equipment_of(b.encode(b.image()))
    assert set(found) <= set(EQUIPMENT_KEYS.split())
    assert set(ATTRIBUTES["equipment"].keys) == set(EQUIPMENT_KEYS.split())


def test_absent_and_empty_elements_are_left_out() -> None:
    ds = b.image(Manufacturer="", StationName=None, DeviceSerialNumber="  ", SoftwareVersions=None, ImageType=None)
    (found,) = equipment_of(b.encode(ds))
    assert found == {
        "Modality": "CT",
        "InstitutionName": "Klinikum Süd",
        "ManufacturerModelName": "SOMATOM",
        "SOPClassUID": b.CT,
    }


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("ISO_IR 192", "東京大学病院"),
        ("ISO_IR 144", "Клиника"),
        ("GB18030", "北京協和醫院"),
        ("ISO_IR 13", "ｸﾘﾆｯｸ"),
        (["", "ISO 2022 IR 87"], "東京病院"),
    ],
)
def test_the_character_set_is_respected(charset: Any, text: str) -> None:
    ds = b.image(SpecificCharacterSet=charset, InstitutionName=text)
    (found,) = equipment_of(b.encode(ds))
    assert found["InstitutionName"] == text


def test_a_character_set_that_is_none_does_no_harm() -> None:
    data = b.encode(b.image()).replace(b"ISO_IR 100", b"ISO_IR 9\xff\x1b")
    (found,) = equipment_of(data)
    assert found["Manufacturer"] == "SIEMENS" and found["DeviceSerialNumber"] == "123456"


def test_lists_are_bounded_and_cleaned() -> None:
    ds = b.image(
        ImageType=["DERIVED", "SECONDARY", "", "M", "FIFTH"], SoftwareVersions=[f"v\x1b{i}" for i in range(40)]
    )
    makers = sorted(name for name in private_dictionaries if len(name) <= 16)[:20]
    for number, maker in enumerate(makers):
        ds.private_block(0x0019 + 2 * number, maker, create=True).add_new(1, "LO", "PHI private")
    ds.private_block(0x0009, makers[0], create=True)
    ds.private_block(0x000B, "DOE^JANE", create=True)  # is no maker's
    (found,) = equipment_of(b.encode(ds))
    assert found["ImageType"] == ["DERIVED", "SECONDARY", "", "M"]
    assert found["SoftwareVersions"] == [f"v {i}" for i in range(16)]
    assert found["PrivateCreators"] == makers[:16]


@pytest.mark.parametrize("syntax", ENCODINGS[:3])
@pytest.mark.parametrize("undefined", [True, False])
def test_contributing_equipment(syntax: str, undefined: bool) -> None:
    purpose = b.sequence(CodeValue="109102", CodingSchemeDesignator="DCM", CodeMeaning="Processing Equipment")
    items = b.sequence(
        Manufacturer="Acme",
        ManufacturerModelName="Router",
        SoftwareVersions=["1.0", "2.0"],
        InstitutionName="PHI elsewhere",
        PurposeOfReferenceCodeSequence=purpose,
    )
    ds = b.image(ContributingEquipmentSequence=items)
    ds["ContributingEquipmentSequence"].is_undefined_length = undefined
    items[0]["PurposeOfReferenceCodeSequence"].is_undefined_length = undefined
    items[0].is_undefined_length_sequence_item = undefined
    (found,) = equipment_of(b.encode(ds, syntax), syntax)
    assert found["ContributingEquipment"] == [
        {
            "Manufacturer": "Acme",
            "ManufacturerModelName": "Router",
            "PurposeOfReference": "109102",
            "SoftwareVersions": ["1.0", "2.0"],
        }
    ]


def test_a_multi_frame_object_cut_in_its_functional_groups() -> None:
    ds = b.image(SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1")
    ds.PerFrameFunctionalGroupsSequence = [Dataset() for _ in range(800)]
    for frame in ds.PerFrameFunctionalGroupsSequence:
        frame.FrameContentSequence = b.sequence(FrameAcquisitionNumber=1)
    ds["PerFrameFunctionalGroupsSequence"].is_undefined_length = True
    (found,) = equipment_of(b.encode(ds))
    assert found["DeviceSerialNumber"] == "123456"


def test_an_element_of_undefined_length_that_never_ends() -> None:
    data = b.encode(b.image())
    bottomless = b"\x10\x00\x00\x10SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff" * 3000
    at = data.index(b"\x10\x00\x10\x00PN")
    assert equipment_of(data[:at] + bottomless) == []


@pytest.mark.parametrize("cut", ["SERIES", "value", "header"])
def test_a_broken_head_says_nothing_and_the_association_goes_on(cut: str) -> None:
    data = b.encode(b.image())
    at = data.index(b"\x18\0\0\x10LO")
    broken = data[:at] + {"SERIES": b"", "value": data[at : at + 10], "header": data[at : at + 7]}[cut]
    if cut == "SERIES":
        broken += b"\x18\0\0\x10LO\xff\xff"
    turns = [(C, b.message(b.command(1), broken)), (C, b.store(b.image()))]
    names = [o.attribute for o in feed_every_way(Dicom, turns)]
    assert names.count("equipment") == 1 and names.count("dimse_message") == 2


@pytest.mark.parametrize("syntax", ENCODINGS[:3])
def test_a_length_that_lies_gives_away_no_neighbour(syntax: str) -> None:
    data = bytearray(b.encode(b.image(ManufacturerModelName="M", PatientName="PHI^NAME"), syntax))
    at = data.index(b"M ", data.index(b"PHI description"))
    length = slice(at - 4, at) if syntax == b.IMPLICIT else slice(at - 2, at)
    data[length] = (26).to_bytes(length.stop - length.start, "big" if syntax == b.BIG_ENDIAN else "little")
    assert "PHI" not in repr(feed(Dicom, [(C, b.message(b.command(1), bytes(data)))]))
    (found,) = equipment_of(bytes(data), syntax) or [{"ManufacturerModelName": "M"}]
    assert found["ManufacturerModelName"].rstrip("\x10").rstrip() == "M"


def test_a_data_set_that_ends_early_but_well() -> None:
    (found,) = equipment_of(b.encode(b.image(SeriesInstanceUID=None, StudyID=None, InstanceNumber=None, Rows=None)))
    assert found["Manufacturer"] == "SIEMENS"
    assert equipment_of(b"") == []


def test_performed_station_of_an_mpps() -> None:
    ds = Dataset()
    ds.PatientName, ds.PatientID = "PHI^NAME", "PHIMRN"
    ds.PerformedStationAETitle, ds.PerformedStationName, ds.PerformedLocation = "CT1", "CT room", "ROOM 1"
    ds.Modality, ds.PerformedProcedureStepID = "CT", "PHISTEP"
    ds.Manufacturer, ds.SoftwareVersions = "SIEMENS", ["VA44A"]
    turns = [(C, b.message(b.command(0x0140, b.MPPS), b.encode(ds)))]
    assert statements(feed_every_way(Dicom, turns)) == [
        (C, "dimse_message", f'{{"CommandField":"N-CREATE-RQ","SOPClassUID":"{b.MPPS}"}}', "peer"),
        (C, "clear_patient_data", "true", "peer"),
        (
            C,
            "performed_station",
            '{"Manufacturer":"SIEMENS","Modality":"CT","PerformedStationAETitle":"CT1",'
            '"PerformedStationName":"CT room","SoftwareVersions":["VA44A"]}',
            "object",
        ),
    ]
    assert len(feed(Dicom, [(C, b.message(b.command(0x0140, b.VERIFICATION), b.encode(ds)))])) == 1
    changed = feed(Dicom, [(C, b.message(b.command(0x0120, None, requested=b.MPPS), b.encode(ds)))])
    assert [o.attribute for o in changed] == ["dimse_message", "clear_patient_data"]


def worklist_query(**step: str) -> Dataset:
    ds = Dataset()
    ds.PatientName, ds.PatientID = "*", ""
    ds.ScheduledProcedureStepSequence = b.sequence(**step)
    return ds


@pytest.mark.parametrize("syntax", ENCODINGS[:2])
def test_scheduled_station_of_a_worklist_query(syntax: str) -> None:
    ds = worklist_query(ScheduledStationAETitle="CT1", Modality="CT", ScheduledPerformingPhysicianName="PHI^DOCTOR")
    find = b.message(b.command(0x0020, b.WORKLIST), b.encode(ds, syntax))
    assert statements(feed_every_way(Dicom, [(C, find)])) == [
        (C, "dimse_message", f'{{"CommandField":"C-FIND-RQ","SOPClassUID":"{b.WORKLIST}"}}', "peer"),
        (C, "scheduled_station", '{"Modality":"CT","ScheduledStationAETitle":"CT1"}', "peer"),
    ]


def test_a_worklist_query_for_anything_names_no_station() -> None:
    ds = worklist_query(ScheduledStationAETitle="*", Modality="")
    assert len(feed(Dicom, [(C, b.message(b.command(0x0020, b.WORKLIST), b.encode(ds)))])) == 1
    named = worklist_query(ScheduledStationAETitle="CT1")
    assert len(feed(Dicom, [(C, b.message(b.command(0x0020, b.STUDY_FIND), b.encode(named)))])) == 1
    answer = b.message(b.command(0x8020, b.WORKLIST, 0xFF00, data_set=True), b.encode(named))
    assert [o.attribute for o in feed(Dicom, [(S, answer)])] == ["dimse_message"]


@pytest.mark.parametrize(
    ("name", "number", "born", "carried"),
    [
        ("PHI^NAME", "", "", True),
        ("", "PHIMRN", "", True),
        ("", "", "19700101", True),
        ("", "", "", False),
        ("*", "?", "", False),
        ("^^", "", "", False),
    ],
)
def test_patient_data_in_queries_and_answers(name: str, number: str, born: str, carried: bool) -> None:
    ds = Dataset()
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = name, number, born
    for side, command in [(C, b.command(0x0020, b.STUDY_FIND)), (S, b.command(0x8020, b.STUDY_FIND, 0xFF00, True))]:
        said = statements(feed_every_way(Dicom, [(side, b.message(command, b.encode(ds)))]))
        assert said[1:] == [(side, "clear_patient_data", "true", "peer")] * carried
    seen = feed(Dicom, [(C, b.store(b.image(PatientName=name, PatientID=number, PatientBirthDate=born)))])
    assert ("clear_patient_data" in [o.attribute for o in seen]) is carried


def test_series_are_told_by_pseudonym_of_the_bare_uid() -> None:
    odd, even = "1.2.3", "1.2.34"
    for uid in (odd, even):
        seen = statements(feed(Dicom, [(C, b.store(b.image(SeriesInstanceUID=uid)))]))
        assert (C, "sent_series", PSEUDONYM(uid.encode()), "peer") in seen
        assert (S, "received_series", PSEUDONYM(uid.encode()), "peer") in seen
