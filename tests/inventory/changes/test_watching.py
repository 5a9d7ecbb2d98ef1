"""Events of an inventory that grows: each is told once, and none is left out."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inventory.changes.events import MAX_WAITING, Delivery, EventFile
from inventory.changes.watching import Watch, memory_of
from inventory.export import Row
from tests.inventory.changes.inventories import CT, PACS, PC, opened, write

MINUTE = 1 / 1440


class Sink:
    """Takes events while it is not broken, a few at a time."""

    def __init__(self) -> None:
        self.name = "sink"
        self.rows: list[Row] = []
        self.broken = False

    def send(self, rows: Any) -> int:
        if self.broken:
            raise OSError(111, "Connection refused")
        self.rows += rows[:2]
        return min(len(rows), 2)

    def taken(self) -> list[tuple[str, str]]:
        """(change, address) of what was sent since the last time."""
        rows, self.rows = self.rows, []
        return [(row["change"], row["ip_address"]) for row in rows]


def watching(path: Path, sink: Sink, notes: list[str]) -> Watch:
    watch = Watch(path, opened, [Delivery(sink, notes.append)], notes.append)
    watch.begin()()
    return watch


def test_a_sensors_life(tmp_path: Path) -> None:
    path, sink, notes = tmp_path / "i.duckdb", Sink(), list[str]()
    write(path, "live", 0, [PACS])
    watch = watching(path, sink, notes)
    assert (sink.taken(), watch.changed()) == ([], False), "what is there counts as told"

    # One minute: the CT came 3 s before its end, the PC 27 s before.
    write(path, "live 2", 1, [PC] + [PACS] * 9 + [PACS] * 9 + [CT], seconds=30)
    assert watch.changed()
    watch.look()
    assert sink.taken() == [], "nothing has settled yet"
    write(path, "live 3", 1 + MINUTE, [PACS], seconds=60)
    watch.look()
    assert sink.taken() == [("new device", "10.1.0.30"), ("new device", "10.1.0.10")]
    watch.look()
    assert sink.taken() == []

    # A restart; then the CT gets another address, of which it is not sure for a while.
    watch = watching(path, sink, notes)
    write(
        path,
        "live 4",
        1 + 2 * MINUTE,
        [replace(CT, ip="10.1.0.11"), replace(PACS, ports=((104, "dicom"), (80, "http")))],
    )
    sink.broken = True
    watch.look()
    watch.look()
    assert (sink.taken(), notes) == ([], ["sink: connection refused: events are kept until it takes them"])

    # Another restart: what nobody took is not lost.
    watch = watching(path, sink, notes)
    sink.broken = False
    watch.retry()
    assert sorted(sink.taken()) == [("moved", "10.1.0.11"), ("new service", "10.1.0.20")]
    watch = watching(path, sink, notes)
    watch.retry()
    watch.look()
    assert sink.taken() == []

    write(path, "live 5", 2, [replace(PC, ip="10.1.0.31")], seconds=20)
    watch.look()
    assert sink.taken() == []
    watch.look(final=True)
    assert sink.taken() == [("moved", "10.1.0.31")], "at the end everything is told"
    watch = watching(path, sink, notes)
    watch.look()
    watch.look(final=True)
    assert sink.taken() == []


def test_memory_that_cannot_be_read(tmp_path: Path) -> None:
    path, notes = tmp_path / "i.duckdb", list[str]()
    write(path, "live", 0, [PACS])
    memory_of(path).write_text("not ours")
    sink = Sink()
    watching(path, sink, notes).look()
    assert (sink.taken(), len(notes)) == ([], 1)
    assert "counts as told" in notes[0]


# -- those who take events ---------------------------------------------------------------------------------------

ROW: Row = {"change": "moved", "new": "\x1b]\u202e\n\u2028"}


def test_file_that_is_rotated(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    file = EventFile(path)
    assert file.send([ROW]) == 1
    path.rename(tmp_path / "events.jsonl.1")
    assert file.send([ROW, ROW]) == 2
    assert [json.loads(line) for line in path.read_text().splitlines()] == [ROW, ROW]
    assert path.read_text().replace("\n", "").isprintable()
    os.truncate(path, 0)
    assert file.send([ROW]) == 1
    assert json.loads(path.read_text()) == ROW


def test_full_disk() -> None:
    notes: list[str] = []
    delivery = Delivery(EventFile(Path("/dev/full")), notes.append)
    delivery.add([ROW])
    assert not delivery.deliver()
    assert not delivery.deliver()
    assert notes == ["/dev/full: no space left on device: events are kept until it takes them"]
    assert delivery.waiting == [ROW]


def test_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    path = tmp_path / "events.jsonl"
    file = EventFile(path)
    file.send([ROW])
    size = path.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, limits[1]))
    try:
        with pytest.raises(OSError):
            file.send([ROW])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, old)
    assert path.stat().st_size == size


def test_nobody_takes_events_for_long() -> None:
    notes: list[str] = []
    sink = Sink()
    sink.broken = True
    delivery = Delivery(sink, notes.append)
    delivery.add([{"number": number} for number in range(MAX_WAITING + 5)])
    assert (len(delivery.waiting), delivery.waiting[0]) == (MAX_WAITING, {"number": 5})
    assert "5 events are lost" in notes[0]
    delivery.deliver()
    sink.broken = False
    delivery.add([])
    assert delivery.deliver()
    assert notes[1:] == [
        "sink: connection refused: events are kept until it takes them",
        "sink: events are taken again",
    ]
