"""MLLP (HL7 Transport Specification: MLLP, Release 1): find the segments worth reading in one direction.

Frames are <VT> message(s) <FS> <CR>. Tolerated: no VT where a header segment begins, no CR behind FS, blanks between
frames, no frames at all, CRLF or LF for the segments' CR. A message may be huge (a PDF in OBX-5), so it is walked
segment by segment, and of each segment no more than `SEGMENT_HEAD` bytes are ever kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import Final

from parsers.malformed import Malformed
from parsers.records import Match

SEGMENT_HEAD: Final = 8192  # bytes looked at of a segment; fields behind them are passed over

# MSH, FHS and BHS carry the delimiters: field separator, then up to five encoding characters (v2.7 added a fifth).
_HEADERS: Final = frozenset((b"MSH", b"FHS", b"BHS"))
_PREFIXES: Final = frozenset(name[:n] for name in _HEADERS for n in range(4))
_DELIMITERS: Final = re.compile(rb"([!-/:-@\[-`{-~])(?:(?!\1)[!-/:-@\[-`{-~]){1,5}\1")
_PUNCTUATION: Final = re.compile(rb"[!-/:-@\[-`{-~]*")
_START_LENGTH: Final = 3 + 7  # a header's name and its delimiters at their longest

_READ: Final = _HEADERS | frozenset((b"MSA", b"SFT", b"OBX", b"PRT", b"PID", b"PD1", b"NK1", b"IN1", b"BTS", b"FTS"))
_BLANKS: Final = re.compile(rb"[\x0b\s]*")
_VT: Final = b"\x0b"
_FS: Final = b"\x1c"


# A segment worth reading: its name, its bytes, its stream offset. The end of a frame: no name, no bytes, FS's offset.
Segment = tuple[bytes, bytes, int]


def starts_message(data: bytes, at: int = 0) -> Match:
    """Say whether data[at:] begins a message or batch: a header segment's name and plausible delimiters."""
    name = data[at : at + 3]
    if name in _HEADERS and _DELIMITERS.match(data, at + 3):
        return Match.YES
    if len(data) - at < _START_LENGTH and name in _PREFIXES and _PUNCTUATION.fullmatch(data, at + 3):
        return Match.MORE
    return Match.NO


class _State(Enum):
    BETWEEN = auto()  # a frame or header is due
    SEGMENT = auto()  # at the start of a segment
    REST = auto()  # in a segment of which enough was seen
    LOST = auto()  # until the next VT


class SegmentReader:
    """Walks one direction. What it keeps is bounded: the head of the segment that is still arriving."""

    __slots__ = ("_carry", "_separator", "_state", "_terminator", "offset")

    def __init__(self) -> None:
        self.offset = 0  # stream offset behind the last byte given
        self._state = _State.BETWEEN
        self._carry = b""  # start of a segment that is still arriving
        self._terminator = b"\r"  # of this message's segments
        self._separator = b"|"

    def turn(self) -> None:
        """The other end has spoken in between: a message may begin here, VT or not."""
        if self._state is _State.LOST:
            self._state = _State.BETWEEN

    def read(self, data: bytes, offset: int) -> Iterator[Segment]:
        """Walk on through `data`, which begins at stream `offset`.

        Raises Malformed where a frame begins with a header segment that has no delimiters.
        """
        base = offset - len(self._carry)
        self.offset = offset + len(data)
        if self._carry:
            data = self._carry + data
            self._carry = b""
        at, size, limit = 0, len(data), -1
        while at < size:
            if self._state is _State.LOST:
                at = data.find(_VT, at)
                if at < 0:
                    return
                self._state = _State.BETWEEN
            if self._state is _State.BETWEEN:
                if data[at] <= 0x20:
                    at = _past_blanks(data, at)
                match = starts_message(data, at)
                if match is Match.YES:
                    self._state = _State.SEGMENT
                elif match is Match.MORE:
                    self._carry = data[at:]
                    return
                elif data[at : at + 3] in _HEADERS:
                    raise Malformed("HL7 header without delimiters", base + at)
                else:
                    self._state = _State.LOST
                    continue
            if limit < at:
                limit = data.find(_FS, at)
                limit = size if limit < 0 else limit
            if self._state is _State.REST:
                end = data.find(self._terminator, at, limit)
                at = limit if end < 0 else end + 1
                if end >= 0 or limit < size:
                    self._state = _State.SEGMENT
            while at < limit:
                if data[at] <= 0x20:  # LF of CRLF, a blank line, or the VT of a frame whose FS is missing
                    at = _past_blanks(data, at)
                name = data[at : at + 3]
                if name in _HEADERS and not self._read_delimiters(data, at, limit):
                    name = b""  # no header, just text that looks like one
                end = data.find(self._terminator, at, limit)
                if end < 0:
                    end = limit
                    if limit == size and size - at <= SEGMENT_HEAD:
                        self._carry = data[at:]
                        return
                if end - at > SEGMENT_HEAD:
                    if segment := self._cut(data[at : at + SEGMENT_HEAD], base + at):
                        yield segment
                    at += SEGMENT_HEAD
                    self._state = _State.REST
                    break
                if name in _READ and data[at + 3 : at + 4] == self._separator:
                    yield name, data[at:end], base + at
                at = end + 1 if end < limit else end
            if at == limit < size and self._state is _State.SEGMENT:
                yield b"", b"", base + at
                self._state = _State.BETWEEN
                at += 1

    def cut(self) -> Segment | None:
        """Nothing follows the bytes given so far: return the whole fields of the segment they end in, and be lost."""
        segment = self._cut(self._carry, self.offset - len(self._carry)) if self._state is _State.SEGMENT else None
        self._carry = b""
        self._state = _State.LOST
        return segment

    def _cut(self, segment: bytes, offset: int) -> Segment | None:
        name = segment[:3]
        if name not in _READ or segment[3:4] != self._separator:
            return None
        if name in _HEADERS and starts_message(segment) is not Match.YES:
            return None
        return name, segment[: segment.rfind(self._separator)], offset  # its last field may be part of one

    def _read_delimiters(self, data: bytes, at: int, limit: int) -> bool:
        """Take over a header's field separator and the way it ends; a LF in the text of a CR message ends nothing."""
        if not _DELIMITERS.match(data, at + 3):
            return False
        self._separator = data[at + 3 : at + 4]
        limit = min(limit, at + SEGMENT_HEAD + 1)
        cr = data.find(b"\r", at, limit)
        lf = data.find(b"\n", at, limit if cr < 0 else cr)
        self._terminator = b"\r" if lf < 0 else b"\n"
        return True


def _past_blanks(data: bytes, at: int) -> int:
    match = _BLANKS.match(data, at)
    return match.end() if match else at
