"""Opening the inventory file: a DuckDB database that carries our mark, and one clear line when it cannot be opened."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import duckdb

from inventory.errors import InventoryError

SCHEMA_VERSION: Final = 2
LOCK_PATIENCE: Final = 5.0  # seconds to wait for another process; a flush holds the file for some 50 ms
WRITER_PATIENCE: Final = 60.0  # seconds; what was read should not be lost because somebody looks at the inventory
DROP_DERIVED: Final = "DROP SCHEMA IF EXISTS derived CASCADE"  # what `inventory.keeping` kept
_MAGIC: Final = b"DUCK"  # at byte 8 of the main header (https://duckdb.org/docs/stable/internals/storage)

# No extension is ever fetched: a passive sensor sends nothing, not even by accident.
_CONFIG: Final[dict[str, Any]] = {
    "storage_compatibility_version": "v1.5.0",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
}
MEMORY: Final[dict[str, Any]] = {key: value for key, value in _CONFIG.items() if not key.startswith("storage")}
_WRITING: Final[dict[str, Any]] = {
    **_CONFIG,
    "wal_autocheckpoint": "1KB",  # a commit writes the rows into the file at once, not into its log first
    "threads": 1,  # rows come from Python, one thread at a time; more of them only wait for each other
}

_TABLES: Final = frozenset({"meta", "capture", "anomaly", "observation", "flow", "annotation"})  # of sql/facts.sql
_CONTENTS: Final = """
SELECT (SELECT count(*) FROM duckdb_tables() WHERE NOT temporary)
     + (SELECT count(*) FROM duckdb_views() WHERE NOT internal AND NOT temporary)
     + (SELECT count(*) FROM duckdb_sequences() WHERE NOT temporary)
"""

_REASONS: Final = (  # what DuckDB's message holds -> what it means to the user
    ("version number", "was written by a newer DuckDB: update medspan"),
    ("not a valid DuckDB", "is not a medspan inventory, or is damaged"),
    ("Corrupt database file", "is damaged"),
    ("Could not read enough bytes", "is damaged: its end is missing"),
    ("Permission denied", "may not be opened: permission denied"),
    ("Read-only file system", "cannot be written: the file system is read-only"),
    ("No space left", "cannot be written: the disk is full"),
    ("File too large", "cannot be written: it would exceed the file size limit"),
)


def open_database(path: Path, *, read_only: bool, patience: float = LOCK_PATIENCE) -> duckdb.DuckDBPyConnection:
    """Open the inventory at `path`, created if it is missing and `read_only` is false, and check that it is one.

    Waits up to `patience` seconds for another process to let go of it. Raises InventoryError.
    """
    _check_file(path, read_only)
    con = _connect(path, read_only, patience)
    try:
        _check_mark(con, path, read_only)
    except BaseException:
        con.close()
        raise
    return con


def explain(error: Exception, path: Path) -> InventoryError:
    """Turn DuckDB's error about the file at `path` into one line for the user."""
    message = str(error)
    for words, meaning in _REASONS:
        if words in message:
            return InventoryError(f"{path} {meaning}")
    return InventoryError(f"{path}: {message.splitlines()[0] if message else 'unknown error'}")


def is_about_file(error: BaseException) -> bool:
    """Tell whether an error is DuckDB's and about the file it works on: damaged, full, not allowed."""
    return isinstance(error, duckdb.Error) and (
        isinstance(error, duckdb.IOException) or any(words in str(error) for words, _ in _REASONS)
    )


def is_empty(con: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether nothing is in the database yet: it was just created, or its creation was interrupted."""
    return con.execute(_CONTENTS).fetchone() == (0,)


def _check_file(path: Path, read_only: bool) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise InventoryError(f"no folder {path.parent} for the inventory {path.name}") from None
        if read_only:
            raise _missing(path) from None
        return
    except IsADirectoryError:
        raise InventoryError(f"{path} is a folder, not an inventory") from None
    except OSError as error:
        raise InventoryError(f"{path} may not be opened: {(error.strerror or 'error').lower()}") from None
    if not head:
        raise InventoryError(f"{path} is an empty file: delete it, then run medspan read CAPTURE")
    # Checked here, because DuckDB would take other files (SQLite) for databases of its extensions.
    if head[8:] != _MAGIC:
        raise InventoryError(f"{path} is not a medspan inventory")


def attach(con: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool, patience: float = LOCK_PATIENCE) -> None:
    """Attach the inventory at `path`, which is known to be one, to `con` as the database `inventory`.

    Waits as `open_database` does. Raises InventoryError.
    """
    name = str(path).replace("'", "''")
    statement = f"ATTACH '{name}' AS inventory{' (READ_ONLY)' if read_only else ''}"
    _patiently(lambda: con.execute(statement), path, patience)


def _connect(path: Path, read_only: bool, patience: float) -> duckdb.DuckDBPyConnection:
    config = _CONFIG if read_only else _WRITING
    return _patiently(lambda: duckdb.connect(str(path), read_only=read_only, config=config), path, patience)


def _patiently(
    connect: Callable[[], duckdb.DuckDBPyConnection], path: Path, patience: float
) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + patience
    pause = 0.01
    while True:
        try:
            return connect()
        except duckdb.Error as error:
            if "Could not set lock" not in str(error):
                raise explain(error, path) from None
            if time.monotonic() > deadline:
                holder = re.search(r"PID (\d+)", str(error))
                who = f"process {holder[1]}" if holder else "another process"
                raise InventoryError(f"{path} is in use by {who}: try again when it has finished") from None
        time.sleep(pause)
        pause = min(2 * pause, 0.25)


def _missing(path: Path) -> InventoryError:
    return InventoryError(f"no inventory at {path}: run medspan read CAPTURE first")


def _check_mark(con: duckdb.DuckDBPyConnection, path: Path, read_only: bool) -> None:
    try:
        meta = dict(con.execute("SELECT key, value FROM meta").fetchall())
    except duckdb.CatalogException:
        if is_empty(con):
            if read_only:
                raise _missing(path) from None
            return
        meta = {}
    except duckdb.Error as error:  # a `meta` of another program, or a damaged file
        raise InventoryError(f"{path} is not a medspan inventory, or is damaged") from error
    version = str(meta.get("schema_version", ""))
    if meta.get("application") != "medspan" or not version.isdecimal():
        raise InventoryError(f"{path} is a DuckDB file of another program, not a medspan inventory")
    if int(version) > SCHEMA_VERSION:
        raise InventoryError(f"{path} is from a newer medspan (schema {version}): update medspan")
    if int(version) < SCHEMA_VERSION:
        raise InventoryError(f"{path} is from an older medspan (schema {version}): read its captures again")
    there = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary").fetchall()}
    if missing := sorted(_TABLES - there):
        raise InventoryError(f"{path} is damaged: it has no table {', '.join(missing)}")
