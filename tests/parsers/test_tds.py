"""TDS logins in clear: names of the server, and of the client's computer; never a user's."""

from __future__ import annotations

import struct

import pytest

from parsers.malformed import Malformed
from parsers.records import Match, Side
from parsers.tds import Tds
from tests.parsers.building import authenticate, challenge
from tests.parsers.feeding import feed, feed_every_way

C, S = Side.CLIENT, Side.SERVER
PRELOGIN = bytes.fromhex("00000b000601001100 01ff 0f00101600 00 02".replace(" ", ""))


def packet(kind: int, body: bytes, length: int | None = None) -> bytes:
    return struct.pack(">BBHHBB", kind, 1, len(body) + 8 if length is None else length, 0, 1, 0) + body


def said(*turns: tuple[Side, bytes]) -> list[tuple[Side, str, str]]:
    return [(row.side, row.attribute, row.value) for row in feed_every_way(Tds, turns)]


def test_a_login() -> None:
    found = said(
        (C, packet(0x12, PRELOGIN)),
        (S, packet(0x04, PRELOGIN)),
        (C, packet(0x10, bytes(94) + b"NTLMSSP\0\1\0\0\0" + bytes(20))),
        (S, packet(0x04, b"\xed" + struct.pack("<H", len(challenge())) + challenge())),
        (C, packet(0x11, authenticate("CTCONSOLE"))),
        (S, packet(0x04, b"LABPHI rows")),
    )
    assert (S, "hostname", "pacs01.rad.example") in found
    assert (C, "hostname", "CTCONSOLE") in found
    assert "LABPHI" not in str(found)


def test_what_follows_a_login_is_not_read() -> None:
    assert said((C, packet(0x12, PRELOGIN)), (C, packet(0x01, challenge()))) == []


@pytest.mark.parametrize("length", [0, 7, 40000])
def test_lengths(length: int) -> None:
    with pytest.raises(Malformed):
        feed(Tds, [(C, packet(0x12, PRELOGIN, length))])


@pytest.mark.parametrize(
    ("head", "match"),
    [
        (b"", Match.MORE),
        (b"\x12", Match.MORE),
        (b"\x12\1\0\x2f\0\0", Match.MORE),
        (packet(0x12, PRELOGIN), Match.YES),
        (packet(0x10, bytes(90)), Match.YES),
        (packet(0x01, bytes(90)), Match.NO),  # a batch
        (b"\x12\0" + packet(0x12, PRELOGIN)[2:], Match.NO),
        (b"\x12\1\0\x2f\0\1\0\0", Match.NO),
        (b"\x10\x1c\0\4MQTT\4\2", Match.NO),
    ],
)
def test_probe(head: bytes, match: Match) -> None:
    assert Tds.probe(head, C) is match


def test_endless_packets() -> None:
    assert feed(Tds, [(C, packet(0x12, PRELOGIN) * 5000)]) == []
