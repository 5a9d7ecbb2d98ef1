"""Progress of a long reading, on standard error of a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from sensor.cli.reading import Planned
    from sensor.sources.files import CaptureFile

QUIET = 1.0  # seconds before there is anything to show


class Progress:
    """Shows bytes and packets per second once a reading takes longer than `QUIET`."""

    def __init__(self, captures: Sequence[Planned]) -> None:
        """`captures` are those that will be read, as far as that is known."""
        self._began = time.monotonic()
        self._bar: Bar | None = None
        paths = [Path(planned.path) for planned in captures]
        self._total = sum(path.stat().st_size for path in paths) if all(path.is_file() for path in paths) else None
        self._done_bytes = self._done_packets = 0
        self._source: CaptureFile | None = None
        self._packets = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def batch(self, source: CaptureFile, packets: int) -> None:
        """Another batch of `source` was read; `packets` of it so far."""
        if source is not self._source:
            if self._source is not None:
                self._done_bytes += self._source.bytes_read
                self._done_packets += self._packets
            self._source = source
        self._packets = packets
        elapsed = time.monotonic() - self._began
        if self._bar is None and (elapsed < QUIET or not sys.stderr.isatty()):
            return
        if self._bar is None:
            self._bar = self._start()
        rate = (self._done_packets + packets) / elapsed
        self._bar.update(
            self._bar.task_ids[0], completed=self._done_bytes + source.bytes_read, rate=f"{rate:,.0f} packets/s"
        )

    def _start(self) -> Bar:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        bar = Bar(
            BarColumn(),
            DownloadColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        bar.add_task("reading", total=self._total, rate="")
        bar.start()
        return bar
