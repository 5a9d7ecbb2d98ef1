"""pcapng files: sections of blocks (draft-ietf-opsawg-pcapng).

Packets are in Enhanced, Simple and (obsolete) Packet Blocks; each counts as a frame. Blocks that are not understood
are passed over. A block whose two lengths differ is damage: reading goes on at the next run of sound blocks.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import Enum
from itertools import repeat
from typing import Final, TypeVar

import numpy as np

from sensor.packets.layouts import gather
from sensor.sources.batch import Batch, Int64
from sensor.sources.faults import CUT_SHORT, Faults
from sensor.sources.interfaces import Interfaces
from sensor.sources.resync import every_offset, resynchronise
from sensor.sources.window import Window

# Block types (section 4 and 11.1)
SECTION: Final = 0x0A0D0D0A
INTERFACE: Final = 1
PACKET: Final = 2  # obsolete (appendix A), same fields as an Enhanced Packet Block but for a 16-bit interface
SIMPLE: Final = 3
STATISTICS: Final = 5
ENHANCED: Final = 6
LAST_KNOWN: Final = 10  # Decryption Secrets

MAGIC: Final = struct.pack("<I", SECTION)
BYTE_ORDER_MAGIC: Final = 0x1A2B3C4D
MAX_BLOCK: Final = 16 << 20  # libpcap's and Wireshark's limit
MAX_CHAIN_BLOCK: Final = 1 << 20  # larger blocks are not looked for when resynchronising
BATCH: Final = 32768  # blocks looked at for a Batch at most
_EDGES: Final = 12  # bytes of a block without a body: type and both lengths
_FULL: Final = 28  # bytes in front of the packet in an Enhanced or obsolete Packet Block
_SIMPLE: Final = 12  # and in a Simple one

_Length = TypeVar("_Length", int, Int64)


class _Stop(Enum):
    """Why a walk over blocks ended."""

    LIMIT = "enough blocks for a Batch"
    DATA = "the next block is not all there"
    SECTION = "a section begins"
    DAMAGE = "the block is broken"


class PcapNg:
    """Reads the pcapng in `window` (which holds its magic already) as Batches; what is wrong goes to `faults`."""

    def __init__(self, window: Window, faults: Faults) -> None:
        self._window = window
        self._faults = faults
        self._frames = 0
        self._time = 0  # of the last frame, in nanoseconds
        self._earlier_drops = 0  # in the sections before this one
        self._others: list[
            tuple[int, int, int]
        ] = []  # (type, begin, end) of the walk's interface and statistics blocks
        self._set_section("<")

    @property
    def kernel_drops(self) -> int:
        """Packets the capturing machine says it lost (isb_ifdrop)."""
        return self._earlier_drops + self._interfaces.drops

    def __iter__(self) -> Iterator[Batch]:
        window = self._window
        while True:
            ended = window.ended
            blocks, kinds, stop, reason = self._walk()
            whole = self._sound(blocks, kinds)
            if whole < len(blocks):
                stop, reason = int(blocks[whole]), _Stop.DAMAGE
            self._read_others(stop)
            if whole:
                batch = self._batch(blocks[:whole], kinds[:whole])
                if len(batch):
                    yield batch
            window.start = stop
            if reason is _Stop.SECTION:
                reason = self._begin_section()
            if reason is _Stop.DAMAGE:
                if not resynchronise(window, self._faults, _EDGES, self._candidates, self._step):
                    return
            elif reason is _Stop.DATA and not window.more() and ended:
                break
        if window.start < window.end:
            self._faults.note(CUT_SHORT)

    # -- blocks ------------------------------------------------------------------------------------------------

    def _set_section(self, order: str) -> None:
        self._order = order
        self._interfaces = Interfaces(order)
        self._word = np.dtype([("value", order + "u4")])
        self._edge = struct.Struct(order + "II")
        names = ["kind", "length", "interface", "high", "low", "captured", "wire"]
        self._full = np.dtype([(name, order + "u4") for name in names])
        self._simple = np.dtype([(name, order + "u4") for name in ("kind", "length", "wire")])

    def _begin_section(self) -> _Stop:
        """Read the Section Header Block (4.1) at the window's start."""
        window = self._window
        head = bytes(window.data[window.start : window.start + 12])
        if len(head) < 12:
            return _Stop.DATA
        order = next((o for o in "<>" if struct.unpack_from(o + "I", head, 8)[0] == BYTE_ORDER_MAGIC), None)
        if order is None:
            return _Stop.DAMAGE
        (length,) = struct.unpack_from(order + "I", head, 4)
        if not 28 <= length <= MAX_BLOCK:
            return _Stop.DAMAGE
        end = window.start + _padded(length)
        if window.end < end:
            return _Stop.DATA
        if struct.unpack_from(order + "I", window.data.data, end - 4)[0] != length:
            return _Stop.DAMAGE
        self._earlier_drops += self._interfaces.drops
        self._set_section(order)
        window.start = end
        return _Stop.LIMIT

    def _walk(self) -> tuple[Int64, Int64, int, _Stop]:
        """Follow the block lengths; return offset and type of each packet block, where the walk ended, and why."""
        data, end = self._window.data.data, self._window.end
        unpack, at = self._edge.unpack_from, self._window.start
        found: list[int] = []
        special: list[tuple[int, int]] = []  # (index in found, type) of packet blocks that are not Enhanced
        append, length, reason = found.append, 0, _Stop.LIMIT
        self._others.clear()
        try:
            for _ in repeat(None, BATCH):
                kind, length = unpack(data, at)
                if kind == ENHANCED:
                    append(at)
                elif kind in (PACKET, SIMPLE):
                    special.append((len(found), kind))
                    append(at)
                elif kind == SECTION:
                    reason = _Stop.SECTION
                    break
                elif not _EDGES <= length <= MAX_BLOCK:
                    reason = _Stop.DAMAGE
                    break
                elif at + (length + 3 & ~3) > end:
                    reason = _Stop.DATA
                    break
                elif unpack(data, at + (length + 3 & ~3) - 8)[1] != length:
                    reason = _Stop.DAMAGE
                    break
                elif kind in (INTERFACE, STATISTICS):
                    self._others.append((kind, at + 8, at + (length + 3 & ~3) - 4))
                at += length + 3 & ~3
        except struct.error:  # the next block's type and length are not all there
            reason = _Stop.DATA
        if found and at > end:
            at, reason = found.pop(), _Stop.DATA if length <= MAX_BLOCK else _Stop.DAMAGE
        kinds = np.full(len(found), ENHANCED, np.int64)
        for index, kind in special:
            if index < len(found):
                kinds[index] = kind
        return np.array(found, np.int64), kinds, at, reason

    def _sound(self, blocks: Int64, kinds: Int64) -> int:
        """Return how many of the packet blocks, from the first, have two equal and possible lengths."""
        lengths = self._words(blocks + 4)
        wrong = lengths < np.where(kinds == SIMPLE, _SIMPLE + 4, _FULL + 4)
        wrong |= self._words(blocks + np.maximum(_padded(lengths) - 4, 0)) != lengths
        return int(wrong.argmax()) if wrong.any() else len(blocks)

    def _words(self, at: Int64) -> Int64:
        words: Int64 = gather(self._window.data, at, self._word)["value"].astype(np.int64)
        return words

    def _read_others(self, stop: int) -> None:
        """Read the interface and statistics blocks in front of `stop`; behind it, they will be met again."""
        for kind, begin, end in self._others:
            if end > stop:
                break
            body = bytes(self._window.data[begin:end])
            if kind == INTERFACE:
                self._interfaces.describe(body)
            else:
                self._interfaces.count_drops(body)

    # -- packets -----------------------------------------------------------------------------------------------

    def _batch(self, blocks: Int64, kinds: Int64) -> Batch:
        """Return the packets of sound blocks; those that cannot be used leave a hole in the frame numbers."""
        data, count = self._window.data, len(blocks)
        simple = kinds == SIMPLE
        full = np.flatnonzero(~simple)
        headers = gather(data, blocks[full], self._full)
        interface, captured, wire, times = (np.zeros(count, np.int64) for _ in range(4))
        interface[full], captured[full], wire[full] = headers["interface"], headers["captured"], headers["wire"]
        obsolete = kinds == PACKET
        if obsolete.any():  # two 16-bit fields: interface, drops count
            interface[obsolete] = interface[obsolete] & 0xFFFF if self._order == "<" else interface[obsolete] >> 16
        front = np.where(simple, _SIMPLE, _FULL)
        room = self._words(blocks + 4) - front - 4
        if len(full) < count and len(self._interfaces):
            wire[simple] = gather(data, blocks[simple], self._simple)["wire"]
            captured[simple] = np.minimum(np.minimum(wire, room)[simple], self._interfaces.snap_length)
        usable = (interface < len(self._interfaces)) & (captured <= room)
        self._faults.unusable += count - int(usable.sum())
        known = np.flatnonzero(usable[full])
        ticks = headers["high"][known].astype(np.uint64) << np.uint64(32) | headers["low"][known]
        if len(known):
            times[full[known]] = self._interfaces.times(interface[full[known]], ticks)
        timed = np.full(count, -1)
        timed[full[known]] = full[known]
        latest = np.maximum.accumulate(timed)  # a Simple Packet Block has no time: the one before it must do
        times = np.where(latest >= 0, times[latest], self._time)
        self._time = int(times[-1])
        frames = np.arange(self._frames + 1, self._frames + count + 1, dtype=np.int64)
        self._frames += count
        if not usable.all():
            blocks, front, captured, wire = blocks[usable], front[usable], captured[usable], wire[usable]
            times, frames, interface = times[usable], frames[usable], interface[usable]
        return Batch(
            buffer=data,
            offsets=blocks + front,
            captured=captured,
            wire=np.maximum(wire, captured),
            times=times,
            frames=frames,
            link_types=self._interfaces.link_types(interface),
        )

    # -- finding the way back after damage ---------------------------------------------------------------------

    def _candidates(self, begin: int, stop: int) -> Int64:
        kinds = every_offset(self._window, begin, stop, self._word["value"])
        return np.flatnonzero((kinds - np.uint32(1) < LAST_KNOWN) | (kinds == SECTION)) + begin

    def _step(self, at: Int64) -> Int64:
        kinds, lengths = self._words(at), self._words(at + 4)
        plausible = (kinds > 0) & (kinds <= LAST_KNOWN) | (kinds == SECTION)
        plausible &= (lengths >= _EDGES) & (lengths <= MAX_CHAIN_BLOCK) & (lengths % 4 == 0)
        ends = at + lengths
        here = plausible & (ends <= self._window.end)
        plausible[here] = self._words(ends[here] - 4) == lengths[here]
        return np.where(plausible, ends, -1)


def _padded(length: _Length) -> _Length:
    return length + 3 & ~3  # 3.1: blocks are padded to 32 bits
