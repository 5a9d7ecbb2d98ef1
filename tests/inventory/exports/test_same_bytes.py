"""The same inventory gives the same bytes, however it came about; and what people say is in all of them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import duckdb
import pytest
from duckdb import DuckDBPyConnection

from inventory.exports.cyclonedx import write_cyclonedx
from inventory.exports.netbox import write_netbox
from inventory.exports.ocsf import write_ocsf
from inventory.exports.tables import TABLES, write_parquet, write_table
from inventory.exports.workbook import write_workbook

FORMATS = ["csv", "json", "parquet", "xlsx", "cyclonedx", "netbox", "ocsf"]


class Kept(io.BytesIO):
    """A file of which the bytes are there when it was closed."""

    def close(self) -> None:
        self.bytes = self.getvalue()
        super().close()


def exported(con: DuckDBPyConnection, form: str, folder: Path, site: str | None = None, what: str = "devices") -> bytes:
    """Return the export's bytes; of a folder, those of its files one after the other."""
    file = Kept()
    if form == "netbox":
        target = folder / f"netbox-{len(list(folder.iterdir()))}"
        target.mkdir()
        write_netbox(con, site, target)
        return b"".join(path.name.encode() + b"\n" + path.read_bytes() for path in sorted(target.iterdir()))
    if form == "parquet":
        path = folder / "it's a file"
        write_parquet(con, what, site, path)
        return path.read_bytes()
    if form in ("csv", "json"):
        write_table(con, what, form, site, file)
    elif form == "xlsx":
        write_workbook(con, site, "1.2.3", file)
    elif form == "cyclonedx":
        write_cyclonedx(con, site, "1.2.3", file)
    else:
        write_ocsf(con, site, "1.2.3", file)
    if not file.closed:
        file.close()
    return file.bytes


def text(data: bytes, form: str) -> str:
    """Return what can be read in an export."""
    if form == "xlsx":
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            data = b"".join(book.read(name) for name in book.namelist())
    return data.decode("utf-8", "replace")


@pytest.mark.parametrize("form", FORMATS)
def test_twice_and_read_in_another_order(
    con: DuckDBPyConnection, backwards: DuckDBPyConnection, tmp_path: Path, form: str
) -> None:
    first = exported(con, form, tmp_path)
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
def test_what_people_say_is_in_it(con: DuckDBPyConnection, tmp_path: Path, form: str) -> None:
    found = text(exported(con, form, tmp_path), form)
    for word in ("=Radiology", "Room 3", "A-17", "-leased"):
        assert word in found
    assert "放射線科" in found or form == "cyclonedx"  # which is ASCII, with escapes


def test_the_parquet_file_is_read_back(con: DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "devices"
    assert write_parquet(con, "devices", None, path) == 6
    read = duckdb.connect().execute("FROM read_parquet(?)", [str(path)])
    assert read.fetchall() == con.execute("FROM device ORDER BY site, device_id").fetchall()
