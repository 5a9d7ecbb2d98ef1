from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.errors import InventoryError
from inventory.export import export_devices, query, to_cell, to_json, to_text, write_csv, write_json


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


EVERY_TYPE = """
SELECT TIMESTAMP '2026-03-01 08:00:00.5' AS t, TIMESTAMP '2026-03-01' AS midnight, DATE '2026-03-01' AS d,
       true AS yes, 42 AS n, 1.5::DOUBLE AS f, 'nan'::DOUBLE AS nan, 1.50::DECIMAL(4, 2) AS dec, NULL AS nothing,
       ['b', NULL, 'a'] AS names, []::VARCHAR[] AS none,
       [{'port': 104, 'encrypted': false, 'product': NULL}] AS services,
       MAP {'role': 'high'} AS confidence, '{"a": [1]}'::JSON AS j, ['{"b":2}'::JSON] AS js,
       'x' AS "select", 'x'::BLOB AS b
"""
PLAIN = {
    "t": "2026-03-01T08:00:00.500000Z",
    "midnight": "2026-03-01T00:00:00.000000Z",
    "d": "2026-03-01",
    "yes": True,
    "n": 42,
    "f": 1.5,
    "nan": None,
    "dec": "1.50",
    "nothing": None,
    "names": ["b", None, "a"],
    "none": [],
    "services": [{"port": 104, "encrypted": False, "product": None}],
    "confidence": {"role": "high"},
    "j": {"a": [1]},
    "js": [{"b": 2}],
    "select": "x",
    "b": "78",
}


def test_every_type_as_a_plain_value(con: duckdb.DuckDBPyConnection) -> None:
    result = query(con, EVERY_TYPE)
    assert result.rows == [PLAIN]
    assert result.columns == list(PLAIN)


def test_every_type_as_json_and_csv(con: duckdb.DuckDBPyConnection) -> None:
    result = query(con, EVERY_TYPE)
    out = io.StringIO()
    write_json(result.rows, out)
    assert json.loads(out.getvalue()) == [PLAIN]
    out = io.StringIO(newline="")
    write_csv(result, out)
    assert next(csv.DictReader(io.StringIO(out.getvalue(), newline=""))) == {
        "t": "2026-03-01T08:00:00.500000Z",
        "midnight": "2026-03-01T00:00:00.000000Z",
        "d": "2026-03-01",
        "yes": "true",
        "n": "42",
        "f": "1.5",
        "nan": "",
        "dec": "1.50",
        "nothing": "",
        "names": "b; ; a",
        "none": "",
        "services": '{"port": 104, "encrypted": false, "product": null}',
        "confidence": '{"role": "high"}',
        "j": '{"a": [1]}',
        "js": '{"b": 2}',
        "select": "x",
        "b": "78",
    }


def test_no_rows(con: duckdb.DuckDBPyConnection) -> None:
    result = query(con, "SELECT 1 AS a, 2 AS b WHERE false")
    out = io.StringIO()
    write_json(result.rows, out)
    write_csv(result, out)
    assert out.getvalue() == "[]\na,b\n"


def test_columns_of_one_name_are_all_kept(con: duckdb.DuckDBPyConnection) -> None:
    assert query(con, "SELECT 1 AS a, 2 AS a, 3 AS b, 4 AS a").rows == [{"a": 1, "a_1": 2, "b": 3, "a_3": 4}]


def test_the_json_lines() -> None:
    out = io.StringIO()
    write_json([{"a": 1}, {"a": "Ω"}], out)
    assert out.getvalue() == '[\n{"a": 1},\n{"a": "Ω"}\n]\n'


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        *(
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
        ),
        *((-1, "-1"), (-1.5, "-1.5"), (True, "true"), (None, ""), ("a=1", "a=1"), ("", ""), (["=1", "b"], "'=1; b")),
        *(({"=a": 1}, '{"=a": 1}'), ("'=1", "'=1"), ("放射線科", "放射線科")),
    ],
)
def test_cells_are_no_formulas(value: object, cell: str) -> None:
    assert to_cell(value) == cell


