"""The unread bytes of one direction of a connection: a rope of slices that is read, skipped and forgotten.

Pure: it knows bytes and offsets, not packets. Segments may carry marks (one label each; an array of them for many
segments), from which the owner later tells where a stream offset came from.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

Bytes = bytes | bytearray | memoryview


class Marks(Protocol):
    """One label a segment."""

    def item(self, index: int, /) -> Any: ...


class Rope(NamedTuple):
    """Segments of one buffer, of which runs are given to streams.

    Segment i is `bounds[i + 1] - bounds[i]` bytes long and begins at buffer[starts[i]]. Single numbers are asked for,
    so plain sequences or memoryviews serve better than arrays.
    """

    buffer: memoryview
    starts: Sequence[int]
    bounds: Sequence[int]
    marks: Marks


class _Label:
    """The mark of a single segment."""

    __slots__ = ("_mark",)

    def __init__(self, mark: Any) -> None:
        self._mark = mark

    def item(self, index: int, /) -> Any:
        return self._mark


class _Piece:
    """A run of segments, [begin, stop) of `rope`; what is at `bounds[i]` there is at stream offset `shift` more."""

    __slots__ = ("begin", "end", "rope", "shift", "stop")

    def __init__(self, rope: Rope, begin: int, stop: int, shift: int, end: int) -> None:
        self.rope = rope
        self.begin = begin
        self.stop = stop
        self.shift = shift
        self.end = end  # stream offset behind the last byte

    def segment(self, offset: int) -> int:
        """Return the index of the segment that holds stream `offset`, or the nearest one."""
        begin, stop = self.begin, self.stop
        if stop - begin == 1:
            return begin
        return max(bisect_right(self.rope.bounds, offset - self.shift, begin, stop) - 1, begin)


class StreamBuffer:
    """Bytes of one direction, in order, from `offset` on.

    A reader uses `available`, `peek`, `take`, `skip` and `find`; the owner uses `append`, `append_run`,
    `lose`, `closed` and `settle`. `skip` may reach past what has arrived: the rest is dropped, unread, as it comes.
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
        self.append_run(Rope(memoryview(data), (0,), (0, len(data)), _Label(mark)), 0, 1)

    def append_run(self, rope: Rope, begin: int, stop: int) -> None:
        """Add the segments [begin, stop) of `rope`, one behind the other, without copying them."""
        bounds = rope.bounds
        if bounds[begin] == bounds[stop]:
            return
        shift = self._written - bounds[begin]
        self._written = end = bounds[stop] + shift
        if end > self.offset:
            self._pieces.append(_Piece(rope, begin, stop, shift, end))
        else:  # nobody will read it
            self._pieces.clear()
            self._tail_mark = rope.marks.item(stop - 1)

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
        self._forget()
        return lost

    def settle(self) -> None:
        """Let go of the owner's buffers: forget what was read and copy the little that is still unread."""
        rest = self.peek(self.available)
        mark = self.mark(self.offset) if rest else None
        self._forget()
        if rest:
            self._written = self.offset
            self.append(rest, mark)

    def mark(self, offset: int) -> Any:
        """Return the mark of the segment that holds stream `offset`, or the nearest one still known."""
        piece = None
        for piece in self._pieces:
            if offset < piece.end:
                break
        return piece.rope.marks.item(piece.segment(offset)) if piece else self._tail_mark

    # -- inside ------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        if self._pieces:
            self._tail_mark = self.mark(self._written)
            self._pieces.clear()

    def _read(self, offset: int, count: int) -> bytes:
        pieces = self._pieces
        while len(pieces) > 1 and pieces[0].end < self.offset:
            pieces.popleft()
        if not pieces:
            return b""
        piece = pieces[0]
        if offset >= piece.end and len(pieces) > 1:
            piece = pieces[1]
        buffer, starts, bounds, _ = piece.rope
        at, index = offset - piece.shift, piece.begin
        if piece.stop - index > 1:
            index = bisect_right(bounds, at, index, piece.stop) - 1
        if at + count > bounds[index + 1]:
            return self._join(offset, count)
        start = starts[index] + at - bounds[index]  # as nearly always: within one segment
        return bytes(buffer[start : start + count])

    def _join(self, offset: int, count: int) -> bytes:
        parts = []
        for piece in self._pieces:
            if offset >= piece.end:
                continue
            buffer, starts, bounds, _ = piece.rope
            into = offset - piece.shift
            for index in range(piece.segment(offset), piece.stop):
                start = starts[index] + into - bounds[index]
                length = min(count, bounds[index + 1] - into)
                parts.append(buffer[start : start + length])
                into += length
                count -= length
                if not count:
                    return b"".join(parts)
            offset = piece.end
        return b"".join(parts)
