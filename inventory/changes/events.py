"""Changes as they come: which of them are told, and to whom, until all have taken them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from inventory.export import Row, to_json

# What a device is found to be later on, or that it is quiet, is no event.
EVENTS: Final = (
    "finding opened",
    "finding closed",
    "new public peer",
    "new device",
    "new service",
    "new AE title",
    "software changed",
    "moved",
)
MAX_WAITING: Final = 10_000  # events kept for who does not take them


class Sink(Protocol):
    """Who takes events."""

    @property
    def name(self) -> str: ...

    def send(self, rows: Sequence[Row]) -> int:
        """Send `rows`; return how many were taken, from the first on. Raises OSError if none was."""
        ...


class EventFile:
    """One JSON object a line, appended. The file is opened for each batch, so it may be rotated at any time."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path

    def send(self, rows: Sequence[Row]) -> int:
        """Append `rows`: all of them, or none."""
        content = "".join(to_json(row) + "\n" for row in rows).encode()
        with self._path.open("ab", buffering=0) as file:
            before = os.fstat(file.fileno()).st_size
            try:
                written = 0
                while written < len(content):
                    written += file.write(content[written:])
            except OSError:  # the disk is full: no half line stays
                with suppress(OSError):
                    file.truncate(before)
                raise
        return len(rows)


class Delivery:
    """Events on their way to one sink: kept while it does not take them, and told once."""

    def __init__(self, sink: Sink, tell: Callable[[str], None]) -> None:
        self.sink = sink
        self.waiting: list[Row] = []
        self._tell = tell
        self._broken = False

    def add(self, rows: Iterable[Row]) -> None:
        """Put `rows` behind what waits. The oldest are let go where too many do."""
        self.waiting.extend(rows)
        if (lost := len(self.waiting) - MAX_WAITING) > 0:
            del self.waiting[:lost]
            self._tell(f"{self.sink.name}: {lost} events are lost, as nobody takes them")

    def deliver(self) -> bool:
        """Send what waits; tell whether anything was taken."""
        taken = 0
        try:
            while self.waiting:
                count = self.sink.send(self.waiting)
                del self.waiting[:count]
                taken += count
        except OSError as error:
            if not self._broken:
                reason = (error.strerror or str(error) or "error").lower()
                self._tell(f"{self.sink.name}: {reason}: events are kept until it takes them")
            self._broken = True
        else:
            if taken and self._broken:
                self._tell(f"{self.sink.name}: events are taken again")
                self._broken = False
        return taken > 0
