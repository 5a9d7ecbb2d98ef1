"""NTLM in HTTP: who the server and the workstation are, and never the account."""

from __future__ import annotations

import base64

from parsers.http import Http
from parsers.records import Evidence, Side
from tests.parsers.building import NEGOTIATE, authenticate, challenge
from tests.parsers.feeding import feed_every_way

C, S = Side.CLIENT, Side.SERVER


def header(name: bytes, scheme: bytes, token: bytes) -> bytes:
    return name + b": " + scheme + b" " + base64.b64encode(token) + b"\r\n"


def request(*headers: bytes) -> bytes:
    return b"GET /ris HTTP/1.1\r\nHost: ris\r\n" + b"".join(headers) + b"\r\n"


def response(*headers: bytes) -> bytes:
    return b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n" + b"".join(headers) + b"\r\n"


def names(*turns: tuple[Side, bytes]) -> set[tuple[Side, str, str, Evidence]]:
    said = feed_every_way(Http, turns)
    assert "PHICANARY" not in repr(said)
    return {row[:4] for row in said if row.attribute in ("hostname", "domain", "os_version")}


def test_both_ends() -> None:
    turns = [
        (C, request(header(b"Authorization", b"NTLM", NEGOTIATE))),
        (S, response(b"WWW-Authenticate: Negotiate\r\n", header(b"WWW-Authenticate", b"NTLM", challenge()))),
        (C, request(header(b"Authorization", b"NTLM", authenticate()))),
    ]
    assert names(*turns) == {
        (S, "hostname", "PACS01", Evidence.PEER),
        (S, "hostname", "pacs01.rad.example", Evidence.PEER),
        (S, "domain", "RAD", Evidence.PEER),
        (S, "domain", "rad.example", Evidence.PEER),
        (S, "os_version", "Windows 10.0 build 17763", Evidence.PEER),
        (C, "hostname", "CT-CONSOLE", Evidence.PEER),
        (C, "os_version", "Windows 10.0 build 19041", Evidence.PEER),
    }


def test_behind_a_proxy() -> None:
    told = names(
        (C, request(b"Via: 1.1 proxy\r\n", header(b"Authorization", b"Negotiate", authenticate()))),
        (S, response(b"Via: 1.1 proxy\r\n", header(b"WWW-Authenticate", b"Negotiate", challenge()))),
    )
    assert len(told) == 7
    assert {evidence for *_, evidence in told} == {Evidence.OBJECT}


def test_no_ntlm() -> None:
    for value in (b"NTLM", b"NTLM !!!!", b"Negotiate YIIZ", b"Basic TlRMTVNTUAA=", b"NTLM " + b"A" * 12000):
        assert not names((C, request(b"Authorization: " + value + b"\r\n")))
        assert not names((S, response(b"WWW-Authenticate: " + value + b"\r\n")))
