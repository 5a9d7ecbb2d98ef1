"""PJL beyond the plain conversation: answers as printers give them."""

from __future__ import annotations

import pytest

from parsers.printing import Pjl
from parsers.records import Side
from tests.parsers.feeding import feed_every_way

C, S = Side.CLIENT, Side.SERVER
ASKED = (C, b"\x1b%-12345X@PJL INFO ID\r\n\x1b%-12345X")


@pytest.mark.parametrize(
    ("answer", "printer"),
    [
        (b'@PJL INFO ID\r\n"HP LaserJet 4100"\r\n\x0c', "HP LaserJet 4100"),
        (b"@PJL INFO ID\nBrother HL-L6400DW:8C5-L0A:Ver.1.47\n\x0c", "Brother HL-L6400DW:8C5-L0A:Ver.1.47"),
        (b'@PJL USTATUS DEVICE\r\nCODE=10001\r\n\x0c@PJL INFO ID\r\n "DRYPIX 6000" \r\n', "DRYPIX 6000"),
        (b'@PJL INFO ID\r\n@PJL INFO ID\r\n"X"\r\n', "@PJL INFO ID"),
        (b'@PJL INFO ID\r\n""\r\n', None),
        (b"@PJL INFO ID " + b" " * 5000, None),
        (b'@PJL INFO ID\r\n"' + b"A" * 5000 + b'"\r\n', None),
        (b"@PJL INFO STATUS\r\nCODE=1\r\n" * 2000, None),
        (b'@PJL INFO ID\r\n"\x1b[31mX"\r\n', "[31mX"),
    ],
)
def test_answers(answer: bytes, printer: str | None) -> None:
    said = [(row.side, row.attribute, row.value) for row in feed_every_way(Pjl, [ASKED, (S, answer)])]
    assert said == ([(S, "printer_id", printer)] if printer else [])


def test_a_job_is_never_read() -> None:
    job = b'\x1b%-12345X@PJL SET JOBNAME="PHICANARY"\r\n@PJL INFO ID\r\n"PHICANARY"\r\n' + b"PHICANARY" * 20000
    assert feed_every_way(Pjl, [(C, job)]) == []
