"""ClientHello and ServerHello (RFC 8446 4.1.2 and 4.1.3, RFC 5246 7.4.1): the fields from which something is learned.

GREASE values (RFC 8701) are left out wherever they may stand: they are drawn at random and mean nothing.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from parsers.malformed import Malformed

# ExtensionType (IANA)
SERVER_NAME: Final = 0  # RFC 6066 3
SIGNATURE_ALGORITHMS: Final = 13  # RFC 8446 4.2.3
APPLICATION_LAYER_PROTOCOL_NEGOTIATION: Final = 16  # RFC 7301 3.1
SUPPORTED_VERSIONS: Final = 43  # RFC 8446 4.2.1

TLS_1_3: Final = 0x0304
GREASE: Final = frozenset(0x0A0A + 0x1010 * n for n in range(16))  # RFC 8701 2

_VERSION_NAMES: Final = {
    0x0002: "SSL 2.0",
    0x0300: "SSL 3.0",
    0x0301: "TLS 1.0",
    0x0302: "TLS 1.1",
    0x0303: "TLS 1.2",
    TLS_1_3: "TLS 1.3",
}
_RANDOM_END: Final = 2 + 32  # version and random, in both hellos


class ClientHello(NamedTuple):
    """What a client offers. Lists are in the client's order of preference."""

    legacy_version: int
    cipher_suites: list[int]
    extensions: list[int]  # types
    server_name: bytes  # empty when none was asked for
    application_protocols: list[bytes]
    supported_versions: list[int]
    signature_algorithms: list[int]


class ServerHello(NamedTuple):
    """What the server chose. A HelloRetryRequest is one too: version and suite in it are final (RFC 8446 4.1.4)."""

    version: int
    cipher_suite: int
    application_protocol: bytes  # empty when none was negotiated, or TLS 1.3 hides it


def version_name(version: int) -> str:
    """Return "TLS 1.2" for 0x0303, and so on; the number in hex where it is no published version."""
    return _VERSION_NAMES.get(version) or f"0x{version:04x}"


def parse_client_hello(body: bytes) -> ClientHello:
    """Decode the body of a ClientHello message. Raises Malformed when a length reaches past its end."""
    _, at = _vector(body, _RANDOM_END, 1)  # legacy_session_id
    suites, at = _vector(body, at, 2)
    _, at = _vector(body, at, 1)  # legacy_compression_methods
    extensions = _extensions(body, at)
    return ClientHello(
        body[0] << 8 | body[1],
        _numbers(suites),
        list(extensions),
        _host_name(extensions.get(SERVER_NAME)),
        _protocol_names(extensions.get(APPLICATION_LAYER_PROTOCOL_NEGOTIATION)),
        _numbers(_content(extensions.get(SUPPORTED_VERSIONS), 1)),
        _numbers(_content(extensions.get(SIGNATURE_ALGORITHMS), 2)),
    )


def parse_server_hello(body: bytes) -> ServerHello:
    """Decode the body of a ServerHello message. Raises Malformed when a length reaches past its end."""
    _, at = _vector(body, _RANDOM_END, 1)  # legacy_session_id_echo
    if len(body) < at + 3:  # cipher_suite, legacy_compression_method
        raise Malformed("hello cut short")
    extensions = _extensions(body, at + 3)
    selected = extensions.get(SUPPORTED_VERSIONS, b"")
    protocols = _protocol_names(extensions.get(APPLICATION_LAYER_PROTOCOL_NEGOTIATION))
    version = selected if len(selected) == 2 else body[:2]
    return ServerHello(int.from_bytes(version, "big"), body[at] << 8 | body[at + 1], protocols[0] if protocols else b"")


def _vector(body: bytes, at: int, width: int) -> tuple[bytes, int]:
    """Return the vector whose `width`-byte length stands at `at`, and where it ends (RFC 8446 3.4)."""
    start = at + width
    end = start + int.from_bytes(body[at:start], "big")
    if end > len(body):
        raise Malformed("hello cut short")
    return body[start:end], end


def _content(data: bytes | None, width: int) -> bytes:
    """Return the one vector an extension holds; nothing when the extension is absent or empty."""
    return _vector(data, 0, width)[0] if data else b""


def _extensions(body: bytes, at: int) -> dict[int, bytes]:
    """Return type -> data in the order sent; a hello may end without any (RFC 5246 7.4.1.2)."""
    block = _content(body[at:], 2)
    found: dict[int, bytes] = {}
    at = 0
    while at < len(block):
        kind = int.from_bytes(block[at : at + 2], "big")
        data, at = _vector(block, at + 2, 2)
        if kind not in GREASE:
            found[kind] = data
    return found


def _numbers(block: bytes) -> list[int]:
    if len(block) % 2:
        raise Malformed("list of odd length in a hello")
    return [number for number in struct.unpack(f">{len(block) // 2}H", block) if number not in GREASE]


def _host_name(data: bytes | None) -> bytes:
    names = _content(data, 2)
    return _vector(names, 1, 2)[0] if names[:1] == b"\0" else b""  # NameType host_name: the only one there is


def _protocol_names(data: bytes | None) -> list[bytes]:
    block = _content(data, 2)
    names = []
    at = 0
    while at < len(block):
        name, at = _vector(block, at, 1)
        if len(name) != 2 or int.from_bytes(name, "big") not in GREASE:
            names.append(name)
    return names
