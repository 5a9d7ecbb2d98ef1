"""The Store: facts into the DuckDB file, one short transaction a flush.

DuckDB locks its file, so the file is open only while a flush is written; in between, others can query it. A flush
is one transaction: a process killed at any moment leaves the flushes before, and nothing of this one.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from inventory.bulk import Kind, insert
from inventory.database import DROP_DERIVED, SCHEMA_VERSION, WRITER_PATIENCE, explain, is_empty, open_database
from inventory.errors import InventoryError
from inventory.merging import NOT_SAME, SAME
from inventory.networks import NAMED_KEY, Named, local_nets_in_force, named_in_force
from inventory.recorder import FLOW_COLUMNS, OBSERVATION_COLUMNS, Facts
from parsers.records import CaptureHealth
from parsers.text import MAX_TEXT, clean

_ANOMALY_COLUMNS: Final = {"kind": Kind.TEXT, "detail": Kind.TEXT, "count": Kind.COUNT}

_INSERT_CAPTURE: Final = """
INSERT INTO capture BY NAME
SELECT $id AS id, $name AS name, $sha256 AS sha256, $site AS site, $sensor AS sensor,
       make_timestamp($first_packet::BIGINT // 1000) AS first_packet,
       make_timestamp($last_packet::BIGINT // 1000) AS last_packet,
       $packets AS packets, $bytes AS bytes, $kernel_drops AS kernel_drops,
       $truncated_packets AS truncated_packets, $duplicate_packets AS duplicate_packets,
       $gaps AS gaps, $gap_bytes AS gap_bytes, $one_way_flows AS one_way_flows,
       $unknown_link_packets AS unknown_link_packets, $undecoded_packets AS undecoded_packets,
       $parser_errors AS parser_errors, $caps_hit AS caps_hit, $file_error AS file_error,
       $complete AS complete, $parser_version AS parser_version
"""
_COMPLETE: Final = "SELECT site FROM capture WHERE id = ? AND parser_version = ? AND complete"
_PARTIALS: Final = "SELECT id FROM capture WHERE NOT complete AND split_part(id, '-', 1) = ?"


class Annotation(NamedTuple):
    """What somebody says of a device, as its row in the `annotation` table."""

    device_id: str
    field: str
    value: str  # "" takes back what was said before
    author: str
    at: datetime  # UTC, without a zone


@dataclass(frozen=True, slots=True)
class Capture:
    """One capture file or live run, as its row in the `capture` table."""

    id: str  # first 16 hex digits of sha256 (files), random (live runs)
    name: str
    sha256: str | None
    site: str
    sensor: str
    parser_version: str
    health: CaptureHealth  # counted from the start of the capture, not since the last flush
    complete: bool


class Store:
    """The inventory file at `path`, created if it is missing. Every method raises InventoryError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.patience = WRITER_PATIENCE  # seconds a write waits for others to let go of the file
        self._begun: set[str] = set()  # captures this Store has written to
        new = not path.exists()
        try:
            self._open()
        except InventoryError:
            if new:  # a stump would stand in the way of the next try
                path.unlink(missing_ok=True)
            raise

    def _open(self) -> None:
        with self._transaction() as con:
            if is_empty(con):
                _create(con)
            found = con.execute("SELECT value FROM meta WHERE key = 'pseudonym_key'").fetchone()
            complete = con.execute("SELECT id, parser_version, site FROM capture WHERE complete").fetchall()
        self.pseudonym_key: bytes = bytes.fromhex(found[0]) if found else b""
        self._complete: dict[tuple[str, str], str] = {(id_, version): site for id_, version, site in complete}

    def known(self, capture_id: str, parser_version: str) -> str | None:
        """Return the site for which this version read this capture to its end, None if it did not."""
        return self._complete.get((capture_id, parser_version))

    def write(self, capture: Capture, *facts: Facts) -> None:
        """Add `facts` of `capture` and replace its health, in one transaction.

        The first write of a capture id takes away what an earlier, interrupted or older, reading of it left.
        """
        with self._transaction() as con:
            con.execute(DROP_DERIVED)
            if capture.id not in self._begun:
                _delete_facts(con, capture.id)
                self._sweep(con, capture.id)
            _write(con, capture, facts)
        self._begun.add(capture.id)
        if capture.complete:
            self._complete[capture.id, capture.parser_version] = capture.site

    def finish(self, partial: str, capture: Capture, *facts: Facts) -> bool:
        """Write the last `facts` of `capture`; those written before, under the id `partial`, become its own.

        What an interrupted reading of it left is replaced. Returns False, and changes nothing, when this version has
        already read the same capture to its end, perhaps at the same time.
        """
        with self._transaction() as con:
            con.execute(DROP_DERIVED)
            found = con.execute(_COMPLETE, [capture.id, capture.parser_version]).fetchone()
            if partial != capture.id:
                if partial in self._begun and found is None:
                    _delete_facts(con, capture.id)
                    for table in ("observation", "flow"):
                        con.execute(f"UPDATE {table} SET capture = ? WHERE capture = ?", [capture.id, partial])  # noqa: S608 - our own names
                else:
                    _delete_facts(con, partial)
                _delete_health(con, partial)
                self._sweep(con, partial)
            if found is None:
                if partial not in self._begun:
                    _delete_facts(con, capture.id)
                _write(con, capture, facts)
        self._begun.discard(partial)
        if found is not None:
            self._complete[capture.id, capture.parser_version] = found[0]
        elif capture.complete:
            self._complete[capture.id, capture.parser_version] = capture.site
        return found is None

    def _sweep(self, con: duckdb.DuckDBPyConnection, partial: str) -> None:
        """Take away what interrupted readings left of the capture that begins as that of `partial` does."""
        for (other,) in con.execute(_PARTIALS, [partial.partition("-")[0]]).fetchall():
            if other != partial and other not in self._begun and not _is_being_read(other):
                _delete_facts(con, other)
                _delete_health(con, other)

    def annotate(self, annotations: Sequence[Annotation]) -> None:
        """Add what people say of devices."""
        with self._transaction() as con:
            if any(annotation.field in (SAME, NOT_SAME) for annotation in annotations):
                con.execute(DROP_DERIVED)
            con.executemany("INSERT INTO annotation VALUES (?, ?, ?, ?, ?)", annotations)

    def remember_named_networks(self, configured: Named | None) -> Named:
        """Keep the networks that `[networks]` names, likewise; return those in force. None: nothing is configured."""
        with self._transaction() as con:
            if configured is not None:
                con.execute("DELETE FROM meta WHERE key = ?", [NAMED_KEY])
            if configured:
                con.execute("INSERT INTO meta VALUES (?, ?)", [NAMED_KEY, json.dumps(configured)])
            return named_in_force(dict(con.execute("SELECT key, value FROM meta").fetchall()), configured)

    def remember_local_nets(self, given: str | None, configured: str | None) -> str | None:
        """Keep the site's own networks with the inventory, for those who query it from elsewhere; return them.

        What was `given` on the command line outlasts the `configured` ones; "" given takes back what was.
        """
        with self._transaction() as con:
            for key, value in (("local_nets", given), ("configured_local_nets", configured)):
                if value is not None:
                    con.execute("DELETE FROM meta WHERE key = ?", [key])
                if value:
                    con.execute("INSERT INTO meta VALUES (?, ?)", [key, value])
            return local_nets_in_force(dict(con.execute("SELECT key, value FROM meta").fetchall()), configured)

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction on the opened file; what goes wrong rolls it back and is told in one line."""
        con = open_database(self.path, read_only=False, patience=self.patience)
        try:
            con.execute("BEGIN")
            yield con
            con.execute("COMMIT")
        except duckdb.Error as error:
            raise explain(error, self.path) from None
        finally:
            con.close()


def reading_id(process: int) -> str:
    """Return what tells a reading, written by the process of that number, from all others."""
    return f"{process:x}-{secrets.token_hex(4)}"


def partial_id(beginning: str, reading: str) -> str:
    """Return the id of a capture while it is being read: what it begins with, and which reading it is."""
    return f"{beginning}-{reading}"


def _is_being_read(partial: str) -> bool:
    """Tell whether the process is there that writes what is read under this id."""
    _, _, reading = partial.partition("-")
    process, _, _ = reading.partition("-")
    try:
        number = int(process, 16)
        if number == os.getpid() or os.name != "posix":  # what this one reads, its Store knows
            return False
        os.kill(number, 0)
    except (ValueError, ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it is another user's
        return True
    return True


def _create(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(files("inventory").joinpath("sql/facts.sql").read_text("utf-8"))
    con.execute(
        "INSERT INTO meta VALUES ('application', 'medspan'), ('schema_version', ?), ('pseudonym_key', ?)",
        [str(SCHEMA_VERSION), secrets.token_hex(16)],
    )


def _delete_facts(con: duckdb.DuckDBPyConnection, capture: str) -> None:
    con.execute("DELETE FROM observation WHERE capture = ?", [capture])
    con.execute("DELETE FROM flow WHERE capture = ?", [capture])


def _delete_health(con: duckdb.DuckDBPyConnection, capture: str) -> None:
    con.execute("DELETE FROM capture WHERE id = ?", [capture])
    con.execute("DELETE FROM anomaly WHERE capture = ?", [capture])


def _write(con: duckdb.DuckDBPyConnection, capture: Capture, facts: Sequence[Facts]) -> None:
    _delete_health(con, capture.id)
    _write_capture(con, capture)
    for part in facts:
        origin = {"site": part.site, "sensor": part.sensor, "capture": capture.id}
        insert(con, "flow", FLOW_COLUMNS, part.flows, origin)
        origin["parser_version"] = capture.parser_version
        insert(con, "observation", OBSERVATION_COLUMNS, part.observations, origin)


def _write_capture(con: duckdb.DuckDBPyConnection, capture: Capture) -> None:
    health = capture.health
    con.execute(
        _INSERT_CAPTURE,
        {
            "id": capture.id,
            "name": clean(capture.name[-MAX_TEXT:]),  # a file name may hold anything
            "sha256": capture.sha256,
            "site": capture.site,
            "sensor": capture.sensor,
            "first_packet": health.first_packet,
            "last_packet": health.last_packet,
            "packets": health.packets,
            "bytes": health.bytes,
            "kernel_drops": health.kernel_drops,
            "truncated_packets": health.truncated_packets,
            "duplicate_packets": health.duplicate_packets,
            "gaps": health.gaps,
            "gap_bytes": health.gap_bytes,
            "one_way_flows": health.one_way_flows,
            "unknown_link_packets": health.unknown_link_packets,
            "undecoded_packets": health.undecoded_packets,
            "parser_errors": health.parser_errors,
            "caps_hit": health.caps_hit,
            "file_error": health.file_error and clean(health.file_error),
            "complete": capture.complete,
            "parser_version": capture.parser_version,
        },
    )
    rows = [(kind, detail, count) for (kind, detail), count in health.anomalies.items()]
    insert(con, "anomaly", _ANOMALY_COLUMNS, rows, {"capture": capture.id})
