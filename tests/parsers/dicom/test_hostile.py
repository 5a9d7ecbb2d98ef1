"""Mutated conversations: only Malformed leaves the parser, what it says stays on the list, and no patient is named."""

from __future__ import annotations

import json
import logging
import random
import time
import warnings

import pytest
from pydicom.dataset import Dataset

from parsers.attributes import ATTRIBUTES
from parsers.dicom import Dicom
from parsers.malformed import Malformed
from parsers.records import Match, Observation, Side
from parsers.stream import StreamBuffer
from tests.parsers.dicom import building as b
from tests.parsers.feeding import PSEUDONYM, feed

C, S = Side.CLIENT, Side.SERVER


def canary_conversation() -> list[tuple[Side, bytes]]:
    """Every kind of message, with patient values marked PHI wherever there may be some."""
    query, mpps = Dataset(), Dataset()
    query.PatientName, query.PatientID, query.AccessionNumber = "PHI^NAME", "PHIMRN", "PHIACC"
    query.ScheduledProcedureStepSequence = b.sequence(
        ScheduledStationAETitle="CT1", ScheduledPerformingPhysicianName="PHI^DOCTOR", Modality="CT"
    )
    mpps.PatientName, mpps.PatientBirthDate, mpps.PerformedStationAETitle = "PHI^NAME", "19700101", "CT1"
    mpps.ScheduledStepAttributesSequence = b.sequence(AccessionNumber="PHIACC", StudyInstanceUID="1.2.3")
    image = b.image(
        ContributingEquipmentSequence=b.sequence(Manufacturer="Acme", ContributionDescription="PHI free text"),
        OperatorsName="PHI^OPERATOR",
        RequestAttributesSequence=b.sequence(RequestedProcedureDescription="PHI procedure"),
        OtherPatientIDs="PHIOTHER",
        DeviceID="PHIDEVICE",
        SeriesDescription="PHI series",
    )
    image.private_block(0x0019, "GEMS_ACQU_01", create=True).add_new(1, "LO", "PHI private")
    turns = [(C, b.request()), (S, b.accept())]
    for syntax, context in ((b.EXPLICIT, 1), (b.IMPLICIT, 3), (b.BIG_ENDIAN, 5)):
        turns += [
            (C, b.message(b.command(0x0020, b.WORKLIST), b.encode(query, syntax), context, 300)),
            (S, b.message(b.command(0x8020, b.WORKLIST, 0xFF00, True), b.encode(query, syntax), context, 200)),
            (S, b.message(b.command(0x8020, b.WORKLIST, 0), context=context)),
            (C, b.message(b.command(0x0140, b.MPPS), b.encode(mpps, syntax), context)),
            (C, b.message(b.command(0x0120, None, requested=b.MPPS), b.encode(mpps, syntax), context)),
            (C, b.message(b.command(0x0021, b.STUDY_FIND, more=b.element(0x0600, b"DEST")), b.encode(query), context)),
            (C, b.message(b.command(1), b.encode(image, syntax), context, 700, b"PHI in pixels" * 50)),
            (S, b.message(b.command(0x8001, status=0), context=context)),
        ]
    return [*turns, (C, b.RELEASE_RQ), (S, b.RELEASE_RP)]


def check(seen: list[Observation]) -> None:
    for side, attribute, value, _, offset in seen:
        kind = ATTRIBUTES[attribute]
        assert isinstance(side, Side) and offset >= 0
        assert kind.kind != "flag" or value == "true"
        assert kind.kind != "compound" or set(json.loads(value)) <= set(kind.keys)
        assert kind.kind != "list" or all(isinstance(text, str) for text in json.loads(value))


