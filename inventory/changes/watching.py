"""An inventory that grows, watched: after each look, the events since the one before.

What was seen last, and what nobody has taken yet, is remembered in a file beside the inventory, `NAME.told`, so that
nothing is left out after a restart. Events are told at least once: they are remembered before they are sent, and as
taken only afterwards, so that who is killed in between sends them again. The inventory is copied first: deriving takes
its time, and whoever holds the file keeps the sensor from writing.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb

from inventory.changes.comparing import compare, told
from inventory.changes.events import EVENTS, Delivery
from inventory.changes.snapshot import Snapshot, attach, save, written
from inventory.database import explain, open_database
from inventory.errors import InventoryError
from inventory.export import Row

Opened = Callable[[Path], AbstractContextManager[duckdb.DuckDBPyConnection]]

_TIMELESS: Final = """
CREATE OR REPLACE TEMP VIEW new_coverage AS SELECT * REPLACE (NULL::TIMESTAMP AS last_packet) FROM _new.coverage
"""
_WAIT: Final = """
INSERT INTO waiting SELECT $sink, unnest(range($count)), unnest(from_json_strict($events, '["VARCHAR"]'))
"""
_FORMAT: Final = 1  # of the file `.told`


def memory_of(inventory: Path) -> Path:
    """Where what was told of `inventory` is remembered."""
    return inventory.with_name(f"{inventory.name}.told")


class Watch:
    """The inventory at `path`, which `opened` derives; `deliveries` take the events. Methods raise InventoryError."""

    def __init__(self, path: Path, opened: Opened, deliveries: list[Delivery], tell: Callable[[str], None]) -> None:
        self._path = path
        self._tell = tell
        self._opened = opened
        self._deliveries = deliveries
        self._memory = memory_of(path)
        self._known = False
        self._stamp: object = None  # of the inventory that was looked at last
        self._taken = False  # by somebody, which is not remembered yet

    def begin(self) -> Callable[[], None]:
        """Take up what was told before. Where nothing was, all that is there now counts as told.

        Returns what is left to do, which may take its time.
        """
        self._known = self._recall()
        if self._known:
            return lambda: None
        if self._memory.exists():
            self._tell(f"{self._memory} cannot be read: what is in the inventory now counts as told")
            self._memory.unlink(missing_ok=True)
        folder = TemporaryDirectory(prefix="medspan-")
        copied = self._copy(Path(folder.name))

        def remember() -> None:
            with folder:
                self._look(*copied, final=False)

        return remember

    def changed(self) -> bool:
        """Tell whether the inventory was written to since the last look."""
        return self._now() != self._stamp

    def look(self, final: bool = False) -> None:
        """Find out what is new, and tell it; at the `final` look also what has not settled yet."""
        with TemporaryDirectory(prefix="medspan-") as folder:
            self._look(*self._copy(Path(folder)), final)

    def retry(self) -> None:
        """Send what was not taken yet, and remember what was."""
        for delivery in self._deliveries:
            self._taken |= delivery.deliver()
        if self._taken:
            try:
                with duckdb.connect(str(self._memory)) as con:
                    self._write_waiting(con)
            except duckdb.Error as error:
                raise explain(error, self._memory) from None
            self._taken = False

    def _look(self, copy: Path, stamp: object, final: bool) -> None:
        part = self._memory.with_name(f".{self._memory.name}.part")
        try:
            _remove(part)  # of somebody who was killed
            with self._opened(copy) as con:
                save(con, part, before=self._memory if self._known and not final else None)
            events = _events(self._memory, part) if self._known else []
            with duckdb.connect(str(part)) as con:
                con.execute("CREATE TABLE about AS SELECT ? AS format", [_FORMAT])
                con.execute("CREATE TABLE waiting (sink VARCHAR, number INTEGER, event VARCHAR)")
                self._write_waiting(con, events)
                con.execute("CHECKPOINT")  # which, unlike closing, tells whether the file is whole
            _log_of(self._memory).unlink(missing_ok=True)
            part.replace(self._memory)
        except duckdb.Error as error:
            raise explain(error, self._memory) from None
        except OSError as error:
            raise InventoryError(f"{self._memory}: {(error.strerror or 'error').lower()}") from None
        finally:
            with suppress(OSError):
                _remove(part)
        self._known, self._stamp, self._taken = True, stamp, False
        for delivery in self._deliveries:
            delivery.add(events)
        self.retry()

    def _copy(self, folder: Path) -> tuple[Path, object]:
        """Copy the inventory while nobody can write to it; return the copy, and what tells it from later ones."""
        copy = folder / "inventory.duckdb"
        with open_database(self._path, read_only=True):
            stamp = self._now()
            shutil.copyfile(self._path, copy)
            with suppress(FileNotFoundError):  # left by a writer that was killed
                shutil.copyfile(_log_of(self._path), _log_of(copy))
        return copy, stamp

    def _now(self) -> object:
        try:
            return written(self._path)
        except OSError:
            return self._stamp

    def _recall(self) -> bool:
        if not self._memory.exists():
            return False
        try:
            with duckdb.connect(str(self._memory), read_only=True) as con:
                if con.execute("SELECT format FROM about").fetchall() != [(_FORMAT,)]:
                    return False
                for delivery in self._deliveries:
                    rows = con.execute("SELECT event FROM waiting WHERE sink = ? ORDER BY number", [delivery.sink.name])
                    delivery.add(json.loads(event) for (event,) in rows.fetchall())
        except (duckdb.Error, ValueError):
            return False
        return True

    def _write_waiting(self, con: duckdb.DuckDBPyConnection, events: list[Row] | None = None) -> None:
        """Write what waits, and the `events` that will wait behind it."""
        con.execute("BEGIN")
        con.execute("DELETE FROM waiting")
        for delivery in self._deliveries:
            rows = [json.dumps(row) for row in (*delivery.waiting, *(events or ()))]
            con.execute(_WAIT, {"sink": delivery.sink.name, "count": len(rows), "events": json.dumps(rows)})
        con.execute("COMMIT")


def _remove(database: Path) -> None:
    database.unlink(missing_ok=True)
    _log_of(database).unlink(missing_ok=True)


def _log_of(database: Path) -> Path:
    """Where DuckDB writes ahead; it would take it for the log of whatever file has that name."""
    return database.with_name(f"{database.name}.wal")


def _events(before: Path, after: Path) -> list[Row]:
    with duckdb.connect() as con:
        attach(con, Snapshot(before), "old")
        attach(con, Snapshot(after), "new")
        # Nothing is gone because it was silent between two looks.
        con.execute(_TIMELESS)
        compare(con)
        rows = [row for row in told(con).result.rows if row["change"] in EVENTS]
        return sorted(rows, key=lambda row: str(row["at"]))
