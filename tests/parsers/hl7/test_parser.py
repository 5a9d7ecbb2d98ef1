"""Whole conversations: the exact rows, whole and byte by byte."""

from __future__ import annotations

import json

import pytest

from parsers.attributes import ATTRIBUTES
from parsers.hl7 import Hl7
from parsers.records import Match, Observation, Side
from parsers.stream import StreamBuffer
from tests.parsers.feeding import PSEUDONYM, feed, feed_every_way, statements
from tests.parsers.hl7.messages import ACK, ADT, ORU, frame, message, msh

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


def values(observations: list[Observation], attribute: str) -> list[str]:
    return [observation.value for observation in observations if observation.attribute == attribute]


def test_message_and_acknowledgment() -> None:
    seen = feed_every_way(Hl7, [(C, frame(ADT)), (S, frame(ACK))])
    assert statements(seen) == [*ADT_ROWS, PATIENT, *ACK_ROWS]


def test_offset_is_that_of_the_frame_end() -> None:
    seen = feed_every_way(Hl7, [(C, frame(ADT) + frame(ORU)), (S, frame(ACK))])
    first, second = len(frame(ADT)) - 2, len(frame(ADT) + frame(ORU)) - 2
    assert [o.offset for o in seen] == [first] * 8 + [second] * 8 + [len(frame(ACK)) - 2] * 5


def test_patient_data_is_told_once_a_connection() -> None:
    seen = feed_every_way(Hl7, [(C, frame(ADT)), (S, frame(ACK)), (C, frame(ORU) + frame(ADT))])
    assert statements(seen) == [*ADT_ROWS, PATIENT, *ACK_ROWS, *ORU_ROWS, *ADT_ROWS]


@pytest.mark.parametrize("segment", [b"PID|1||X", b"PD1||X", b"NK1|1|X", b"IN1|1|X"])
def test_patient_segments(segment: bytes) -> None:
    seen = feed_every_way(Hl7, [(C, frame((msh({9: b"ADT^A01"}), segment)))])
    assert statements(seen) == [(C, "hl7_message_type", "ADT^A01", "peer"), PATIENT]


@pytest.mark.parametrize("segment", [b"PID", b"PID|", b"PID|1", b"PID|1||||", b"PV1|1||X", b"PIDX|1|2|3", b"ZID|1||X"])
def test_no_patient_data_in_an_empty_segment(segment: bytes) -> None:
    seen = feed_every_way(Hl7, [(C, frame((msh({9: b"ADT^A01"}), segment)))])
    assert statements(seen) == [(C, "hl7_message_type", "ADT^A01", "peer")]


BATCH = (b"FHS|^~\\&|FILER|X", b"BHS|^~\\&|BATCHER|X")
BATCH_END = (b"BTS|2", b"FTS|1")

