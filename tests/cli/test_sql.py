"""`medspan sql` can read the inventory, and neither change it nor reach a file or the network."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from inventory.derive import lock_down, open_inventory
from tests.cli.conftest import Cli


def test_an_answer(process: Cli) -> None:
    query = "SELECT name, packets, [1, 2] AS l, '[red]' AS markup FROM capture"
    done = process("sql", query, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [{"name": "ward 3.pcap", "packets": 1234, "l": [1, 2], "markup": "[red]"}]
    done = process("sql", query)
    assert (done.returncode, done.stderr) == (0, "1 row\n")
    assert re.split("  +", done.stdout.splitlines()[2].strip()) == ["ward 3.pcap", "1234", "1; 2", "[red]"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT now()", "cast them to TIMESTAMP"),
        ("DELETE FROM capture", "one SELECT is expected"),
        ("SELECT 1; SELECT 2", "one SELECT is expected"),
        ("COPY (SELECT 1) TO '{}.wal' (FORMAT csv)", "one SELECT is expected"),
        (" ", "one SELECT is expected"),
    ],
)
def test_what_fails_is_told_in_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch, query: str, message: str) -> None:
    monkeypatch.setattr("inventory.derive.lock_down", lambda con: None)  # the connection is shared with other tests
    done = cli("sql", query)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_command_locks_down(process: Cli) -> None:
    done = process("sql", "SELECT * FROM read_csv('/etc/passwd')")
    assert (done.returncode, done.stdout) == (2, "")
    assert "file system operations are disabled by configuration" in done.stderr
    assert len(done.stderr.splitlines()) == 1


SECRET = "top secret"


@pytest.fixture(scope="module")
def locked(inventory: Path, tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    # A file of its own: within one process, connections to the same file share their settings.
    alone = shutil.copy(inventory, tmp_path_factory.mktemp("locked") / "inventory.duckdb")
    with open_inventory(alone) as con:
        lock_down(con)
        yield con


@pytest.mark.parametrize(
    "statement",
    [
        # files, read
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM read_blob('{secret}')",
        "SELECT * FROM read_json('{secret}')",
        "SELECT * FROM read_parquet('{secret}')",
        "SELECT * FROM '{secret}'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM sniff_csv('{secret}')",
        "SELECT * FROM parquet_metadata('{secret}')",
        "ATTACH '{folder}/other.duckdb'",
        "ATTACH '{secret}' AS s (TYPE sqlite)",
        "CREATE TEMP TABLE t AS FROM '{secret}'",
        "CREATE TEMP TABLE t (a VARCHAR); COPY t FROM '{secret}'",
        "IMPORT DATABASE '{folder}'",
        # files, written
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "COPY (SELECT 1) TO '{folder}/out.parquet' (FORMAT parquet)",
        "COPY (SELECT 1) TO '/dev/stderr'",
        "EXPORT DATABASE '{folder}/out'",
        "ATTACH '{folder}/out.duckdb'",
        # network and extensions
        "SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')",
        "SELECT * FROM 'https://127.0.0.1:9/x.parquet'",
        "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
        "INSTALL httpfs",
        "INSTALL httpfs FROM community",
        "LOAD httpfs",
        "FORCE INSTALL spatial",
        "ATTACH 'http://127.0.0.1:9/x.duckdb' (READ_ONLY)",
        "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
        # settings
        "SET enable_external_access = true",
        "RESET enable_external_access",
        "SET lock_configuration = false",
        "SET allowed_directories = ['/']",
        "SET python_enable_replacements = true",
        "PRAGMA enable_external_access = true",
        "SET autoinstall_known_extensions = true",
        "SET temp_directory = '{folder}'",
        "SET log_query_path = '{folder}/log'",
        "PRAGMA enable_profiling; PRAGMA profiling_output = '{folder}/out.json'",
        # the inventory
        "DELETE FROM observation",
        "UPDATE meta SET value = 'x'",
        "DROP TABLE flow",
        "CREATE TABLE medspan.t (a INTEGER)",
        "INSERT INTO annotation VALUES ('d', 'owner', 'x', 'y', NULL)",
        "ALTER TABLE flow ADD COLUMN a INTEGER",
        # Python's variables
        "FROM inventory",
        "FROM statement",
    ],
)
def test_what_it_may_not_do(locked: duckdb.DuckDBPyConnection, inventory: Path, tmp_path: Path, statement: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    before = inventory.read_bytes()
    with pytest.raises(duckdb.Error) as error:
        locked.execute(statement.format(secret=secret, folder=tmp_path))
    assert SECRET not in str(error.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret.txt"]
    assert inventory.read_bytes() == before


def test_what_it_may(locked: duckdb.DuckDBPyConnection) -> None:
    assert locked.execute("SELECT count(*) FROM observation").fetchone() == (4,)
    locked.execute("CREATE TEMP TABLE mine AS SELECT DISTINCT ip FROM observation")
    assert locked.execute("SELECT count(*) FROM mine").fetchone() == (2,)
