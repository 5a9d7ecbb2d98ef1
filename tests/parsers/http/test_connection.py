"""Where a stream goes on after a message: another protocol, a capture that begins in the middle, lost segments."""

from __future__ import annotations

import pytest

from parsers.http import Http
from parsers.stream import StreamBuffer
from tests.parsers.feeding import PSEUDONYM
from tests.parsers.http.conversations import C, S, plain, request, response, said, values

NGINX = (S, "http_server", "nginx", "peer")
SERVED = response("200 OK", "Server: nginx", body=b"hello")


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (request("CONNECT h.example:443 HTTP/1.1", "Host: h.example:443"), response("200 Established", length=False)),
        (request("GET /ws HTTP/1.1", "Upgrade: websocket"), response("101 Switching Protocols", length=False)),
        (request("OPTIONS * HTTP/1.1", "Upgrade: h2c"), response("101 Switching Protocols", length=False)),
    ],
)
def test_handover(ask: bytes, answer: bytes) -> None:
    parser, streams = Http(PSEUDONYM), (StreamBuffer(), StreamBuffer())
    streams[C].append(ask)
    assert list(parser.read(C, streams[C])) == []
    streams[S].append(answer + b"server first")
    assert list(parser.read(S, streams[S])) == []
    assert parser.handover and not parser.finished
    assert parser.relays is ask.startswith(b"CONNECT")
    streams[C].append(b"\x16\x03\x01")
    assert list(parser.read(C, streams[C])) == []
    assert (streams[C].peek(9), streams[S].peek(99)) == (b"\x16\x03\x01", b"server first")


def test_handover_without_the_answer() -> None:
    parser, client = Http(PSEUDONYM), StreamBuffer()
    client.append(request("CONNECT h:443 HTTP/1.1"))
    list(parser.read(C, client))
    client.append(b"\x16\x03\x01")
    assert list(parser.read(C, client)) == []
    assert parser.handover and parser.relays and client.peek(3) == b"\x16\x03\x01"


@pytest.mark.parametrize("ask", ["CONNECT h:443 HTTP/1.1", "GET / HTTP/1.1"])
def test_refused_upgrade_goes_on(ask: str) -> None:
    first, again = request(ask, "Upgrade: h2c"), request("GET / HTTP/1.1", "User-Agent: x")
    refused = response("403 Forbidden", body=b"no")
    expected = [(C, "http_user_agent", "x", "peer"), NGINX]
    assert said((C, first), (S, refused), (C, again), (S, SERVED)) == expected
    assert said((C, first), (C, again)) == expected[:1]  # the refusal was not seen


def test_body_until_close_ends_the_reading() -> None:
    parser, streams = Http(PSEUDONYM), (StreamBuffer(), StreamBuffer())
    streams[C].append(request())
    streams[S].append(response("200 OK", "Server: s", length=False) + b"any HTTP/1.1 200 OK\r\n\r\n")
    list(parser.read(C, streams[C]))
    assert [plain(one) for one in parser.read(S, streams[S])] == [(S, "http_server", "s", "peer")]
    assert parser.finished


def test_met_in_the_middle() -> None:
    tail = b"\x00\xff rest of a body HTTP/1.x HTTP/1.1 nonsense\r\n"
    assert said((S, tail + SERVED)) == [NGINX]
    assert said((S, tail), (S, SERVED)) == [NGINX]
    ask = request("GET / HTTP/1.1", "User-Agent: x")
    assert said((C, b"d=1&e=2\n" + ask)) == [(C, "http_user_agent", "x", "peer")]
    assert said((S, SERVED), (C, b"d=1&e=2" + ask)) == [NGINX, (C, "http_user_agent", "x", "peer")]
    assert said((S, b"<pre>try: " + ask + SERVED)) == [NGINX]  # a page that quotes a request is no client


def test_gap_in_a_head() -> None:
    parser, server = Http(PSEUDONYM), StreamBuffer()
    server.append(b"HTTP/1.1 200 OK\r\nSer")
    assert list(parser.read(S, server)) == []
    parser.gap(S, server.lose(500))
    server.append(b"tail of it\r\n\r\nbody" + SERVED)
    assert [plain(one) for one in parser.read(S, server)] == [NGINX]


def test_whole_lines_of_a_cut_head_count() -> None:
    """As when a capture keeps only the first bytes of each packet."""
    parser, streams = Http(PSEUDONYM), (StreamBuffer(), StreamBuffer())
    told = []
    for side, data in (
        (C, b"GET / HTTP/1.1\r\nUser-Agent: x\r\nHost: a.exa"),
        (S, b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Le"),
    ):
        streams[side].append(data)
        told += list(parser.read(side, streams[side]))
        streams[side].cut = True
        told += list(parser.read(side, streams[side]))
        streams[side].cut = False
        parser.gap(side, streams[side].lose(500))
    assert [plain(one) for one in told] == [(C, "http_user_agent", "x", "peer"), NGINX]
    assert [one.offset for one in told] == [41, 41]
    streams[S].append(b"length: 5\r\n\r\nbody" + SERVED)
    assert [plain(one) for one in parser.read(S, streams[S])] == [NGINX]


def test_gap_in_a_body_costs_nothing() -> None:
    parser, streams = Http(PSEUDONYM), (StreamBuffer(), StreamBuffer())
    streams[C].append(request() + request("GET /dicom-web/studies HTTP/1.1"))
    list(parser.read(C, streams[C]))
    streams[S].append(response("200 OK", "Content-Length: 1000", length=False) + b"x" * 100)
    list(parser.read(S, streams[S]))
    assert streams[S].lose(800) == 0
    streams[S].append(b"x" * 100 + SERVED)
    assert values([plain(one) for one in parser.read(S, streams[S])], "http_service") == ["dicomweb-qido"]


def test_gap_makes_no_false_pairs() -> None:
    parser, streams = Http(PSEUDONYM), (StreamBuffer(), StreamBuffer())
    streams[C].append(request("GET /dicom-web/studies HTTP/1.1") + request())
    list(parser.read(C, streams[C]))
    parser.gap(S, streams[S].lose(300))  # the answer to the first
    streams[S].append(SERVED)
    assert [plain(one) for one in parser.read(S, streams[S])] == [NGINX]
    streams[C].append(request("GET /ohif/viewer?StudyInstanceUIDs=1.2 HTTP/1.1"))
    streams[S].append(response())
    told = [*parser.read(C, streams[C]), *parser.read(S, streams[S])]
    assert [(one.value, str(one.evidence)) for one in told] == [
        ("dicomweb-qido", "claim"), ("/dicom-web/studies", "claim"), ("ohif", "peer"), ("/ohif/viewer", "peer"),
    ]  # fmt: skip
