"""Identified by content on any port: a stream's first bytes are taken by the one parser that reads it, or by none."""

from __future__ import annotations

import random

import pytest

from parsers.dicom import Dicom
from parsers.hl7 import Hl7
from parsers.http import Http
from parsers.protocol import Parser
from parsers.records import Match, Side
from parsers.registry import PARSERS
from parsers.tls import Tls

_AE_TITLES = b"ARCHIVE".ljust(16) + b"CT01".ljust(16) + bytes(32)
_CONTEXT = bytes.fromhex("10000015") + b"1.2.840.10008.3.1.1.1"
_CLIENT_HELLO = bytes.fromhex("0303") + bytes(32) + bytes.fromhex("00 0002 c02f 0100")
_SERVER_HELLO = bytes.fromhex("0303") + bytes(32) + bytes.fromhex("00 c02f 00")


def _associate(kind: int) -> bytes:
    body = bytes.fromhex("00010000") + _AE_TITLES + _CONTEXT
    return bytes([kind, 0]) + len(body).to_bytes(4) + body


def _handshake(kind: int, body: bytes) -> bytes:
    message = bytes([kind]) + len(body).to_bytes(3) + body
    return b"\x16\x03\x01" + len(message).to_bytes(2) + message


READ: dict[str, tuple[type[Parser], bytes]] = {
    "A-ASSOCIATE-RQ": (Dicom, _associate(1)),
    "A-ASSOCIATE-AC": (Dicom, _associate(2)),
    "A-ASSOCIATE-RJ": (Dicom, bytes.fromhex("03000000000400010107")),
    "A-ABORT": (Dicom, bytes.fromhex("07000000000400000200")),
    "HL7 frame": (Hl7, b"\x0bMSH|^~\\&|LAB|KEH|RIS|KEH|20260901||ADT^A01|1|P|2.3\r\x1c\r"),
    "HL7 batch": (Hl7, b"FHS|^~\\&|LAB\rBHS|^~\\&|LAB\r"),
    "HTTP request": (Http, b"GET /dicom-web/studies HTTP/1.1\r\nHost: pacs\r\n\r\n"),
    "HTTP POST": (Http, b"POST /fhir HTTP/1.0\r\n\r\n"),
    "HTTP proxy request": (Http, b"CONNECT vendor.example:443 HTTP/1.1\r\n\r\n"),
    "HTTP response": (Http, b"HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n"),
    "TLS client": (Tls, _handshake(1, _CLIENT_HELLO)),
    "TLS server": (Tls, _handshake(2, _SERVER_HELLO)),
    "TLS alert": (Tls, bytes.fromhex("15030300020228")),
}

