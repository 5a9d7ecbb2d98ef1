"""Hostile and damaged bytes: no exception but Malformed, no patient data, bounded state, linear time."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.attributes import ATTRIBUTES
from parsers.hl7 import Hl7
from parsers.hl7.mllp import SEGMENT_HEAD, SegmentReader
from parsers.malformed import Malformed
from parsers.records import Observation, Side
from parsers.stream import StreamBuffer
from tests.parsers.feeding import PSEUDONYM, feed
from tests.parsers.hl7.messages import ACK, ADT, ORU, frame, message, msh

SEEDS = [frame(ADT), frame(ORU), frame(ACK), message(ADT + ORU), frame(ADT, b"\n") + frame(ORU, b"\r\n")]
SPECIAL = b'\x00\x0b\x0c\x1c\r\n|^~\\&#\x1b\x7f\x80\xff"M'


def outcome(data: bytes, step: int | None = None) -> tuple[list[Observation], str | None]:
    """What is observed before the end, and the reason where it is Malformed."""
    parser, stream, seen = Hl7(PSEUDONYM), StreamBuffer(), list[Observation]()
    size = step or max(len(data), 1)
    try:
        for at in range(0, len(data), size):
            stream.append(data[at : at + size])
            seen.extend(parser.read(Side.CLIENT, stream))
        stream.closed = True
        seen.extend(parser.read(Side.CLIENT, stream))
    except Malformed as malformed:
        return seen, malformed.reason
    return seen, None


def mutate(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(out))
        match rng.randrange(5):
            case 0:
                out[at] = rng.choice(SPECIAL)
            case 1:
                out[at] = rng.randrange(256)
            case 2:
                del out[at : at + rng.randint(1, 30)]
            case 3:
                out[at:at] = bytes(rng.choice(SPECIAL) for _ in range(rng.randint(1, 8)))
            case _:
                out[at:at] = rng.choice(SEEDS)[: rng.randint(1, 200)]
        out = out or bytearray(b"\x0b")
    return bytes(out)


def test_mutations_say_the_same_in_any_pieces() -> None:
    rng = random.Random(7)  # fixed, so that a failure can be repeated
    deadline = time.monotonic() + 3
    for _ in range(2000):
        data = mutate(rng, rng.choice(SEEDS))
        whole = outcome(data)
        assert all(observation.attribute in ATTRIBUTES for observation in whole[0])
        assert outcome(data, rng.choice((1, 3, 50))) == whole
        if time.monotonic() > deadline:
            break


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\n", b"MSH|^~\\&|", b"MSH", b"OBX", b"PID|1||x", b"|", b"a", b" "])
    ),
    st.integers(1, 5),
)
def test_any_mixture_of_marks_says_the_same_in_any_pieces(parts: list[bytes], step: int) -> None:
    data = b"".join(parts)
    assert outcome(data, step) == outcome(data)


def test_gaps_anywhere() -> None:
    rng = random.Random(11)
    wire = frame(ADT) + frame(ORU) + frame(ACK)
    for _ in range(300):
        parser, stream = Hl7(PSEUDONYM), StreamBuffer()
        at = 0
        while at < len(wire):
            size = rng.randint(1, 200)
            if rng.random() < 0.3:
                parser.gap(Side.CLIENT, stream.lose(size))
            else:
                stream.append(wire[at : at + size])
                for observation in parser.read(Side.CLIENT, stream):
                    assert "PHICANARY" not in observation.value
                    assert observation.offset < stream.offset
            at += size


def test_patient_data_never_comes_out() -> None:
    canaries = b"PHICANARY%d^PHICANARY^19610401~(407)5550003&PHICANARY"
    patient = (
        b"PID",
        b"PD1",
        b"NK1",
        b"IN1",
        b"IN2",
        b"GT1",
        b"MRG",
        b"PV1",
        b"ORC",
        b"OBR",
        b"NTE",
        b"DG1",
        b"AL1",
        b"ZPI",
    )
    segments = [name + b"|" + b"|".join([canaries % n] * 60) for n, name in enumerate(patient)]
    observation = [canaries % n for n in range(30)]
    observation[17] = b"PUMP-1"
    participation = [canaries % n for n in range(30)]
    participation[15] = b"PUMP-2"
    segments += [b"OBX|" + b"|".join(observation), b"PRT|" + b"|".join(participation), b"MSA|" + canaries % 1]
    header = msh({n: canaries % n for n in (8, 10, 13, 14, 15, 16, 17)} | {3: b"GW", 9: b"ORU^R01", 12: b"2.6"})
    for data in (
        frame((header, *segments)),
        frame((header, *segments), b"\n"),
        b"PHICANARY\r" + message(tuple(segments)),
    ):
        for cut in (None, len(data) // 3, len(data) // 2):
            seen = feed(Hl7, [(Side.CLIENT, data[:cut]), (Side.SERVER, data[:cut])])
            for text in ("PHICANARY", "1961", "5550003"):
                assert text not in repr(seen)
    assert {
        o.value for o in feed(Hl7, [(Side.CLIENT, frame((header, *segments)))]) if o.attribute == "hl7_equipment"
    } == {
        '{"EntityIdentifier":"PUMP-1","Field":"OBX-18"}',
        '{"EntityIdentifier":"PUMP-2","Field":"PRT-16"}',
    }


@pytest.mark.parametrize(
    "pattern",
    [
        *(b"\x0b", b"\x1c", b"\x0b\x1c", b"\x0bM", b"\r", b"\r\n", b"\n\x0b", b"A", b"|", b"OBX|\r"),
        *(b"MSH|^~\\&|\n", b"MSH|^~\\&|\x1c", b"\x0bMSH|^~\\&|", b"MSH|^~\\&|\rPID|1\r"),
        *(b"MSH|^~\\&|A\nMSH|^~\\&|A\r", b"OBX||||||||||||||||||~~\r"),
    ],
)
def test_linear_time_and_bounded_state(pattern: bytes) -> None:
    for start in (b"", b"\x0b", b"MSH|^~\\&|A\r"):
        reader = SegmentReader()
        data = start + pattern * (400_000 // len(pattern))
        began = time.process_time()
        for at in range(0, len(data), 65536):
            for _ in reader.read(data[at : at + 65536], at):
                pass
            assert len(reader._carry) <= SEGMENT_HEAD
        assert time.process_time() - began < 2
