"""Databases of which nothing is read but the way into TLS: PostgreSQL and MySQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.records import Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym

# https://www.postgresql.org/docs/current/protocol-message-formats.html
_SSL_REQUEST: Final = bytes.fromhex("0000000804d2162f")
_GSS_REQUEST: Final = bytes.fromhex("0000000804d21630")
_GRANTED: Final = b"S"
_REFUSED: Final = b"N"

# https://dev.mysql.com/doc/dev/mysql-server/9.1.0/page_protocol_connection_phase_packets_protocol_handshake_v10.html
_GREETING: Final = re.compile(rb"[\x20-\xff]\0\0\0\x0a[0-9]{1,2}\.[0-9]", re.DOTALL)
_GREETING_BEGIN: Final = b"\x20\0\0\0\x0a5.0"  # any that is as long as it takes
# https://dev.mysql.com/doc/dev/mysql-server/8.4.6/page_protocol_basic_tls.html
_MYSQL_HEADER: Final = 4  # length, sequence number
_MYSQL_SSL_REQUEST: Final = b"\x20\0\0\1"
_CLIENT_SSL: Final = 0x0800


class _Prelude:
    """One connection, up to where TLS begins, or does not."""

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None

    def gap(self, side: Side, length: int) -> None:
        """Give up: what was lost may have been the answer."""
        self.finished = True


class PostgreSql(_Prelude):
    """Reads one PostgreSQL connection that begins with a request for encryption."""

    name: ClassVar[str] = "postgresql"

    def __init__(self, pseudonym: Pseudonym) -> None:
        super().__init__(pseudonym)
        self._asked = b""  # and not yet answered

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` begins with such a request."""
        if head[:8] in (_SSL_REQUEST, _GSS_REQUEST):
            return Match.YES
        return Match.MORE if _SSL_REQUEST.startswith(head) or _GSS_REQUEST.startswith(head) else Match.NO

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume requests and their answers, of one byte each. Say nothing."""
        verdict = self.probe(stream.peek(8), side)
        if self.client is None and verdict is Match.YES:
            self.client = side
        if self.client is side.other and self._asked and stream.available:
            answer = stream.take(1)
            self.handover = answer == _GRANTED and self._asked == _SSL_REQUEST
            self.finished = not self.handover and answer != _REFUSED
            self._asked = b""
        elif self.client is not side.other and not self._asked:
            self.finished = verdict is Match.NO
            self._asked = stream.take(8) if verdict is Match.YES else b""
        yield from ()


class MySql(_Prelude):
    """Reads one MySQL connection: the server's greeting, and the first packet of the client."""

    name: ClassVar[str] = "mysql"

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` begins with a greeting."""
        if _GREETING.match(head):
            return Match.YES
        # A head that is too short for a greeting may become one if, filled up, it is one.
        filled = head + _GREETING_BEGIN[len(head) :]
        return Match.MORE if len(head) < len(_GREETING_BEGIN) and _GREETING.match(filled) else Match.NO

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume both packets. Say nothing."""
        head = stream.peek(_MYSQL_HEADER + 2)
        if self.client is None:
            verdict = self.probe(stream.peek(len(_GREETING_BEGIN)), side)
            self.finished = verdict is Match.NO
            if verdict is Match.YES:
                self.client = side.other
                stream.skip(_MYSQL_HEADER + head[0])
        elif self.client is side and len(head) == _MYSQL_HEADER + 2:
            wants_tls = head.startswith(_MYSQL_SSL_REQUEST) and head[5] << 8 & _CLIENT_SSL
            self.finished = not wants_tls
            if wants_tls and stream.available >= _MYSQL_HEADER + head[0]:
                stream.skip(_MYSQL_HEADER + head[0])
                self.handover = True
        yield from ()
