"""LDAP (RFC 4511): whether a password in clear lets in, and the names in the NTLM messages of a bind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from parsers import ber, ntlm
from parsers.records import Evidence, Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym

# protocolOp (RFC 4511 4.2, 4.5, 4.12)
_BIND_REQUEST: Final = 0x60
_BIND_RESPONSE: Final = 0x61
_SEARCH_REQUEST: Final = 0x63
_SEARCH_ENTRY: Final = 0x64
_SEARCH_DONE: Final = 0x65
_EXTENDED_REQUEST: Final = 0x77
_EXTENDED_RESPONSE: Final = 0x78
_FROM_CLIENT: Final = (_BIND_REQUEST, _SEARCH_REQUEST, _EXTENDED_REQUEST)
_FROM_SERVER: Final = (_BIND_RESPONSE, _SEARCH_ENTRY, _SEARCH_DONE, _EXTENDED_RESPONSE)
_SIMPLE: Final = 0x80  # AuthenticationChoice (RFC 4511 4.2)
_SUCCESS: Final = b"\x0a\x01\0"  # resultCode (RFC 4511 4.1.9)
_START_TLS: Final = b"1.3.6.1.4.1.1466.20037"  # RFC 4511 4.14.1

_TLS_RECORD: Final = b"\x16\x03"
_HEADER: Final = 6  # tag and the longest length
_MAX_MESSAGE: Final = 64 * 1024  # our cap, of a bind
_MAX_MESSAGES: Final = 64  # of either end, until the login


class Ldap:
    """Reads one LDAP connection up to its login."""

    name: ClassVar[str] = "ldap"

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None
        self._asked = False  # the client wants TLS, and waits
        self._bind = 0  # id of the bind that showed a password and is not answered yet
        self._messages = [0, 0]

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` begins with one of the messages that connections begin with."""
        if head[:1] not in (b"", b"\x30"):
            return Match.NO
        at = 2 + (head[1] & 0x7F if len(head) > 1 and head[1] & 0x80 else 0)
        if at > _HEADER or head[at : at + 1] not in (b"", b"\x02"):
            return Match.NO
        if len(head) <= at + 1:
            return Match.MORE
        if not 1 <= head[at + 1] <= 4:
            return Match.NO
        at += 2 + head[at + 1]
        if len(head) <= at:
            return Match.MORE
        return Match.YES if head[at] in _FROM_CLIENT or head[at] in _FROM_SERVER else Match.NO

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume whole messages. Raises Malformed."""
        while not (self.finished or self.handover):
            header = stream.peek(_HEADER)
            if self._asked and side is self.client:
                self.handover = header.startswith(_TLS_RECORD)  # though no answer was seen
                return
            if len(header) < 2 or (header[1] & 0x80 and len(header) < _HEADER):
                return
            if header[0] != ber.SEQUENCE:
                self.finished = True  # a SASL security layer has begun (RFC 4422 3.7)
                return
            size = ber.element(header, 0, len(header))[2]
            if size > _MAX_MESSAGE:
                stream.skip(size)
            elif stream.available < size:
                return
            else:
                yield from self._message(side, stream.take(size), stream.offset - 1)
            self._messages[side] += 1
            self.finished = self.finished or self._messages[side] >= _MAX_MESSAGES

    def gap(self, side: Side, length: int) -> None:
        """Give up: where the next message begins cannot be told."""
        self.finished = True

    def _message(self, side: Side, data: bytes, offset: int) -> Iterator[Observation]:
        _, at, end = ber.whole(data, 0, len(data), ber.SEQUENCE)
        _, begin, at = ber.whole(data, at, end, ber.INTEGER)
        message_id = int.from_bytes(data[begin:at])
        operation, at, end = ber.whole(data, at, end)
        if operation in _FROM_CLIENT:
            self.client = side
        elif operation in _FROM_SERVER:
            self.client = side.other
        if operation == _EXTENDED_REQUEST:
            self._asked = _START_TLS in data
        elif operation == _EXTENDED_RESPONSE:
            self.handover = self._asked and data[at : at + 3] == _SUCCESS
            self._asked = False
        elif operation == _BIND_REQUEST and _has_password(data, at, end):
            self._bind = message_id
        elif operation == _BIND_RESPONSE and message_id and self._bind == message_id:
            self._bind = 0
            self.finished = data[at : at + 3] == _SUCCESS
            kind = "ldap" if self.finished else "ldap-refused"
            yield Observation(side, "clear_credentials", kind, Evidence.CLAIM, offset)
        elif operation in (_BIND_REQUEST, _BIND_RESPONSE) and (message := ntlm.read(data)):
            self.finished = message.type == ntlm.AUTHENTICATE
            for attribute, value in message.said:
                yield Observation(side, attribute, value, Evidence.PEER, offset)


def _has_password(data: bytes, at: int, end: int) -> bool:
    """Whether a bind names somebody, and shows a password. Raises Malformed."""
    at = ber.whole(data, at, end, ber.INTEGER)[2]
    _, name, at = ber.whole(data, at, end, ber.OCTET_STRING)
    choice, secret, stop = ber.whole(data, at, end)
    return choice == _SIMPLE and name < at and secret < stop
