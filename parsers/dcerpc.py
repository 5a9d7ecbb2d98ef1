"""DCE/RPC over TCP (C706 12): the names in the NTLM messages of its binds (MS-RPCE 2.2.2.11)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import ClassVar, Final

from parsers import ntlm
from parsers.malformed import Malformed
from parsers.records import Evidence, Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym

_HEADER: Final = struct.Struct("BBBB4sHHI")  # version, minor, type, flags, representation, lengths, call
_REQUEST: Final = 0
_BIND: Final = 11
_BIND_ACK: Final = 12
_BIND_NAK: Final = 13
_ALTER_CONTEXT: Final = 14
_ALTER_CONTEXT_RESP: Final = 15
_AUTH3: Final = 16
_BINDS: Final = (_BIND, _BIND_ACK, _BIND_NAK, _ALTER_CONTEXT, _ALTER_CONTEXT_RESP, _AUTH3)
_FROM_CLIENT: Final = (_REQUEST, _BIND, _ALTER_CONTEXT, _AUTH3)
_BEGIN: Final = b"\x05\0"
_LITTLE_ENDIAN: Final = (b"\x10\0\0\0", b"\x11\0\0\0")  # data representation; what big-endian hosts say is not read
_MAX_BINDS: Final = 16


class DceRpc:
    """Reads one connection up to its first request that comes after the binds."""

    name: ClassVar[str] = "dcerpc"

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None
        self._binds = 0

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` begins with a bind, or an answer to one."""
        if not head.startswith(_BEGIN[: len(head)]) or head[2:3] not in (b"", b"\x0b", b"\x0c", b"\x0d"):
            return Match.NO
        if len(head) < _HEADER.size:
            return Match.MORE if b"\x10\0\0\0".startswith(head[4:8]) else Match.NO
        fits = head[4:8] in _LITTLE_ENDIAN and _HEADER.size <= _HEADER.unpack_from(head)[5]
        return Match.YES if fits else Match.NO

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume whole PDUs. Raises Malformed."""
        while not self.finished and stream.available >= _HEADER.size:
            version, minor, kind, _, representation, length, auth, _ = _HEADER.unpack(stream.peek(_HEADER.size))
            if version != 5 or minor > 1 or representation not in _LITTLE_ENDIAN or length < _HEADER.size:
                raise Malformed("not a DCE/RPC header", stream.offset)
            self.client = side if kind in _FROM_CLIENT else side.other
            if kind not in _BINDS:
                self.finished = True
                return
            if stream.available < length:
                return
            pdu = stream.take(length)
            self._binds += 1
            message = ntlm.read(pdu[length - auth :]) if 0 < auth <= length else None
            for attribute, value in message.said if message else ():
                yield Observation(side, attribute, value, Evidence.PEER, stream.offset - 1)
            self.finished = self._binds >= _MAX_BINDS or (message is not None and message.type == ntlm.AUTHENTICATE)

    def gap(self, side: Side, length: int) -> None:
        """Give up: where the next PDU begins cannot be told."""
        self.finished = True
