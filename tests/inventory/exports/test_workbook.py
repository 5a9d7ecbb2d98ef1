"""The workbook, read back with openpyxl, as LibreOffice reads it, and as the bytes that it is."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from duckdb import DuckDBPyConnection
from openpyxl import Workbook, load_workbook

from inventory.exports import workbook
from inventory.exports.workbook import write_workbook
from tests.inventory.exports.conftest import END, ESCAPE, FORMULA, TITLE
from tests.inventory.exports.exporting import Whole

SHEETS = ["Cover", "Devices", "Services", "Public conversations", "Findings", "Captures", "Changes"]


def written(con: DuckDBPyConnection, site: str | None = None) -> tuple[bytes, workbook.Written]:
    file = io.BytesIO()
    told = write_workbook(con, site, "1.2.3", file)
    return file.getvalue(), told


@pytest.fixture
def data(whole: Whole) -> bytes:
    return whole("xlsx")


@pytest.fixture
def book(data: bytes) -> Workbook:
    return load_workbook(io.BytesIO(data))


def rows(book: Workbook, sheet: str) -> list[dict[str, Any]]:
    header, *lines = book[sheet].iter_rows(values_only=True)
    return [dict(zip(header, line, strict=True)) for line in lines]


def test_the_sheets(book: Workbook) -> None:
    assert book.sheetnames == SHEETS
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
        assert not sheet.protection.sheet
    assert (book.properties.created, book.properties.title) == (END, "Medical device inventory")
    assert "Device ID" in rows(book, "Devices")[0]


def test_the_cover_tells_what_was_looked_at_and_lost(book: Workbook) -> None:
    cover = list(book["Cover"].iter_rows(values_only=True))
    told = {line[0]: line[1] for line in cover if line[0]}
    assert (told["Made with"], told["Date of the data"]) == ("medspan 1.2.3", "2026-01-04 00:10:00")
    assert (told["Sites"], told["Captures"], told["Packets"]) == ("north; south", 3, 300)
    assert (told["Devices"], told["Public conversations"]) == (6, 2)
    assert told["Findings: open, high"] >= 3
    assert told["Changes of north since"] == "2026-01-01 00:10:00"
    assert {"Confidence high", "Confidence medium", "Confidence low"} <= set(told)
    captures = {line[0]: line for line in cover[-3:]}
    assert set(captures) == {"=ward 3.pcap", "later.pcap", "south.pcap"}
    assert captures["=ward 3.pcap"][4:] == (100, "3 gaps in streams, of 0 bytes")
    assert {row["SHA256"][:8] for row in rows(book, "Captures")} == {"aaaaaaaa", "bbbbbbbb", "cccccccc"}


def test_what_is_in_the_sheets(book: Workbook) -> None:
    (scanner,) = (row for row in rows(book, "Devices") if row["Role"] == "modality")
    assert (scanner["Manufacturer model name"], scanner["Device serial number"]) == (FORMULA, "-2+3")
    assert (scanner["AE titles"], scanner["Owner"], scanner["Note"]) == (TITLE, "=Radiology", "-leased")
    assert scanner["Last seen"] > datetime(2026, 1, 4)
    assert scanner["Open findings"] >= 1
    (web,) = (row for row in rows(book, "Services") if row["Port"] == 8080)
    assert (web["Product"], web["Version"], web["Encrypted"]) == ("nginx", "1.18.0", False)
    assert {row["Direction"] for row in rows(book, "Public conversations")} == {"inbound", "outbound"}
    finding = next(row for row in rows(book, "Findings") if row["Rule"] == "known-vulnerability")
    assert finding["Evidence"] == "=ward 3.pcap, frame 5"
    assert finding["Remedy"]
    changes = rows(book, "Changes")
    assert "new public peer" in {row["Change"] for row in changes}
    assert {row["Site"] for row in changes} == {"north"}  # the south was looked at once
    assert all(isinstance(row["At"], datetime) for row in changes)


def test_nothing_is_a_formula_and_everything_is_text_as_it_was(data: bytes, book: Workbook) -> None:
    kinds = {cell.data_type for sheet in book for line in sheet.iter_rows() for cell in line}
    assert kinds <= {"s", "inlineStr", "n", "b", "d"}
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        parts = {name: packed.read(name).decode() for name in packed.namelist()}
        assert {info.date_time for info in packed.infolist()} == {(1980, 1, 31, 0, 0, 0)}
    assert not any("<f>" in part or "<f " in part or "externalLink" in name for name, part in parts.items())
    assert not any("hyperlink" in name or "<hyperlink" in part for name, part in parts.items())
    devices = parts["xl/worksheets/sheet2.xml"]
    assert ESCAPE not in devices  # Office would read it as "aAb"
    assert ESCAPE.replace("_x", "_x005F_x") in devices


def test_control_characters_and_other_odd_values(con: DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    statement = """
        SELECT 'a' || chr(0) || chr(7) || chr(11) || 'b' AS control, 'x' || chr(65535) AS never,
            'a' || chr(10) || 'b' AS lines, ' blank ' AS blanks, TIMESTAMP '1601-01-01' AS old,
            9007199254740993 AS large, 'nan'::DOUBLE AS nan, true AS yes, []::VARCHAR[] AS none, ['=1', 'b'] AS list,
            12 AS number, $site AS site
    """
    monkeypatch.setattr(workbook, "SHEETS", {"Odd": statement})
    (row,) = rows(load_workbook(io.BytesIO(written(con)[0])), "Odd")
    assert row["Control"] == "a\ufffd\ufffd\ufffdb"
    assert row["Never"] == "x\ufffd"
    assert (row["Lines"], row["Blanks"], row["List"]) == ("a\nb", " blank ", "=1; b")
    assert (row["Old"], row["Large"]) == ("1601-01-01T00:00:00.000000Z", "9007199254740993")
    assert (row["Nan"], row["Yes"], row["None"], row["Number"], row["Site"]) == (None, True, None, 12, None)


def test_what_a_sheet_cannot_hold_is_told(con: DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_ROWS", 4)
    monkeypatch.setattr(workbook, "MAX_TEXT", 20)
    data, told = written(con)
    book = load_workbook(io.BytesIO(data))
    assert (len(rows(book, "Devices")), told.rows["Devices"]) == (3, 6)
    assert told.left_out[0] == "Devices: only the first 3 of 6 rows; export -f csv has all"
    assert re.fullmatch(r"Devices: the end of \d+ cells beyond 20 characters; export -f csv has it", told.left_out[1])
    assert max(len(str(cell)) for cell in rows(book, "Devices")[0].values()) == 20
    assert told.left_out == [line[1] for line in book["Cover"].iter_rows(values_only=True) if line[0] == "Left out"]


def test_libreoffice_opens_it(data: bytes, tool: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "audit.xlsx").write_bytes(data)
    home = (tmp_path / "home").as_uri()
    options = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"  # each sheet, as text
    subprocess.run(
        [tool("soffice"), f"-env:UserInstallation={home}", "--headless", "--convert-to", options, "audit.xlsx"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert sorted(path.stem for path in tmp_path.glob("*.csv")) == sorted(f"audit-{name}" for name in SHEETS)
    with (tmp_path / "audit-Devices.csv").open(encoding="utf-8", newline="") as file:
        devices = list(csv.DictReader(file))
    assert len(devices) == 6
    (scanner,) = (row for row in devices if row["Role"] == "modality")
    assert (scanner["Manufacturer model name"], scanner["AE titles"]) == (FORMULA, TITLE)
    assert (scanner["Station name"], scanner["Institution name"]) == ("放射線科", ESCAPE)
    assert scanner["Last seen"].startswith("2026-01-04 00:00:")
