"""Identified by content on any port: a stream's first bytes are taken by the one parser that reads it, or by none."""

from __future__ import annotations

import random

import pytest

from parsers.astm import Astm
from parsers.banners import Ftp, Smtp, Telnet
from parsers.dcerpc import DceRpc
from parsers.dicom import Dicom
from parsers.hl7 import Hl7
from parsers.http import Http
from parsers.ldap import Ldap
from parsers.printing import Pjl
from parsers.protocol import Parser
from parsers.rdp import Rdp
from parsers.records import Match, Side
from parsers.registry import PARSERS
from parsers.smb import Smb
from parsers.socks import Socks
from parsers.ssh import Ssh
from parsers.starttls import MySql, PostgreSql
from parsers.tds import Tds
from parsers.tls import Tls
from parsers.vnc import Vnc

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
    "MS SQL prelogin": (Tds, bytes.fromhex("1201002f0000010000001a00060100200001020021000103002200")),
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
    "SMB1": (Smb, bytes.fromhex("00000085ff534d4272000000001853c8") + bytes(120)),
    "SMB2": (Smb, bytes.fromhex("000000f4fe534d4240000100") + bytes(230)),
    "SMB3, encrypted": (Smb, bytes.fromhex("000000f4fd534d42") + bytes(range(236))),
    "NetBIOS session request": (
        Smb,
        bytes.fromhex("81000044") + b" CKFDENECFDEFFCFGEFFCCACACACACACA\0 EMEBFAFEEPFACACACACACACACACACAAA\0",
    ),
    "RDP request": (Rdp, bytes.fromhex("030000130ee000000000000100080003000000")),
    "RDP request of old": (Rdp, bytes.fromhex("0300000b06e00000000000")),
    "RDP request with a user": (Rdp, bytes.fromhex("0300002520e00000000000") + b"Cookie: mstshash=someone\r\n"),
    "RDP request with a token": (
        Rdp,
        bytes.fromhex("0300002f2ae00000000000") + b"Cookie: msts=3640205228.15629.0000\r\n",
    ),
    "RDP confirm": (Rdp, bytes.fromhex("030000130ed000001234000209080002000000")),
    "RDP refusal": (Rdp, bytes.fromhex("030000130ed000001234000300080005000000")),
    "LDAP": (Ldap, bytes.fromhex("300c020101600702010304008000")),
    "LDAP, long length": (Ldap, bytes.fromhex("30840000001002010160840000000702010304008000")),
    "LDAP answer": (Ldap, bytes.fromhex("300c02010161070a010004000400")),
    "DCE/RPC bind": (DceRpc, bytes.fromhex("05000b03100000004800000001000000b810b810000000000100000000000100")),
    "DCE/RPC bind_ack": (DceRpc, bytes.fromhex("05000c03100000004400000001000000b810b810f0620000")),
    "SSH": (Ssh, b"SSH-2.0-OpenSSH_9.6\r\n"),
    "SSH of both": (Ssh, b"SSH-1.99-Cisco-1.25\n"),
    "SSH 1": (Ssh, b"SSH-1.5-1.2.26\n"),
    "FTP server": (Ftp, b"220 (vsFTPd 3.0.5)\r\n"),
    "FTP server that says nothing": (Ftp, b"220 ready\r\n331 Password required\r\n"),
    "FTP server that says much": (Ftp, b"220-Welcome\r\n220-to this FTP server\r\n"),
    "FTP client": (Ftp, b"USER anonymous\r\nPASS guest@\r\nTYPE I\r\n"),
    "FTP client, TLS": (Ftp, b"AUTH TLS\r\n"),
    "SMTP server": (Smtp, b"220 mail.example ESMTP Postfix\r\n"),
    "SMTP server that says nothing": (Smtp, b"220 mail.example\r\n250-mail.example\r\n"),
    "SMTP client": (Smtp, b"EHLO scanner.example\r\n"),
    "telnet": (Telnet, bytes.fromhex("fffd18fffd20fffd23fffd27fffb03")),
    "telnet, at once": (Telnet, bytes.fromhex("fffb01") + b"\r\nUser Access Verification\r\n"),
    "telnet, what terminal": (Telnet, bytes.fromhex("fffb18fffa1800") + b"XTERM" + bytes.fromhex("fff0")),
    "VNC": (Vnc, b"RFB 003.008\n"),
    "ASTM E1381": (Astm, b"\x05\x021H|\\^&|||Analyser\r"),
    "ASTM E1394": (Astm, b"\x021H|\\^&|||Analyser|||||||P|1\r"),
    "ASTM without frames": (Astm, b"H|\\^&|||Analyser|||||||P|1\r"),
    "PJL": (Pjl, b"\x1b%-12345X@PJL INFO ID\r\n"),
    "SOCKS4": (Socks, bytes.fromhex("04010050c633640100")),
    "SOCKS4 of somebody": (Socks, bytes.fromhex("04020050c6336401") + b"someone\0"),
    "SOCKS4a": (Socks, bytes.fromhex("040101bb0000000100") + b"pacs.example\0"),
    "SOCKS5": (Socks, bytes.fromhex("05020002")),
    "SOCKS5, all at once": (Socks, bytes.fromhex("05010005010003")),
    "PostgreSQL SSLRequest": (PostgreSql, bytes.fromhex("0000000804d2162f")),
    "PostgreSQL GSSENCRequest": (PostgreSql, bytes.fromhex("0000000804d21630")),
    "MySQL": (
        MySql,
        bytes.fromhex("4a0000000a") + b"8.0.36\0" + bytes.fromhex("0b0000002a5c3f7a00ffff") + bytes(40),
    ),
    "PJL answer": (Pjl, b'@PJL INFO ID\r\n"HP LaserJet 4100"\r\n\x0c'),
}