# The same ADT and ORU in every way of putting them on the wire.
WIRES = {
    "two frames": frame(ADT) + frame(ORU),
    "CRLF": frame(ADT, b"\r\n") + frame(ORU, b"\r\n"),
    "LF": frame(ADT, b"\n") + frame(ORU, b"\n"),
    "CR, then LF": frame(ADT) + frame(ORU, b"\n"),
    "LF, then CR": frame(ADT, b"\n") + frame(ORU),
    "one frame": frame(ADT + ORU),
    "one frame, CR and LF": b"\x0b" + message(ADT) + message(ORU, b"\n") + b"\x1c\r",
    "batch in one frame": frame(BATCH + ADT + ORU + BATCH_END),
    "batch without frame": message(BATCH + ADT + ORU + BATCH_END),
    "batch around frames": frame(BATCH) + frame(ADT) + frame(ORU) + frame(BATCH_END),
    "no frame": message(ADT + ORU),
    "no frame, CRLF": message(ADT + ORU, b"\r\n"),
    "no frame, no last CR": message(ADT) + b"\r\r" + message(ORU)[:-1] + b"|",
    "no VT": frame(ADT)[1:] + frame(ORU)[1:],
    "no CR behind FS": frame(ADT)[:-1] + frame(ORU)[:-1],
    "no CR in front of FS": frame(ADT).replace(b"\r\x1c", b"\x1c") + frame(ORU).replace(b"\r\x1c", b"\x1c"),
    "no FS": frame(ADT)[:-2] + frame(ORU),
    "blanks between frames": b" \r\n" + frame(ADT) + b"\r\n\n \t" + frame(ORU) + b"\n",
    "two VT": b"\x0b" + frame(ADT) + b"\x0b\r" + frame(ORU),
    "junk between frames": frame(ADT) + b"junk PID|1||X\rMSH\r" + frame(ORU),
    "commit acknowledgment between frames": frame(ADT) + b"\x0b\x06\x1c\r" + frame(ORU),
    "mid-stream": b"CANARY STREET\rPV1|1|O\r\x1c\r" + frame(ADT) + frame(ORU),
    "unread segments, text and blank lines": frame((*ADT, b"", b"NTE|1||MSH", b"MSH", b"ORU", b"\nX"))
    + frame((*ORU, b"MSHX|", b"OBX")),
    "LF in the text of a CR message": frame((*ADT, b"NTE|1||a\nOBX|1||||||||||||||||||X\nMSH|^~\\&|X")) + frame(ORU),
}


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
def test_framing(wire: bytes) -> None:
    assert statements(feed_every_way(Hl7, [(C, wire)])) == [*ADT_ROWS, PATIENT, *ORU_ROWS]


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
@pytest.mark.parametrize("step", [2, 7, 64])
def test_framing_in_steps(wire: bytes, step: int) -> None:
    assert feed(Hl7, [(C, wire)], step) == feed(Hl7, [(C, wire)])


def test_trailing_bytes_begin_nothing() -> None:
    for trailing in (b"\x0b", b"\x0bMS", b"MSH|", b"\x00" * 50, b"\x0bMSH|^~\\", b"GET / HTTP/1.1\r\n"):
        assert statements(feed_every_way(Hl7, [(C, frame(ADT) + trailing)])) == [*ADT_ROWS, PATIENT]


def test_segment_of_megabytes_is_passed_over() -> None:
    report = b"OBX|3|ED|PDF^Report||^application^pdf^Base64^" + b"JVBERi0x" * 125_000 + b"|||||F|||||||NOT-READ"
    segments = (*ORU[:3], report, *ORU[3:])
    whole = feed(Hl7, [(C, frame(ADT) + frame(segments) + frame(ADT))])
    assert statements(whole) == [*ADT_ROWS, PATIENT, *ORU_ROWS, *ADT_ROWS]
    assert feed(Hl7, [(C, frame(ADT) + frame(segments) + frame(ADT))], 1460) == whole


@pytest.mark.parametrize("length", [8191, 8192, 8193, 8194, 9000])
def test_segment_around_the_limit(length: int) -> None:
    # Only a device id that ends within the limit is told, and never a part of one.
    head = b"OBX|1|ED|||"
    tail = b"|||||||||||||PUMP-1|PUMP-2"
    obx = head + b"x" * (length - len(head) - len(tail)) + tail
    assert len(obx) == length
    wire = [(C, frame((msh({9: b"ORU^R01"}), obx)))]
    expected = [(C, "hl7_message_type", "ORU^R01", "peer")]
    expected.append((C, "hl7_equipment", '{"EntityIdentifier":"PUMP-1","Field":"OBX-18"}', "object"))
    assert statements(feed(Hl7, wire)) == (expected if length <= 8192 + len(b"PUMP-2") else expected[:1])
    assert feed(Hl7, wire, 500) == feed(Hl7, wire)


