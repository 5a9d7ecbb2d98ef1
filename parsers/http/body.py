"""Passes over one message body: chunk headers are read, data is skipped, and the first bytes are kept if asked for."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from parsers.http.message import CHUNKED, MAX_HEAD, MAX_LINE, UNTIL_CLOSE, chunk_size
from parsers.http.scan import find_line_end
from parsers.http.software import MAX_DOCUMENT
from parsers.malformed import Malformed
from parsers.stream import StreamBuffer

ENDLESS: Final = 1 << 62  # bytes to skip when a body ends with the connection


class Progress(Enum):
    """How far `Body.read` came."""

    MORE = auto()  # needs bytes that have not arrived
    FULL = auto()  # has kept all it may; call again
    DONE = auto()  # the stream is behind the body


class Body:
    """One body of a known length, CHUNKED, or UNTIL_CLOSE. State is O(1) but for what is kept."""

    __slots__ = ("_after_data", "_chunked", "_left", "_scanned", "_trailer", "kept")

    def __init__(self, length: int, keep: bool) -> None:
        self.kept = bytearray() if keep else None
        self._chunked = length == CHUNKED
        self._left = ENDLESS if length == UNTIL_CLOSE else max(0, length)  # of the body, or of the chunk
        self._after_data = False  # the CRLF behind a chunk's data comes next
        self._trailer = -1  # bytes of the trailer section so far; -1 in front of it
        self._scanned = 0

    def read(self, stream: StreamBuffer) -> Progress:
        """Consume what can be consumed now. Raises Malformed."""
        while True:
            if self._left:
                if self.kept is None:
                    stream.skip(self._left)
                    self._left = 0
                    continue
                count = min(self._left, stream.available, MAX_DOCUMENT - len(self.kept))
                self.kept += stream.take(count)
                self._left -= count
                if len(self.kept) == MAX_DOCUMENT:
                    return Progress.FULL
                if self._left:
                    return Progress.MORE
            if not self._chunked:
                return Progress.DONE
            if (end := find_line_end(stream, self._scanned)) < 0:
                self._scanned = stream.available
                if self._scanned >= MAX_LINE:
                    raise Malformed("chunk line too long", stream.offset)
                return Progress.MORE
            self._scanned = 0
            if self._line(stream.take(end + 1), stream.offset):
                return Progress.DONE

    @property
    def endless(self) -> bool:
        """Whether only the end of the connection ends this body."""
        return not self._chunked and self._left > ENDLESS // 2

    def lost(self, length: int) -> bool:
        """`length` bytes were lost from here: say whether they were all data, so that the rest can be followed."""
        self.kept = None
        if length > self._left:
            return False
        self._left -= length
        return True

    def _line(self, line: bytes, offset: int) -> bool:
        """Take a line of the chunked coding (RFC 9112 7.1); True when it ends the body."""
        empty = not line.strip()
        if self._trailer >= 0:
            self._trailer += len(line)
            if self._trailer > MAX_HEAD:
                raise Malformed("trailer section too long", offset)
            return empty
        if empty and self._after_data:
            self._after_data = False
            return False
        self._left = chunk_size(line)
        self._after_data = True
        if not self._left:
            self._trailer = 0
        return False
