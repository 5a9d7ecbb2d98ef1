"""SOCKS 4, 4a and 5 (RFC 1928, RFC 1929): whether a password in clear lets in. The protocol asked for follows.

SOCKS 4 and 4a: http://www.digitalcybersoft.com/ProxyList/socks4a.shtml
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.malformed import Malformed
from parsers.records import Evidence, Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym

_V4: Final = 4
_V5: Final = 5
_CONNECT: Final = 1
_BIND: Final = 2

_V4_FIXED: Final = 8  # bytes of a request in front of USERID, and of a reply
_V4_GRANTED: Final = 90
_MAX_TEXT: Final = 255  # our cap, of USERID and of the host name of 4a
_TEXT: Final = re.compile(rb"[\x20-\x7e]{0,255}")

# Methods: https://www.iana.org/assignments/socks-methods/
_NO_AUTHENTICATION: Final = 0
_PASSWORD: Final = 2
_METHODS: Final = frozenset((*range(10), *range(0x80, 0xFF)))
_MAX_METHODS: Final = 10

_PASSWORD_VERSION: Final = 1  # RFC 1929 2
_NAME: Final = 3  # address type (RFC 1928 4)
_ADDRESS_SIZES: Final = {1: 4, 4: 16}
_REQUEST: Final = re.compile(rb"\x05[\x01-\x03]\0[\x01\x03\x04]")  # version, command, reserved, address type
_LONGEST: Final = _V4_FIXED + 2 * (_MAX_TEXT + 1)  # of all messages


class Socks:
    """Reads one connection to a SOCKS server up to where it becomes the one that was asked for."""

    name: ClassVar[str] = "socks"
    relays = True

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None
        self._version = 0
        self._greeted = False  # the methods that the client offers were read
        self._command = 0  # of the request; 0 until it was read
        self._method = -1  # chosen by the server; -1 until it was read
        self._password = False  # the client has shown one
        self._replies = 1  # due until the other protocol begins

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` begins with a request of SOCKS 4, or is a greeting of SOCKS 5, perhaps with a request."""
        if head[:1] == b"\4":
            return _probe_v4(head)
        if head[:1] not in (b"", b"\5"):
            return Match.NO
        if len(head) < 2:
            return Match.MORE
        end = 2 + head[1]
        methods = head[2:end]
        if not 1 <= head[1] <= _MAX_METHODS or len(set(methods) & _METHODS) < len(methods):
            return Match.NO
        if len(head) > end:  # not all clients wait for the answer
            return _begins_request(head[end:])
        return Match.YES if len(head) == end else Match.MORE

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume whole messages. Raises Malformed."""
        if self.client is None:
            verdict = self.probe(stream.peek(_LONGEST), side)
            self.finished = verdict is Match.NO
            if verdict is Match.YES:
                self.client, self._version = side, stream.peek(1)[0]
        while self.client is not None and not (self.finished or self.handover):
            waits = self._command > 0 if side is self.client else not self._is_due()
            head = b"" if waits else stream.peek(_LONGEST)
            size = self._size(side, head) if head else 0
            if not 0 < size <= len(head):
                self.finished = side is not self.client and stream.available > _LONGEST  # it was not asked for so much
                return
            message = stream.take(size)
            if side is self.client:
                self._ask(message)
            elif (outcome := self._answer(message)) is not None and self._password:
                kind = self.name if outcome else f"{self.name}-refused"
                yield Observation(side, "clear_credentials", kind, Evidence.CLAIM, stream.offset - 1)

    def gap(self, side: Side, length: int) -> None:
        """Give up: where the next message begins cannot be told."""
        self.finished = True

    def _is_due(self) -> bool:
        """Whether what the server says next can be told: its reply only if the request was read."""
        return self._command > 0 or (self._version == _V5 and self._method != _NO_AUTHENTICATION)

    def _size(self, side: Side, head: bytes) -> int:
        """Return the size of the message that begins with `head`, 0 when more is needed to tell. Raises Malformed."""
        if self._version == _V4:
            return _request_size(head) if side is self.client else _V4_FIXED
        if side is self.client and not self._greeted:
            return 2 + head[1]
        if side is not self.client and self._method != _NO_AUTHENTICATION:
            return 2
        if head[0] == _PASSWORD_VERSION and side is self.client:
            at = 2 + head[1] if len(head) > 1 else len(head)
            return at + 1 + head[at] if at < len(head) else 0
        if head[0] != _V5:
            raise Malformed("not a message of SOCKS")
        return _addressed_size(head)

    def _ask(self, message: bytes) -> None:
        """Take a message of the client."""
        if self._version == _V5 and not self._greeted:
            self._greeted = True
        elif message[0] == self._version:
            self._command = message[1]
            self._replies = 2 if self._command == _BIND else 1
            self.finished = not self._command
        else:
            self._password = message[2 + message[1]] > 0

    def _answer(self, message: bytes) -> bool | None:
        """Take a message of the server; return what became of a login, None where it is about something else."""
        if self._version == _V5 and self._method != _NO_AUTHENTICATION:
            if self._method == _PASSWORD:  # this is what became of it
                self._method = _NO_AUTHENTICATION
                self.finished = message[1] != 0
                return not self.finished
            self._method = message[1]
            # What follows another method may be encrypted.
            self.finished = message[0] != _V5 or self._method not in (_NO_AUTHENTICATION, _PASSWORD)
            return None
        granted = message[1] == (_V4_GRANTED if self._version == _V4 else 0)
        self._replies -= 1
        self.finished = not granted or self._command not in (_CONNECT, _BIND)
        self.handover = not (self.finished or self._replies)
        return None


def _begins_request(head: bytes) -> Match:
    """Say whether `head` may begin a request of SOCKS 5 (RFC 1928 4)."""
    if len(head) >= 4:
        return Match.YES if _REQUEST.match(head) else Match.NO
    return Match.MORE if _REQUEST.match(head + b"\5\1\0\1"[len(head) :]) else Match.NO


def _probe_v4(head: bytes) -> Match:
    if len(head) > 1 and head[1] not in (_CONNECT, _BIND):
        return Match.NO
    if len(head) < _V4_FIXED:
        return Match.MORE
    named = head[4:7] == bytes(3) and head[7]  # 4a
    if head[2:4] == bytes(2) or not (named or 1 <= head[4] <= 223):
        return Match.NO
    rest = head[_V4_FIXED:]
    for least in (0, 1) if named else (0,):
        text = _TEXT.match(rest)
        end = text.end() if text else 0
        if end == len(rest) and end < _MAX_TEXT:
            return Match.MORE
        if rest[end : end + 1] != b"\0" or end < least:
            return Match.NO
        rest = rest[end + 1 :]
    return Match.YES


def _request_size(head: bytes) -> int:
    """Return the size of a request of SOCKS 4; 0 where it is not whole."""
    end = head.find(b"\0", _V4_FIXED) + 1
    if end and head[4:7] == bytes(3) and head[7]:
        end = head.find(b"\0", end) + 1
    return end


def _addressed_size(head: bytes) -> int:
    """Return the size of a request or reply of SOCKS 5 (RFC 1928 4, 6); 0 where more is needed to tell."""
    if len(head) < 5:
        return 0
    size = 1 + head[4] if head[3] == _NAME else _ADDRESS_SIZES.get(head[3])
    if size is None:
        raise Malformed("address of an unknown type")
    return 4 + size + 2