@pytest.mark.parametrize(
    "hostile", ["\x1b[31m", "\x9b31m", "\u202eexe.", "\u200b", "\x7f", "\ue000", "\U000e0041", "\ud800"]
)
def test_nothing_reaches_a_terminal_that_steers_it(hostile: str) -> None:
    text = f"a{hostile}b"
    line = to_json({"v": text, hostile: 1})
    assert line.isprintable()
    assert json.loads(line) == {"v": text, hostile: 1}
    assert to_text(text).isprintable()
    assert to_text([text]).isprintable()


@settings(max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_json_is_lossless_and_printable(value: Any) -> None:
    assert json.loads(to_json(value)) == value
    assert to_json(value).isprintable()


@settings(max_examples=50)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"])), min_size=1)
)
def test_csv_is_read_back_as_it_was_written(values: list[str]) -> None:
    from inventory.export import Result

    columns = [str(i) for i in range(len(values))]
    out = io.StringIO(newline="")
    write_csv(Result(columns, [dict(zip(columns, values, strict=True))]), out)
    (_, record) = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert [cell.removeprefix("'") for cell in record] == [value.removeprefix("'") for value in values]
    assert not any(cell.startswith(tuple("=+-@\t\r")) for cell in record)


# -- export ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def devices(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    con.execute("""
        CREATE TABLE device AS
        FROM (VALUES ('d2', 'north', '=CT', ['10.0.0.2', '10.0.0.3'], TIMESTAMP '2026-03-01 08:00:00'),
                     ('d1', 'north', NULL, [], NULL), ('d3', 'south', '放', ['10.0.0.2'], NULL))
             AS t (device_id, site, station_name, ip_addresses, last_seen)
    """)
    return con


def test_export_csv(devices: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    assert export_devices(devices, "csv", path, None) == 3
    assert path.read_text("utf-8") == (
        "device_id,site,station_name,ip_addresses,last_seen\n"
        "d1,north,,,\n"
        "d2,north,'=CT,10.0.0.2; 10.0.0.3,2026-03-01T08:00:00.000000Z\n"
        "d3,south,放,10.0.0.2,\n"
    )
    assert [entry.name for entry in tmp_path.iterdir()] == ["devices.csv"]


def test_export_json_of_one_site(devices: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "devices.json"
    assert export_devices(devices, "json", path, "north") == 2
    none: dict[str, Any] = {
        "device_id": "d1",
        "site": "north",
        "station_name": None,
        "ip_addresses": [],
        "last_seen": None,
    }
    assert json.loads(path.read_text("utf-8")) == [
        none,
        {
            "device_id": "d2",
            "site": "north",
            "station_name": "=CT",
            "ip_addresses": ["10.0.0.2", "10.0.0.3"],
            "last_seen": "2026-03-01T08:00:00.000000Z",
        },
    ]


def test_export_parquet(devices: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "it's devices.parquet"
    assert export_devices(devices, "parquet", path, "south") == 1
    read = duckdb.connect().execute("SELECT * FROM read_parquet(?)", [str(path)])
    assert read.fetchall() == [("d3", "south", "放", ["10.0.0.2"], None)]
    assert [entry.name for entry in tmp_path.iterdir()] == ["it's devices.parquet"]


@pytest.mark.parametrize("file_format", ["csv", "json", "parquet"])
def test_a_file_that_cannot_be_written(devices: duckdb.DuckDBPyConnection, tmp_path: Path, file_format: str) -> None:
    with pytest.raises(InventoryError) as error:
        export_devices(devices, file_format, tmp_path / "nowhere" / "devices", None)
    assert str(error.value).startswith(str(tmp_path / "nowhere" / "devices"))
    assert len(str(error.value).splitlines()) == 1


def test_an_export_that_fails_leaves_the_old_file(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text("old")
    with pytest.raises(duckdb.Error):  # there is no device table
        export_devices(con, "csv", path, None)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["devices.csv"]
