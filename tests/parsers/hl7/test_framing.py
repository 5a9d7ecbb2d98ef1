"""Every way of putting messages on the wire says the same; limits of what is looked at."""

from __future__ import annotations

import pytest

from parsers.hl7 import Hl7
from tests.parsers.feeding import feed, feed_every_way, statements
from tests.parsers.hl7.messages import (
    ADT,
    ADT_ROWS,
    ORU,
    ORU_ROWS,
    PATIENT,
    C,
    Row,
    frame,
    message,
    msh,
)

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


def equipment_row(identifier: str) -> Row:
    return (C, "hl7_equipment", f'{{"EntityIdentifier":"{identifier}","Field":"OBX-18"}}', "object")


@pytest.mark.parametrize("length", [8191, 8192, 8193, 8198, 8199, 9000])
@pytest.mark.parametrize("end", [b"\r\x1c\r", b"\x1c\r"])
def test_segment_around_the_limit(length: int, end: bytes) -> None:
    # Of a longer segment only fields that end within the limit are told, and never a part of one.
    head, device, behind = b"OBX|1|ED|||", b"|||||||||||||PUMP-1", b"|PUMP-2"
    wire, rows = b"", list[Row]()
    for tail, last_length in ((device, 8192), (device + behind, 8192 + len(behind) - 1)):
        obx = head + b"x" * (length - len(head) - len(tail)) + tail
        wire += b"\x0b" + msh({9: b"ORU^R01"}) + b"\r" + obx + end
        rows += [(C, "hl7_message_type", "ORU^R01", "peer"), equipment_row("PUMP-1")][: 1 + (length <= last_length)]
    assert statements(feed_every_way(Hl7, [(C, wire)])) == rows


@pytest.mark.parametrize("length", [8191, 8192, 8193])
def test_header_around_the_limit(length: int) -> None:
    header = msh({3: b"GW", 9: b"ORU^R01", 20: b"x"}, last=20)
    header += b"x" * (length - len(header))
    wire = frame((header, b"OBX" + b"|" * 18 + b"PUMP-1"), b"\n")
    rows = statements(feed_every_way(Hl7, [(C, wire + frame(ADT))]))
    device = [equipment_row("PUMP-1")] if length <= 8192 else []  # the end of a longer header is not looked for
    assert rows == [
        (C, "hl7_sender", '{"SendingApplication":"GW"}', "object"),
        (C, "hl7_message_type", "ORU^R01", "peer"),
        *device,
        *ADT_ROWS,
        PATIENT,
    ]


def test_close_in_the_middle_of_a_field_tells_whole_fields_only() -> None:
    wire = frame(ORU)
    cut = wire.index(b"0003B1") + 4
    rows = statements(feed_every_way(Hl7, [(C, wire[:cut])]))
    assert rows == [*ORU_ROWS[:4], *ORU_ROWS[6:], PATIENT]
    assert statements(feed_every_way(Hl7, [(C, wire[:25])])) == [
        (C, "hl7_sender", '{"SendingApplication":"ALARIS_GW","SendingFacility":"ICU"}', "object")
    ]
    for header in (b"MSH", b"MSH|", b"MSH|^~", b"MSH|^~\\&", b"FHS|^~\\&"):
        assert statements(feed_every_way(Hl7, [(C, message(ADT) + header)])) == [*ADT_ROWS, PATIENT]


def test_offset_without_frames_is_in_front_of_the_next_message() -> None:
    for end in (b"\r", b"\n"):
        seen = feed_every_way(Hl7, [(C, message(ADT, end) + message(ORU, end))])
        first, second = len(message(ADT)) - 1, len(message(ADT + ORU)) - 1
        assert [o.offset for o in seen] == [first] * 8 + [second] * 8
        seen = feed_every_way(Hl7, [(C, frame((*BATCH, *ADT, *ORU, *BATCH_END), end))])
        before = 1 + len(message(BATCH))
        assert [o.offset for o in seen] == [before + first] * 8 + [before + second] * 8
