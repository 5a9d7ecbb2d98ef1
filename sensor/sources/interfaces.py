"""The interfaces of a pcapng section: link type, clock and drop count of each (draft-ietf-opsawg-pcapng 4.2, 4.6)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from sensor.sources.batch import Int64

MAX_INTERFACES: Final = 65536  # in one section; packets of further ones are unusable

# Option codes (4.2 and 4.6)
IF_TSRESOL: Final = 9
IF_TSOFFSET: Final = 14
ISB_IFDROP: Final = 5


class Interfaces:
    """Columns of what the section's Interface Description Blocks said, in order."""

    def __init__(self, order: str) -> None:
        self.snap_length = 0xFFFFFFFF  # of the first interface, to which Simple Packet Blocks belong (4.4)
        self._order = order
        self._link_types: list[int] = []
        self._multiply: list[int] = []  # nanoseconds = ticks * multiply // divide + offset, or
        self._divide: list[int] = []
        self._shift: list[int] = []  # seconds = ticks / 2**shift + offset, where shift > 0
        self._offset: list[int] = []  # nanoseconds
        self._drops: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._link_types)

    @property
    def drops(self) -> int:
        """Packets that the capturing machine lost, all interfaces together."""
        return sum(self._drops.values())

    def describe(self, body: bytes) -> None:
        """Take the body of an Interface Description Block."""
        if len(body) < 8 or len(self) >= MAX_INTERFACES:
            return
        link_type, snap_length = struct.unpack_from(self._order + "H2xI", body)
        resolution, offset = 6, 0  # 4.2: without if_tsresol, microseconds
        for code, value in _options(self._order, body[8:]):
            if code == IF_TSRESOL and value:
                resolution = value[0]
            elif code == IF_TSOFFSET and len(value) == 8:
                (offset,) = struct.unpack(self._order + "q", value)
        power = resolution & 0x7F
        binary = resolution > 0x7F and power > 0
        self._link_types.append(link_type)
        if len(self) == 1 and snap_length:
            self.snap_length = snap_length
        # 10**19 is the largest power of ten in 64 bits; a finer clock than that has not ticked a nanosecond yet
        self._multiply.append(10 ** max(9 - power, 0) if resolution <= 0x7F else 10**9)
        self._divide.append(10 ** min(max(power - 9, 0), 19) if resolution <= 0x7F else 1)
        self._shift.append(min(power, 63) if binary else 0)
        self._offset.append(max(min(offset * 10**9, 2**63 - 1), -(2**63)))

    def count_drops(self, body: bytes) -> None:
        """Take the body of an Interface Statistics Block; its counts run from the start of the capture (4.6)."""
        if len(body) < 12:
            return
        (interface,) = struct.unpack_from(self._order + "I", body)
        for code, value in _options(self._order, body[12:]):
            if code == ISB_IFDROP and len(value) == 8 and interface < len(self):
                (self._drops[interface],) = struct.unpack(self._order + "Q", value)

    def link_types(self, interfaces: Int64) -> npt.NDArray[np.uint16]:
        """The link type of each of `interfaces`, which must exist."""
        return np.array(self._link_types, np.uint16)[interfaces]

    def times(self, interfaces: Int64, ticks: npt.NDArray[np.uint64]) -> Int64:
        """Unix nanoseconds of `ticks` of the clocks of `interfaces`; absurd ones wrap, as 64-bit integers do."""
        divide, shift = (np.array(column, np.uint64)[interfaces] for column in (self._divide, self._shift))
        ns = ticks * np.array(self._multiply, np.uint64)[interfaces]
        if (divide > 1).any():
            ns //= divide
        if shift.any():
            fraction = ticks & ((np.uint64(1) << shift) - np.uint64(1))
            coarse = np.minimum(shift, np.uint64(34))  # bits of the fraction that 10**9 can multiply in 64 bits
            fraction = (fraction >> (shift - coarse)) * np.uint64(10**9) >> coarse
            ns = np.where(shift > 0, (ticks >> shift) * np.uint64(10**9) + fraction, ns)
        offset = np.array(self._offset, np.int64)[interfaces]
        return ns.view(np.int64) + offset


def _options(order: str, body: bytes) -> Iterator[tuple[int, bytes]]:
    """The options of a block (3.5), up to the end or the first that does not fit."""
    at = 0
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, at)
        if code == 0 or at + 4 + length > len(body):
            return
        yield code, body[at + 4 : at + 4 + length]
        at += 4 + (length + 3 & ~3)
