"""Whole conversations: the exact rows, whole and byte by byte."""

from __future__ import annotations

import json

import pytest

from parsers.attributes import ATTRIBUTES
from parsers.hl7 import Hl7
from parsers.records import Match, Observation, Side
from parsers.stream import StreamBuffer
from tests.parsers.feeding import PSEUDONYM, feed, feed_every_way, statements
from tests.parsers.hl7.messages import (
    ACK,
    ACK_ROWS,
    ADT,
    ADT_ROWS,
    ORU,
    ORU_ROWS,
    PATIENT,
    C,
    S,
    frame,
    msh,
)


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
    seen += parser.read(C, streams[C])
    assert list(parser.read(C, streams[C])) == []
    return seen


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
    assert statements(feed_with_gap(frame(ADT)[:-40], frame(ORU)[1:], turn=True)) == [*ADT_ROWS, PATIENT, *ORU_ROWS]
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
