"""Follows the outer structure of Zstandard data, only to know whether it ends where a frame ends (RFC 8878 3.1)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

MAGIC: Final = b"\x28\xb5\x2f\xfd"  # 3.1.1
_RLE_BLOCK: Final = 1  # 3.1.1.2.2


def is_skippable(magic: bytes) -> bool:
    """Whether `magic` (4 bytes) begins a skippable frame: 0x184D2A50 to 0x184D2A5F (3.1.2)."""
    return magic[1:] == b"\x2a\x4d\x18" and magic[0] >> 4 == 5


class ZstdFrames:
    """Fed the compressed bytes in chunks of any size; `whole` says whether they end between two frames."""

    def __init__(self) -> None:
        self.whole = True
        self._walk = self._frames()
        self._missing = next(self._walk)  # bytes the walk waits for; below 0: that it wants passed over
        self._partial = b""

    def follow(self, chunk: bytes) -> None:
        """Take the next bytes."""
        at = 0
        while at < len(chunk):
            taken = min(abs(self._missing), len(chunk) - at)
            if self._missing > 0:
                self._partial += chunk[at : at + taken]
                self._missing -= taken
            else:
                self._missing += taken
            at += taken
            self.whole = False
            if not self._missing:
                field, self._partial = self._partial, b""
                self._missing = self._walk.send(field)

    def _frames(self) -> Generator[int, bytes, None]:
        while True:
            self.whole = True
            magic = yield 4
            if is_skippable(magic):
                size = int.from_bytes((yield 4), "little")
            elif magic == MAGIC:
                yield from self._frame()
                continue
            else:
                size = 1 << 62  # the decompressor will refuse it
            if size:
                yield -size

    def _frame(self) -> Generator[int, bytes, None]:
        descriptor = (yield 1)[0]  # 3.1.1.1.1
        single_segment = descriptor >> 5 & 1
        window = 1 - single_segment
        dictionary = (0, 1, 2, 4)[descriptor & 3]
        content_size = (single_segment, 2, 4, 8)[descriptor >> 6]
        if window + dictionary + content_size:
            yield -(window + dictionary + content_size)
        last = 0
        while not last:
            header = int.from_bytes((yield 3), "little")  # 3.1.1.2
            last = header & 1
            size = 1 if header >> 1 & 3 == _RLE_BLOCK else header >> 3
            if size:
                yield -size
        if descriptor & 4:
            yield -4  # checksum
