"""A moving window over a capture's bytes: large contiguous buffers, with what is unfinished carried over.

Windows are read, not mapped: on a warm cache both cost the same, but a mapped file that another process cuts short
kills its reader with SIGBUS, and pipes and decompressed data can't be mapped at all. So there is one path for all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensor.sources.errors import ReadFailed
from sensor.sources.raw import Reader

CAPACITY = 8 << 20

UInt8 = npt.NDArray[np.uint8]


class Window:
    """buffer[start:end] are the bytes that were read and not yet consumed; the owner moves `start` on.

    Two buffers take turns, so that the hash of one may still run while the other is filled. Memory is bounded by the
    largest record the owner waits for (it waits by calling `more` without moving `start`).
    """

    def __init__(self, reader: Reader, capacity: int = CAPACITY) -> None:
        self.buffer: UInt8 = np.empty(capacity, np.uint8)
        self.start = 0
        self.end = 0
        self.base = 0  # position in the capture of buffer[0]
        self.ended = False  # no more bytes will come
        self.failure: str | None = None  # why they end, if that is not simply the end
        self._spare: UInt8 = np.empty(0, np.uint8)
        self._reader = reader

    @property
    def position(self) -> int:
        """Where in the capture `start` is."""
        return self.base + self.start

    @property
    def data(self) -> UInt8:
        """The buffer up to `end`: what a Batch refers to."""
        return self.buffer[: self.end]

    def need(self, count: int) -> bool:
        """Read on until `count` bytes are there behind `start`; False if the capture ends before."""
        while self.end - self.start < count:
            if not self.more():
                return False
        return True

    def more(self) -> bool:
        """Read more bytes behind those at [start, end), which move to the front. False if none came: the end."""
        if self.ended:
            return False
        rest = self.end - self.start
        capacity = len(self.buffer)
        if rest > capacity * 3 // 4:
            capacity *= 2
        target = self._spare if len(self._spare) >= capacity else np.empty(capacity, np.uint8)
        target[:rest] = self.buffer[self.start : self.end]
        self.buffer, self._spare = target, self.buffer
        self.base += self.start
        self.start, self.end = 0, rest
        self._fill()
        return self.end > rest

    def _fill(self) -> None:
        view = self.buffer.data
        try:
            while self.end < len(self.buffer):
                count = self._reader.readinto(view[self.end :])
                self.end += count
                if not count:
                    self.ended = True
                    break
                if self._reader.live:
                    break
        except ReadFailed as failed:
            self.ended = True
            self.failure = failed.reason
