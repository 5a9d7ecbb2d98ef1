"""SMB beyond the plain conversations: negotiations of several generations, names and broken lengths."""

from __future__ import annotations

import struct

import pytest
from scapy.layers.smb import NBTSession, SMB_Dialect, SMB_Header, SMBNegotiate_Request

from parsers.malformed import Malformed
from parsers.records import Side
from parsers.smb import Smb
from tests.parsers.building import SESSION_REQUEST, authenticate, challenge, framed, smb1, smb2, text
from tests.parsers.feeding import feed, feed_every_way

C, S = Side.CLIENT, Side.SERVER


def said(*turns: tuple[Side, bytes]) -> list[tuple[Side, str, str]]:
    return [(row.side, row.attribute, row.value) for row in feed_every_way(Smb, turns)]


def offer(*dialects: str) -> bytes:
    packets = [SMB_Dialect(DialectString=name) for name in dialects]
    return bytes(NBTSession() / SMB_Header(Command=0x72) / SMBNegotiate_Request(Dialects=packets))


def answer(index: int, mode: int = 3, data: bytes = b"", capabilities: int = 0, words: int = 17) -> bytes:
    fields = struct.pack("<HBHHIIIIQHB", index, mode, 50, 1, 16644, 65536, 0, capabilities, 0, 0, 8)
    return smb1(0x72, fields[: 2 * words], data, reply=True, unicode=False)


@pytest.mark.parametrize(
    ("revision", "mode", "dialect", "signing"),
    [(0x0202, 1, "2.0.2", "enabled"), (0x0210, 3, "2.1", "required"), (0x0300, 0, "3.0", "disabled"),
     (0x0302, 2, "3.0.2", "required"), (0x0311, 1, "3.1.1", "enabled")],
)  # fmt: skip
def test_dialects_of_smb_2(revision: int, mode: int, dialect: str, signing: str) -> None:
    body = struct.pack("<HHH", 65, mode, revision) + bytes(60)
    assert said((S, smb2(0, body, response=True))) == [(S, "smb_dialect", dialect), (S, "smb_signing", signing)]


def test_from_smb_1_to_smb_2() -> None:
    """The answer "2.???" chooses nothing yet (MS-SMB2 3.3.5.3.2)."""
    wildcard, chosen = (
        smb2(0, struct.pack("<HHH", 65, 1, revision) + bytes(60), response=True) for revision in (0x02FF, 0x0300)
    )
    turns = [(C, offer("NT LM 0.12", "SMB 2.002", "SMB 2.???")), (S, wildcard), (S, chosen)]
    assert said(*turns) == [(S, "smb_dialect", "3.0"), (S, "smb_signing", "enabled")]


def test_dialects_of_smb_1() -> None:
    asked = (C, offer("PC NETWORK PROGRAM 1.0", "LANMAN2.1", "NT LM 0.12"))
    assert said(asked, (S, answer(1, words=13))) == [(S, "smb_dialect", "LANMAN2.1")]
    assert said(asked, (S, answer(0xFFFF, words=1))) == []
    assert said((S, answer(1, words=13))) == []
    assert said((S, answer(5, mode=0x0F))) == [(S, "smb_dialect", "NT LM 0.12"), (S, "smb_signing", "required")]


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"12345678" + text("RAD", "PACS01"), [(S, "domain", "RAD"), (S, "hostname", "PACS01")]),
        (b"12345678RAD\0PACS01\0", [(S, "domain", "RAD"), (S, "hostname", "PACS01")]),
        (b"12345678" + text("RAD"), [(S, "domain", "RAD")]),
        (b"", []),
    ],
)
def test_names_in_a_negotiation(data: bytes, names: list[tuple[Side, str, str]]) -> None:
    assert said((S, answer(0, data=data)))[2:] == names


def test_a_guid_is_no_name() -> None:
    assert len(said((S, answer(0, data=b"A" * 40, capabilities=0x80000000)))) == 2


def test_extended_security_of_smb_1() -> None:
    token = authenticate()
    words = struct.pack("<BBHHHHIHII", 0xFF, 0, 0, 4356, 50, 0, 0, len(token), 0, 0xD4)
    pad = b"\0" if len(token) % 2 == 0 else b""
    request = smb1(0x73, words, token + pad + text("Mac OS X 10.10", "SMBFS 3.0"))
    words = struct.pack("<BBHHH", 0xFF, 0, 0, 0, len(challenge()))
    response = smb1(0x73, words, challenge() + b"Windows 5.1\0LM\0", reply=True, unicode=False)
    told = said((S, response), (C, request))
    assert (C, "os_version", "Mac OS X 10.10") in told
    assert (S, "os_version", "Windows 5.1") in told
    assert (C, "hostname", "CT-CONSOLE") in told
    assert (S, "hostname", "pacs01.rad.example") in told


@pytest.mark.parametrize("suffix", ["AD", "BL"])  # 03 may be a user, 1B is a domain
def test_who_calls_in_another_capacity_is_not_told(suffix: str) -> None:
    assert said((C, SESSION_REQUEST)) == [(C, "hostname", "CT-CONSOLE")]
    assert said((C, SESSION_REQUEST[:-3] + suffix.encode() + b"\0")) == []


@pytest.mark.parametrize(
    "frame",
    [framed(b""), framed(b"\xffSMB"), framed(b"\xfeSMB" + bytes(10)), framed(b"\xfeSMB" + bytes(28)),
     framed(b"\xffSMB\x72" + bytes(26)), framed(b"\xffSMB\x73" + bytes(26) + b"\xff"), framed(b"\xfdSMB" + bytes(80)),
     b"\0\xff\xff\xff\xfeSMB" + bytes(64), b"\x85\0\0\0", b"\x83\0\0\1\x82"],
)  # fmt: skip
def test_short_and_long(frame: bytes) -> None:
    assert said((C, frame), (C, bytes(4) * 20)) == []


def test_no_session_service() -> None:
    with pytest.raises(Malformed):
        feed(Smb, [(C, smb2(1, bytes(24))), (C, b"GET / HTTP/1.1\r\n")])
