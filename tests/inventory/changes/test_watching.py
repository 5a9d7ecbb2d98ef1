"""Events of an inventory that grows: each is told once, and none is left out."""

from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from inventory.changes.events import MAX_WAITING, Delivery, EventFile
from inventory.changes.watching import Watch, memory_of
from inventory.database import open_database
from inventory.errors import InventoryError
from inventory.export import Row
from inventory.store import Store

TABLES = """
CREATE TABLE state (site VARCHAR, device_id VARCHAR, aspect VARCHAR, value VARCHAR, detail VARCHAR,
    first_seen TIMESTAMP, last_seen TIMESTAMP);
CREATE TABLE device_key (site VARCHAR, kind VARCHAR, key VARCHAR, device_id VARCHAR);
CREATE TABLE finding (finding_id VARCHAR, rule VARCHAR, severity VARCHAR, title VARCHAR, site VARCHAR,
    device_id VARCHAR, ip_address VARCHAR, port INTEGER, peer VARCHAR, first_seen TIMESTAMP, last_seen TIMESTAMP,
    status VARCHAR);
"""


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
        """(change, device) of what was sent since the last time."""
        rows, self.rows = self.rows, []
        return [(row["change"], row["device_id"]) for row in rows]


Seen = tuple[str, str, str, int]  # device, aspect, value, second at which it was seen


def grow(path: Path, until: int, *rows: Seen) -> None:
    """Add to an inventory whose derived tables are simply there. A device's first row is when it shows up."""
    new = not path.exists()
    if new:
        Store(path)
    with duckdb.connect(str(path)) as con:
        if new:
            con.execute(TABLES)
        con.execute(
            "INSERT INTO capture (id, site, first_packet, last_packet) VALUES ('live', 's', ?, ?)", at(0, until)
        )
        for device, aspect, value, second in rows:
            if con.execute("SELECT 1 FROM state WHERE device_id = ?", [device]).fetchone() is None:
                con.execute("INSERT INTO device_key VALUES ('s', 'id', ?, ?)", [device, device])
                con.execute(
                    "INSERT INTO state VALUES ('s', ?, 'device', 'client', ?, ?, ?)", [device] * 2 + at(second, 0)
                )
            con.execute(
                "UPDATE state SET last_seen = ? WHERE device_id = ? AND aspect = 'device'", [*at(second), device]
            )
            kind = "IPv4" if aspect == "ip_address" else ""
            con.execute(
                "INSERT INTO state VALUES ('s', ?, ?, ?, ?, ?, ?)", [device, aspect, value, kind, *at(second, second)]
            )


def at(*seconds: int) -> list[datetime]:
    return [datetime(2026, 1, 1) + timedelta(seconds=second) for second in seconds]


@contextmanager
def as_it_is(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_database(path, read_only=True) as con:
        yield con


def watching(path: Path, sink: Sink, notes: list[str]) -> Watch:
    watch = Watch(path, as_it_is, [Delivery(sink, notes.append)], notes.append)
    watch.begin()()
    return watch


def test_a_sensors_life(tmp_path: Path) -> None:
    path, sink, notes = tmp_path / "i.duckdb", Sink(), list[str]()
    grow(path, 100, ("pacs", "service", "104/tcp dicom", 50))
    watch = watching(path, sink, notes)
    assert (sink.taken(), watch.changed()) == ([], False), "what is there counts as told"

    grow(path, 1000, ("ct", "ip_address", "10.1.0.10", 980), ("pc", "ip_address", "10.1.0.30", 990))
    assert watch.changed()
    watch.look()
    assert sink.taken() == [], "nothing has settled yet"
    grow(path, 1015, ("pc", "service", "80/tcp http", 1012))
    watch.look()
    assert sink.taken() == [("new device", "ct")]
    grow(path, 1100)
    watch.look()
    assert sink.taken() == [("new device", "pc")], "with what it has shown meanwhile"

    # A restart; then the CT gets another address, and of the PACS it is not sure for a while whether it has two.
    watch = watching(path, sink, notes)
    grow(path, 2000, ("ct", "ip_address", "10.1.0.11", 1600), ("pacs", "service", "80/tcp http", 1999))
    grow(path, 2001, ("pacs", "ip_address", "10.1.0.20", 1500), ("pacs", "ip_address", "10.1.0.21", 1999))
    sink.broken = True
    watch.look()
    watch.look()
    assert (sink.taken(), notes) == ([], ["sink: connection refused: events are kept until it takes them"])

    # Another restart: what nobody took is not lost, and told once.
    watch = watching(path, sink, notes)
    sink.broken = False
    watch.retry()
    assert sink.taken() == [("moved", "ct"), ("new service", "pacs")]
    watch = watching(path, sink, notes)
    watch.retry()
    watch.look()
    assert sink.taken() == []
    watch.look(final=True)
    assert sink.taken() == [("moved", "pacs")], "at the end everything is told"
    watch = watching(path, sink, notes)
    watch.look(final=True)
    assert sink.taken() == []


def test_nothing_is_told_before_it_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by a look that fails, nor twice by the one after it; and nothing is lost by who is killed while sending."""
    path, sink, notes = tmp_path / "i.duckdb", Sink(), list[str]()
    grow(path, 100)
    watch = watching(path, sink, notes)
    grow(path, 1000, ("ct", "ae_title", "CT1", 900))
    with monkeypatch.context() as full:

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        full.setattr(Path, "replace", fail)
        sink.broken = True
        with pytest.raises(InventoryError, match="no space left"):
            watch.look()
    assert watch.changed(), "what could not be told is looked at again"

    def killed(rows: Any) -> int:
        raise KeyboardInterrupt

    sink.send, send = killed, sink.send  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        watch.look()
    sink.send, sink.broken = send, False  # type: ignore[method-assign]
    watch = watching(path, sink, notes)
    watch.retry()
    assert (sink.taken(), notes) == ([("new device", "ct")], [])
    assert watching(path, sink, notes)
    assert (sink.taken(), notes) == ([], [])


def test_memory_that_cannot_be_read(tmp_path: Path) -> None:
    path, notes = tmp_path / "i.duckdb", list[str]()
    grow(path, 100, ("pacs", "service", "104/tcp dicom", 50))
    memory_of(path).write_text("not ours")
    sink = Sink()
    watching(path, sink, notes)
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


def test_full_disk_leaves_no_half_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    file = EventFile(path)
    file.send([ROW])
    size = path.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
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
