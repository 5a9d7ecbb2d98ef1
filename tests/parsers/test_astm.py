"""ASTM beyond the plain conversations: senders as analysers write them, and records of every shape."""

from __future__ import annotations

import json

import pytest

from parsers.astm import MAX_RECORD, Astm
from parsers.records import Side
from tests.parsers.building import astm_frame
from tests.parsers.feeding import feed, feed_every_way

C, S = Side.CLIENT, Side.SERVER


def said(data: bytes, attribute: str) -> list[str]:
    return [row.value for row in feed_every_way(Astm, [(C, data)]) if row.attribute == attribute]


@pytest.mark.parametrize(
    ("field", "expected"),
    [  # as analysers and middleware send them, found in public source code
        ("ARCHITECT^7.01^F5260044206^H1P1O1R1C1Q1L1",
         {"SenderName": "ARCHITECT^7.01^F5260044206^H1P1O1R1C1Q1L1", "Version": "7.01"}),
        ("OCD^VISION^5.13.1", {"SenderName": "OCD^VISION^5.13.1", "Version": "5.13.1"}),
        ("HSX00^V1.0", {"SenderName": "HSX00^V1.0", "Version": "V1.0"}),
        (" ImmunoCAP Data Manager^1.00^1.00", {"SenderName": "ImmunoCAP Data Manager^1.00^1.00", "Version": "1.00"}),
        ("CS-2500^01-70^21768^^^Rezus^BV981798", {"SenderName": "CS-2500^01-70^21768^^^Rezus^BV981798"}),
        ("two^1.0^2.0", {"SenderName": "two^1.0^2.0"}),
        ("Mini LIS", {"SenderName": "Mini LIS"}),
        ("\x1b]0;x\x07" + "A" * 600, {"SenderName": "]0;x " + "A" * 251}),
    ],
)  # fmt: skip
def test_senders(field: str, expected: dict[str, str]) -> None:
    record = f"H|\\^&|||{field}|||||||P|1\rL|1|N\r".encode()
    assert [json.loads(value) for value in said(record, "astm_sender")] == [expected]


@pytest.mark.parametrize("field", ["", "^^", " "])
def test_without_a_sender(field: str) -> None:
    assert said(f"H|\\^&|||{field}|||||||P|1\r".encode(), "astm_sender") == []


@pytest.mark.parametrize(
    ("records", "types"),
    [
        (b"H|\\^&\rQ|1|^123\rL|1\r", ["H", "L", "Q"]),
        (b"H|\\^&\rP|1\rO|1\rR|1\rC|1\rR|2\rL|1\r", ["C", "H", "L", "O", "P", "R"]),
        (b"H|\\^&\r\nP|1\r\nnoise\r\nX|1\r\nL|1\r\n", ["H", "L", "P"]),
        (b"H#\\^&###x\rR#1\rR|2\rL#1\r", ["H", "L", "R"]),
        (b"H|\\^&\rR|1|" + b"9" * 100000 + b"\rL|1\r", ["H", "L", "R"]),
    ],
)
def test_record_types(records: bytes, types: list[str]) -> None:
    assert [json.loads(value) for value in said(records, "astm_record_types")] == [types]


def test_a_message_ends_with_its_transfer() -> None:
    begun = b"\x05" + astm_frame(1, b"H|\\^&|||XN-10\r")
    assert said(begun + b"\x04", "astm_record_types") == ['["H"]']
    assert said(begun + b"\x05" + begun + b"\x04", "astm_record_types") == ['["H"]', '["H"]']


@pytest.mark.parametrize(
    ("patient", "told"), [(b"P|1||||||\r", False), (b"P|1\r", False), (b"P|1|||PHICANARY\r", True), (b"P|1|1\r", True)]
)
def test_patient_data(patient: bytes, told: bool) -> None:
    records = b"H|\\^&|||x\r" + patient + b"L|1\r"
    assert said(records * 3, "clear_patient_data") == ["true"] * told


def test_records_without_a_header_say_nothing() -> None:
    assert feed(Astm, [(C, b"P|1||PHICANARY\rR|1|x\rL|1\r" + b"\x02" * 5000)]) == []


def test_a_record_of_many_frames() -> None:
    record = b"H|\\^&|||" + b"A" * (2 * MAX_RECORD) + b"|x\r"
    parts = [record[at : at + 240] for at in range(0, len(record), 240)]
    frames = b"".join(
        astm_frame(number % 8, part, b"\x17" if part is not parts[-1] else b"\x03")
        for number, part in enumerate(parts, 1)
    )
    (sender,) = said(frames + b"\x04", "astm_sender")
    assert json.loads(sender) == {"SenderName": "A" * 256}
