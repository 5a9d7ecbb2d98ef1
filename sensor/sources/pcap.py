"""pcap files: a file header, then records behind each other (draft-ietf-opsawg-pcap; libpcap's sf-pcap.c).

A file that libpcap would read without complaint is read the same way, however odd. Where a record header is
impossible, the capture is damaged: odd headers just before it are then not believed either, and reading goes on at
the next run of plausible ones.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import repeat
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from sensor.packets.layouts import gather
from sensor.sources.batch import Batch, Int64
from sensor.sources.faults import CUT_SHORT, Faults
from sensor.sources.resync import every_offset, resynchronise
from sensor.sources.window import Window

FILE_HEADER: Final = 24
MAX_CAPTURED: Final = 262144  # libpcap's MAXIMUM_SNAPLEN, Wireshark's WTAP_MAX_PACKET_SIZE_STANDARD
BATCH: Final = 32768  # frames in a Batch at most
NEAR: Final = 7 * 86400  # seconds; times of neighbours further apart are odd


class Variant(NamedTuple):
    """How a magic number says that records are written."""

    order: str
    unit: int  # nanoseconds in a unit of the sub-second field
    header: int  # bytes of a record header


MAGICS: Final = {
    struct.pack(order + "I", magic): Variant(order, unit, header)
    for order in "<>"
    for magic, unit, header in (
        (0xA1B2C3D4, 1000, 16),
        (0xA1B23C4D, 1, 16),
        (0xA1B2CD34, 1000, 24),  # Kuznetzov's patched libpcap: interface, protocol and packet type follow
    )
}


class Pcap:
    """Reads the pcap in `window` (which holds its magic already) as Batches; what is wrong goes to `faults`."""

    kernel_drops = 0  # the format has no place for them

    def __init__(self, window: Window, faults: Faults) -> None:
        self._window = window
        self._faults = faults
        self._frames = 0
        self._seconds: int | None = None  # of the last frame believed

    def __iter__(self) -> Iterator[Batch]:
        window = self._window
        if not window.need(FILE_HEADER):
            self._faults.note("cut short: file header incomplete")
            return
        self._read_file_header()
        while True:
            ended = window.ended
            at, stop = self._walk()
            headers = gather(window.data, at, self._layout)
            count, damaged = self._judge(headers, stop)
            if count:
                batch = self._batch(at[:count], headers[:count])
                if len(batch):
                    yield batch
            window.start = int(at[count]) if count < len(at) else stop
            if damaged:
                if not resynchronise(window, self._faults, self._header, self._candidates, self._step):
                    return
            elif len(at) < BATCH and not window.more() and ended:
                break
        if window.start < window.end:
            self._faults.note(CUT_SHORT)

    def _read_file_header(self) -> None:
        window = self._window
        raw = bytes(window.data[window.start : window.start + FILE_HEADER])
        order, self._unit, self._header = MAGICS[raw[:4]]
        major, minor, link_type = struct.unpack(order + "4xHH12xI", raw)
        self._link_type = link_type & 0xFFFF  # the upper half: is there a frame check sequence, and how long
        fields = ["seconds", "fraction", "captured", "wire"]
        if (major, minor) < (2, 3) or major == 543:  # sf-pcap.c: these wrote the two lengths the other way round
            fields[2:] = ["wire", "captured"]
        self._captured = 4 * fields.index("captured")  # where in the header
        formats = [order + "u4"] * 4
        self._layout = np.dtype({"names": fields, "formats": formats, "itemsize": self._header})
        self._field = np.dtype(order + "u4")
        self._length = struct.Struct(f"{order}{self._captured}xI{self._header - self._captured - 4}x")
        window.start += FILE_HEADER

    def _walk(self) -> tuple[Int64, int]:
        """Follow the lengths; return the offset of every whole header in the window and where the next one would be.

        A plain loop: 150 ns a record, of which looking the next length up in memory is half.
        """
        data = self._window.data.data
        unpack, header = self._length.unpack_from, self._header
        at = self._window.start
        found: list[int] = []
        append = found.append
        try:
            for _ in repeat(None, BATCH):
                length = unpack(data, at)[0]
                append(at)
                at += length + header
        except struct.error:  # the header at `at` is not all there
            pass
        return np.array(found, np.int64), at

    def _judge(self, headers: npt.NDArray[np.void], stop: int) -> tuple[int, bool]:
        """Return how many of the records to believe now, and whether the one behind them is damaged."""
        ended = self._window.ended
        whole = len(headers) - (stop > self._window.end)
        seconds, captured, wire = headers["seconds"].astype(np.int64), headers["captured"], headers["wire"]
        impossible = captured > MAX_CAPTURED
        odd = (wire < captured) | (wire == 0) | (wire > MAX_CAPTURED) | (headers["fraction"] >= 10**9 // self._unit)
        if len(headers):
            before = seconds[0] if self._seconds is None else self._seconds
            odd |= np.abs(np.diff(seconds, prepend=before)) > NEAR
        damaged = bool(impossible.any())
        count = int(impossible.argmax()) if damaged else whole
        if not damaged and ended and whole < len(headers) and odd[whole]:
            damaged = True  # reaches past the end, and does not look like a record that was just cut short
        if damaged or not ended:  # odd ones are believed only if a sound one follows
            sound = np.flatnonzero(~odd[:count])
            trusted = int(sound[-1]) + 1 if len(sound) else 0
            if damaged or trusted:
                count = trusted
        return count, damaged

    def _batch(self, at: Int64, headers: npt.NDArray[np.void]) -> Batch:
        """Return the frames of believed records. Empty ones, as in the tail of zeros of a file that was not written
        to its end, leave a hole in the frame numbers.
        """
        frames = np.arange(self._frames + 1, self._frames + len(at) + 1, dtype=np.int64)
        self._frames += len(at)
        blank = headers == np.zeros((), self._layout)
        if blank.any():
            self._faults.unusable += int(blank.sum())
            at, headers, frames = at[~blank], headers[~blank], frames[~blank]
        seconds = headers["seconds"].astype(np.int64)
        captured = headers["captured"].astype(np.int64)
        if len(at):
            self._seconds = int(seconds[-1])
        return Batch(
            buffer=self._window.data,
            offsets=at + self._header,
            captured=captured,
            wire=np.maximum(headers["wire"], captured),
            times=seconds * 10**9 + headers["fraction"].astype(np.int64) * self._unit,
            frames=frames,
            link_types=np.full(len(at), self._link_type, np.uint16),
        )

    # -- finding the way back after damage ---------------------------------------------------------------------

    def _candidates(self, begin: int, stop: int) -> Int64:
        if self._seconds is not None:
            seconds = every_offset(self._window, begin, stop, self._field)
            return np.flatnonzero(self._is_near(seconds)) + begin
        captured = every_offset(self._window, begin + self._captured, stop + self._captured, self._field)
        return np.flatnonzero(captured <= MAX_CAPTURED) + begin

    def _is_near(self, seconds: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        earliest = max((self._seconds or 0) - NEAR, 0)
        return seconds - np.uint32(earliest) <= 2 * NEAR

    def _step(self, at: Int64) -> Int64:
        headers = gather(self._window.data, at, self._layout)
        captured = headers["captured"].astype(np.int64)
        wire = headers["wire"]
        plausible = (captured > 0) & (wire >= captured) & (wire <= MAX_CAPTURED)
        plausible &= headers["fraction"] < 10**9 // self._unit
        if self._seconds is not None:
            plausible &= self._is_near(headers["seconds"])
        return np.where(plausible, at + self._header + captured, -1)
