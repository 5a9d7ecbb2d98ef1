"""What leads to another protocol leads to it exactly where it begins, and only if it was granted."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.recorder import FLOW_COLUMNS, OBSERVATION_COLUMNS
from parsers.malformed import Malformed
from parsers.records import Side
from parsers.socks import Socks
from parsers.stream import StreamBuffer
from tests.parsers.conversations import Conversation
from tests.parsers.feeding import PSEUDONYM
from tests.parsers.openings import HANDED_OVER, OPENINGS
from tests.reading import read

C, S = Side.CLIENT, Side.SERVER
PROTOCOL, SNI = (list(FLOW_COLUMNS).index(name) for name in ("protocol", "sni"))
ATTRIBUTE, VALUE, CLASS, PORT = (
    list(OBSERVATION_COLUMNS).index(name) for name in ("attribute", "value", "class", "port")
)


@pytest.mark.parametrize("name", OPENINGS)
@pytest.mark.parametrize("step", [None, 1])
def test_where_the_other_protocol_begins(name: str, step: int | None) -> None:
    opening: Conversation = OPENINGS[name]
    parser, streams = opening.parser(PSEUDONYM), {side: StreamBuffer() for side in Side}
    for side, data in opening.turns:
        for at in range(0, len(data), step or len(data)):
            assert not parser.handover
            streams[side].append(data[at : at + (step or len(data))])
            if not parser.finished:
                list(parser.read(side, streams[side]))
    assert parser.handover == (name in HANDED_OVER)
    assert parser.handover != parser.finished
    if parser.handover:
        assert not any(stream.available for stream in streams.values())
        assert parser.client is (S if opening.turns[0][0] is S and parser.name != "mysql" else C)


@pytest.mark.parametrize("name", sorted(HANDED_OVER))
def test_what_comes_with_the_last_word_is_left_to_the_other(name: str) -> None:
    """Both ends may go on in the same segment; of MySQL and an impatient client of SOCKS, the client does."""
    opening = OPENINGS[name]
    parser, streams = opening.parser(PSEUDONYM), {side: StreamBuffer() for side in Side}
    *before, (side, data) = opening.turns
    for other, earlier in before:
        streams[other].append(earlier)
        list(parser.read(other, streams[other]))
    streams[side].append(data + b"\x16\x03\x01 and so on")
    list(parser.read(side, streams[side]))
    assert parser.handover
    assert streams[side].peek(3) == b"\x16\x03\x01"


def test_a_reply_read_before_its_request_waits_for_it() -> None:
    parser, streams = Socks(PSEUDONYM), {side: StreamBuffer() for side in Side}
    for side, data in ((C, b"\5\1\0"), (S, b"\5\0\5\0\0\1\1\2\3\4\0\x50"), (C, b"\5\1\0\1\1\2\3\4\0\x50"), (S, b"H")):
        assert not parser.handover
        streams[side].append(data)
        list(parser.read(side, streams[side]))
    assert parser.handover
    assert streams[S].peek(9) == b"H"


@pytest.mark.parametrize("wrong", [b"GET / HTTP/1.1\r\n", b"\5\1\0\2\1\2\3\4\0\x50"])
def test_what_is_no_message_is_malformed(wrong: bytes) -> None:
    parser, stream = Socks(PSEUDONYM), StreamBuffer()
    stream.append(b"\5\1\0")
    list(parser.read(C, stream))
    stream.append(wrong)
    with pytest.raises(Malformed):
        list(parser.read(C, stream))


@pytest.mark.parametrize(
    ("capture", "sni", "servers"),
    [
        ("socks-https-example.pcap", {"www.example.com"}, set()),
        ("socks5-http-302-frag.pcap", set(), {"gws"}),
        ("socks5-reverse.pcap", set(), {"gws", "HTTP server (unknown)"}),
        ("psql-aws-ssl-require-15432.pcap", {"database-1.cyx4x7yvdoay.us-east-1.rds.amazonaws.com"}, set()),
        ("mysql-tls.pcap", set(), set()),
    ],
)
def test_real_ones(wild: Path, capture: str, sni: set[str], servers: set[str]) -> None:
    (path,) = wild.rglob(capture)
    facts, sensor = read(path)
    assert {row[SNI] for row in facts.flows} - {None} == sni
    assert {row[VALUE] for row in facts.observations if row[ATTRIBUTE] == "http_server"} == servers
    assert {row[PROTOCOL] for row in facts.flows} & {"http", "tls"} == ({"http"} if servers else {"tls"})
    assert not sensor.health.anomalies


@pytest.mark.parametrize(
    ("capture", "told"),
    [
        ("socks4-https.pcap", {"tls_version", "tls_cipher", "tls_certificate"}),
        ("socks5-rdp.pcap", {"rdp_security"}),
        ("socks5-smtp-503.pcap", {"smtp_banner"}),
        ("https-connect.pcap", {"tls_version", "tls_cipher", "tls_certificate"}),
        ("connect-with-header.pcap", {"tls_version", "tls_cipher"}),
    ],
)
def test_what_a_proxy_passes_on_is_not_its_own(wild: Path, capture: str, told: set[str]) -> None:
    (path,) = wild.rglob(capture)
    facts, _ = read(path)
    ends = {(row[ATTRIBUTE], row[CLASS]) for row in facts.observations if row[PORT] is not None}
    assert {(attribute, "object") for attribute in told} <= ends
    assert not {(attribute, "peer") for attribute in told} & ends
    asked = {row[CLASS] for row in facts.observations if row[PORT] is None and row[ATTRIBUTE] == "tls_ja4"}
    assert asked <= {"peer"}  # what a client says is its own


@pytest.mark.parametrize("capture", ["psql-aws-ssl-require-15432.pcap", "mysql-tls.pcap"])
def test_who_goes_on_in_another_protocol_speaks_for_himself(wild: Path, capture: str) -> None:
    (path,) = wild.rglob(capture)
    facts, _ = read(path)
    assert {row[CLASS] for row in facts.observations if row[ATTRIBUTE] == "tls_version"} == {"peer"}
