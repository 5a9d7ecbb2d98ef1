"""RFB, the protocol of VNC (RFC 6143): the versions both ends begin with, and the security type they agree on."""

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
_OFFERS: Final = "003.007"  # from this version on, the client chooses (RFC 6143 7.1.2, appendix A)
# https://www.iana.org/assignments/rfb/
_SECURITY: Final = {1: "none", 2: "vnc", 5: "ra2", 16: "tight", 18: "tls", 19: "vencrypt", 20: "sasl"}


class Vnc:
    """Reads the opening of one RFB connection. The server speaks first, so the sides tell who that is."""

    name: ClassVar[str] = "vnc"

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None
        self._done = [False, False]
        self._skipped = 0
        self._versions = ["", ""]
        self._offered = b""  # security types, as the server lists them
        self._offered_at = 0  # where in its stream
        self._chosen = 0

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` begins with a ProtocolVersion message."""
        if not head.startswith(b"RFB "[: len(head)]):
            return Match.NO
        if len(head) < _LENGTH:
            return Match.MORE if _PATTERN.startswith(head.translate(_TO_DIGITS)) else Match.NO
        return Match.YES if _VERSION.match(head) else Match.NO

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume the version of `side`, and what it says of security; nothing else is of interest."""
        if not (self._done[side] or self._versions[side]):
            if stream.available < _LENGTH:
                return
            version = _VERSION.match(stream.take(_LENGTH))
            if not version:
                self.finished = True
                return
            self._versions[side] = version[1].decode()
            yield Observation(side, "vnc_version", self._versions[side], Evidence.PEER, stream.offset - 1)
        if not self._done[side]:
            self._done[side] = self._agree(side, stream)
            if self._chosen and self._chosen in self._offered:
                self.finished = True
                kind = _SECURITY.get(self._chosen, "other")
                yield Observation(Side.SERVER, "vnc_security", kind, Evidence.PEER, self._offered_at)
        if self._done[side]:
            self._skipped += stream.available
            stream.skip(stream.available)
        self.finished = self.finished or all(self._done) or self._skipped > _PATIENCE

    def gap(self, side: Side, length: int) -> None:
        """Expect nothing more of `side`."""
        self._done[side] = True
        self.finished = all(self._done)

    def _agree(self, side: Side, stream: StreamBuffer) -> bool:
        """Read what `side` says of security types (RFC 6143 7.1.2); say whether that was all."""
        asked = self._versions[Side.CLIENT]
        if not asked:  # a server that waits for the client's version, or whose client was not captured
            return stream.available > _PATIENCE
        if asked < _OFFERS:  # the server decides
            if side is Side.CLIENT:
                return True
            if stream.available < 4:
                return False
            self._chosen = int.from_bytes(stream.take(4), "big")
            self._offered = bytes((self._chosen,)) if self._chosen < 256 else b""
            self._offered_at = stream.offset - 1
            return True
        if not stream.available:
            return False
        if side is Side.CLIENT:
            self._chosen = stream.take(1)[0]
            return True
        size = 1 + stream.peek(1)[0]
        if stream.available < size:
            return False
        self._offered = stream.take(size)[1:]
        self._offered_at = stream.offset - 1
        return True
