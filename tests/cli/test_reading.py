"""Reading large captures: facts are written in several flushes, and the inventory is the same."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest

from inventory.store import Store
from parsers.text import pseudonymiser
from sensor.cli import reading
from sensor.cli.reading import Flush, Planned, Reader
from sensor.cli.stopping import StopSignal
from tests.conftest import CLINIC

FACTS = """
SELECT capture, vlan, mac, ip, port, protocol, attribute, value, class, min(first_seen), max(last_seen), sum(count),
       arg_min(frame, first_seen)
FROM observation GROUP BY ALL ORDER BY ALL
"""
FLOWS = (
    "SELECT client_ip, server_ip, server_port, protocol, sum(connections), sum(bytes_to_server) FROM flow GROUP BY ALL"
)


def read(store: Store, paths: Iterable[Path]) -> list[bool]:
    """Read as the command does; return what each finished capture came to: True if it was new."""
    reader = Reader("s", "s", "1", None, pseudonymiser(b"key"), StopSignal(), lambda source, packets: None)
    finished = []
    for item in reader.read([Planned(str(path), None) for path in paths]):
        assert isinstance(item, Flush)
        if item.last:
            finished.append(store.finish(item.partial, item.capture, item.facts))
        else:
            store.write(item.capture, item.facts)
    return finished


def facts(path: Path) -> tuple[object, ...]:
    with duckdb.connect(str(path), read_only=True) as con:
        captures = con.execute("SELECT id, complete, packets FROM capture").fetchall()
        return captures, con.execute(FACTS).fetchall(), sorted(con.execute(FLOWS).fetchall(), key=str)


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "FLUSH_ROWS", 20)
    whole = reading.open_capture
    monkeypatch.setattr(reading, "open_capture", lambda path: whole(path, 100_000))


def test_several_flushes(tmp_path: Path, small_windows: None, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed = Store(tmp_path / "flushed.duckdb")
    written = []
    write = flushed.write
    monkeypatch.setattr(flushed, "write", lambda capture, part: (written.append(capture.id), write(capture, part)))
    assert read(flushed, [CLINIC]) == [True]
    assert len(written) > 3
    assert read(flushed, [CLINIC]) == [False]
    monkeypatch.setattr(reading, "FLUSH_ROWS", 50_000)
    once = Store(tmp_path / "once.duckdb")
    assert read(once, [CLINIC]) == [True]
    assert facts(flushed.path) == facts(once.path)


def test_broken_off_between_flushes_and_read_again(tmp_path: Path, small_windows: None) -> None:
    """As after a kill: what the broken reading left is replaced by the next."""
    store = Store(tmp_path / "inventory.duckdb")
    reader = Reader("s", "s", "1", None, pseudonymiser(b"key"), StopSignal(), lambda source, packets: None)
    for number, item in enumerate(reader.read([Planned(str(CLINIC), None)])):
        assert isinstance(item, Flush)
        store.write(item.capture, item.facts)
        if number == 2:
            break
    ((_, complete, packets),) = facts(store.path)[0]  # type: ignore[misc]
    assert not complete
    assert 0 < packets < 1082
    again = Store(store.path)
    assert read(again, [CLINIC]) == [True]
    clean = Store(tmp_path / "clean.duckdb")
    read(clean, [CLINIC])
    assert facts(again.path) == facts(clean.path)
