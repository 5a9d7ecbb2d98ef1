"""The allow-list lets no patient attribute through."""

from __future__ import annotations

import re

import pytest
from pydicom._dicom_dict import DicomDictionary

from parsers.attributes import ATTRIBUTES, EQUIPMENT_KEYS

PATIENT_GROUP = {keyword for tag, (*_, keyword) in DicomDictionary.items() if tag >> 16 == 0x0010 and keyword}
PERSON_NAMES = {keyword for vr, _, _, _, keyword in DicomDictionary.values() if vr == "PN" and keyword}
# PS3.15 Table E.1-1: further identifiers of a patient, a visit or an order, and free text.
IDENTIFIERS = {
    *("AccessionNumber", "StudyID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"),
    *("AdmissionID", "RequestAttributesSequence", "ReasonForStudy", "StudyDescription", "SeriesDescription"),
    *(
        "ProtocolName",
        "ImageComments",
        "StudyComments",
        "AdditionalPatientHistory",
        "PlacerOrderNumberImagingServiceRequest",
    ),
    *(
        "FillerOrderNumberImagingServiceRequest",
        "TextValue",
        "PixelData",
        "InstitutionAddress",
        "StudyDate",
        "StudyTime",
    ),
}


def _words(name: str) -> str:
    return name.replace("_", "").lower()


def test_the_dictionary_is_the_one_meant() -> None:
    assert {"PatientName", "PatientID", "PatientBirthDate", "OtherPatientIDs", "PatientComments"} <= PATIENT_GROUP
    assert {"ReferringPhysicianName", "OperatorsName"} <= PERSON_NAMES


@pytest.mark.parametrize("forbidden", [PATIENT_GROUP, PERSON_NAMES, IDENTIFIERS], ids=["0010", "PN", "identifiers"])
def test_no_attribute_or_key_is_a_patients(forbidden: set[str]) -> None:
    spelled = {_words(keyword) for keyword in forbidden}
    for name, attribute in ATTRIBUTES.items():
        assert _words(name) not in spelled
        assert not {_words(key) for key in attribute.keys} & spelled


def test_only_the_flag_speaks_of_patients() -> None:
    spoken = [name for name, row in ATTRIBUTES.items() if re.search("patient|birth|person", f"{name} {row.keys}", re.I)]
    assert spoken == ["clear_patient_data"]
    assert ATTRIBUTES["clear_patient_data"].kind == "flag"


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_row(name: str) -> None:
    attribute = ATTRIBUTES[name]
    assert re.fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
    assert attribute.kind in {"text", "list", "compound", "flag"}
    assert bool(attribute.keys) == (attribute.kind == "compound")
    assert len(set(attribute.keys)) == len(attribute.keys)
    assert attribute.meaning.strip()


def test_equipment_keys_are_the_allow_lists() -> None:
    assert ATTRIBUTES["equipment"].keys == tuple(EQUIPMENT_KEYS.split())


def test_equipment_keys_are_dicom_keywords() -> None:
    keywords = {keyword for *_, keyword in DicomDictionary.values()}
    ours = {"ContributingEquipment", "PrivateCreators"}  # summaries, not elements
    assert set(EQUIPMENT_KEYS.split()) - ours <= keywords
