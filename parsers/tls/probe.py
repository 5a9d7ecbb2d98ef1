"""Whether a stream is TLS, judged by its first bytes alone."""

from __future__ import annotations

from typing import Final

from parsers.records import Match
from parsers.tls import sslv2
from parsers.tls.record import (
    ALERT,
    CLIENT_HELLO,
    HANDSHAKE,
    HEADER_LENGTH,
    MAX_MESSAGE,
    SERVER_HELLO,
    begins_record,
    record_size,
)

_LIMIT: Final = 1024  # bytes looked at before a stream met in the middle is given up
_SHORTEST_HELLO: Final = 2 + 32 + 1 + 2 + 1  # version, random, session id, suite, compression


def probe(head: bytes) -> Match:
    """Say whether `head` begins with a hello or an alert, or goes on with two records that follow each other."""
    if not head:
        return Match.MORE
    if head[0] & 0x80:
        return max(sslv2.client_hello(head), sslv2.server_hello(head))
    if not begins_record(head):
        return Match.NO
    if len(head) <= HEADER_LENGTH:
        return Match.MORE
    if head[0] == HANDSHAKE:
        verdict = _begins_hello(_first_fragments(head))
        if verdict is not Match.NO:
            return verdict
    if head[0] == ALERT and record_size(head) == 7 and head[5] in (1, 2):  # AlertLevel (RFC 8446 6)
        return Match.YES
    return _two_records(head)


def _first_fragments(head: bytes) -> bytes:
    """Return the handshake bytes of the records in `head`: a hello may begin in one and go on in the next."""
    fragments = b""
    at = 0
    while len(fragments) < 6 and head[at : at + 1] == bytes([HANDSHAKE]):
        header = head[at : at + HEADER_LENGTH]
        if len(header) < HEADER_LENGTH or not begins_record(header):
            break
        end = at + record_size(header)
        fragments += head[at + HEADER_LENGTH : end]
        at = end
    return fragments


def _begins_hello(start: bytes) -> Match:
    """Judge a handshake message by its type, length and, first thing in either hello, its version."""
    if start[0] not in (CLIENT_HELLO, SERVER_HELLO):
        return Match.NO
    if len(start) < 6:
        return Match.MORE
    fits = _SHORTEST_HELLO <= int.from_bytes(start[1:4], "big") <= MAX_MESSAGE
    return Match.YES if fits and start[4] == 3 and start[5] <= 4 else Match.NO


def _two_records(head: bytes) -> Match:
    """Judge a stream met in the middle: only where a second header of the same version follows the first record."""
    second = head[record_size(head) :][:HEADER_LENGTH]
    if not begins_record(second) or not head[1:3].startswith(second[1:3]):
        return Match.NO
    if len(second) == HEADER_LENGTH:
        return Match.YES
    return Match.MORE if len(head) < _LIMIT else Match.NO
