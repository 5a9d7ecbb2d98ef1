"""The unread bytes of one direction of a connection: a rope of slices that is read, skipped and forgotten.

Pure: it knows bytes and offsets, not packets. Segments may carry marks (one label each; an array of them for many
segments), from which the owner later tells where a stream offset came from.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = bytes | bytearray | memoryview


class _Piece:
    """Consecutive segments of one buffer: segment i is buffer[starts[i]:starts[i] + length], its end at ends[i]."""

    __slots__ = ("buffer", "end", "ends", "marks", "start", "starts")

    def __init__(self, buffer: memoryview, start: int, end: int, starts: Any, ends: Any, marks: Any) -> None:
        self.buffer = buffer
        self.start = start  # stream offset of the first byte
        self.end = end  # stream offset behind the last byte
        self.starts = starts  # buffer offset of each segment; an int when there is just one
        self.ends = ends  # stream offset behind each segment; None when there is just one
        self.marks = marks


class StreamBuffer:
    """Bytes of one direction, in order, from `offset` on.

    A reader uses `available`, `peek`, `take`, `skip` and `find`; the owner uses `append`, `append_segments`, `lose`,
    `close` and `settle`. `skip` may reach past what has arrived: the rest is dropped, unread, as it comes.
    """

    __slots__ = ("_pieces", "_tail_mark", "_written", "closed", "cut", "offset")

    def __init__(self) -> None:
        self.offset = 0  # stream offset of the next unread byte
        self.closed = False  # no more bytes will come
        self.cut = False  # a gap follows what has arrived: what is not read now is lost with it
        self._written = 0  # stream offset behind the last byte that arrived
        self._pieces: deque[_Piece] = deque()
        self._tail_mark: Any = None

    # -- reader ------------------------------------------------------------------------------------------------

    @property
    def available(self) -> int:
        """Unread bytes that have arrived (0 while a skip is still being satisfied)."""
        return self._written - self.offset if self._written > self.offset else 0

    @property
    def skipping(self) -> int:
        """Bytes of a skip that have not arrived yet."""
        return self.offset - self._written if self.offset > self._written else 0

    def peek(self, count: int) -> bytes:
        """Return up to `count` of the next bytes without consuming them."""
        available = self._written - self.offset
        if available <= 0:
            return b""
        return self._read(self.offset, count if count < available else available)

    def take(self, count: int) -> bytes:
        """Return exactly `count` bytes and consume them; `count` must not exceed `available`."""
        if count > self._written - self.offset and count:
            raise ValueError("take() past what has arrived")
        data = self._read(self.offset, count)
        self.offset += count
        return data

    def skip(self, count: int) -> None:
        """Consume `count` bytes, arrived or not, without reading them."""
        self.offset += count

    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        """Return where `needle` begins, relative to `offset`, searching unread bytes [start, end); -1 if absent.

        A reader that is told -1 passes `available - len(needle) + 1` as `start` the next time, and so never rescans.
        """
        stop = self.available if end is None else min(end, self.available)
        if stop - start < len(needle):
            return -1
        found = self._read(self.offset + start, stop - start).find(needle)
        return found + start if found >= 0 else -1

    # -- owner -------------------------------------------------------------------------------------------------

    def append(self, data: Bytes, mark: Any = None) -> None:
        """Add `data` behind what has arrived."""
        self.append_segment(memoryview(data), 0, len(data), mark)

    def append_segment(self, buffer: memoryview, start: int, length: int, mark: Any) -> None:
        """Add buffer[start:start + length], without copying it."""
        first = self._written
        self._written = end = first + length
        self._tail_mark = mark
        if end > self.offset:
            self._pieces.append(_Piece(buffer, first, end, start, None, mark))

    def append_segments(
        self, buffer: memoryview, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], marks: Any
    ) -> None:
        """Add the segments buffer[starts[i]:starts[i] + lengths[i]], one behind the other, without copying them."""
        ends = np.cumsum(lengths)
        first = self._written
        self._written = end = first + int(ends[-1])
        self._tail_mark = marks.item(-1)
        if end > self.offset:
            ends += first
            self._pieces.append(_Piece(buffer, first, end, starts, ends, marks))

    def lose(self, count: int) -> int:
        """Tell that the next `count` bytes never arrive. Return how many bytes the reader loses by it.

        A loss inside a skip costs nothing. Otherwise the unread bytes in front of the gap are lost with it: whatever
        message they began cannot be completed.
        """
        lost = self._written + count - self.offset
        self._written += count
        if lost <= 0:
            return 0
        self.offset = self._written
        self._pieces.clear()
        return lost

    def settle(self) -> None:
        """Let go of the owner's buffers: forget what was read and copy the little that is still unread."""
        rest = self.peek(self.available)
        mark = self.mark(self.offset) if rest else self._tail_mark
        self._pieces.clear()
        self._tail_mark = mark
        if rest:
            self._pieces.append(_Piece(memoryview(rest), self.offset, self._written, 0, None, mark))

    def mark(self, offset: int) -> Any:
        """Return the mark of the segment that holds stream `offset`, or the nearest one still known."""
        for piece in self._pieces:
            if offset < piece.end:
                if piece.ends is None:
                    return piece.marks
                return piece.marks.item(int(piece.ends.searchsorted(offset, "right")))
        return self._tail_mark

    # -- inside ------------------------------------------------------------------------------------------------

    def _read(self, offset: int, count: int) -> bytes:
        pieces = self._pieces
        while len(pieces) > 1 and pieces[0].end < self.offset:
            pieces.popleft()
        if not pieces:
            return b""
        piece = pieces[0]
        if offset >= piece.end and len(pieces) > 1:
            piece = pieces[1]
        index, begin, end = 0, piece.start, piece.end
        if piece.ends is not None and offset < end:
            index = int(piece.ends.searchsorted(offset, "right"))
            begin, end = int(piece.ends[index - 1]) if index else begin, int(piece.ends[index])
        if begin <= offset and offset + count <= end:  # as nearly always: within one segment
            start = (piece.starts if piece.ends is None else int(piece.starts[index])) + offset - begin
            return bytes(piece.buffer[start : start + count])
        return self._join(offset, count)

    def _join(self, offset: int, count: int) -> bytes:
        parts = []
        for piece in self._pieces:
            if count <= 0:
                break
            if offset >= piece.end:
                continue
            if piece.ends is None:
                start = piece.starts + offset - piece.start
                length = min(count, piece.end - offset)
                parts.append(piece.buffer[start : start + length])
                offset += length
                count -= length
                continue
            index = int(piece.ends.searchsorted(offset, "right"))
            while count > 0 and index < len(piece.ends):
                end = int(piece.ends[index])
                begin = int(piece.ends[index - 1]) if index else piece.start
                start = int(piece.starts[index]) + offset - begin
                length = min(count, end - offset)
                parts.append(piece.buffer[start : start + length])
                offset += length
                count -= length
                index += 1
        return b"".join(parts)
