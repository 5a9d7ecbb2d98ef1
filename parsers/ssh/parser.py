"""The SSH parser: both identification strings, then the server's packets up to the one that holds its host key.

What SSH 1 says after its identification strings is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import ClassVar, Final

from parsers.records import Evidence, Match, Observation, Side
from parsers.ssh import packet
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym, clean

_IDENTIFICATION: Final = re.compile(rb"SSH-(?:2\.|1\.)[0-9]")  # RFC 4253 4.2, 5.1
_MAX_LINE: Final = 512  # RFC 4253 4.2: 255 bytes
_MAX_BEFORE: Final = 8192  # bytes of other lines in front of the identification string
_MAX_PACKETS: Final = 32  # in clear, before the host key
_PATIENCE: Final = 32 * 1024  # bytes from one end, after all it says in clear, for which the other is still waited


class _State(Enum):
    LINES = auto()  # the identification string is due, or another line
    PACKETS = auto()
    SILENT = auto()


class _End:
    __slots__ = ("before", "packets", "skipped", "state")

    def __init__(self) -> None:
        self.state = _State.LINES
        self.before = 0
        self.packets = 0
        self.skipped = 0


class Ssh:
    """Reads one SSH connection. `client` is the side that did not answer the key exchange."""

    name: ClassVar[str] = "ssh"

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None
        self._ends = (_End(), _End())

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` begins with an identification string."""
        if not b"SSH-".startswith(head[:4]):
            return Match.NO
        if len(head) < 7:
            return Match.MORE if head[4:5] in b"12" and head[5:6] in b"." else Match.NO
        return Match.YES if _IDENTIFICATION.match(head) else Match.NO

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume what is said in clear, and skip what comes after it."""
        end = self._ends[side]
        while end.state is _State.LINES and stream.available:
            line = stream.peek(_MAX_LINE)
            newline = line.find(b"\n") + 1
            begins = line.startswith(b"SSH-")
            if not newline and len(line) < _MAX_LINE and not stream.closed:
                return
            line = line[: newline or len(line)]
            stream.skip(len(line))
            end.before += len(line)
            if begins and _IDENTIFICATION.match(line):
                # Before 2.0 the keys are elsewhere; 1.99 is a server of both, and the client decides.
                end.state = _State.SILENT if line.startswith(b"SSH-1.") and line[6:8] != b"99" else _State.PACKETS
                yield Observation(side, "ssh_software", clean(line), Evidence.PEER, stream.offset - 1)
            elif begins or end.before > _MAX_BEFORE:
                end.state = _State.SILENT
        while end.state is _State.PACKETS and (header := stream.peek(packet.LENGTH_FIELD)):
            size = int.from_bytes(header, "big")
            if len(header) == packet.LENGTH_FIELD and not packet.fits(size):
                end.state = _State.SILENT
            elif len(header) < packet.LENGTH_FIELD or stream.available < packet.LENGTH_FIELD + size:
                break
            else:
                yield from self._packet(side, end, stream.take(packet.LENGTH_FIELD + size), stream.offset - 1)
        if end.state is _State.SILENT:
            end.skipped += stream.available
            stream.skip(stream.available)
        self._settle()

    def gap(self, side: Side, length: int) -> None:
        """Expect nothing more of `side`: where its next packet begins cannot be told."""
        self._ends[side].state = _State.SILENT
        self._settle()

    def _packet(self, side: Side, end: _End, data: bytes, offset: int) -> Iterator[Observation]:
        end.packets += 1
        fingerprint = packet.host_key(data)
        if fingerprint:
            self.client = side.other
            yield Observation(side, "ssh_host_key", fingerprint, Evidence.PEER, offset)
        if fingerprint or packet.message(data) == packet.NEWKEYS or end.packets >= _MAX_PACKETS:
            end.state = _State.SILENT

    def _settle(self) -> None:
        """Finish once neither end says more in clear. A client has nothing to add to its identification string."""
        first, second = self._ends
        silent = [end.state is _State.SILENT for end in self._ends]
        answered = self.client is not None and self._ends[self.client].state is not _State.LINES
        self.finished = all(silent) or answered or max(first.skipped, second.skipped) > _PATIENCE
