"""Told from the first bytes: TLS, not TLS, or too early to say."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.records import Match, Side
from parsers.tls import Tls
from tests.parsers.tls.handshakes import (
    certificate,
    client_hello,
    converse,
    ends,
    message,
    numbers,
    record,
    server_hello,
    vector,
)

HELLO = client_hello(numbers(0x1301), b"")
DATA = record(23, b"d" * 40)

# RFC 5246 E.2: version, lengths of suites, session and challenge, and those
SSLV2_CLIENT_HELLO = b"\x80\x2e\x01\x03\x01" + numbers(21, 0, 16) + b"\1\0\x80" * 7 + b"c" * 16
SSLV2_SERVER_HELLO = b"\x80\x21\x04\x00\x01\x00\x02" + numbers(3, 3, 16) + b"der" + b"\1\0\x80" + b"i" * 16


def _verdicts(head: bytes) -> set[Match]:
    return {Tls.probe(head, side) for side in Side}


def _turning_point(head: bytes) -> int:
    """The bytes it takes to be sure; until then it could still be, from then on it is."""
    verdicts = [Tls.probe(head[:end], Side.CLIENT) for end in range(len(head) + 1)]
    sure = verdicts.index(Match.YES)
    assert verdicts == [Match.MORE] * sure + [Match.YES] * (len(verdicts) - sure)
    return sure


@pytest.mark.parametrize(
    ("head", "enough"),
    [
        (record(22, HELLO, 0x0301) + b"\0", 11),
        (record(22, server_hello(5, b"", 0x0300), 0x0300), 11),
        (record(22, HELLO[:3]) + record(22, HELLO[3:]), 5 + 3 + 5 + 3),
        (b"".join(record(22, HELLO[at : at + 1]) for at in range(len(HELLO))), 6 * 6),
        (record(21, b"\2\x28"), 6),
        (record(23, b"d" * 40) + DATA, 50),
        (record(23, b"") + record(23, b"d" * 40), 10),
        (record(22, certificate(b"der")) + record(22, message(14, b"")), 5 + 13 + 5),
        (record(20, b"\1") + record(22, b"\xf1" * 40), 11),
        (SSLV2_CLIENT_HELLO, 11),
        (SSLV2_SERVER_HELLO, 13),
    ],
)
def test_yes(head: bytes, enough: int) -> None:
    assert _verdicts(head) == {Match.YES}
    assert _turning_point(head) == enough


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_every_turn_of_a_conversation(version: ssl.TLSVersion) -> None:
    for side, data in converse(ends(version, mutual=True)).turns:
        again = data if data[0] != 23 else data + data  # one record alone is not enough
        assert Tls.probe(again[:1024], side) is Match.YES


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x01\x00\x00\x00\x00\xcd\x00\x01",  # DICOM A-ASSOCIATE-RQ
        b"\x0bMSH|^~\\&|",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01\x00\x00",  # an empty handshake record
        b"\x16\x03\x05\x00\x50\x01",
        b"\x16\x02\x01\x00\x50\x01",
        b"\x19\x03\x03\x00\x50\x01",
        b"\x16\x03\x01\x48\x01\x01",  # longer than any record
        record(22, b"\1\0\0\x03\3\3") + b"\0" * 5,  # shorter than any hello
        record(22, b"\1\0\1\0\2\3") + b"\0" * 5,
        record(22, b"\1\0\1\0\3\5") + b"\0" * 5,
        record(21, b"\3\0") + b"\0" * 5,
        DATA + b"\x17\x03\x04\x00\x05",  # another version
        DATA + b"GET /",
        DATA + b"\x17\x04",
        record(23, b"d" * 1200)[:1024],  # a second header is out of reach
        b"\x80\x2e\x02\x03\x01",
        b"\x80\x2e\x01\x05",
        b"\x80\x2f" + SSLV2_CLIENT_HELLO[2:],
        SSLV2_CLIENT_HELLO[:3] + b"\x03\x09" + SSLV2_CLIENT_HELLO[5:],
        SSLV2_SERVER_HELLO[:6] + b"\x03" + SSLV2_SERVER_HELLO[7:],
        b"\x80\x2d\x01\x03\x01" + numbers(20, 0, 16),  # suites of three bytes each do not fill 20
        b"\x80\x26\x01\x03\x01" + numbers(21, 0, 8),  # too short a challenge
        b"\x80\x21\x04\x00\x02",  # no such kind of certificate
        b"\x80\x21\x04\x00\x01\x00\x02" + numbers(2, 4, 16),
        b"\xff\xfd\x18\xff\xfd\x20",  # telnet
    ],
)
def test_no(head: bytes) -> None:
    assert _verdicts(head) == {Match.NO}


def test_the_longest_record() -> None:
    assert _verdicts(b"\x17\x03\x03\x48\x00") == {Match.MORE}  # 2^14 + 2048 (RFC 5246 6.2.3)
    assert _verdicts(b"\x17\x03\x03\x48\x01") == {Match.NO}


def test_the_vectors_above_are_what_they_claim() -> None:
    assert len(SSLV2_CLIENT_HELLO) == 2 + 0x2E
    assert len(SSLV2_SERVER_HELLO) == 2 + 0x21
    assert HELLO[1:4] == vector(3, HELLO[4:])[:3]


@given(st.binary(max_size=64))
def test_any_bytes_get_a_verdict_and_no_is_final(head: bytes) -> None:
    verdicts = [Tls.probe(head[:end], Side.SERVER) for end in range(len(head) + 1)]
    if Match.NO in verdicts:
        assert set(verdicts[verdicts.index(Match.NO) :]) == {Match.NO}
