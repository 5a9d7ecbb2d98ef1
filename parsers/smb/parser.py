"""The SMB parser: messages in NetBIOS sessions, or framed alike on TCP (MS-SMB2 2.1), up to the session setup."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.discovery.netbios import decode_name
from parsers.hostnames import host_name
from parsers.malformed import Malformed
from parsers.records import Evidence, Match, Observation, Side
from parsers.smb import smb1, smb2
from parsers.smb.fields import Said
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym

# Types of a session service packet (RFC 1002 4.3.1)
_MESSAGE: Final = 0x00
_REQUEST: Final = 0x81
_RESPONSES: Final = (0x82, 0x83, 0x84)
_KEEP_ALIVE: Final = 0x85
_FRAME_HEADER: Final = 4
_NAME: Final = 34  # an encoded name without scope: its length, 32 letters, the root
_REQUEST_BEGIN: Final = b"\x81\0\0\x44\x20"  # the length is that of two such names
_MAGIC: Final = (smb1.MAGIC, smb2.MAGIC, b"\xfdSMB", b"\xfcSMB")  # the last two: encrypted, compressed
_MAX_MESSAGE: Final = 128 * 1024  # our cap, of a negotiation or a session setup
_MAX_MESSAGES: Final = 64  # looked at on one connection: logins that fail again and again


class Smb:
    """Reads one SMB connection. `client` is the side that asks."""

    name: ClassVar[str] = "smb"

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None
        self._dialects: list[str] = []
        self._messages = 0

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` begins with an SMB message, or with a session request that may be followed by one."""
        if not head:
            return Match.MORE
        if head[0] == _REQUEST:
            if len(head) >= len(_REQUEST_BEGIN):
                return Match.YES if head.startswith(_REQUEST_BEGIN) else Match.NO
            return Match.MORE if _REQUEST_BEGIN.startswith(head) else Match.NO
        if head[0]:
            return Match.NO
        magic = head[4:8]
        if len(magic) == 4:
            return Match.YES if magic in _MAGIC else Match.NO
        return Match.MORE if any(one.startswith(magic) for one in _MAGIC) else Match.NO

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume whole packets. Raises Malformed."""
        while not self.finished and stream.available >= _FRAME_HEADER:
            frame = stream.peek(_FRAME_HEADER + smb2.HEADER)
            size = _FRAME_HEADER + int.from_bytes(frame[1:4], "big")
            if frame[0] == _MESSAGE:
                if len(frame) < min(size, _FRAME_HEADER + smb1.HEADER):
                    return
                if size > _FRAME_HEADER and not _is_wanted(frame[_FRAME_HEADER:size], size):
                    self.finished = True
                    return
            elif frame[0] not in (_REQUEST, *_RESPONSES, _KEEP_ALIVE) or size > _FRAME_HEADER + 2 * 256:
                raise Malformed("not a session service packet", stream.offset)
            if stream.available < size:
                return
            packet = stream.take(size)
            for attribute, value in self._packet(side, packet):
                yield Observation(side, attribute, value, Evidence.PEER, stream.offset - 1)

    def gap(self, side: Side, length: int) -> None:
        """Give up: where the next packet begins cannot be told."""
        self.finished = True

    def _packet(self, side: Side, packet: bytes) -> Said:
        if packet[0] == _REQUEST:
            self.client = side
            name = _calling_name(packet)
            return [("hostname", name)] if name else []
        message = packet[_FRAME_HEADER:]
        if packet[0] != _MESSAGE or not message:
            return []
        self._messages += 1
        self.finished = self._messages >= _MAX_MESSAGES
        return self._message(side, message)

    def _message(self, side: Side, message: bytes) -> Said:
        if message.startswith(smb1.MAGIC):
            self.client = side.other if smb1.is_response(message) else side
            if dialects := smb1.offered(message):
                self._dialects = dialects
                return []
            return smb1.read(message, self._dialects)
        self.client = side.other if smb2.is_response(message) else side
        return smb2.read(message)


def _is_wanted(head: bytes, size: int) -> bool:
    """Say whether the message that begins with `head` is of the negotiation or the session setup."""
    if size > _MAX_MESSAGE or len(head) < smb1.HEADER:
        return False
    if head.startswith(smb1.MAGIC):
        return smb1.is_of_interest(head)
    return head.startswith(smb2.MAGIC) and smb2.is_of_interest(head)


def _calling_name(packet: bytes) -> str:
    """Return the name of the computer that asks for a session (RFC 1002 4.3.2)."""
    encoded = packet[_FRAME_HEADER + _NAME + 1 : _FRAME_HEADER + 2 * _NAME - 1]
    try:
        name = decode_name(encoded)
    except Malformed:
        return ""
    return host_name(name.text) if name.computer else ""
