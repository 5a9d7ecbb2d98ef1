"""HTTP/1.x is known by its first bytes, and nothing else is taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.http import Http
from parsers.records import Match
from tests.parsers.http.conversations import C, request, response

OURS = [
    request(),
    request("GET http://h/x HTTP/1.0"),
    request("CONNECT h:443 HTTP/1.1"),
    request("CONNECT [::1]:443 HTTP/1.1"),
    request("OPTIONS * HTTP/1.1"),
    request("NOTIFY * HTTP/1.1", "NT: upnp:rootdevice"),
    request("M-SEARCH * HTTP/1.1"),
    request("BASELINE-CONTROL /x HTTP/1.1"),
    request("GET / HTTP/1.1", end="\n"),
    request("GET /" + "x" * 600 + " HTTP/1.1"),
    response(),
    b"HTTP/1.1 200\r\n",
    b"HTTP/1.0 404 Not Found\n",
]
OTHERS = [
    b"INVITE sip:bob@example.com SIP/2.0\r\n",
    b"OPTIONS sip:bob@example.com SIP/2.0\r\n",
    b"SIP/2.0 200 OK\r\n",
    b"OPTIONS rtsp://cam/stream RTSP/1.0\r\n",
    b"PLAY /stream RTSP/1.0\r\n",
    b"RTSP/1.0 200 OK\r\n",
    b"REQMOD icap://proxy/req ICAP/1.0\r\n",
    b"ICAP/1.0 204 No Content\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/2\r\n",
    b"GET index.html\r\n",
    b"GET /\r\n",
    b"HTTP/2 200 \r\n",
    b"HTTP/1.1 OK\r\n",
    b"HTTP/1.1 2000\r\n",
    b"HELO mail.example\r\n",
    b"USER anonymous\r\n",
    b"CONNECT {\"verbose\":false}\r\n",
    b"EHLO x\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"220 ftp ready\r\n",
    b"get key\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\x01\x00\x00\x00\x00\xcd\x00\x01",
    b"\x0bMSH|^~\\&|A|B\r",
]  # fmt: skip


@pytest.mark.parametrize("data", OURS)
def test_ours(data: bytes) -> None:
    verdicts = [Http.probe(data[:size], C) for size in range(len(data) + 1)]
    sure = verdicts.index(Match.YES)
    assert set(verdicts[:sure]) <= {Match.MORE}
    assert set(verdicts[sure:]) == {Match.YES}
    assert sure <= 180


@pytest.mark.parametrize("data", OTHERS)
def test_others(data: bytes) -> None:
    verdicts = [Http.probe(data[:size], C) for size in range(len(data) + 1)]
    assert verdicts[-1] is Match.NO
    assert Match.YES not in verdicts


@given(st.one_of(st.binary(max_size=64), st.sampled_from(OURS + OTHERS)), st.binary(max_size=8), st.integers(0, 64))
def test_no_is_final(data: bytes, noise: bytes, at: int) -> None:
    data = data[:at] + noise + data[at:]
    verdicts = [Http.probe(data[:size], C) for size in range(len(data) + 1)]
    if Match.NO in verdicts:
        assert set(verdicts[verdicts.index(Match.NO) :]) == {Match.NO}
