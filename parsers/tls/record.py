"""The record layer: what a record header may be, and handshake messages put together from records.

RFC 8446 5.1, RFC 5246 6.2, RFC 6101 5.2 (SSL 3.0). All of them share one header: type, version, length.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from parsers.malformed import Malformed

# ContentType (RFC 8446 B.1; heartbeat is RFC 6520 6)
CHANGE_CIPHER_SPEC: Final = 20
ALERT: Final = 21
HANDSHAKE: Final = 22
APPLICATION_DATA: Final = 23
HEARTBEAT: Final = 24

# HandshakeType (RFC 8446 4, RFC 5246 7.4)
CLIENT_HELLO: Final = 1
SERVER_HELLO: Final = 2
CERTIFICATE: Final = 11
CERTIFICATE_REQUEST: Final = 13
SERVER_HELLO_DONE: Final = 14
CLIENT_KEY_EXCHANGE: Final = 16

HEADER_LENGTH: Final = 5
MAX_FRAGMENT: Final = 2**14 + 2048  # RFC 5246 6.2.3; RFC 8446 allows less
MAX_MESSAGE: Final = 64 * 1024  # our cap: real chains and hellos stay well below
MAX_HANDSHAKE_RECORDS: Final = 1024  # our cap, of one direction: a 16 KiB flight in 16-byte records still passes


def begins_record(header: bytes) -> bool:
    """Say whether a TLS record could begin with `header`, of which up to five bytes are looked at."""
    if header[:1] and not CHANGE_CIPHER_SPEC <= header[0] <= HEARTBEAT:
        return False
    if len(header) > 1 and header[1] != 3:
        return False
    if len(header) > 2 and header[2] > 4:
        return False
    if len(header) < HEADER_LENGTH:
        return True
    length = header[3] << 8 | header[4]
    # Only application data may be empty (RFC 5246 6.2.1).
    return length <= MAX_FRAGMENT and (length > 0 or header[0] == APPLICATION_DATA)


def record_size(header: bytes) -> int:
    """Return the bytes of the record, its five-byte `header` included."""
    return HEADER_LENGTH + (header[3] << 8 | header[4])


class HandshakeMessages:
    """The handshake messages of one direction: a record may hold several, or a part of one (RFC 8446 5.1)."""

    __slots__ = ("_pending", "_records")

    def __init__(self) -> None:
        self._pending = bytearray()
        self._records = 0

    def begin_outside_hello(self, fragment: bytes) -> bool:
        """Say whether `fragment` begins a message, and one other than a hello."""
        return not self._pending and fragment[0] not in (CLIENT_HELLO, SERVER_HELLO)

    def add(self, fragment: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield (type, body) of each message that the next record's `fragment` completes.

        Raises Malformed on a message longer than `MAX_MESSAGE` and after `MAX_HANDSHAKE_RECORDS` records.
        """
        self._records += 1
        if self._records > MAX_HANDSHAKE_RECORDS:
            raise Malformed("too many handshake records")
        pending = self._pending
        pending += fragment
        while len(pending) >= 4:
            end = 4 + int.from_bytes(pending[1:4], "big")
            if end > MAX_MESSAGE:
                raise Malformed("handshake message too long")
            if len(pending) < end:
                return
            kind, body = pending[0], bytes(pending[4:end])
            del pending[:end]
            yield kind, body
