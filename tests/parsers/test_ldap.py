"""LDAP beyond the plain conversations: which binds show a password, and the way into TLS."""

from __future__ import annotations

import pytest

from parsers.ldap import Ldap
from parsers.malformed import Malformed
from parsers.records import Side
from parsers.stream import StreamBuffer
from tests.parsers.building import ber, challenge
from tests.parsers.feeding import PSEUDONYM, feed

C, S = Side.CLIENT, Side.SERVER
START_TLS = ber(0x30, b"\x02\x01\x01", ber(0x77, ber(0x80, b"1.3.6.1.4.1.1466.20037")))


def bind(name: bytes, choice: int, secret: bytes) -> bytes:
    return ber(0x30, b"\x02\x01\x01", ber(0x60, b"\x02\x01\x03", ber(0x04, name), ber(choice, secret)))


def result(operation: int, code: int) -> bytes:
    return ber(0x30, b"\x02\x01\x01", ber(operation, bytes([0x0A, 1, code]), b"\x04\0\x04\0"))


def outcomes(*turns: tuple[Side, bytes]) -> list[str]:
    return [row.value for row in feed(Ldap, turns) if (row.side, row.attribute) == (S, "clear_credentials")]


def run(*turns: tuple[Side, bytes]) -> Ldap:
    parser, streams = Ldap(PSEUDONYM), {side: StreamBuffer() for side in Side}
    for side, data in turns:
        streams[side].append(data)
        if not (parser.finished or parser.handover):
            list(parser.read(side, streams[side]))
    return parser


@pytest.mark.parametrize(
    ("name", "choice", "secret", "told"),
    [
        (b"cn=x", 0x80, b"y", True),
        (b"", 0x80, b"", False),  # anonymous (RFC 4513 5.1.1)
        (b"cn=x", 0x80, b"", False),  # unauthenticated (RFC 4513 5.1.2)
        (b"", 0xA3, ber(0x04, b"GSSAPI") + ber(0x04, b"\x60"), False),
    ],
)
def test_which_binds_show_a_password(name: bytes, choice: int, secret: bytes, told: bool) -> None:
    asked = (C, bind(name, choice, secret))
    assert outcomes(asked, (S, result(0x61, 0))) == (["ldap"] if told else [])
    assert outcomes(asked, (S, result(0x61, 49))) == (["ldap-refused"] if told else [])
    assert outcomes(asked) == []


def test_a_login_that_is_refused_first() -> None:
    asked = (C, bind(b"cn=x", 0x80, b"y"))
    refused, granted = (S, result(0x61, 49)), (S, result(0x61, 0))
    assert outcomes(asked, refused, asked, granted, asked, refused) == ["ldap-refused", "ldap"]
    other = ber(0x30, b"\x02\x01\x02", ber(0x61, b"\x0a\x01\0", b"\x04\0\x04\0"))
    assert outcomes(asked, (S, other)) == []  # of another bind


def test_start_tls() -> None:
    assert run((C, START_TLS), (S, result(0x78, 0))).handover
    assert run((C, START_TLS), (C, b"\x16\x03\x01")).handover  # the answer was lost
    refused = run((C, START_TLS), (S, result(0x78, 2)), (C, bind(b"cn=x", 0x80, b"y")), (S, result(0x61, 0)))
    assert refused.finished
    assert not refused.handover


def test_a_challenge_in_credentials() -> None:
    answer = ber(0x30, b"\x02\x01\x01", ber(0x61, b"\x0a\x01\x0e\x04\0\x04\0", ber(0x87, b"\xa1\x81" + challenge())))
    assert ("hostname", "PACS01") in [(row.attribute, row.value) for row in feed(Ldap, [(S, answer)])]


@pytest.mark.parametrize(
    "data", [b"\x30\x80\x02\x01\x01\0", b"\x30\x02\x02\x09", b"\x30\x85\1\1\1\1\1", b"\x30\0\0\0\0\0"]
)
def test_broken(data: bytes) -> None:
    with pytest.raises(Malformed):
        feed(Ldap, [(C, data)])


def test_a_security_layer_and_long_results_are_let_go() -> None:
    assert run((C, b"\0\0\1\0" + bytes(40))).finished
    assert run((S, b"\x30\x84\x01\0\0\0" + bytes(100))).client is None
    assert run((S, result(0x64, 0) * 100)).finished