@pytest.mark.parametrize("step", [None, 1, 97])
def test_no_patient_is_named(step: int | None, caplog: pytest.LogCaptureFixture) -> None:
    with warnings.catch_warnings(record=True) as warned, caplog.at_level(logging.DEBUG):
        warnings.simplefilter("always")
        seen = feed(Dicom, canary_conversation(), step)
    check(seen)
    names = {o.attribute for o in seen}
    assert {"equipment", "performed_station", "scheduled_station", "move_destination"} <= names
    assert [o.attribute for o in seen].count("clear_patient_data") == 1
    assert "PHI" not in repr(seen) + caplog.text + repr([str(w.message) for w in warned])
    assert "1970" not in repr(seen)


def mutated(chance: random.Random, data: bytes) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(damaged))
        kind = chance.randrange(5)
        if kind == 0:
            damaged[at] = chance.randrange(256)
        elif kind == 1:
            damaged[at : at + chance.randrange(1, 5)] = chance.choice(
                [b"\xff" * 4, b"\0" * 4, b"\x7f\xff", b"\\\x1b$B"]
            )
        elif kind == 2:
            del damaged[at : at + chance.randrange(1, 40)]
        elif kind == 3:
            damaged[at:at] = chance.randbytes(chance.randrange(1, 20))
        else:
            other = chance.randrange(len(damaged))
            damaged[at:at] = damaged[other : other + chance.randrange(1, 60)]
        if not damaged:
            return b"\0"
    return bytes(damaged)


@pytest.mark.parametrize("seed", range(4))
def test_mutations(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(seed)
    turns = canary_conversation()
    until = time.monotonic() + 0.5
    rounds = malformed = 0
    while rounds < 40 or time.monotonic() < until:
        rounds += 1
        parser = Dicom(PSEUDONYM)
        streams = (StreamBuffer(), StreamBuffer())
        seen: list[Observation] = []
        try:
            for side, data in turns:
                part = mutated(chance, data) if chance.random() < 0.3 else data
                Dicom.probe(part[:300], side)
                if chance.random() < 0.05 and (lost := streams[side].lose(chance.randrange(1, 400))):
                    parser.gap(side, lost)
                streams[side].append(part)
                seen.extend(parser.read(side, streams[side]))
            for side, stream in zip(Side, streams, strict=True):
                stream.closed = True
                seen.extend(parser.read(side, stream))
        except Malformed as broken:
            malformed += 1
            assert broken.reason.isascii() and "PHI" not in broken.reason
        check(seen)
    assert 0 < malformed < rounds
    assert "PHI" not in caplog.text


@pytest.mark.parametrize("seed", range(3))
def test_mutated_data_sets_leave_the_association_alone(seed: int) -> None:
    chance = random.Random(seed)
    data = b.encode(b.image(ContributingEquipmentSequence=b.sequence(Manufacturer="Acme")))
    for _ in range(60):
        turns = [(C, b.message(b.command(1), mutated(chance, data))), (C, b.message(b.command(0x0030, data_set=False)))]
        seen = feed(Dicom, turns)
        check(seen)
        assert seen[-1].value == f'{{"CommandField":"C-ECHO-RQ","SOPClassUID":"{b.CT}"}}'


def test_noise_is_read_in_linear_time() -> None:
    noise = b"\4\0\1\0" * 60_000
    started = time.process_time()
    assert feed(Dicom, [(C, b"\0" + noise)]) == []
    once = time.process_time() - started
    started = time.process_time()
    assert feed(Dicom, [(C, b"\0" + noise * 4)]) == []
    assert time.process_time() - started < 12 * once + 0.2


def test_state_is_bounded() -> None:
    """A stream of unfinished messages leaves no more than one head and one command set behind."""
    parser, stream = Dicom(PSEUDONYM), StreamBuffer()
    stream.append(b.request() + b.p_data(b.pdv(b.command(1), 3)))
    list(parser.read(C, stream))
    for _ in range(300):
        stream.append(b.p_data(b.pdv(b"\x08\0\0\x10" * 4000, 0)))
        list(parser.read(C, stream))
        stream.settle()
    half = parser._halves[C]
    assert len(half.head) <= 32768 and len(half.command_set) == 0 and stream.available == 0
    assert Dicom.probe(b"", C) is Match.MORE