def test_close_in_the_middle_of_a_field_tells_whole_fields_only() -> None:
    wire = frame(ORU)
    cut = wire.index(b"0003B1") + 4
    rows = statements(feed_every_way(Hl7, [(C, wire[:cut])]))
    assert rows == [*ORU_ROWS[:4], *ORU_ROWS[6:], PATIENT]
    assert statements(feed_every_way(Hl7, [(C, wire[:25])])) == [
        (C, "hl7_sender", '{"SendingApplication":"ALARIS_GW","SendingFacility":"ICU"}', "object")
    ]


def feed_with_gap(before: bytes, after: bytes, turn: bool = False) -> list[Observation]:
    parser = Hl7(PSEUDONYM)
    streams = {C: StreamBuffer(), S: StreamBuffer()}
    streams[C].append(before)
    seen = list(parser.read(C, streams[C]))
    parser.gap(C, streams[C].lose(1460))
    if turn:
        streams[S].append(frame(ACK))
        assert statements(parser.read(S, streams[S])) == ACK_ROWS
    streams[C].append(after)
    return seen + list(parser.read(C, streams[C]))


def test_gap_keeps_what_was_known_and_resynchronises_at_the_next_frame() -> None:
    before = frame(ADT)[:-40]
    lost_end = b"|PHICANARY^X|\rOBX|1||||||||||||||||||X\rMSH|^~\\&|X\r\x1c\r"
    seen = feed_with_gap(before, lost_end + frame(ORU))
    assert statements(seen) == [*ADT_ROWS, PATIENT, *ORU_ROWS]
    assert seen[0].offset == len(before) - 1
    assert seen[-1].offset == len(before) + 1460 + len(lost_end) + len(frame(ORU)) - 2


def test_gap_between_frames_and_a_frame_at_the_next_turn() -> None:
    assert statements(feed_with_gap(frame(ADT), frame(ORU))) == [*ADT_ROWS, PATIENT, *ORU_ROWS]
    assert statements(feed_with_gap(frame(ADT), frame(ORU)[1:], turn=True)) == [*ADT_ROWS, PATIENT, *ORU_ROWS]
    assert statements(feed_with_gap(frame(ADT), b"X|Y\r" + frame(ORU)[1:], turn=True)) == [*ADT_ROWS, PATIENT]
    assert statements(feed_with_gap(frame(ADT), frame(ORU)[1:])) == [*ADT_ROWS, PATIENT]


def test_one_sided_acknowledgments() -> None:
    assert statements(feed_every_way(Hl7, [(S, frame(ACK) * 2)])) == ACK_ROWS * 2


@pytest.mark.parametrize(
    "response",
    [
        pytest.param((ADT[0], b"MSA|AE|MSG00001"), id="header sent back unchanged"),
        pytest.param((msh({9: b"RSP^K22", 10: b"RSP00001"}), b"MSA|AA|X"), id="query response"),
        pytest.param((msh({9: b"ACK", 10: b"ACK00001"}),), id="no MSA"),
        pytest.param((msh({10: b"ACK00001"}), b"MSA|CR|X"), id="no MSH-9"),
    ],
)
def test_responses_are_not_told_as_messages(response: tuple[bytes, ...]) -> None:
    seen = feed_every_way(Hl7, [(S, frame(response))])
    assert not values(seen, "hl7_sent_message") and not values(seen, "hl7_received_message")


def test_acknowledgment_codes() -> None:
    for code in ("AA", "AE", "AR", "CA", "CE", "CR"):
        seen = feed(Hl7, [(S, frame((ACK[0], b"MSA|" + code.encode() + b"|X")))])
        assert values(seen, "hl7_acknowledgment_code") == [code]
    for code in ("", "aa", "AX", "PHICANARY", "AAA"):
        seen = feed(Hl7, [(S, frame((ACK[0], b"MSA|" + code.encode() + b"|X")))])
        assert values(seen, "hl7_acknowledgment_code") == []


def test_short_control_ids_are_not_told() -> None:
    for control_id, count in ((b"", 0), (b"1234", 0), (b" 1234 ", 0), (b"12345", 1)):
        seen = feed(Hl7, [(C, frame((msh({9: b"ADT^A01", 10: control_id}),)))])
        assert len(values(seen, "hl7_sent_message")) == count


