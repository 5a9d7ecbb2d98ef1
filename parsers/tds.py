"""TDS, as Microsoft SQL Server speaks it (MS-TDS): the names in the NTLM messages of a login in clear.

Most logins are encrypted within TDS and say nothing. What is asked and answered after the login is not read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import ClassVar, Final

from parsers import ntlm
from parsers.malformed import Malformed
from parsers.records import Evidence, Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym

_HEADER: Final = struct.Struct(">BBHHBB")  # 2.2.3.1: type, status, length, SPID, packet, window
_RESPONSE, _LOGIN7, _SSPI, _PRELOGIN = 0x04, 0x10, 0x11, 0x12  # 2.2.3.1.1
_KINDS: Final = (_RESPONSE, _LOGIN7, _SSPI, _PRELOGIN)
_MAX_PACKET: Final = 32767  # 2.2.6.4, PacketSize
_MAX_PACKETS: Final = 16  # of a login


class Tds:
    """Reads one connection up to the end of its login."""

    name: ClassVar[str] = "tds"

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None
        self._packets = 0

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` is the first packet of a login: a whole LOGIN7 or PRELOGIN, of no process yet."""
        if head[:1] not in (b"", b"\x10", b"\x12") or head[1:2] not in (b"", b"\1"):
            return Match.NO
        if len(head) < _HEADER.size:
            return Match.MORE
        _, _, length, spid, number, window = _HEADER.unpack_from(head)
        return Match.YES if _HEADER.size < length <= _MAX_PACKET and spid == window == 0 and number < 2 else Match.NO

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume whole packets. Raises Malformed."""
        while not self.finished and stream.available >= _HEADER.size:
            kind, _, length, *_ = _HEADER.unpack(stream.peek(_HEADER.size))
            if kind not in _KINDS:  # a batch, or TLS
                self.finished = True
                return
            if not _HEADER.size <= length <= _MAX_PACKET:
                raise Malformed("packet length out of range", stream.offset)
            if stream.available < length:
                return
            self.client = side.other if kind == _RESPONSE else side
            message = ntlm.read(stream.take(length))
            for attribute, value in message.said if message else ():
                yield Observation(side, attribute, value, Evidence.PEER, stream.offset - 1)
            self._packets += 1
            self.finished = self._packets >= _MAX_PACKETS or (message is not None and message.type == ntlm.AUTHENTICATE)

    def gap(self, side: Side, length: int) -> None:
        """Give up: where the next packet begins cannot be told."""
        self.finished = True
