"""VNC beyond the plain conversation."""

from __future__ import annotations

import pytest

from parsers.records import Match, Side
from parsers.vnc import Vnc
from tests.parsers.feeding import PSEUDONYM, feed, statements

C, S = Side.CLIENT, Side.SERVER


@pytest.mark.parametrize("head", [b"RFB 3.8\n", b"RFB 003.008\r", b"RFB 003 008\n", b"RFB 00A.008\n", b"rfb 003.008\n"])
def test_what_is_no_version(head: bytes) -> None:
    assert Vnc.probe(head.ljust(12), S) is Match.NO


def test_one_direction() -> None:
    said = feed(Vnc, [(S, b"RFB 003.008\n"), (S, b"\1\2" + bytes(9000))])
    assert statements(said) == [(S, "vnc_version", "003.008", "peer")]


def test_a_gap_ends_that_direction() -> None:
    parser = Vnc(PSEUDONYM)
    parser.gap(C, 12)
    assert not parser.finished
    parser.gap(S, 12)
    assert parser.finished
