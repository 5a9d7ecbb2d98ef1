from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from inventory import database
from inventory.community_id import community_id
from inventory.database import open_database
from inventory.errors import InventoryError
from inventory.recorder import Facts, Recorder
from inventory.store import Capture, Store
from parsers.records import CaptureHealth, Endpoint, Evidence, FlowRecord

SECOND = 1_000_000_000
TABLES = ("capture", "observation", "flow", "anomaly")
COMMUNITY_ID = community_id("tcp", "10.0.0.8", 40_000, "10.0.0.7", 104)
START = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z


def capture(name: str = "a.pcap", capture_id: str = "cafe", complete: bool = True, **health: Any) -> Capture:
    return Capture(capture_id, name, "cafe" * 16, "north", "core-1", "0.1.0", CaptureHealth(**health), complete)


def facts(*values: str, capture_id: str = "cafe") -> Facts:
    """One observation a value, and one flow."""
    recorder = Recorder("north", "core-1", capture_id)
    for frame, value in enumerate(values, 1):
        endpoint = Endpoint("100.42", "00:11:22:33:44:55", "10.0.0.7", 104, "tcp")
        time = START + frame * SECOND + 1_999
        recorder.observe(endpoint, "dicom", "accepted_ae_title", value, Evidence.PEER, time, frame)
    recorder.flow(
        FlowRecord(
            *(None, "10.0.0.8", 40_000, None, "10.0.0.7", 104, "00:11:22:33:44:55", "tcp", "dicom", False, True, True),
            *(None, START, START + SECOND, 1, 2, 3, 4, 5, 1),
        )
    )
    return recorder.drain()


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with open_database(path, read_only=True) as con:
        return con.execute(statement).fetchall()


