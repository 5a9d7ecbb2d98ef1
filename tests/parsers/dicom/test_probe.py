"""DICOM is known by its content, and nothing else is taken for it."""

from __future__ import annotations

import random

import pytest

from parsers.dicom import Dicom
from parsers.records import Match, Side
from tests.parsers.dicom import building as b

HEADS = {
    "A-ASSOCIATE-RQ": b.request(),
    "A-ASSOCIATE-AC": b.accept(),
    "A-ASSOCIATE-AC without titles": b.accept(called=bytes(16), calling=bytes(16)),
    "A-ASSOCIATE-RJ": b.pdu(3, bytes((0, 1, 1, 7))),
    "command": b.message(b.command(1)),
    "command and data": b.p_data(b.pdv(b.command(1), 3), b.pdv(bytes(100), 2)),
    "data": b.p_data(b.pdv(bytes(100), 0)),
    "A-RELEASE-RQ": b.RELEASE_RQ,
    "A-RELEASE-RP": b.RELEASE_RP,
    "A-ABORT": b.pdu(7, bytes((0, 0, 2, 1))),
}

OTHERS = {
    "HTTP": b"GET /dicom-web/studies HTTP/1.1\r\nHost: pacs\r\n\r\n",
    "HTTP response": b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(range(200)),
    "TLS alert": bytes.fromhex("15030300020100"),
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "SMB2": bytes.fromhex("000000a4fe534d4240000100") + bytes(160),
    "SMB1": bytes.fromhex("00000054ff534d4272000000") + bytes(80),
    "HL7": b"\x0bMSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.3\r\x1c\r",
    "RDP": bytes.fromhex("0300002b26e00000000000436f6f6b69653a206d737473686173683d61646d696e0d0a"),
    "TDS": bytes.fromhex("0400003500350100810200000000000008000000"),
    "TDS login": bytes.fromhex("1001009000000100") + bytes(140),
    "LDAP": bytes.fromhex("300c020101600702010304008000"),
    "SOCKS4": bytes.fromhex("04010050c0a8000100"),
    "SOCKS5": bytes.fromhex("050100"),
    "NTP-like": bytes.fromhex("0400000000000000") + bytes(60),
    "zeros": bytes(300),
    "MQTT": bytes.fromhex("101000044d51545404020e1000046c616231"),
    "DNS over TCP": bytes.fromhex("001d1234010000010000000000000377777706676f6f676c6503636f6d0000010001"),
    "too long a request": b"\1\0\0\xff\0\0\0\1" + bytes(80),
    "not version 1": b"\1\0\0\0\0\xd0\0\2" + b.request()[8:],
    "no application context": b"\1\0\0\0\0\xd0\0\1\0\0" + bytes(240),
    "data that does not nest": b"\4\0\0\0\0\x20\0\0\0\x20\1\0" + bytes(100),
    "an even context": b.p_data(b.pdv(bytes(100), 0, 2)),
    "a command set that is none": b.p_data(b.pdv(bytes(100), 3)),
    "unknown type": b.pdu(8, bytes(4)),
    "a release and more": b.RELEASE_RQ + b"x",
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("side", list(Side))
def test_every_pdu_is_known_and_its_beginning_awaited(name: str, side: Side) -> None:
    head = HEADS[name]
    assert Dicom.probe(head, side) is Match.YES
    assert Dicom.probe(head[:400], side) is Match.YES
    answers = [Dicom.probe(head[:end], side) for end in range(len(head) + 1)]
    known = answers.index(Match.YES)
    assert answers[:known] == [Match.MORE] * known
    assert answers[known:] == [Match.YES] * (len(answers) - known)
    assert known <= 82


@pytest.mark.parametrize("name", OTHERS)
def test_other_protocols_are_not(name: str) -> None:
    data = OTHERS[name]
    assert Dicom.probe(data, Side.CLIENT) is Match.NO
    answers = [Dicom.probe(data[:end], Side.CLIENT) for end in range(len(data) + 1)]
    assert Match.YES not in answers or name == "a release and more"


def test_random_bytes_are_not() -> None:
    chance = random.Random(4)
    for _ in range(20_000):
        head = bytes((chance.randrange(1, 8), 0)) + chance.randbytes(100)
        assert Dicom.probe(head, Side.SERVER) is Match.NO
