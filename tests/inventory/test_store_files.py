"""The Store and its file: other processes, files that are no inventory, full disks."""

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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from inventory import database
from inventory.database import open_database
from inventory.errors import InventoryError
from inventory.store import Store
from tests.inventory.storing import capture, facts, rows, values


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "medspan.duckdb"


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
        (lambda path: _version(path, "3"), "is from a newer medspan (schema 3): update medspan"),
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
