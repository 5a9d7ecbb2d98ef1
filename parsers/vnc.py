"""RFB, the protocol of VNC (RFC 6143): the versions both ends begin with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.records import Evidence, Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym

_VERSION: Final = re.compile(rb"RFB ([0-9]{3}\.[0-9]{3})\n")  # RFC 6143 7.1.1
_LENGTH: Final = 12
_PATTERN: Final = b"RFB 000.000\n"
_PATIENCE: Final = 4096  # bytes from one end behind its version, while the other's has not arrived
_TO_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")


class Vnc:
    """Reads one RFB connection. The server speaks first, so the order does not tell who that is; the sides do."""

    name: ClassVar[str] = "vnc"

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None
        self._done = [False, False]
        self._skipped = 0

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` begins with a ProtocolVersion message."""
        if not head.startswith(b"RFB "[: len(head)]):
            return Match.NO
        if len(head) < _LENGTH:
            return Match.MORE if _PATTERN.startswith(head.translate(_TO_DIGITS)) else Match.NO
        return Match.YES if _VERSION.match(head) else Match.NO

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume the version of `side`; nothing else is of interest."""
        if self._done[side]:
            self._skipped += stream.available
            stream.skip(stream.available)
            self.finished = self._skipped > _PATIENCE
            return
        if stream.available < _LENGTH:
            return
        version = _VERSION.match(stream.take(_LENGTH))
        self._done[side] = True
        if version:
            yield Observation(side, "vnc_version", version[1].decode(), Evidence.PEER, stream.offset - 1)
        self.finished = not version or all(self._done)

    def gap(self, side: Side, length: int) -> None:
        """Expect nothing more of `side`."""
        self._done[side] = True
        self.finished = all(self._done)
