"""Open capture files and pipes. A format is told by its magic, never by a suffix, and again behind compression."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from sensor.sources.batch import Batch
from sensor.sources.compression import compression, unpacked
from sensor.sources.errors import CaptureUnavailable, NotACapture, ReadFailed, unavailable
from sensor.sources.faults import Faults
from sensor.sources.pcap import MAGICS, Pcap
from sensor.sources.pcapng import MAGIC, PcapNg
from sensor.sources.raw import RawInput
from sensor.sources.window import CAPACITY, Window

STDIN = "-"


class CaptureFile:
    """A capture in a file or pipe, read batch by batch.

    Iterating never raises on its content: `error` tells what ended it early, and of damage that was skipped; byte
    positions in it count in the decompressed capture. `sha256` is that of the file as it lies on disk, known once
    iteration has come to its end. `size` is None for a pipe.
    """

    def __init__(self, raw: RawInput, name: str, capacity: int = CAPACITY) -> None:
        self.name = name
        self.size = raw.size
        self.sha256: str | None = None
        self._raw = raw
        self._faults = Faults()
        reader = unpacked(raw)
        self._window = Window(reader, capacity)
        self._window.need(4)
        self._reader = self._recognise(packed=reader is not raw)

    @property
    def bytes_read(self) -> int:
        """Bytes of the file, as it lies on disk, read so far."""
        return self._raw.bytes_read

    @property
    def kernel_drops(self) -> int:
        """Packets which the capture itself says were lost while it was made (pcapng only)."""
        return self._reader.kernel_drops

    @property
    def error(self) -> str | None:
        """What is wrong with the capture, as far as it was read."""
        return "; ".join(text for text in (self._faults.text, self._window.failure) if text) or None

    def __iter__(self) -> Iterator[Batch]:
        yield from self._reader
        try:
            self.sha256 = self._raw.finish()
        except ReadFailed as failed:
            self._window.failure = self._window.failure or failed.reason

    def close(self) -> None:
        """Close the file (but not stdin)."""
        self._raw.close()

    def _recognise(self, packed: bool) -> Pcap | PcapNg:
        window = self._window
        magic = bytes(window.data[:4])
        if magic in MAGICS:
            return Pcap(window, self._faults)
        if magic == MAGIC:
            return PcapNg(window, self._faults)
        if window.failure:
            raise NotACapture(f"{self.name}: {window.failure}")
        if not magic:
            raise NotACapture(f"{self.name}: empty, there is no capture in it")
        if packed and compression(magic):
            raise NotACapture(f"{self.name}: compressed twice; unpack it once, then read it")
        raise NotACapture(f"{self.name}: not a capture (pcap, pcapng, also in gz or zst)")


def open_capture(path: str | Path, capacity: int = CAPACITY) -> CaptureFile:
    """Open the capture at `path`, or the one on stdin when `path` is "-".

    Raises CaptureUnavailable when there is nothing to read, NotACapture when it is something else. `capacity` is the
    size of the read buffer in bytes.
    """
    name = "stdin" if str(path) == STDIN else str(path)
    raw = RawInput(sys.stdin.fileno(), owned=False) if str(path) == STDIN else _open(Path(path))
    try:
        return CaptureFile(raw, name, capacity)
    except ReadFailed as failed:
        raw.close()
        raise CaptureUnavailable(f"{name}: {failed.reason}") from None
    except NotACapture:
        raw.close()
        raise


def _open(path: Path) -> RawInput:
    try:
        if path.is_dir():
            raise CaptureUnavailable(f"{path}: is a folder; add -R to read the captures in it")
        return RawInput(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        raise unavailable(str(path), error) from None