def values(path: Path) -> list[str]:
    return [value for (value,) in rows(path, "SELECT value FROM observation ORDER BY capture, value")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "medspan.duckdb"


def test_a_new_inventory(path: Path) -> None:
    key = Store(path).pseudonym_key
    assert len(key) == 16
    assert Store(path).pseudonym_key == key
    meta = dict(rows(path, "FROM meta"))
    assert meta == {"application": "medspan", "schema_version": "1", "pseudonym_key": key.hex()}
    assert [name for (name,) in rows(path, "SELECT table_name FROM duckdb_tables() ORDER BY 1")] == [
        *("annotation", "anomaly", "capture", "flow", "meta", "observation")
    ]
    # Readable by DuckDB 1.5, whatever version wrote it.
    storage = rows(path, "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'medspan'")
    assert storage[0][0].startswith("v1.5.0")


def test_every_column_is_written(path: Path) -> None:
    Store(path).write(
        capture(
            *("ward\x1b[31m 3.pcap", "cafe"),
            packets=10,
            bytes=11,
            first_packet=START + 1_999,
            last_packet=START + SECOND,
            kernel_drops=12,
            truncated_packets=13,
            duplicate_packets=14,
            gaps=15,
            gap_bytes=16,
            one_way_flows=17,
            unknown_link_packets=18,
            undecoded_packets=19,
            parser_errors=20,
            caps_hit=21,
            file_error="cut short",
            anomalies=Counter({("malformed", "length of zero"): 3, ("cap", "flows"): 1}),
        ),
        facts("PACS"),
    )
    start = datetime(2026, 1, 1)
    second = datetime(2026, 1, 1, 0, 0, 1)
    assert rows(path, "FROM capture") == [
        (
            *("cafe", "ward [31m 3.pcap", "cafe" * 16, "north", "core-1", start.replace(microsecond=1), second),
            *(10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, "cut short", True, "0.1.0"),
        )
    ]
    assert rows(path, "FROM anomaly ORDER BY kind") == [
        ("cafe", "cap", "flows", 1),
        ("cafe", "malformed", "length of zero", 3),
    ]
    seen = second.replace(microsecond=1)
    assert rows(path, "FROM observation") == [
        (
            *("north", "core-1", "100.42", "00:11:22:33:44:55", "10.0.0.7", 104, "tcp", "dicom", "accepted_ae_title"),
            *("PACS", "peer", seen, seen, 1, "cafe", 1, "0.1.0"),
        )
    ]
    assert rows(path, "FROM flow") == [
        (
            *("north", "core-1", None, "10.0.0.8", None, "10.0.0.7", "00:11:22:33:44:55", 104, "tcp", "dicom"),
            *(False, True, True, None, start, second, 1, 2, 3, 4, 5, COMMUNITY_ID, "cafe", 1),
        )
    ]


def test_a_capture_without_packets(path: Path) -> None:
    Store(path).write(capture(), Recorder("north", "core-1", "cafe").drain())
    assert rows(path, "SELECT first_packet, last_packet, packets FROM capture") == [(None, None, 0)]


HOSTILE = [
    *("'); DROP TABLE flow; --", '"', "\\", "\\u0000", "{}", "[]", "null", "$rows", "?", "", " ", "Ωμέγα 放射線科 🩻"),
    *('{"Manufacturer":"A\\\\B\\"C"}', "=cmd|'/c calc'!A1", "%s", "\ud7ff", "\U0010ffff"),
]


def test_hostile_text_comes_back_as_it_was(path: Path) -> None:
    Store(path).write(capture(), facts(*HOSTILE))
    assert sorted(values(path)) == sorted(HOSTILE)


def test_flushes_add_up_and_the_capture_is_one_row(path: Path) -> None:
    store = Store(path)
    store.write(capture(complete=False, packets=5, anomalies=Counter({("cap", "x"): 1})), facts("A", "B"))
    assert rows(path, "SELECT packets, complete FROM capture") == [(5, False)]
    assert not store.known("cafe", "0.1.0")
    store.write(capture(complete=True, packets=9, anomalies=Counter({("cap", "x"): 2})), facts("C"), facts("D"))
    assert rows(path, "SELECT packets, complete FROM capture") == [(9, True)]
    assert rows(path, "FROM anomaly") == [("cafe", "cap", "x", 2)]
    assert values(path) == ["A", "B", "C", "D"]


def test_an_interrupted_reading_is_replaced_by_the_next(path: Path) -> None:
    Store(path).write(capture(capture_id="other"), facts("O", capture_id="other"))
    Store(path).write(capture(complete=False), facts("A", "B"))
    store = Store(path)
    store.write(capture(complete=False), facts("A"))
    store.write(capture(complete=True), facts("B", "C"))
    assert values(path) == ["A", "B", "C", "O"]
    assert rows(path, "SELECT capture, count(*) FROM flow GROUP BY ALL ORDER BY 1") == [("cafe", 2), ("other", 1)]
    assert rows(path, "SELECT id, complete FROM capture ORDER BY 1") == [("cafe", True), ("other", True)]


def test_a_complete_capture_is_known_to_the_version_that_read_it(path: Path) -> None:
    store = Store(path)
    store.write(capture(), facts("A"))
    store.write(capture(capture_id="half", complete=False), facts("B", capture_id="half"))
    for each in (store, Store(path)):
        assert each.known("cafe", "0.1.0")
        assert not each.known("cafe", "0.2.0")
        assert not each.known("half", "0.1.0")
        assert not each.known("beef", "0.1.0")


def test_more_rows_than_one_insert_takes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.bulk._CHUNK", 7)
    names = [f"AE{i:02}" for i in range(30)]
    Store(path).write(capture(), facts(*names))
    assert values(path) == names


def test_a_flush_that_fails_leaves_nothing(path: Path) -> None:
    store = Store(path)
    store.write(capture(complete=False, packets=1), facts("A"))
    bad = facts("B")
    bad.observations.append(("no port", "", "", 2**40, *bad.observations[0][4:]))
    with pytest.raises(InventoryError) as error:
        store.write(capture(complete=True, packets=2), bad)
    assert len(str(error.value).splitlines()) == 1
    assert values(path) == ["A"]
    assert rows(path, "SELECT packets, complete FROM capture") == [(1, False)]
    assert not store.known("cafe", "0.1.0")


def test_what_was_flushed_under_a_partial_id_becomes_the_captures_own(path: Path) -> None:
    Store(path).write(capture(capture_id="part", complete=False), facts("X", capture_id="part"))  # interrupted
    store = Store(path)
    store.write(capture(capture_id="part", complete=False, packets=1), facts("A", capture_id="part"))
    store.write(capture(capture_id="part", complete=False, packets=2), facts("B", capture_id="part"))
    assert store.finish("part", capture(packets=3), facts("C"))
    assert values(path) == ["A", "B", "C"]
    assert rows(
        path, "SELECT DISTINCT capture FROM (SELECT capture FROM observation UNION ALL SELECT capture FROM flow)"
    ) == [("cafe",)]
    assert rows(path, "SELECT id, packets, complete FROM capture") == [("cafe", 3, True)]
    assert store.known("cafe", "0.1.0")


def test_a_capture_that_was_read_before_changes_nothing(path: Path) -> None:
    Store(path).write(capture(packets=3, anomalies=Counter({("cap", "x"): 2})), facts("A", "B"))
    everything = [rows(path, f"FROM {table} ORDER BY ALL") for table in TABLES]
    store = Store(path)
    store.write(capture(capture_id="part", complete=False), facts("A", capture_id="part"))
    assert not store.finish("part", capture(packets=3), facts("B"))
    assert not store.finish("part", capture(name="copy.pcap", packets=3), facts("A", "B"))
    assert [
        rows(path, f"FROM {table} ORDER BY ALL") for table in ("capture", "observation", "flow", "anomaly")
    ] == everything


def test_another_version_reads_a_capture_anew(path: Path) -> None:
    Store(path).write(capture(), facts("A", "B"))
    newer = replace(capture(), parser_version="0.2.0")
    assert Store(path).finish("part", newer, facts("B", "C"))
    assert values(path) == ["B", "C"]
    assert rows(path, "SELECT id, parser_version FROM capture") == [("cafe", "0.2.0")]


def test_annotations_outlive_a_new_reading(path: Path) -> None:
    Store(path).write(capture(), facts("A"))
    with open_database(path, read_only=False) as con:
        con.execute("INSERT INTO annotation VALUES ('d1', 'owner', 'Radiology', 'me', now()::TIMESTAMP)")
    Store(path).write(capture(), facts("B"))
    assert rows(path, "SELECT owner.value FROM annotation AS owner") == [("Radiology",)]
    assert values(path) == ["B"]


def test_local_nets_are_remembered_once(path: Path) -> None:
    store = Store(path)
    store.remember_local_nets("10.0.0.0/8", None)
    store.remember_local_nets("198.51.100.0/24", "10.1.0.0/16")
    store.remember_local_nets(None, "10.2.0.0/16")
    nets = "SELECT key, value FROM meta WHERE key LIKE '%local_nets' ORDER BY key"
    assert rows(path, nets) == [("configured_local_nets", "10.2.0.0/16"), ("local_nets", "198.51.100.0/24")]
    store.remember_local_nets("", None)
    assert rows(path, nets) == [("configured_local_nets", "10.2.0.0/16")]


# -- other processes ---------------------------------------------------------------------------------------------


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the inventory open for writing."""
    Store(path)
    hold = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("read_only", [True, False])
def test_who_holds_the_file_is_told(
    path: Path, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch, read_only: bool
) -> None:
    monkeypatch.setattr(database, "LOCK_PATIENCE", 0.1)
    with pytest.raises(InventoryError) as error:
        open_database(path, read_only=read_only)
    assert str(error.value) == f"{path} is in use by process {holder.pid}: try again when it has finished"


def test_a_file_that_is_held_shortly_is_waited_for(path: Path, holder: subprocess.Popen[str]) -> None:
    threading.Timer(0.2, holder.kill).start()
    Store(path).write(capture(), facts("A"))
    assert values(path) == ["A"]


def test_the_file_is_free_between_flushes(path: Path) -> None:
    store = Store(path)
    store.write(capture(complete=False), facts("A"))
    query = (
        f"import duckdb; print(duckdb.connect({str(path)!r}, read_only=True).execute('FROM observation').fetchall())"
    )
    answer = subprocess.run([sys.executable, "-c", query], capture_output=True, text=True, check=True, timeout=20)
    assert "'A'" in answer.stdout


WRITE_FOREVER = """
import sys
from pathlib import Path
from tests.inventory.test_store import capture, facts
from inventory.store import Store
store = Store(Path(sys.argv[1]))
print("begun", flush=True)
for flush in range(10_000):
    store.write(capture(complete=False, packets=flush + 1), facts(*(f"{flush}-{i}" for i in range(200))))
"""


@pytest.mark.parametrize("delay", [0.0, 0.03, 0.11, 0.17])
def test_a_kill_leaves_whole_flushes(path: Path, delay: float) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", WRITE_FOREVER, str(path)], cwd=root, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    (flushes,) = rows(path, "SELECT coalesce(max(packets), 0) FROM capture")[0]
    assert rows(path, "SELECT count(*), count(DISTINCT value) FROM observation") == [(200 * flushes, 200 * flushes)]
    store = Store(path)
    store.write(capture(), facts("A"))
    assert values(path) == ["A"]


# -- files that are no inventory -----------------------------------------------------------------------------------


def _text(path: Path) -> None:
    path.write_text("# an inventory of our devices\n" * 1000)


def _sqlite(path: Path) -> None:
    con = sqlite3.connect(path)
    con.execute("CREATE TABLE meta (key, value)")
    con.commit()
    con.close()


def _foreign(path: Path, statement: str = "CREATE TABLE books (title VARCHAR)") -> None:
    with duckdb.connect(str(path)) as con:
        con.execute(statement)


def _foreign_meta(path: Path) -> None:
    _foreign(path, "CREATE TABLE meta AS SELECT 'application' AS key, 'library' AS value")


def _foreign_columns(path: Path) -> None:
    _foreign(path, "CREATE TABLE meta AS SELECT 1 AS version")


def _version(path: Path, version: str) -> None:
    Store(path)
    _foreign(path, f"UPDATE meta SET value = '{version}' WHERE key = 'schema_version'")


def _cut(path: Path) -> None:
    Store(path)
    os.truncate(path, 5000)


def _corrupt(path: Path) -> None:
    Store(path)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(8192))


FOREIGN = "is a DuckDB file of another program, not a medspan inventory"


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_text, "is not a medspan inventory"),
        (_sqlite, "is not a medspan inventory"),
        (Path.touch, "is an empty file: delete it, then run medspan read CAPTURE"),
        (Path.mkdir, "is a folder, not an inventory"),
        (_foreign, FOREIGN),
        (_foreign_meta, FOREIGN),
        (_foreign_columns, "is not a medspan inventory, or is damaged"),
        (lambda path: _version(path, "2"), "is from a newer medspan (schema 2): update medspan"),
        (lambda path: _version(path, "0"), "is from an older medspan (schema 0): read its captures again"),
        (lambda path: _version(path, "x"), FOREIGN),
        (_cut, "is damaged: its end is missing"),
        (_corrupt, "is damaged"),
    ],
)
def test_a_file_that_is_no_inventory(path: Path, make: Any, message: str, read_only: bool) -> None:
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(InventoryError) as error:
        open_database(path, read_only=read_only)
    assert str(error.value) == f"{path} {message}"
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_missing_inventory(path: Path) -> None:
    with pytest.raises(InventoryError) as error:
        open_database(path, read_only=True)
    assert str(error.value) == f"no inventory at {path}: run medspan read CAPTURE first"
    assert not path.exists()


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InventoryError) as error:
        Store(tmp_path / "nowhere" / "a.duckdb")
    assert str(error.value) == f"no folder {tmp_path / 'nowhere'} for the inventory a.duckdb"


def test_an_interrupted_creation_is_finished_by_the_next_writer(path: Path) -> None:
    duckdb.connect(str(path)).close()
    with pytest.raises(InventoryError, match="run medspan read CAPTURE first"):
        open_database(path, read_only=True)
    assert len(Store(path).pseudonym_key) == 16


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder that others may read, and this process one of the others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder, "medspan.duckdb")
        Store(path).write(capture(), facts("A"))
        path.chmod(0o444)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield path
        finally:
            os.seteuid(user)


def test_a_read_only_file(unprivileged: Path) -> None:
    assert values(unprivileged) == ["A"]
    with pytest.raises(InventoryError) as error:
        Store(unprivileged)
    assert str(error.value) == f"{unprivileged} may not be opened: permission denied"


def test_a_full_disk(path: Path) -> None:
    """A limit on the file size fails a write in the same place as a full disk does."""
    store = Store(path)
    store.write(capture(complete=False), facts("A"))
    much = facts("B")
    much.observations.extend((*row[:7], os.urandom(100).hex(), *row[8:]) for row in much.observations * 20_000)
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, unlimited[1]))
    try:
        with pytest.raises(InventoryError) as error:
            store.write(capture(), much)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert str(error.value) == f"{path} cannot be written: it would exceed the file size limit"
    assert values(path) == ["A"]
    store.write(capture(), facts("B"))
    assert values(path) == ["A", "B"]
