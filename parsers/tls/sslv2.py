"""The two SSL 2.0 messages that may open a conversation.

CLIENT-HELLO: RFC 6101 appendix E and RFC 5246 E.2; the form in which old clients offer SSL 3.0 and TLS too.
SERVER-HELLO: The SSL Protocol, Netscape 1995, 2.6: what a server answers that chose SSL 2.0 itself.
"""

from __future__ import annotations

from typing import Final

from parsers.records import Match

VERSION: Final = 0x0002
_CLIENT_FIELDS_END: Final = 11  # where the fields of variable length begin
_SERVER_FIELDS_END: Final = 13
HEAD_LENGTH: Final = _SERVER_FIELDS_END  # enough of either to tell it

_CLIENT_HELLO: Final = 1
_SERVER_HELLO: Final = 4


def message_size(head: bytes) -> int:
    """Return the bytes of the message, its two-byte header included."""
    return 2 + ((head[0] & 0x7F) << 8 | head[1])


def client_hello(head: bytes) -> Match:
    """Say whether `head` begins a CLIENT-HELLO, for any version."""
    if not _may_begin(head, _CLIENT_HELLO) or (len(head) > 3 and head[3] not in (0, 3)):
        return Match.NO
    if len(head) < _CLIENT_FIELDS_END:
        return Match.MORE
    version, suites, session, challenge = (head[at] << 8 | head[at + 1] for at in (3, 5, 7, 9))
    fits = _CLIENT_FIELDS_END + suites + session + challenge == message_size(head)
    known = version == VERSION or 0x0300 <= version <= 0x0304
    sizes = suites and suites % 3 == 0 and session in (0, 16, 32) and 16 <= challenge <= 32
    return Match.YES if fits and known and sizes else Match.NO


def offers_nothing_later(head: bytes) -> bool:
    """Say whether the CLIENT-HELLO `head` is from a client that knows SSL 2.0 alone: no TLS record will follow."""
    return head[3:5] == VERSION.to_bytes(2, "big")


def server_hello(head: bytes) -> Match:
    """Say whether `head` begins a SERVER-HELLO of SSL 2.0."""
    if not _may_begin(head, _SERVER_HELLO) or any(flag > 1 for flag in head[3:5]):
        return Match.NO
    if len(head) < _SERVER_FIELDS_END:
        return Match.MORE
    version, certificate, suites, connection = (head[at] << 8 | head[at + 1] for at in (5, 7, 9, 11))
    fits = _SERVER_FIELDS_END + certificate + suites + connection == message_size(head)
    return Match.YES if fits and version == VERSION and suites % 3 == 0 else Match.NO


def _may_begin(head: bytes, kind: int) -> bool:
    return head[0] & 0x80 != 0 and (len(head) < 3 or head[2] == kind)