NOT_READ: dict[str, bytes] = {
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "SMTP server": b"220 mail.example ESMTP Postfix\r\n",
    "SMTP client": b"EHLO scanner.example\r\n",
    "FTP client": b"USER anonymous\r\n",
    "POP3": b"+OK POP3 ready <1896.697170952@example>\r\n",
    "IMAP": b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n",
    "Telnet": bytes.fromhex("fffd18fffd20fffd23fffd27fffb03"),
    "SMB1": bytes.fromhex("00000085ff534d4272000000001853c8") + bytes(120),
    "SMB2": bytes.fromhex("000000f4fe534d4240000100") + bytes(230),
    "NetBIOS session request": bytes.fromhex("81000044")
    + b" CKFDENECFDEFFCFGEFFCCACACACACACA\0 EMEBFAFEEPFACACACACACACACACACAAA\0",
    "DCE/RPC bind": bytes.fromhex("05000b03100000004800000001000000b810b810000000000100000000000100"),
    "RDP request": bytes.fromhex("030000130ee000000000000100080003000000"),
    "RDP confirm": bytes.fromhex("030000130ed000001234000209080002000000"),
    "TPKT data": bytes.fromhex("0300000702f080"),
    "VNC": b"RFB 003.008\n",
    "X11": bytes.fromhex("6c000b000000000000000000"),
    "IRC": b"NICK bob\r\nUSER bob 0 * :Bob\r\n",
    "MySQL": bytes.fromhex("4a0000000a") + b"8.0.36\0" + bytes.fromhex("0b0000002a5c3f7a00ffff") + bytes(40),
    "PostgreSQL startup": bytes.fromhex("0000005400030000") + b"user\0postgres\0database\0ris\0\0",
    "PostgreSQL SSLRequest": bytes.fromhex("0000000804d2162f"),
    "MS SQL prelogin": bytes.fromhex("1201002f0000010000001a00060100200001020021000103002200"),
    "Oracle": bytes.fromhex("00f60000010000000139012c0081ffff7f08") + bytes(40),
    "MongoDB": bytes.fromhex("3a0000000100000000000000d40700000000000061646d696e"),
    "Redis": b"*1\r\n$4\r\nPING\r\n",
    "memcached": b"stats\r\n",
    "AMQP": b"AMQP\0\0\x09\x01",
    "MQTT": bytes.fromhex("101000044d5154540402003c00047363616e"),
    "SIP": b"OPTIONS sip:ward@example.org SIP/2.0\r\nVia: SIP/2.0/TCP host\r\n\r\n",
    "SIP response": b"SIP/2.0 200 OK\r\n\r\n",
    "RTSP": b"DESCRIBE rtsp://camera/live RTSP/1.0\r\nCSeq: 1\r\n\r\n",
    "RTSP OPTIONS": b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n",
    "DNS": bytes.fromhex("001d123401000001000000000000") + b"\x04pacs\x07example\0\0\x01\0\x01",
    "DNS of 256 bytes": bytes.fromhex("0100123481800001000100000000") + bytes(240),
    "Kerberos": bytes.fromhex("000000d56a81d23081cfa103020105a20302010a"),
    "LDAP": bytes.fromhex("300c020101600702010304008000"),
    "LDAP, long length": bytes.fromhex("30840000001002010160840000000702010304008000"),
    "SOCKS4": bytes.fromhex("04010050c633640100"),
    "SOCKS5": bytes.fromhex("05020002"),
    "BitTorrent": b"\x13BitTorrent protocol" + bytes(48),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "WebSocket": bytes.fromhex("8105") + b"Hello",
    "WebSocket, masked": bytes.fromhex("818537fa213d7f9f4d5158"),
    "ONC RPC": bytes.fromhex("8000002872fe1d130000000000000002000186a00000000200000000") + bytes(16),
    "Modbus": bytes.fromhex("000100000006010300000001"),
    "BGP": b"\xff" * 16 + bytes.fromhex("001d0104"),
    "ASTM E1381": b"\x05",
    "ASTM E1394": b"\x021H|\\^&|||Analyser|||||||P|1\r",
    "PJL": b"\x1b%-12345X@PJL INFO ID\r\n",
    "LPD": b"\x02lp\n",
    "MLLP commit acknowledgment": b"\x0b\x06\x1c\r",
    "HL7 met in a segment": b"PV1|1|O\rOBX|1|ST|X||1\r\x1c\r",
    "HTTP met in a body": b"<html><body>GET / HTTP/1.1</body></html>\r\n",
    "little-endian frames": bytes.fromhex("04000000010203040400000005060708"),
    "zeros": bytes(300),
    "ones": b"\xff" * 300,
    "blanks": b" \r\n" * 100,
    "text": b"The quick brown fox jumps over the lazy dog. " * 6,
    **{f"all {byte}": bytes([byte]) * 300 for byte in range(1, 0x20)},
}


def verdicts(head: bytes, side: Side) -> dict[type[Parser], Match]:
    return {parser: parser.probe(head, side) for parser in PARSERS}


def test_the_parsers_are_these() -> None:
    assert set(PARSERS) == {Dicom, Hl7, Http, Tls}
    assert {parser for parser, _ in READ.values()} == set(PARSERS)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("parser", "head"), READ.values(), ids=READ)
def test_one_parser_takes_it(parser: type[Parser], head: bytes, side: Side) -> None:
    expected = {other: Match.YES if other is parser else Match.NO for other in PARSERS}
    for trailing in (b"", b"\0" * 20, b"GET / HTTP/1.1\r\n\r\n"):
        seen = verdicts(head + trailing, side)
        if parser is Dicom and trailing:  # a PDU with something else behind it may be refused
            seen[Dicom] = max(seen[Dicom], Match.YES)
        assert seen == expected
    for length in range(len(head)):  # it could be so all along, and was never anything else
        short = verdicts(head[:length], side)
        assert short.pop(parser) is not Match.NO
        assert Match.YES not in short.values()


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("head", NOT_READ.values(), ids=NOT_READ)
def test_no_parser_takes_it(head: bytes, side: Side) -> None:
    for length in range(len(head) + 1):
        assert Match.YES not in verdicts(head[:length], side).values()
    if len(head) >= 16:
        assert set(verdicts(head, side).values()) == {Match.NO}


def test_no_parser_takes_random_bytes() -> None:
    rng = random.Random(3)  # fixed, so that a failure can be repeated
    for _ in range(3000):
        assert set(verdicts(rng.randbytes(300), Side.CLIENT).values()) == {Match.NO}


def test_no_bytes_yet() -> None:
    assert set(verdicts(b"", Side.CLIENT).values()) == {Match.MORE}
