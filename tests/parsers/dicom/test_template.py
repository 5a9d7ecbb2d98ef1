"""Sampling must be exact: whatever changes from one object to the next is found, and the decoder is asked no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from parsers.dicom import Dicom, content
from parsers.dicom.dataset import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, Syntax, read_head
from parsers.dicom.template import MAX_TEMPLATES, Templates, content_of, template_of
from parsers.records import Observation, Side
from tests.parsers.dicom import building as b
from tests.parsers.feeding import PSEUDONYM, feed

C, S = Side.CLIENT, Side.SERVER
SYNTAXES = [(b.EXPLICIT, EXPLICIT_LITTLE), (b.IMPLICIT, IMPLICIT_LITTLE), (b.BIG_ENDIAN, EXPLICIT_BIG)]
OTHER_SERIES = b.SERIES[:-1] + "2"


@pytest.fixture(autouse=True)
def decoded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """No templates to begin with; counts data sets that were decoded."""
    count = [0]

    def counting(*args: Any) -> Any:
        count[0] += 1
        return read_head(*args)

    monkeypatch.setattr(content, "RECENT", Templates())
    monkeypatch.setattr(content, "read_head", counting)
    yield count


def told(*images: Dataset, syntax: str = b.EXPLICIT, apart: bool = False) -> list[tuple[str, str]]:
    """What is told of each image, sent in one association or each in one of its own."""
    turns = [(C, b.store(image, syntax)) for image in images]
    seen: list[Observation] = []
    for group in [[turn] for turn in turns] if apart else [turns]:
        seen += feed(Dicom, group)
    return [(o.attribute, o.value) for o in seen if o.attribute in ("equipment", "sent_series", "clear_patient_data")]


def truth(*images: Dataset, syntax: str = b.EXPLICIT) -> list[tuple[str, str]]:
    """The same, each image read by itself and decoded."""
    said = []
    for image in images:
        content.RECENT._recent.clear()
        said += told(image, syntax=syntax)
    content.RECENT._recent.clear()
    flag = ("clear_patient_data", "true")
    return [s for i, s in enumerate(said) if s != flag or flag not in said[:i]]


def with_neighbours(number: int) -> Dataset:
    """The n-th image of a series: what differs in each lies around what does not, in other lengths too."""
    return b.image(
        SOPInstanceUID=f"1.2.3.{10 ** (number % 4)}.{number}",
        ContentTime=f"1010{number:02d}",
        InstanceNumber=number,
        SeriesDescription="x" * (number % 5),
        KVP=str(number),
    )


@pytest.mark.parametrize(("syntax", "_"), SYNTAXES)
@pytest.mark.parametrize("apart", [False, True])
def test_a_series_is_decoded_once(decoded: list[int], syntax: str, _: Syntax, apart: bool) -> None:
    images = [with_neighbours(number) for number in range(20)]
    expected = truth(*images, syntax=syntax)
    decoded[0] = 0
    assert told(*images, syntax=syntax, apart=apart)[-1] == expected[-1]
    assert decoded == [1]
    if not apart:
        content.RECENT._recent.clear()
        assert told(*images, syntax=syntax) == expected


OLD = {"Manufacturer": "SIEMENS", "ManufacturerModelName": "SOMATOM", "DeviceSerialNumber": "123456"}
CHANGES: dict[str, dict[str, Any]] = {
    "a value": {"DeviceSerialNumber": "123457"},
    "a value of another length": {"StationName": "CT1B"},
    "the first element": {"SpecificCharacterSet": "ISO_IR 101"},
    "the image type": {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
    "the class": {"SOPClassUID": b.VERIFICATION},
    "the series": {"SeriesInstanceUID": OTHER_SERIES},
    "the series, with the old one in a sequence": {
        "SeriesInstanceUID": OTHER_SERIES,
        "ReferencedSeriesSequence": b.sequence(SeriesInstanceUID=b.SERIES),
    },
    "removed": {"StationName": None},
    "removed, first": {"SpecificCharacterSet": None, "InstitutionName": "Klinikum"},
    "removed, last": {"SoftwareVersions": None},
    "emptied": {"Manufacturer": ""},
    "added": {"ContributingEquipmentSequence": b.sequence(Manufacturer="Acme")},
    "added with old bytes in it": {"ContributingEquipmentSequence": b.sequence(**OLD)},
    "changed, with old bytes in a sequence": {
        "Manufacturer": "GE",
        "ContributingSourcesSequence": b.sequence(**OLD),
    },
    "all changed, with old bytes in a sequence": {
        **dict.fromkeys(OLD, "NEW"),
        "ContributingSourcesSequence": b.sequence(**OLD, StationName="CT1"),
    },
    "moved into a sequence": {
        **dict.fromkeys(OLD),
        "ContributingSourcesSequence": b.sequence(**OLD),
    },
    "moved into a sequence that stood in front": {
        "Manufacturer": None,
        "ReferencedPerformedProcedureStepSequence": b.sequence(Manufacturer="SIEMENS"),
    },
    "moved into a sequence right behind": {
        "ManufacturerModelName": None,
        "ReferencedImageSequence": b.sequence(ManufacturerModelName="SOMATOM", BodyPartExamined="CHEST"),
    },
    "no patient": {"PatientName": "", "PatientID": "", "PatientBirthDate": ""},
}


@pytest.mark.parametrize(("syntax", "_"), SYNTAXES)
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_found(syntax: str, _: Syntax, change: str) -> None:
    before, after = b.image(), b.image(**CHANGES[change])
    for images in ([before, before, after, after, before], [after, after, before, before, after]):
        assert told(*images, syntax=syntax) == truth(*images, syntax=syntax)
        content.RECENT._recent.clear()


def test_what_follows_an_element_tells_its_place() -> None:
    inside = b.sequence(ManufacturerModelName="SOMATOM", BodyPartExamined="CHEST")
    before = b.image(DerivationDescription="none")
    after = b.image(DerivationDescription="none", ManufacturerModelName=None, ReferencedImageSequence=inside)
    for images in ([before, after, before], [after, before, after]):
        assert told(*images) == truth(*images)
        content.RECENT._recent.clear()


def contributing(**values: str) -> Dataset:
    return b.image(ContributingEquipmentSequence=b.sequence(**values))


@pytest.mark.parametrize(
    "changed",
    [
        contributing(Manufacturer="Other"),
        contributing(Manufacturer="Acme", ManufacturerModelName="Router"),
        b.image(),
        b.image(DeviceSerialNumber=None, ContributingEquipmentSequence=b.sequence(Manufacturer="Acme")),
    ],
)
def test_contributing_equipment_is_part_of_it(changed: Dataset) -> None:
    before = contributing(Manufacturer="Acme", DeviceSerialNumber="123456")
    for images in ([before, changed, before], [changed, before, changed]):
        assert told(*images) == truth(*images)
        content.RECENT._recent.clear()


def test_the_patient_flag_is_the_objects_own() -> None:
    named, blank = b.image(), b.image(PatientName="", PatientID="", PatientBirthDate="")
    flag = ("clear_patient_data", "true")
    assert flag in told(named)
    assert flag not in told(blank)
    assert flag in told(named)
    assert flag not in told(blank)
    assert flag in told(blank, b.image(PatientName="", PatientID="PHIMRN", PatientBirthDate=""))


def test_each_association_gets_its_own_series(decoded: list[int]) -> None:
    series = [f"{b.SERIES}.{number}" for number in range(MAX_TEMPLATES)]
    for _ in range(3):
        for uid in series:
            said = dict(told(b.image(SeriesInstanceUID=uid), apart=True))
            assert said["sent_series"] == PSEUDONYM(uid.encode())
    assert decoded == [MAX_TEMPLATES]
    told(b.image(SeriesInstanceUID="1.2"))
    assert len(content.RECENT._recent) == MAX_TEMPLATES


def test_a_template_asks_for_no_more_than_it_needs(decoded: list[int]) -> None:
    private = b.image()
    private.private_block(0x0021, "GEMS_RELA_01", create=True).add_new(1, "OB", bytes(100_000))
    data = b.encode(private)
    head = read_head(data[:32768], EXPLICIT_LITTLE, False)
    template = template_of(data[:32768], head, content_of(head))
    assert template and template.reach < 1500
    assert template.matches(data[: template.reach])
    decoded[0] = 0
    seen = [value for name, value in told(private, private, b.image(), private) if name == "equipment"]
    assert ["PrivateCreators" in json.loads(value) for value in seen] == [True, True, True, True]
    assert decoded == [1]  # what lies behind the series is constant in a series, by definition


ATTRIBUTES = st.sampled_from(["A", "AB", "SIEMENS", "", None])
STATIONS = st.fixed_dictionaries(
    {
        "Manufacturer": ATTRIBUTES,
        "StationName": ATTRIBUTES,
        "ManufacturerModelName": ATTRIBUTES,
        "DeviceSerialNumber": ATTRIBUTES,
        "SoftwareVersions": ATTRIBUTES,
        "PatientName": ATTRIBUTES,
        "PatientID": st.none(),
        "PatientBirthDate": st.none(),
        "StudyDescription": ATTRIBUTES,
        "SeriesInstanceUID": st.sampled_from([b.SERIES, OTHER_SERIES]),
    },
    optional={
        "ContributingEquipmentSequence": st.fixed_dictionaries({"Manufacturer": st.sampled_from(["A", "SIEMENS"])}),
        "ContributingSourcesSequence": st.fixed_dictionaries(
            {"Manufacturer": st.sampled_from(["A", "SIEMENS"]), "DeviceSerialNumber": st.sampled_from(["A", "AB"])}
        ),
    },
)


@settings(max_examples=50, deadline=None)
@given(st.lists(STATIONS, min_size=2, max_size=5), st.sampled_from([s for s, _ in SYNTAXES]))
def test_sampling_says_what_decoding_says(stations: list[dict[str, Any]], syntax: str) -> None:
    images = [
        b.image(**{k: b.sequence(**v) if isinstance(v, dict) else v for k, v in station.items()})
        for station in stations
    ]
    expected = truth(*images, syntax=syntax)
    assert told(*images, syntax=syntax) == expected
