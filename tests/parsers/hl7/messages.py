"""HL7 v2 messages as hospitals send them, what is to be said of each, and MLLP frames around them."""

from __future__ import annotations

from parsers.records import Side
from tests.parsers.feeding import PSEUDONYM

ADT = (
    b"MSH|^~\\&|EPICADT|KEH|MIRTH|RAD|20260901100000||ADT^A04^ADT_A01|MSG00001|P|2.5.1||||||UNICODE UTF-8",
    b"SFT|Epic Systems Corporation^L|11.2.3|EpicCare Bridges|11.2.3.400||20260101",
    b"EVN|A04|20260901100000",
    b"PID|1||PHICANARY01^^^KEH^MR||PHICANARY02^MARY||19610401|F|||PHICANARY03 STREET||(407)5550003",
    b"NK1|1|PHICANARY04^JOHN|SPO",
    b"PV1|1|O",
)
ACK = (b"MSH|^~\\&|MIRTH|RAD|EPICADT|KEH|20260901100001||ACK^A04^ACK|ACK00001|P|2.5.1", b"MSA|AA|MSG00001")
ORU = (
    b"MSH|^~\\&|ALARIS_GW|ICU|EPICRES|KEH|20260901100030||ORU^R01^ORU_R01|GW00001|P|2.6",
    b"PID|1||PHICANARY05^^^KEH^MR||PHICANARY06^SECOND",
    b"OBR|1|||PUMP|||20260901101000",
    b"OBX|1|NM|158017^MDC_FLOW_FLUID^MDC||7|mL/h|||||F|||20260901101000|||"
    b"|ALARIS-8100-0001^CareFusion^0003B10000000001^EUI-64",
    b"OBX|2|ED|PDF^Report||PHICANARY07^Base64||||||F|||||PHICANARY08||Hospira Plum A+",
)


def message(segments: tuple[bytes, ...], end: bytes = b"\r") -> bytes:
    """The segments, each with its terminator."""
    return b"".join(segment + end for segment in segments)


def frame(segments: tuple[bytes, ...], end: bytes = b"\r") -> bytes:
    """An MLLP frame around one message."""
    return b"\x0b" + message(segments, end) + b"\x1c\r"


def msh(fields: dict[int, bytes], delimiters: bytes = b"|^~\\&", last: int = 18) -> bytes:
    """An MSH segment whose MSH-n is fields[n]; `delimiters` are MSH-1 and MSH-2."""
    separator = delimiters[:1]
    return b"MSH" + delimiters + separator + separator.join(fields.get(n, b"") for n in range(3, last + 1))


C, S = Side.CLIENT, Side.SERVER
Row = tuple[Side, str, str, str]

ADT_ROWS: list[Row] = [
    (C, "hl7_sender", '{"SendingApplication":"EPICADT","SendingFacility":"KEH"}', "object"),
    (S, "hl7_receiver", '{"ReceivingApplication":"MIRTH","ReceivingFacility":"RAD"}', "claim"),
    (C, "hl7_message_type", "ADT^A04^ADT_A01", "peer"),
    (C, "hl7_version", "2.5.1", "peer"),
    (
        C,
        "hl7_software",
        '{"SoftwareBinaryID":"11.2.3.400","SoftwareCertifiedVersion":"11.2.3",'
        '"SoftwareProductName":"EpicCare Bridges","SoftwareVendorOrganization":"Epic Systems Corporation"}',
        "object",
    ),
    (C, "hl7_sent_message", PSEUDONYM(b"ADT^A04|MSG00001"), "peer"),
    (S, "hl7_received_message", PSEUDONYM(b"ADT^A04|MSG00001"), "peer"),
]
PATIENT: Row = (C, "clear_patient_data", "true", "peer")
ACK_ROWS: list[Row] = [
    (S, "hl7_sender", '{"SendingApplication":"MIRTH","SendingFacility":"RAD"}', "object"),
    (C, "hl7_receiver", '{"ReceivingApplication":"EPICADT","ReceivingFacility":"KEH"}', "claim"),
    (S, "hl7_message_type", "ACK^A04^ACK", "peer"),
    (S, "hl7_version", "2.5.1", "peer"),
    (S, "hl7_acknowledgment_code", "AA", "peer"),
]
ORU_ROWS: list[Row] = [
    (C, "hl7_sender", '{"SendingApplication":"ALARIS_GW","SendingFacility":"ICU"}', "object"),
    (S, "hl7_receiver", '{"ReceivingApplication":"EPICRES","ReceivingFacility":"KEH"}', "claim"),
    (C, "hl7_message_type", "ORU^R01^ORU_R01", "peer"),
    (C, "hl7_version", "2.6", "peer"),
    (
        C,
        "hl7_equipment",
        '{"EntityIdentifier":"ALARIS-8100-0001","Field":"OBX-18","NamespaceID":"CareFusion",'
        '"UniversalID":"0003B10000000001","UniversalIDType":"EUI-64"}',
        "object",
    ),
    (C, "hl7_equipment", '{"EntityIdentifier":"Hospira Plum A+","Field":"OBX-18"}', "object"),
    (C, "hl7_sent_message", PSEUDONYM(b"ORU^R01|GW00001"), "peer"),
    (S, "hl7_received_message", PSEUDONYM(b"ORU^R01|GW00001"), "peer"),
]
