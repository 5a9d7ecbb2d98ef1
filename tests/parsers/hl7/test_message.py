"""Fields, data types, delimiters and character sets of single messages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parsers.hl7 import Hl7
from parsers.malformed import Malformed
from parsers.records import Side
from tests.parsers.feeding import feed_every_way
from tests.parsers.hl7.messages import frame, msh


def said(*segments: bytes, attribute: str) -> list[str]:
    seen = feed_every_way(Hl7, [(Side.CLIENT, frame(segments))])
    return [observation.value for observation in seen if observation.attribute == attribute]


def compounds(*segments: bytes, attribute: str) -> list[dict[str, Any]]:
    return [json.loads(value) for value in said(*segments, attribute=attribute)]


@pytest.mark.parametrize(
    ("application", "facility", "expected"),
    [
        (b"LAB", b"", [{"SendingApplication": "LAB"}]),
        (b"", b"KEH", [{"SendingFacility": "KEH"}]),
        (b"", b"", []),
        (b'""', b'""', []),
        (b"^", b"^^ISO", []),
        (b"LAB^1.2.3^ISO", b"KEH^1.2.4^ISO", [{"SendingApplication": "LAB", "SendingFacility": "KEH"}]),
        (b"^1.2.3^ISO", b"^keh.org^DNS", [{"SendingApplication": "1.2.3", "SendingFacility": "keh.org"}]),
        (b" LAB \x1b[31m", b"K\x00E\x07H", [{"SendingApplication": "LAB [31m", "SendingFacility": "K E H"}]),
        (b"A" * 5000, b"", [{"SendingApplication": "A" * 256}]),
        (
            rb"B\T\W\F\\S\\R\\E\T\ ",
            rb"\H\x\N\ ",
            [{"SendingApplication": "B&W|^~\\T\\", "SendingFacility": "\\H\\x\\N\\"}],
        ),
    ],
)
def test_sender(application: bytes, facility: bytes, expected: list[dict[str, str]]) -> None:
    assert compounds(msh({3: application, 4: facility}), attribute="hl7_sender") == expected


def test_receiver_keeps_the_universal_id_of_a_nameless_application() -> None:
    assert compounds(msh({5: b"^1.2.3^ISO", 6: b"KEH^1"}), attribute="hl7_receiver") == [
        {"ReceivingApplication": "1.2.3", "ReceivingFacility": "KEH"}
    ]


@pytest.mark.parametrize(
    ("character_set", "raw", "expected"),
    [
        (b"", b"R\xf6ntgen", "Röntgen"),
        (b"", "Röntgen".encode(), "Röntgen"),
        (b"ASCII", b"R\xf6ntgen", "Röntgen"),
        (b"UNICODE UTF-8", "Röntgen 放射線".encode(), "Röntgen 放射線"),
        (b"unicode utf-8", "Röntgen".encode(), "Röntgen"),
        (b"UNICODE UTF-8", b"R\xf6ntgen", "R\ufffdntgen"),
        (b"8859/1", b"R\xf6ntgen", "Röntgen"),
        (b"8859/2", b"\xb1", "ą"),
        (b"8859/7", b"\xe1", "α"),
        (b"8859/15", b"\xa4", "€"),
        (b"8859/1~8859/7", b"\xe1", "á"),
        (b"8859/12", b"\xe1", "á"),
        (b"BIG-5", b"R\xf6ntgen", "Röntgen"),
        (b"../../etc", b"R\xf6ntgen", "Röntgen"),
        (b"\x00\xff", b"R\xf6ntgen", "Röntgen"),
        (b"UNICODE UTF-8", "\u202eRIS\u202c\u200b".encode(), "RIS"),
    ],
)
def test_character_set(character_set: bytes, raw: bytes, expected: str) -> None:
    assert compounds(msh({3: raw, 18: character_set}), attribute="hl7_sender") == [{"SendingApplication": expected}]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"ADT^A01^ADT_A01", ["ADT^A01^ADT_A01"]),
        (b"ADT^A01", ["ADT^A01"]),
        (b" ADT ^ A01 ", ["ADT^A01"]),
        (b"ACK^^", ["ACK"]),
        (b"ORM^O01^ORM_O01^X", []),
        (b"adt^a01", []),
        (b"DOE, JOHN^A01", []),
        (b"ADT^A01\x1b[2J", []),
        (b"ADT" * 100, []),
        (b"", []),
    ],
)
def test_message_type(raw: bytes, expected: list[str]) -> None:
    assert said(msh({9: raw}), attribute="hl7_message_type") == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(b"2.3", ["2.3"]), (b"2.5.1^DEU&&HL70399", ["2.5.1"]), (b"", []), (b"2.5 or so, John", []), (b"2" * 9, [])],
)
def test_version(raw: bytes, expected: list[str]) -> None:
    assert said(msh({12: raw}), attribute="hl7_version") == expected


def test_a_messages_own_delimiters() -> None:
    device = b"PUMP-1*MAKER*0102*EUI-64"
    segments = (
        msh({3: b"GW*1.2*ISO", 9: b"ORU*R01", 12: b"2.6*X"}, b"#*@%!"),
        b"SFT#Maker*L#1|2#A%T%B%S%C#9",
        b"OBX#1" + b"#" * 17 + device + b"@PUMP-2",
        b"OBX|1" + b"|" * 17 + b"NOT-THIS",
    )
    seen = feed_every_way(Hl7, [(Side.CLIENT, frame(segments))])
    assert [(o.attribute, o.value) for o in seen] == [
        ("hl7_sender", '{"SendingApplication":"GW"}'),
        ("hl7_message_type", "ORU^R01"),
        ("hl7_version", "2.6"),
        (
            "hl7_software",
            '{"SoftwareBinaryID":"9","SoftwareCertifiedVersion":"1|2","SoftwareProductName":"A!B*C",'
            '"SoftwareVendorOrganization":"Maker"}',
        ),
        (
            "hl7_equipment",
            '{"EntityIdentifier":"PUMP-1","Field":"OBX-18","NamespaceID":"MAKER","UniversalID":"0102",'
            '"UniversalIDType":"EUI-64"}',
        ),
        ("hl7_equipment", '{"EntityIdentifier":"PUMP-2","Field":"OBX-18"}'),
    ]


@pytest.mark.parametrize("delimiters", [b"|^", b"|^~", b"|^~\\", b"|^~\\&", b"|^~\\&#", b"|^~\\\\&"])
def test_fewer_and_more_encoding_characters(delimiters: bytes) -> None:
    segments = (msh({3: b"LAB^1.2"}, delimiters), b"OBX|" + b"|" * 17 + b"PUMP-1^X~PUMP-2")
    assert compounds(*segments, attribute="hl7_sender") == [{"SendingApplication": "LAB"}]
    assert compounds(*segments, attribute="hl7_equipment") == [
        {"EntityIdentifier": "PUMP-1", "NamespaceID": "X", "Field": "OBX-18"},
        {"EntityIdentifier": "PUMP-2", "Field": "OBX-18"},
    ]


@pytest.mark.parametrize(
    "header", [b"MSHA^~\\&A", b"MSH||||||||||", b"MSH|abc|LAB|", b"MSH\x00^~\\&\x00", b"FHS|LONG-NAME|"]
)
def test_a_frame_whose_header_has_no_delimiters_is_malformed(header: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        feed_every_way(Hl7, [(Side.CLIENT, b"\x0b" + header + b"\r\x1c\r")])
    assert (caught.value.reason, caught.value.offset) == ("HL7 header without delimiters", 1)


def test_software() -> None:
    segments = [msh({})] + [b"SFT|Maker^L|%d" % n for n in range(20)] + [b"SFT", b"SFT|", b"SFT|||||text"]
    assert compounds(*segments, attribute="hl7_software") == [
        {"SoftwareVendorOrganization": "Maker", "SoftwareCertifiedVersion": str(n)} for n in range(8)
    ]


UDI = b"(01)00643169001763(21)SN123"


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        (b"OBX" + b"|" * 18 + b"Plum A+", [{"EntityIdentifier": "Plum A+", "Field": "OBX-18"}]),
        (b"OBX" + b"|" * 18 + b"^^0003B1^EUI-64|x", [
            {"UniversalID": "0003B1", "UniversalIDType": "EUI-64", "Field": "OBX-18"}
        ]),
        (b"OBX" + b"|" * 18 + b"^Maker^^EUI-64", []),
        (b"OBX" + b"|" * 18 + b'""', []),
        (b"OBX" + b"|" * 18 + b"~~ ~", []),
        (b"OBX" + b"|" * 17 + b"PHICANARY", []),
        (b"OBX" + b"|" * 19 + b"PHICANARY", []),
        (b"OBX" + b"|" * 18 + b"P^A^B^C^PHICANARY", [
            {"EntityIdentifier": "P", "NamespaceID": "A", "UniversalID": "B", "UniversalIDType": "C", "Field": "OBX-18"}
        ]),
        (b"PRT" + b"|" * 10 + b"MON-1^ICU", [{"EntityIdentifier": "MON-1", "NamespaceID": "ICU", "Field": "PRT-10"}]),
        (b"PRT" + b"|" * 16 + UDI, [{"EntityIdentifier": UDI.decode(), "Field": "PRT-16"}]),
        (b"PRT" + b"|" * 10 + b"MON-1" + b"|" * 6 + UDI + b"|20260101", [
            {"EntityIdentifier": "MON-1", "Field": "PRT-10"},
            {"EntityIdentifier": UDI.decode(), "Field": "PRT-16"},
        ]),
        (b"PRT|||||7^PHICANARY^JOHN|||||MON-1||||||X-RAY-1", [{"EntityIdentifier": "X-RAY-1", "Field": "PRT-16"}]),
        *((b"PRT" + b"|" * n + b"PHICANARY", []) for n in (1, 4, 5, 8, 9, 11, 14, 15, 17, 20, 21)),
    ],
)  # fmt: skip
def test_equipment(segment: bytes, expected: list[dict[str, str]]) -> None:
    assert compounds(msh({9: b"ORU^R01"}), segment, attribute="hl7_equipment") == expected


def test_equipment_is_told_once_a_message_and_bounded() -> None:
    repeated = [b"OBX" + b"|" * 18 + b"MON-1"] * 5
    assert len(said(msh({}), *repeated, attribute="hl7_equipment")) == 1
    many = [b"OBX" + b"|" * 18 + b"~".join(b"MON-%d-%d" % (n, m) for m in range(8)) for n in range(20)]
    told = compounds(msh({}), *many, attribute="hl7_equipment")
    assert [value["EntityIdentifier"] for value in told] == [f"MON-{n}-{m}" for n in range(8) for m in range(8)]
    crowded = b"OBX" + b"|" * 18 + b"~".join(b"MON-%d" % m for m in range(500))
    assert len(said(msh({}), crowded, attribute="hl7_equipment")) == 16


MONITOR = b"OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X|||||||"
MODULE = b"OBX|2||70666^MDC_DEV_ECG_RESP_VMD^MDC|1.2.0.0|||||||X|||||||"
METRIC = b"OBX|3|NM|147842^MDC_ECG_HEART_RATE^MDC|1.2.1.1|68|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R|||||||"
EUI = b"080019FFFE134535^^080019FFFE134535^EUI-64"


@pytest.mark.parametrize(
    ("segments", "expected"),
    [  # in the shape of IHE PCD-01 messages of monitors and pumps
        ([MONITOR + EUI, MODULE + b"XW25200213"], ["MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS", "MDC_DEV_ECG_RESP_VMD"]),
        ([MONITOR + EUI, MODULE + EUI, METRIC + EUI], ["MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS"]),
        ([METRIC + EUI, MODULE + EUI], ["MDC_DEV_ECG_RESP_VMD"]),
        ([MONITOR, MODULE, METRIC + EUI], [""]),  # whose it is, is not said
        ([METRIC + EUI], [""]),
        ([MONITOR, b"PRT|1|UC||EQUIP^Equipment^HL70912||||||" + EUI], ["MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS"]),
        ([METRIC, b"PRT|1|UC||EQUIP^Equipment^HL70912||||||" + EUI], [""]),
        (
            [b"OBX|1||528388^MDC_DEV_SPEC_PROFILE_PULS_OXIM^MDC|1|||||||X|||||||" + EUI],
            ["MDC_DEV_SPEC_PROFILE_PULS_OXIM"],
        ),
        ([b"OBX|1||1^MDC_DEV_PHICANARY Jones_MDS^MDC|1|||||||X|||||||" + EUI], [""]),
        ([b"OBX|1||1^MDC_DEV_" + b"A" * 5000 + b"_MDS^MDC|1|||||||X|||||||" + EUI], [""]),
        ([b"OBX|1||69965|1|||||||X|||||||" + EUI], [""]),
    ],
)
def test_kind_of_device(segments: list[bytes], expected: list[str]) -> None:
    told = compounds(msh({9: b"ORU^R01^ORU_R01"}), *segments, attribute="hl7_equipment")
    assert [equipment.get("DeviceType", "") for equipment in told] == expected
