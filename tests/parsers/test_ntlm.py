"""NTLM messages: MS-NLMP's own example, those scapy builds, and broken ones."""

from __future__ import annotations

import base64

import pytest

from parsers.ntlm import AUTHENTICATE, CHALLENGE, SIGNATURE, in_header, read
from tests.parsers.building import NEGOTIATE, authenticate, challenge

EXAMPLE = bytes.fromhex(  # MS-NLMP 4.2.4.3
    "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044000000"
    "060070170000000f53006500720076006500720002000c0044006f006d00610069006e0001000c005300650072007600"
    "650072000000 0000"
)


def said(token: bytes) -> list[tuple[str, str]]:
    message = read(token)
    assert message is not None
    return message.said


def test_the_standards_example() -> None:
    message = read(EXAMPLE)
    assert message is not None
    assert message.type == CHALLENGE
    assert message.said == [("hostname", "Server"), ("domain", "Domain"), ("os_version", "Windows 6.0 build 6000")]


def test_the_account_is_never_said() -> None:
    message = read(b"\x60\x82\x01\x00" + authenticate())
    assert message is not None
    assert message.type == AUTHENTICATE
    assert message.said == [("hostname", "CT-CONSOLE"), ("os_version", "Windows 10.0 build 19041")]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (["01:PACS01", "02:PACS01", "03:pacs01", "04:pacs01"], [("hostname", "PACS01")]),  # in no domain
        (["02:RAD", "01:PACS01"], [("hostname", "PACS01"), ("domain", "RAD")]),
        (["05:forest.example"], []),
        (["01:10.0.0.1", "02:not a domain", "03:a b"], []),
        (["01:\x1b[31mX"], []),
        (["01:" + "A" * 20000], []),
        ([], []),
    ],
)
def test_target_names(pairs: list[str], expected: list[tuple[str, str]]) -> None:
    info = b""
    for pair in pairs:
        value = pair[3:].encode("utf-16-le")
        info += bytes([int(pair[:2]), 0]) + len(value).to_bytes(2, "little") + value
    head = SIGNATURE + b"\2\0\0\0" + bytes(8) + (0x00800001).to_bytes(4, "little") + bytes(16)
    fields = len(info).to_bytes(2, "little") * 2 + (48).to_bytes(4, "little")
    assert said(head + fields + info) == expected


def test_a_target_of_old_servers() -> None:
    for kind, attribute in (("SERVER", "hostname"), ("DOMAIN", "domain")):
        flags = f"NEGOTIATE_UNICODE+TARGET_TYPE_{kind}"
        assert said(challenge(NegotiateFlags=flags, Payload=[("TargetName", "PACS01")])) == [(attribute, "PACS01")]
    untyped = challenge(NegotiateFlags="NEGOTIATE_UNICODE", Payload=[("TargetName", "PACS01")])
    assert said(untyped) == [("domain", "PACS01")]  # its authentication realm


@pytest.mark.parametrize(
    ("major", "minor", "build", "revision", "expected"),
    [
        (10, 0, 26100, 15, ["Windows 10.0 build 26100"]),
        (5, 1, 2600, 15, ["Windows 5.1 build 2600"]),
        (6, 1, 7601, 15, ["Windows 6.1 build 7601"]),
        (6, 1, 7600, 15, []),  # .NET, macOS
        (6, 1, 0, 15, []),  # Samba
        (0, 1, 12, 15, []),
        (10, 0, 19041, 0, []),
    ],
)
def test_versions(major: int, minor: int, build: int, revision: int, expected: list[str]) -> None:
    token = authenticate(
        "", ProductMajorVersion=major, ProductMinorVersion=minor, ProductBuild=build, NTLMRevisionCurrent=revision
    )
    assert [value for _, value in said(token)] == expected


@pytest.mark.parametrize("workstation", ["localhost", "NULL", "192.168.1.7", "Dr. Smith", "x" * 300, ""])
def test_what_is_no_workstation(workstation: str) -> None:
    assert [attribute for attribute, _ in said(authenticate(workstation))] == ["os_version"]


def test_in_http_headers() -> None:
    token = base64.b64encode(challenge())
    assert ("hostname", "PACS01") in in_header(b"NTLM " + token)
    assert ("hostname", "PACS01") in in_header(b"negotiate " + base64.b64encode(b"\xa1\x81\x99" + challenge()))
    for header in (b"NTLM", b"NTLM ", b"Basic " + token, b"NTLM !", b"NTLM A", b"Negotiate " + token[:41], token):
        assert in_header(header) == []
    assert in_header(b"NTLM " + b"A" * 200000) == []


@pytest.mark.parametrize("token", [NEGOTIATE, challenge(), authenticate()])
def test_cut_and_wrong_lengths(token: bytes) -> None:
    whole = said(token)
    for size in range(len(token)):
        message = read(token[:size])
        assert message is None or set(message.said) <= set(whole)
    for at in range(12, min(len(token), 72)):
        for byte in (0, 1, 0x7F, 0xFF):
            read(token[:at] + bytes([byte]) + token[at + 1 :])


def test_no_message() -> None:
    for token in (b"", b"NTLMSSP", SIGNATURE, SIGNATURE + b"\4\0\0\0" + bytes(60), b"\x60\x06\x2b" * 100):
        assert read(token) is None
