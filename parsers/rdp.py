"""RDP (MS-RDPBCGR): the security a server chose, and who the client is where that is said in clear.

The cookie of a connection request is passed over: it holds a user's name.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.hostnames import host_name
from parsers.records import Evidence, Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym, canonical

_TPKT_HEADER: Final = 4  # RFC 1006 6: version 3, reserved, length of the packet
_FIXED: Final = 11  # TPKT header and the fixed part of an X.224 connection TPDU
_REQUEST: Final = 0xE0  # X.224 13.3, connection request
_CONFIRM: Final = 0xD0  # X.224 13.4
_DATA: Final = b"\x02\xf0\x80"  # X.224 13.7, a whole data TPDU
_MAX_REQUEST: Final = 1024  # bytes of a connection request: a cookie or token, and what is offered

# MS-RDPBCGR 2.2.1.1.1, 2.2.1.2.1: type, flags, length 8, protocols
_NEGOTIATION: Final = struct.Struct("<BBHI")
_NEGOTIATION_REQUEST: Final = 1
_NEGOTIATION_RESPONSE: Final = 2
_NEGOTIATION_FAILURE: Final = 3
_SECURITY: Final = {0: "rdp", 1: "tls", 2: "credssp", 4: "rdstls", 8: "credssp"}

_CONNECT_INITIAL: Final = b"\x7f\x65"  # T.125 11.1
_CLIENT_KEY: Final = b"Duca"  # T.124, h221NonStandard key in front of the client data (MS-RDPBCGR 2.2.1.3)
_CORE: Final = 0xC001  # MS-RDPBCGR 2.2.1.3.1, CS_CORE
_BLOCK: Final = struct.Struct("<HH")  # type and length, header included
_MAX_BLOCKS: Final = 16
_BUILD_AT: Final = 20  # in the core data (MS-RDPBCGR 2.2.1.3.2), its header included
_NAME_AT: Final = 24
_NAME_END: Final = 56


class Rdp:
    """Reads one RDP connection up to where TLS begins, or up to the client's core data."""

    name: ClassVar[str] = "rdp"

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` begins with a connection request or confirm as RDP has them.

        Other protocols over X.224 (S7, MMS) name their ends in them, RDP has a cookie, a token or a negotiation.
        """
        if not b"\x03\0".startswith(head[:2]):
            return Match.NO
        if len(head) < _FIXED:
            return Match.MORE if head[5:6] in (b"", b"\xe0", b"\xd0") else Match.NO
        size = head[2] << 8 | head[3]
        if head[5] not in (_REQUEST, _CONFIRM) or head[4] != size - 5 or head[10] or size > _MAX_REQUEST:
            return Match.NO
        behind = head[_FIXED:size]
        if head[5] == _CONFIRM:
            return _begins(behind, (b"\x02", b"\x03"), size)
        if size == _FIXED:
            return Match.YES
        if behind[:1] == b"\x01":
            return _begins(behind, (b"\x01",), size)
        line = b"Cookie: ms"  # of mstshash (a user) or msts (load balancing)
        if behind.startswith(line):
            return Match.YES
        return Match.MORE if line.startswith(behind) else Match.NO

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume whole packets until there is no more to learn. `finished` also where it is no TPKT."""
        while not (self.finished or self.handover):
            header = stream.peek(_TPKT_HEADER)
            if len(header) < _TPKT_HEADER:
                return
            size = header[2] << 8 | header[3]
            if header[:2] != b"\x03\0" or size <= _TPKT_HEADER + 2:
                self.finished = True  # encrypted from here on, or fast-path output
                return
            if stream.available < size:
                return
            packet = stream.take(size)
            yield from self._packet(side, packet, stream.offset - 1)

    def gap(self, side: Side, length: int) -> None:
        """Give up: what follows the loss may be encrypted."""
        self.finished = True

    def _packet(self, side: Side, packet: bytes, offset: int) -> Iterator[Observation]:
        kind = packet[5]
        if kind == _REQUEST:
            self.client = side
        elif kind == _CONFIRM:
            self.client = side.other
            yield from self._confirm(side, packet[_FIXED:], offset)
        elif packet[4:7] == _DATA and packet[7:9] == _CONNECT_INITIAL:
            self.client = side
            self.finished = True
            for attribute, value in _client(packet):
                yield Observation(side, attribute, value, Evidence.PEER, offset)
        else:
            self.finished = True

    def _confirm(self, side: Side, data: bytes, offset: int) -> Iterator[Observation]:
        protocol = 0  # a server that knows of no other answers without a negotiation
        if len(data) >= _NEGOTIATION.size:
            kind, _, _, protocol = _NEGOTIATION.unpack_from(data)
            if kind != _NEGOTIATION_RESPONSE or protocol not in _SECURITY:
                self.finished = True  # refused: the client will ask anew
                return
        yield Observation(side, "rdp_security", _SECURITY[protocol], Evidence.PEER, offset)
        self.handover = protocol != 0


def _begins(behind: bytes, kinds: tuple[bytes, ...], size: int) -> Match:
    """Judge what should be a negotiation of one of `kinds`, at the end of a packet or in front of more."""
    if size < _FIXED + _NEGOTIATION.size or behind[:1] not in (b"", *kinds):
        return Match.NO
    if len(behind) < 4:
        return Match.MORE
    return Match.YES if behind[2:4] == b"\x08\0" else Match.NO


def _client(packet: bytes) -> Iterator[tuple[str, str]]:
    """Yield what the client core data in a Connect-Initial say."""
    core = _core(packet)
    if len(core) < _NAME_END:
        return
    name = host_name(core[_NAME_AT:_NAME_END].decode("utf-16-le", "replace").partition("\0")[0])
    build = str(int.from_bytes(core[_BUILD_AT:_NAME_AT], "little"))
    yield "rdp_client", canonical({"ClientBuild": build, **({"ClientName": name} if name else {})})
    if name:
        yield "hostname", name


def _core(packet: bytes) -> bytes:
    """Return the client core data; nothing where they are not found."""
    at = packet.find(_CLIENT_KEY)
    if at < 0:
        return b""
    at += len(_CLIENT_KEY)
    at += 2 if packet[at : at + 1] >= b"\x80" else 1  # the length, PER-encoded (X.691 10.9)
    for _ in range(_MAX_BLOCKS):
        if at + _BLOCK.size > len(packet):
            break
        kind, length = _BLOCK.unpack_from(packet, at)
        if kind == _CORE:
            return packet[at : at + length]
        at += max(length, _BLOCK.size)
    return b""
