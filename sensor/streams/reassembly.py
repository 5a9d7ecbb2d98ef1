"""One direction of a TCP connection put in order: idempotent on sequence numbers, bounded, gaps told as gaps.

Retransmissions, overlaps, reordering and packets delivered twice change nothing. The ordinary case, a run of segments
that follow each other, is handed on as one slice of columns; only the exceptions are taken one run at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from parsers.stream import Rope, StreamBuffer

MAX_HELD = 512 * 1024  # bytes of early segments waiting for a missing one
MAX_HELD_RUNS = 64
PATIENCE = 10_000_000  # ns that a segment the receiver has acknowledged may still turn up late on a mirror port
MAX_PATIENCE = 2_000_000_000  # ns, where the acknowledgments are not captured
MAX_JUMP = 1 << 30  # a sequence number further away than any window (RFC 7323 2.3) is another connection's or forged

MARK = np.dtype([("frame", "i8"), ("time", "i8")])  # where a segment came from; time in Unix nanoseconds


class Segments(NamedTuple):
    """TCP segments with payload, as columns; runs of them are named by index range.

    One number at a time is read of the columns, which a memoryview does faster than an array.
    """

    rope: Rope  # the payloads as captured; lengths on the wire; marks are MARK records
    captured: Sequence[int]  # payload bytes captured
    cut: Sequence[int]  # running count of segments captured in part: equal at both ends of a run that is whole


class _Held(NamedTuple):
    distance: int  # absolute position in the stream
    data: bytes
    length: int
    mark: tuple[int, int]


class Half:
    """One direction: `stream` receives its bytes in order. `expected` is the next sequence number, None at first.

    In front of a gap, `before_gap` is called so that what has arrived is read; behind it, `after_gap` with the number
    of bytes that the reader loses.
    """

    __slots__ = ("_after_gap", "_before_gap", "_held_bytes", "_position", "expected", "overflowed", "stream", "waiting")

    def __init__(self, before_gap: Callable[[], None], after_gap: Callable[[int], None]) -> None:
        self.expected: int | None = None
        self.stream = StreamBuffer()
        self.overflowed = 0  # times that too much was held
        self._before_gap = before_gap
        self._after_gap = after_gap
        self._position = 0  # stream position of `expected`
        self.waiting: list[_Held] = []  # early segments, for a missing one
        self._held_bytes = 0

    def receive(self, segments: Segments, begin: int, end: int, first: int, after: int) -> None:
        """Take the segments [begin, end), which follow each other from sequence number `first` to `after`."""
        if self.expected is None:
            self.expected = first
        distance = _signed(first - self.expected)
        if distance == 0 and segments.cut[begin] == segments.cut[end]:
            self.stream.append_run(segments.rope, begin, end)
            self._position += (after - first) & 0xFFFFFFFF
            self.expected = after
        elif abs(distance) < MAX_JUMP:
            self._receive_odd(segments, begin, end, distance)
        if self.waiting:
            self._release()

    def give_up(self, now: int, acknowledged: int | None) -> None:
        """Declare the missing bytes lost when there is no hope left."""
        if not self.waiting or self.expected is None:
            return
        oldest = min(held.mark[1] for held in self.waiting)
        passed = acknowledged is not None and 0 < _signed(acknowledged - self.expected) < MAX_JUMP
        if now - oldest < (PATIENCE if passed else MAX_PATIENCE):
            return
        self._jump()

    def finish(self) -> None:
        """The connection is over: what is missing stays missing."""
        while self.waiting:
            self._jump()

    def _receive_odd(self, segments: Segments, begin: int, end: int, distance: int) -> None:
        """Take a run that repeats, overlaps, comes early, or was cut by the capture, segment by segment."""
        buffer, starts, bounds, marks = segments.rope
        whole = bounds[end] - bounds[begin]
        if distance + whole <= 0:
            return  # all of it was seen before
        if distance == 0 and self.stream.skipping >= whole:
            self.stream.lose(whole)  # cut, but nobody would have read it
            self._advance(whole)
            return
        at = self._position + distance
        for index in range(begin, end):
            start, length = starts[index], bounds[index + 1] - bounds[index]
            if at + length > self._position:
                data = bytes(buffer[start : start + segments.captured[index]])
                self._hold(_Held(at, data, length, marks.item(index)))
            at += length

    def _hold(self, held: _Held) -> None:
        if held.distance <= self._position:
            self._deliver(held)
            return
        self.waiting.append(held)
        self._held_bytes += len(held.data)
        if self._held_bytes > MAX_HELD or len(self.waiting) > MAX_HELD_RUNS:
            self.overflowed += 1
            self._jump()

    def _deliver(self, held: _Held) -> None:
        """Append what is new of a segment that begins at or before the position."""
        known = self._position - held.distance
        if known >= held.length:
            return
        data = held.data[known:]
        if data:
            self.stream.append(data, held.mark)
        missing = held.length - known - len(data)
        if missing:
            self._lose(missing)
        self._advance(held.length - known)

    def _release(self) -> None:
        """Deliver the held segments that the position has reached."""
        self.waiting.sort(key=_by_distance, reverse=True)
        while self.waiting and self.waiting[-1].distance <= self._position:
            held = self.waiting.pop()
            self._held_bytes -= len(held.data)
            self._deliver(held)

    def _jump(self) -> None:
        missing = min(held.distance for held in self.waiting) - self._position
        self._lose(missing)
        self._advance(missing)
        self._release()

    def _lose(self, count: int) -> None:
        self.stream.cut = True
        self._before_gap()
        self.stream.cut = False
        lost = self.stream.lose(count)
        if lost:
            self._after_gap(lost)

    def _advance(self, count: int) -> None:
        self._position += count
        assert self.expected is not None
        self.expected = (self.expected + count) & 0xFFFFFFFF


def _by_distance(held: _Held) -> int:
    return held.distance


def _signed(difference: int) -> int:
    """Sequence numbers wrap (RFC 9293 3.4): the shorter way round."""
    return (difference + 0x80000000 & 0xFFFFFFFF) - 0x80000000