NOT_READ: dict[str, bytes] = {
    "POP3 client": b"USER someone\r\nPASS secret\r\nSTAT\r\n",
    "POP3 server, at length": b"+OK ready\r\n+OK\r\n+OK logged in\r\n",
    "FTP or SMTP server, busy": b"421 Service not available\r\n",
    "NNTP": b"200 news.example InterNetNews ready\r\n",
    "IRC, registering": b"USER bob 0 * :Bob\r\n",
    "S7": bytes.fromhex("0300001611e00000001400c1020100c2020102c0010a"),
    "S7 confirm": bytes.fromhex("0300001611d00014000100c0010ac1020100c2020102"),
    "H.225": bytes.fromhex("03000030") + bytes.fromhex("0802103c0504038893") + bytes(35),
    "DCE/RPC request": bytes.fromhex("0500000310000000180000000100000000000000000000000000"),
    "certificate": bytes.fromhex("308203a13082028902140a0b0c0d0e0f101112131415161718191a1b1c1d300d06092a"),
    "SNMP over TCP": bytes.fromhex("302902010104067075626c6963a01c"),
    "MPEG audio": bytes.fromhex("fffb9044") + bytes(60),
    "JPEG": bytes.fromhex("ffd8ffe000104a46494600010100000100010000"),
    "PostScript": b"%!PS-Adobe-3.0\r\n",
    "PCL": b"\x1bE\x1b&l0O\x1b(10U",
    "HTML": b"HTTP is great, they say, and so it is",
    "POP3": b"+OK POP3 ready <1896.697170952@example>\r\n",
    "IMAP": b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n",
    "TPKT data": bytes.fromhex("0300000702f080"),
    "X11": bytes.fromhex("6c000b000000000000000000"),
    "IRC": b"NICK bob\r\nUSER bob 0 * :Bob\r\n",
    "PostgreSQL startup": bytes.fromhex("0000005400030000") + b"user\0postgres\0database\0ris\0\0",
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
    "SOCKS5, no method": bytes.fromhex("0500"),
    "SOCKS5, the same method twice": bytes.fromhex("05020000"),
    "SOCKS5, a method that there is none of": bytes.fromhex("05010b"),
    "SOCKS4 to nobody": bytes.fromhex("04010050000000000000000000000000"),
    "SOCKS4 to a group": bytes.fromhex("04010050ef0000010000000000000000"),
    "SOCKS4 of no text": bytes.fromhex("04010050c6336401ff0000000000000000"),
    "MySQL error": bytes.fromhex("45000000ff6a04") + b"Host is not allowed",
    "BitTorrent": b"\x13BitTorrent protocol" + bytes(48),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "WebSocket": bytes.fromhex("8105") + b"Hello",
    "WebSocket, masked": bytes.fromhex("818537fa213d7f9f4d5158"),
    "ONC RPC": bytes.fromhex("8000002872fe1d130000000000000002000186a00000000200000000") + bytes(16),
    "Modbus": bytes.fromhex("000100000006010300000001"),
    "BGP": b"\xff" * 16 + bytes.fromhex("001d0104"),
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
    light = {Smb, Rdp, Ldap, DceRpc, Ssh, Ftp, Smtp, Telnet, Vnc, Astm, Pjl, Socks, PostgreSql, MySql, Tds}
    assert set(PARSERS) == {Dicom, Hl7, Http, Tls} | light
    assert {parser for parser, _ in READ.values()} == set(PARSERS)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("parser", "head"), READ.values(), ids=READ)
def test_one_parser_takes_it(parser: type[Parser], head: bytes, side: Side) -> None:
    expected = {other: Match.YES if other is parser else Match.NO for other in PARSERS}
    for trailing in (b"", b"\0" * 20, b"GET / HTTP/1.1\r\n\r\n"):
        seen = verdicts(head + trailing, side)
        if parser in (Dicom, Socks) and trailing:  # a PDU with something else behind it may be refused
            seen[parser] = max(seen[parser], Match.YES)
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


@pytest.mark.parametrize("head", [b"220 ready\r\n", b"220 smtp.example FTP server\r\n", b"USER someone\r\n", b"USER"])
def test_what_may_be_ftp_or_another_waits(head: bytes) -> None:
    """The same greeting is an FTP and an SMTP server's, the same login an FTP and a POP3 client's."""
    seen = verdicts(head, Side.SERVER)
    assert seen[Ftp] is Match.MORE
    assert Match.YES not in seen.values()


def test_what_waits_is_undecided_for_a_few_bytes_only() -> None:
    """Of everything above, cut anywhere, nothing but logins, greetings and DICOM's own waits beyond 32 bytes."""
    patient = (Ftp, Smtp, Dicom, Http, Tls)
    for _, head in READ.values():
        for length in range(33, len(head) + 1):
            seen = verdicts(head[:length], Side.CLIENT)
            assert not [parser for parser, match in seen.items() if match is Match.MORE and parser not in patient]
