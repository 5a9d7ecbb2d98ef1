"""What is taken from data sets: the equipment (PS3.3 C.7.5.1), the stations of worklist and MPPS, and nothing else.

The one question asked of group 0010 is whether it says anything; its values are never returned.
"""

from __future__ import annotations

from typing import Any, Final

from parsers.dicom.dataset import SERIES_INSTANCE_UID, SPECIFIC_CHARACTER_SET, Head, Item
from parsers.dicom.uid import read_uid
from parsers.text import canonical

_SOP_CLASS_UID, _IMAGE_TYPE, _CODE_VALUE = 0x00080016, 0x00080008, 0x00080100
_SOFTWARE_VERSIONS, _CONTRIBUTING_EQUIPMENT, _PURPOSE_OF_REFERENCE = 0x00181020, 0x0018A001, 0x0040A170
_SCHEDULED_PROCEDURE_STEP = 0x00400100

_TEXTS = {
    "Modality": 0x00080060,
    "Manufacturer": 0x00080070,
    "InstitutionName": 0x00080080,
    "StationName": 0x00081010,
    "ManufacturerModelName": 0x00081090,
    "DeviceSerialNumber": 0x00181000,
}
_PERFORMED = {
    "PerformedStationAETitle": 0x00400241,
    "PerformedStationName": 0x00400242,
    "Modality": 0x00080060,
    "Manufacturer": 0x00080070,
    "ManufacturerModelName": 0x00081090,
    "DeviceSerialNumber": 0x00181000,
}
_SCHEDULED = {"ScheduledStationAETitle": 0x00400001, "Modality": 0x00080060}
_CONTRIBUTING = {"Manufacturer": 0x00080070, "ManufacturerModelName": 0x00081090}

PATIENT_TAGS: Final = (0x00100010, 0x00100020, 0x00100030)  # Patient's Name, Patient ID, Patient's Birth Date
EQUIPMENT_TAGS: Final = frozenset(
    (
        *_TEXTS.values(),
        SPECIFIC_CHARACTER_SET,
        _IMAGE_TYPE,
        _SOP_CLASS_UID,
        _SOFTWARE_VERSIONS,
        _CONTRIBUTING_EQUIPMENT,
        SERIES_INSTANCE_UID,
    )
)

_MAX_IMAGE_TYPE = 4
_MAX_SOFTWARE_VERSIONS = 16
_MAX_CONTRIBUTING = 8
_MAX_PRIVATE_CREATORS = 16


def is_private_creator(tag: int) -> bool:
    """Say whether `tag` is a Private Creator Data Element: PS3.5 7.8.1."""
    return bool(tag >> 16 & 1) and 0x10 <= tag & 0xFFFF <= 0xFF


def names_patient(value: bytes) -> bool:
    """Say whether a value of group 0010 says anything, wildcards (PS3.4 C.2.2.2.4) and delimiters aside."""
    return bool(value.strip(b"\0 *?^=\\"))


def carries_patient(head: Head) -> bool:
    """Say whether the data set names a patient."""
    return any(names_patient(head.raw(tag)) for tag in PATIENT_TAGS)


def series_of(head: Head) -> str | None:
    """Return the Series Instance UID."""
    return read_uid(head.raw(SERIES_INSTANCE_UID))


def equipment(head: Head) -> str | None:
    """Return the `equipment` compound; None when the data set says nothing of it."""
    found: dict[str, Any] = {keyword: head.text(tag) for keyword, tag in _TEXTS.items()}
    found["SoftwareVersions"] = _software_versions(head)
    found["ImageType"] = head.texts(_IMAGE_TYPE)[:_MAX_IMAGE_TYPE]
    if not any(found["ImageType"]):
        del found["ImageType"]
    found["SOPClassUID"] = read_uid(head.raw(_SOP_CLASS_UID))
    found["ContributingEquipment"] = _contributing(head)
    creators = [head.text(tag) for tag in head.elements if is_private_creator(tag)]
    found["PrivateCreators"] = list(dict.fromkeys(filter(_is_known, creators)))[:_MAX_PRIVATE_CREATORS]
    return _compound(found)


def performed_station(head: Head) -> str | None:
    """Return the `performed_station` compound of an MPPS N-CREATE (PS3.4 F.7.2.1); None when it names none."""
    found: dict[str, Any] = {keyword: head.text(tag) for keyword, tag in _PERFORMED.items()}
    found["SoftwareVersions"] = _software_versions(head)
    return _compound(found)


def scheduled_station(head: Head) -> str | None:
    """Return the `scheduled_station` compound of a Modality Worklist query (PS3.4 K.6.1.2); None when it names none."""
    items = head.items(_SCHEDULED_PROCEDURE_STEP)[:1]
    found = {keyword: _item_text(head, item, tag) for item in items for keyword, tag in _SCHEDULED.items()}
    return _compound({keyword: text for keyword, text in found.items() if text.strip("*?")})


def _is_known(creator: str) -> bool:
    """Say whether makers use this private creator: one flipped bit makes (0010,0010) the creator of group 0011."""
    from pydicom._private_dict import private_dictionaries

    return creator in private_dictionaries


def _software_versions(head: Head) -> list[str]:
    return [text for text in head.texts(_SOFTWARE_VERSIONS) if text][:_MAX_SOFTWARE_VERSIONS]


def _contributing(head: Head) -> list[dict[str, Any]]:
    found = []
    for item in head.items(_CONTRIBUTING_EQUIPMENT)[:_MAX_CONTRIBUTING]:
        part: dict[str, Any] = {keyword: _item_text(head, item, tag) for keyword, tag in _CONTRIBUTING.items()}
        versions = head.split(_item_value(item, _SOFTWARE_VERSIONS))
        part["SoftwareVersions"] = [text for text in versions if text][:_MAX_SOFTWARE_VERSIONS]
        purpose = item.get(_PURPOSE_OF_REFERENCE)
        codes = head.nested(*purpose) if purpose else []
        part["PurposeOfReference"] = _item_text(head, codes[0], _CODE_VALUE) if codes else ""
        found.append({keyword: value for keyword, value in part.items() if value})
    return [part for part in found if part]


def _item_value(item: Item, tag: int) -> bytes:
    _, value = item.get(tag, (None, b""))
    return value if isinstance(value, bytes) else b""


def _item_text(head: Head, item: Item, tag: int) -> str:
    return head.decode(_item_value(item, tag))


def _compound(found: dict[str, Any]) -> str | None:
    found = {keyword: value for keyword, value in found.items() if value}
    return canonical(found) if found else None
