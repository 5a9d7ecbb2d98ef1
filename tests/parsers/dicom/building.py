"""DICOM conversations as bytes, built from the standard's tables and pydicom, apart from the parser's own layouts."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = "1.2.840.10008.1.1"
WORKLIST = "1.2.840.10008.5.1.4.31"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MPPS = "1.2.840.10008.3.1.2.3.3"
SERIES = "1.2.826.0.1.3680043.8.498.1"


def pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBI", kind, 0, len(body)) + body


def item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(body)) + body


def role(sop_class: str, scu: int, scp: int) -> bytes:
    return item(0x54, struct.pack(">H", len(sop_class)) + sop_class.encode() + bytes((scu, scp)))


def user_information(
    class_uid: str = "1.2.3.4", version: str | None = "TEST_1", max_length: int = 16384, more: bytes = b""
) -> bytes:
    name = item(0x55, version.encode()) if version is not None else b""
    return item(0x50, item(0x51, struct.pack(">I", max_length)) + item(0x52, class_uid.encode()) + name + more)


def titles(called: str | bytes, calling: str | bytes) -> bytes:
    raw = [title.encode() if isinstance(title, str) else title for title in (called, calling)]
    return struct.pack(">HH", 1, 0) + b"".join(title.ljust(16) for title in raw) + bytes(32)


def request(
    contexts: Iterable[tuple[int, str, list[str]]] = ((1, CT, [EXPLICIT, IMPLICIT]),),
    called: str | bytes = "ARCHIVE",
    calling: str | bytes = "CT1",
    user: bytes | None = None,
) -> bytes:
    items = b"".join(
        item(0x20, bytes((i, 0, 0, 0)) + item(0x30, a.encode()) + b"".join(item(0x40, t.encode()) for t in ts))
        for i, a, ts in contexts
    )
    application = item(0x10, APPLICATION_CONTEXT.encode())
    return pdu(1, titles(called, calling) + application + items + (user_information() if user is None else user))


def accept(
    contexts: Iterable[tuple[int, int, str]] = ((1, 0, EXPLICIT),),
    called: str | bytes = "ARCHIVE",
    calling: str | bytes = "CT1",
    user: bytes | None = None,
) -> bytes:
    items = b"".join(item(0x21, bytes((i, 0, result, 0)) + item(0x40, t.encode())) for i, result, t in contexts)
    application = item(0x10, APPLICATION_CONTEXT.encode())
    user = user_information("1.2.3.5", "ARCHIVE_2", 32768) if user is None else user
    return pdu(2, titles(called, calling) + application + items + user)


RELEASE_RQ = pdu(5, bytes(4))
RELEASE_RP = pdu(6, bytes(4))


def pdv(data: bytes, control: int, context: int = 1) -> bytes:
    """A PDV item. `control`: 1 command, 2 last fragment."""
    return struct.pack(">IBB", len(data) + 2, context, control) + data


def p_data(*pdvs: bytes) -> bytes:
    return pdu(4, b"".join(pdvs))


def element(number: int, value: bytes) -> bytes:
    return struct.pack("<HHI", 0, number, len(value)) + value


def us(value: int) -> bytes:
    return struct.pack("<H", value)


def even(uid: str) -> bytes:
    return uid.encode() + b"\0" * (len(uid) % 2)


def command(
    field: int,
    sop_class: str | None = CT,
    status: int | None = None,
    data_set: bool | None = None,
    requested: str | None = None,
    more: bytes = b"",
) -> bytes:
    """A command set; by default requests bring a data set and responses none. `more`: elements behind (0000,0800)."""
    has_data = status is None if data_set is None else data_set
    body = element(0x0002, even(sop_class)) if sop_class else b""
    body += element(0x0003, even(requested)) if requested else b""
    body += element(0x0100, us(field)) + element(0x0110 if status is None else 0x0120, us(7))
    body += element(0x0800, us(0x0000 if has_data else 0x0101))
    body += element(0x0900, us(status)) if status is not None else b""
    body += more
    return element(0, struct.pack("<I", len(body))) + body


def encode(dataset: Dataset, syntax: str = EXPLICIT) -> bytes:
    """The data set as bytes in a transfer syntax."""
    stream = DicomBytesIO()
    stream.is_little_endian = syntax != BIG_ENDIAN
    stream.is_implicit_VR = syntax == IMPLICIT
    write_dataset(stream, dataset)
    data = bytes(stream.getvalue())
    if syntax == DEFLATED:
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        data = deflate.compress(data) + deflate.flush()
    return data


def message(
    command_set: bytes, data: bytes | None = None, context: int = 1, fragment: int = 16378, pixels: bytes = b""
) -> bytes:
    """A DIMSE message: the command set in a PDU of its own, then the data set, a fragment a PDU."""
    parts = p_data(pdv(command_set, 3, context))
    if data is not None:
        data += pixels
        pieces = [data[at : at + fragment] for at in range(0, len(data), fragment)] or [b""]
        parts += b"".join(p_data(pdv(p, 2 if i == len(pieces) - 1 else 0, context)) for i, p in enumerate(pieces))
    return parts


def store(dataset: Dataset, syntax: str = EXPLICIT, **how: object) -> bytes:
    """A whole C-STORE-RQ."""
    return message(command(1, dataset.SOPClassUID), encode(dataset, syntax), **how)  # type: ignore[arg-type]


def image(**changes: object) -> Dataset:
    """A CT image's data set, with `changes` by keyword; None removes an element."""
    ds = Dataset()
    values: dict[str, object] = {
        "SpecificCharacterSet": "ISO_IR 100",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "SOPClassUID": CT,
        "SOPInstanceUID": "1.2.3.4.5.6",
        "StudyDate": "20260815",
        "AccessionNumber": "PHIACCESSION",
        "Modality": "CT",
        "Manufacturer": "SIEMENS",
        "InstitutionName": "Klinikum Süd",
        "ReferringPhysicianName": "PHI^REFERRER",
        "StationName": "CT1",
        "StudyDescription": "PHI description",
        "ManufacturerModelName": "SOMATOM",
        "PatientName": "PHI^NAME",
        "PatientID": "PHIMRN",
        "PatientBirthDate": "19700101",
        "BodyPartExamined": "CHEST",
        "DeviceSerialNumber": "123456",
        "SoftwareVersions": ["VA44A", "patch 2"],
        "StudyInstanceUID": "1.2.3.4.5",
        "SeriesInstanceUID": SERIES,
        "StudyID": "PHISTUDY",
        "InstanceNumber": 1,
        "Rows": 16,
        "PatientComments": "PHI comments",
    }
    values |= changes
    for keyword, value in values.items():
        if value is not None:
            setattr(ds, keyword, value)
    return ds


def sequence(**values: object) -> Sequence:
    """A sequence of one item."""
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return Sequence([ds])
