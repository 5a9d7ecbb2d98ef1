"""NTLM messages (MS-NLMP 2.2.1), in whatever they travel: SMB, HTTP, DCE/RPC, LDAP, wrapped in GSS-API or bare.

Each is about the end that sent it: a CHALLENGE names the server and its domain, an AUTHENTICATE the workstation. Of
accounts, the domain of an account included, nothing is read.
"""

from __future__ import annotations

import binascii
import struct
from typing import Final, NamedTuple

from parsers.hostnames import host_name

SIGNATURE: Final = b"NTLMSSP\0"
NEGOTIATE: Final = 1
CHALLENGE: Final = 2
AUTHENTICATE: Final = 3
MAX_MESSAGE: Final = 64 * 1024  # bytes of a message that are looked at
_MAX_BASE64: Final = 16 * 1024  # characters of one in an HTTP header

# NEGOTIATE flags (MS-NLMP 2.2.2.5)
_UNICODE: Final = 0x00000001
_TARGET_TYPE_SERVER: Final = 0x00020000
_TARGET_INFO: Final = 0x00800000
_VERSION: Final = 0x02000000

# AvId of an AV_PAIR (MS-NLMP 2.2.2.1) -> whether it names the computer or its domain
_END: Final = 0
_COMPUTER: Final = "hostname"
_DOMAIN: Final = "domain"
_NAMES: Final = {1: _COMPUTER, 2: _DOMAIN, 3: _COMPUTER, 4: _DOMAIN}
_MAX_PAIRS: Final = 32

_FIELDS: Final = struct.Struct("<HHI")  # Len, MaxLen, BufferOffset
_FLAGS_AT: Final = {NEGOTIATE: 12, CHALLENGE: 20, AUTHENTICATE: 60}
_VERSION_AT: Final = {NEGOTIATE: 32, CHALLENGE: 48, AUTHENTICATE: 64}
_VERSION_STRUCTURE: Final = struct.Struct("<BBH3xB")  # MS-NLMP 2.2.2.10
_REVISION: Final = 15  # NTLMSSP_REVISION_W2K3
# What software that is no Windows says: Samba has no build, and 6.1.7600 is said by .NET on any system, and by Macs.
# https://github.com/dotnet/runtime/blob/main/src/libraries/System.Net.Security/src/System/Net/NegotiateAuthenticationPal.ManagedNtlm.cs
_UNTRUE: Final = frozenset(((6, 1, 7600),))


class Message(NamedTuple):
    """An NTLM message: its type, and what it says of its sender as (attribute, value)."""

    type: int
    said: list[tuple[str, str]]


def read(token: bytes) -> Message | None:
    """Return the NTLM message in a security token, what wraps it passed over; None where there is none."""
    at = token.find(SIGNATURE)
    if at < 0:
        return None
    message = token[at : at + MAX_MESSAGE]
    kind = int.from_bytes(message[8:12], "little")
    if kind not in _FLAGS_AT or len(message) < 12:
        return None
    said: list[tuple[str, str]] = []
    flags = int.from_bytes(message[_FLAGS_AT[kind] : _FLAGS_AT[kind] + 4], "little")
    encoding = "utf-16-le" if flags & _UNICODE else "latin-1"
    if kind == CHALLENGE:
        said += _challenge(message, flags, encoding)
    elif kind == AUTHENTICATE:
        workstation = host_name(_payload(message, 44), encoding)
        if workstation:
            said.append((_COMPUTER, workstation))
    if flags & _VERSION and (version := _version(message[_VERSION_AT[kind] :])):
        said.append(("os_version", version))
    return Message(kind, said)


def in_header(value: bytes) -> list[tuple[str, str]]:
    """Return what the NTLM message in an HTTP challenge or credentials says (MS-NTHT 2.2, RFC 4559 4)."""
    scheme, _, token = value[:_MAX_BASE64].partition(b" ")
    if not token or scheme.lower() not in (b"ntlm", b"negotiate"):
        return []
    try:
        message = read(binascii.a2b_base64(token))
    except binascii.Error:
        return []
    return message.said if message else []


def _challenge(message: bytes, flags: int, encoding: str) -> list[tuple[str, str]]:
    names: list[tuple[str, str]] = []
    if flags & _TARGET_INFO and len(message) >= 48:
        length, _, offset = _FIELDS.unpack_from(message, 40)
        names = _target_names(message[offset : offset + length])
    # TargetName is the server's own name, or else its authentication realm (2.2.1.2).
    names.append((_COMPUTER if flags & _TARGET_TYPE_SERVER else _DOMAIN, host_name(_payload(message, 12), encoding)))
    said: dict[str, tuple[str, str]] = {}
    for attribute, name in sorted(names, key=lambda pair: pair[0] == _DOMAIN):
        # A host of no domain gives its own name for one.
        if name and name.lower() not in said:
            said[name.lower()] = attribute, name
    return list(said.values())


def _target_names(pairs: bytes) -> list[tuple[str, str]]:
    names = []
    at = 0
    for _ in range(_MAX_PAIRS):
        kind, length = int.from_bytes(pairs[at : at + 2], "little"), int.from_bytes(pairs[at + 2 : at + 4], "little")
        if kind == _END or at + 4 + length > len(pairs):
            break
        if kind in _NAMES:
            names.append((_NAMES[kind], host_name(pairs[at + 4 : at + 4 + length], "utf-16-le")))
        at += 4 + length
    return names


def _payload(message: bytes, at: int) -> bytes:
    """Return what the fields at `at` point at, nothing where they point out of the message."""
    if len(message) < at + _FIELDS.size:
        return b""
    length, _, offset = _FIELDS.unpack_from(message, at)
    return message[offset : offset + length] if offset + length <= len(message) else b""


def _version(structure: bytes) -> str:
    if len(structure) < _VERSION_STRUCTURE.size:
        return ""
    major, minor, build, revision = _VERSION_STRUCTURE.unpack_from(structure)
    if not 5 <= major <= 10 or not build or revision != _REVISION or (major, minor, build) in _UNTRUE:
        return ""
    return f"Windows {major}.{minor} build {build}"
