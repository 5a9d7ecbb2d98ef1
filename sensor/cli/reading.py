"""Captures through the sensor into facts: the part of `medspan read` that worker processes share."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import NamedTuple

from inventory.networks import Networks
from inventory.recorder import Facts, Recorder
from inventory.store import Capture, partial_id, reading_id
from parsers.text import Pseudonym
from sensor.cli.stopping import StopSignal
from sensor.sensor import Sensor
from sensor.sources.batch import Batch
from sensor.sources.errors import CaptureError
from sensor.sources.files import CaptureFile, open_capture

FLUSH_ROWS = 50_000  # facts kept in memory before they are written
CONTINUES_WITHIN = 60_000_000_000  # ns: a capture that begins so soon after the last one ended goes on where it ended


class Planned(NamedTuple):
    """A capture to be read, and when it begins (Unix nanoseconds; None if that is not known)."""

    path: str
    begins: int | None


class Flush(NamedTuple):
    """Facts to be written. `partial` is the id under which earlier flushes of this capture were written."""

    partial: str
    capture: Capture
    facts: Facts
    last: bool


class Failure(NamedTuple):
    """A file that could not be read at all."""

    message: str


def _reading() -> str:
    """Return the process that writes what this one reads, and something of this reading's own."""
    parent = multiprocessing.parent_process()
    return reading_id(parent.pid if parent is not None and parent.pid is not None else os.getpid())


@dataclass(slots=True)
class _Current:
    """The capture being read."""

    source: CaptureFile
    recorder: Recorder
    beginning: str = ""  # tells this capture from others before it is read to its end, whatever its name
    reading: str = field(default_factory=_reading)  # tells this reading of it from others at the same time
    interrupted: bool = False


class Reader:
    """Reads captures one after the other with one sensor, so that a rotated capture is one conversation."""

    def __init__(
        self,
        site: str,
        sensor: str,
        version: str,
        networks: Networks,
        pseudonym: Pseudonym,
        stop: StopSignal,
        progress: Callable[[CaptureFile, int], None],
    ) -> None:
        """`networks` are the site's view of addresses.

        `progress` is called with the source and the packets read of it, after every batch.
        """
        self._site, self._name, self._version = site, sensor, version
        self._networks = networks
        self._stop = stop
        self._progress = progress
        self._current: _Current | None = None
        self._sensor = Sensor(pseudonym, self._recorder())

    def read(self, captures: Iterable[Planned], waiting: bool = False) -> Iterator[Flush | Failure]:
        """Read `captures`, given in the order of their time. Yields what is to be written as it comes.

        With `waiting`, the next capture may take its time: what is known is to be written before.
        """
        for planned in captures:
            if self._stop.asked:
                break
            try:
                source = open_capture(planned.path)
            except CaptureError as error:
                yield Failure(str(error))
                continue
            if self._current is not None:
                yield self._end(self._current, self._follows(planned))
            self._current = current = _Current(source, self._recorder())
            self._sensor.begin(current.recorder)
            yield from self._take(current)
            if waiting:
                self._sensor.flush()
                yield self._flush(current, last=False)
        if self._current is not None:
            yield self._end(self._current, continued=False)

    def _take(self, current: _Current) -> Iterator[Flush]:
        batches = iter(current.source)
        while (batch := self._stop.next(batches)) is not None:
            if not current.beginning and len(batch):
                current.beginning = _beginning(batch)
            self._sensor.feed(batch)
            self._progress(current.source, self._sensor.health.packets)
            if current.recorder.pending > FLUSH_ROWS:
                yield self._flush(current, last=False)
        current.interrupted = self._stop.asked and current.source.sha256 is None
        current.source.close()

    def _follows(self, planned: Planned) -> bool:
        ended = self._sensor.health.last_packet
        return planned.begins is not None and ended is not None and 0 <= planned.begins - ended <= CONTINUES_WITHIN

    def _end(self, current: _Current, continued: bool) -> Flush:
        """The last flush of a capture. Streams live on only if the next capture goes on where this one ends."""
        if continued:
            self._sensor.flush()
        else:
            self._sensor.close()
        return self._flush(current, last=True)

    def _flush(self, current: _Current, last: bool) -> Flush:
        source, health = current.source, self._sensor.health
        health.file_error = "interrupted" if current.interrupted else source.error
        health.kernel_drops = source.kernel_drops
        begins = current.beginning or sha256(source.name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        partial = partial_id(begins, current.reading)
        final = last and source.sha256 is not None
        current.recorder.capture = source.sha256[:16] if final and source.sha256 else partial
        facts = current.recorder.drain()
        health.let_go(facts.caps)
        capture = Capture(
            id=facts.capture,
            name=source.name,
            sha256=source.sha256,
            site=self._site,
            sensor=self._name,
            parser_version=self._version,
            health=replace(health, anomalies=health.anomalies.copy()),
            complete=final,
        )
        return Flush(partial, capture, facts, last)

    def _recorder(self) -> Recorder:
        return Recorder(self._site, self._name, "", self._networks)


def _beginning(batch: Batch) -> str:
    """Return 16 hex digits that stand for the first frame of a capture, its time and its bytes."""
    start, length = int(batch.offsets[0]), int(batch.captured[0])
    first = batch.buffer[start : start + length].tobytes()
    return sha256(f"{int(batch.times[0])} ".encode() + first).hexdigest()[:16]
