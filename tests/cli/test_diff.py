"""`medspan diff` on the command line: its formats, and one clear line for what it cannot compare."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest

from inventory.config import Config
from inventory.database import DROP_DERIVED
from inventory.derive import open_inventory
from inventory.keeping import keep
from sensor.cli.diff import _between
from tests.cli.conftest import Cli, write_inventory

Opening = Callable[..., AbstractContextManager[duckdb.DuckDBPyConnection]]
COLUMNS = ["severity", "change", "site", "device_id", "ip_address", "device", "field", "old", "new", "at"]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small inventory's site at a time when only half of it was there."""
    path = tmp_path_factory.mktemp("diff") / "old.duckdb"
    write_inventory(path)
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE capture SET id = 'before'")
        con.execute("UPDATE observation SET capture = 'before'")
        con.execute("DELETE FROM observation WHERE value NOT IN ('CT1')")
        con.execute("DELETE FROM flow WHERE protocol <> 'dicom'")
    return path


def test_formats(cli: Cli, inventory: Path, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files, one of which is called as a side of the comparison is; they are compared once."""
    monkeypatch.setattr("sensor.cli.diff._between", cache(_between))
    done = cli("diff", bare, inventory, "--format", "json")
    rows = json.loads(done.stdout)
    assert (done.returncode, list(rows[0])) == (0, COLUMNS)
    assert {"new AE title", "new public peer", "new service"} <= {row["change"] for row in rows}
    header, *cells = csv.reader(StringIO(cli("diff", bare, inventory, "--format", "csv").stdout))
    assert (header, len(cells)) == (COLUMNS, len(rows))
    assert cli("diff", bare, inventory, "--format", "markdown").stdout.count("\n") == len(rows) + 2
    table = cli("diff", bare, inventory)
    assert "8.8.8.8" in table.stdout
    assert f"{len(rows)} changes" in table.stderr
    assert "[red]" in table.stdout, "hostile titles are plain text"


def test_nothing_changed(cli: Cli, inventory: Path) -> None:
    done = cli("diff", inventory, inventory)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no changes\n")
    assert cli("diff", inventory, inventory, "--format", "json").stdout == "[]\n"


def test_since(cli: Cli) -> None:
    done = cli("diff", "--since", "2025-12-31", "--format", "json")
    assert "new device" in {row["change"] for row in json.loads(done.stdout)}
    assert "site north: nothing was captured of it before" in done.stderr
    assert cli("diff", "--since", "2026-06-01", "--format", "json").stdout == "[]\n"
    assert cli("diff", "--since", "2025-12-31", "--site", "south", "--format", "json").stdout == "[]\n"


@pytest.mark.parametrize(
    "arguments",
    [[], ["old"], ["old", "new", "--since", "1d"], ["--since", "1d", "--declared", "a.csv"], ["--map", "ip=IP"]],
)
def test_what_to_compare(arguments: list[str], cli: Cli) -> None:
    done = cli("diff", *arguments)
    assert (done.returncode, done.stdout) == (2, "")


def test_inventories_that_cannot_be_compared(cli: Cli, inventory: Path, tmp_path: Path) -> None:
    versions = {}
    for name, version in (("older", "1"), ("newer", "99")):
        versions[name] = tmp_path / f"{name}.duckdb"
        shutil.copy(inventory, versions[name])
        with duckdb.connect(str(versions[name])) as con:
            con.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", [version])
    for old, new, words in (
        (tmp_path / "missing.duckdb", inventory, "no inventory at"),
        (inventory, tmp_path / "missing.duckdb", "no inventory at"),
        (versions["older"], inventory, "is from an older medspan"),
        (inventory, versions["newer"], "is from a newer medspan"),
    ):
        done = cli("diff", old, new)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert words in done.stderr


def test_declared(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "assets.csv"
    file.write_text("Adresse;Name;Tag\n10.1.0.10;ct;1\n10.1.0.77;mr;2\n10.77.0.1;us;3\nDHCP?;;4\n")
    done = cli("diff", "--declared", file, "--map", "ip=adresse", "--format", "json")
    found = [(row["difference"], row["line"], row["ip_address"]) for row in json.loads(done.stdout)]
    assert ("not declared", None, "10.1.0.20") in found
    assert ("not seen", 3, None) in found
    assert ("not observed", 4, None) in found
    assert not [row for row in found if row[1] == 2], "what was not seen does not differ"
    assert "ip from 'Adresse', hostname from 'Name', asset_tag from 'Tag'" in done.stderr
    assert "1 of 4 declared devices were seen" in done.stderr
    file.write_text("IP\n10.1.0.1\n10.1.0.1\n")
    done = cli("diff", "--declared", file)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "line 3" in done.stderr


def test_kept_tables(
    cli: Cli, derived: Opening, inventory: Path, bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They tell the same; where somebody writes to OLD before they are read, they are not used."""
    old = tmp_path / "old.duckdb"
    shutil.copy(bare, old)
    monkeypatch.setattr("inventory.keeping.FEWEST", 0)
    assert keep(old, Config())
    then = ""

    @contextmanager
    def opening(path: Path, *settings: Any) -> Iterator[duckdb.DuckDBPyConnection]:
        with (open_inventory if path == old else derived)(path, *settings) as con:
            yield con
        if path == old and then:
            with duckdb.connect(str(old)) as con:
                con.execute(then)

    wanted = cli("diff", bare, inventory, "--format", "json").stdout
    monkeypatch.setattr("inventory.derive.open_inventory", opening)
    assert cli("diff", old, inventory, "--format", "json").stdout == wanted
    then = DROP_DERIVED
    done = cli("diff", old, inventory)
    told = f"medspan: {old} was written to meanwhile: try again\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)
