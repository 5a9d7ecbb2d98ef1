"""The same inventory gives the same bytes, however it came about; and what people say is in all of them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import duckdb
import pytest
from duckdb import DuckDBPyConnection

from inventory.exports.tables import TABLES, write_parquet
from tests.inventory.exports.exporting import FORMATS, Whole, exported


def text(data: bytes, form: str) -> str:
    """Return what can be read in an export."""
    if form == "xlsx":
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            data = b"".join(book.read(name) for name in book.namelist())
    return data.decode("utf-8", "replace")


@pytest.mark.parametrize("form", FORMATS)
def test_twice_and_read_in_another_order(
    con: DuckDBPyConnection, backwards: DuckDBPyConnection, whole: Whole, tmp_path: Path, form: str
) -> None:
    first = whole(form)
    assert len(first) > 500
    assert exported(con, form, tmp_path) == first
    assert exported(backwards, form, tmp_path) == first


@pytest.mark.parametrize("what", sorted(set(TABLES) - {"devices"}))
def test_other_tables(con: DuckDBPyConnection, backwards: DuckDBPyConnection, tmp_path: Path, what: str) -> None:
    first = exported(con, "csv", tmp_path, what=what)
    assert first.count(b"\n") > 2
    assert exported(backwards, "csv", tmp_path, what=what) == first
    south = exported(con, "csv", tmp_path, "south", what)
    assert b"10.1.0.30" not in south
    assert south.split(b"\n")[0] == first.split(b"\n")[0]


@pytest.mark.parametrize("form", FORMATS)
def test_of_one_site(con: DuckDBPyConnection, tmp_path: Path, form: str) -> None:
    if form == "parquet":
        exported(con, form, tmp_path, "south")
        file = str(tmp_path / "it's a file")
        assert duckdb.sql("SELECT DISTINCT site FROM read_parquet($file)", params={"file": file}).fetchall() == [
            ("south",)
        ]
        return
    south = text(exported(con, form, tmp_path, "south"), form)
    assert "south" in south
    for other in ("north", "10.1.0.30", "Canon", "ward 3", "00:11:22:33:44:01"):
        assert other not in south
    nowhere = text(exported(con, form, tmp_path, "nowhere"), form)
    assert "south" not in nowhere


@pytest.mark.parametrize("form", sorted(set(FORMATS) - {"parquet"}))
def test_what_people_say_is_in_it(whole: Whole, form: str) -> None:
    found = text(whole(form), form)
    for word in ("=Radiology", "Room 3", "A-17", "-leased"):
        assert word in found
    assert "放射線科" in found or form == "cyclonedx"  # which is ASCII, with escapes


def test_the_parquet_file_is_read_back(con: DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "devices"
    assert write_parquet(con, "devices", None, path) == 6
    read = duckdb.connect().execute("FROM read_parquet(?)", [str(path)])
    assert read.fetchall() == con.execute("FROM device ORDER BY site, device_id").fetchall()
