"""VNC beyond the plain conversation."""

from __future__ import annotations

import pytest

from parsers.records import Match, Side
from parsers.stream import StreamBuffer
from parsers.vnc import Vnc
from tests.parsers.feeding import PSEUDONYM, feed, feed_every_way, statements

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


@pytest.mark.parametrize(
    ("offered", "chosen", "kind"),
    [
        (b"\2\1\2", b"\2", "vnc"),
        (b"\1\1", b"\1", "none"),
        (b"\3\2\x10\x13", b"\x13", "vencrypt"),
        (b"\1\x1e", b"\x1e", "other"),
    ],
)
def test_security_that_the_client_chooses(offered: bytes, chosen: bytes, kind: str) -> None:
    said = feed_every_way(
        Vnc, [(S, b"RFB 003.008\n"), (C, b"RFB 003.008\n"), (S, offered), (C, chosen), (S, bytes(16))]
    )
    assert statements(said)[2:] == [(S, "vnc_security", kind, "peer")]


def test_security_that_the_server_decides() -> None:
    turns = [(S, b"RFB 003.008\n"), (C, b"RFB 003.003\n"), (S, b"\0\0\0\2" + bytes(16)), (C, bytes(16))]
    assert statements(feed_every_way(Vnc, turns))[2:] == [(S, "vnc_security", "vnc", "peer")]


@pytest.mark.parametrize(
    "rest",
    [
        [(S, b"\1\2"), (C, b"\1")],  # not offered
        [(S, b"\0\0\0\0\7refused")],
        [(C, b"\2")],  # of which the offer was not captured
        [(S, b"\1\2")],
    ],
)
def test_security_that_was_not_agreed_on(rest: list[tuple[Side, bytes]]) -> None:
    said = feed_every_way(Vnc, [(S, b"RFB 003.008\n"), (C, b"RFB 003.008\n"), *rest])
    assert [o.attribute for o in said] == ["vnc_version"] * 2


def test_a_lost_offer_is_not_agreed_on() -> None:
    parser = Vnc(PSEUDONYM)
    for side in (S, C):
        stream = StreamBuffer()
        stream.append(b"RFB 003.008\n")
        list(parser.read(side, stream))
    parser.gap(S, 3)
    stream = StreamBuffer()
    stream.append(b"\1")
    assert list(parser.read(C, stream)) == []
    assert parser.finished