def test_the_pseudonym_is_the_same_on_both_legs_of_an_engine() -> None:
    arriving = msh({3: b"A", 9: b"ADT^A01^ADT_A01", 10: b"MSG00001"})
    leaving = msh({3: b"B", 9: b"ADT$A01", 10: b"MSG00001"}, b"#$~\\&")
    first = values(feed(Hl7, [(C, frame((arriving,)))]), "hl7_received_message")
    assert first == values(feed(Hl7, [(C, frame((leaving,)))]), "hl7_sent_message") == [PSEUDONYM(b"ADT^A01|MSG00001")]


def test_messages_are_sampled_alike_on_both_legs() -> None:
    wire = b"".join(frame((msh({9: b"ADT^A01", 10: b"MSG%06d" % n}),)) for n in range(3000))
    expected = [PSEUDONYM(b"ADT^A01|MSG%06d" % n) for n in range(3000)]
    told = values(feed(Hl7, [(C, wire)]), "hl7_sent_message")
    assert told == expected[:64] + [name for name in expected[64:] if int(name, 16) % 64 == 0]
    later = wire[len(wire) // 2 :]
    assert set(told) & set(values(feed(Hl7, [(C, later)]), "hl7_sent_message")) >= set(told[-10:])


def test_client_is_the_side_whose_messages_were_answered() -> None:
    def client(*turns: tuple[Side, bytes]) -> Side | None:
        parser = Hl7(PSEUDONYM)
        for side, data in turns:
            stream = StreamBuffer()
            stream.append(data)
            list(parser.read(side, stream))
        return parser.client

    assert client((C, frame(ADT)), (S, frame(ACK))) is C
    assert client((S, frame(ADT)), (C, frame(ACK))) is S
    assert client((C, frame(ADT))) is None
    assert client((S, frame(ACK))) is None
    assert client((C, frame(ADT)), (S, frame(ACK)), (S, frame(ADT))) is None
    assert client((C, frame(ADT)), (C, frame(ACK))) is None


def test_attributes_and_keys_are_allowed() -> None:
    for observation in feed(Hl7, [(C, frame(ADT) + frame(ORU)), (S, frame(ACK))]):
        allowed = ATTRIBUTES[observation.attribute]
        if allowed.kind == "compound":
            assert set(json.loads(observation.value)) <= set(allowed.keys)


YES = [
    b"\x0bMSH|^~\\&|",
    b"MSH|^~\\&|LAB",
    b"FHS|^~\\&|",
    b"\x0bBHS|^~\\&|",
    b"MSH#$%*@#",
    b"MSH|^~\\&#|A",
    b"MSH|^|A|",
]
MORE = [b"", b"\x0b", b"M", b"\x0bMS", b"MSH", b"MSH|", b"MSH|^~\\&", b"\x0bMSH|^~\\&#", b"BH"]
NO = [
    *(b"\x0b\x0bMSH|^~\\&|", b"\x0b\x06\x1c\r", b"MSA|AA|1", b"MSHA^~\\&A", b"MSH ^~\\& ", b"MSH||||||||", b"MSHELL"),
    *(b"MSH|^~\\&\r", b"MSH|^~\\&##|", b"MSH\x00^~\\&\x00", b"GET /", b"\x00" * 12, b" ", b"msh|^~\\&|", b"PID|1"),
]


@pytest.mark.parametrize(
    ("head", "match"),
    [(head, match) for match, heads in ((Match.YES, YES), (Match.MORE, MORE), (Match.NO, NO)) for head in heads],
)
def test_probe(head: bytes, match: Match) -> None:
    assert [Hl7.probe(head, side) for side in Side] == [match, match]
    if match is Match.YES:  # what is one in the end could be one all along
        assert all(Hl7.probe(head[:n], C) is not Match.NO for n in range(len(head)))
