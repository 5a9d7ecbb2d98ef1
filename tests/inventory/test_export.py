from __future__ import annotations

import csv
import io
import json
from functools import cache
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.export import (
    query,
    query_cells,
    stream,
    to_cell,
    to_json,
    to_text,
    write_cells,
    write_csv,
    write_json,
)


@cache
def one_connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return one_connection()


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


# -- cells that are made in SQL --------------------------------------------------------------------------------------


def as_csv(con: duckdb.DuckDBPyConnection, statement: str, parameters: object = None) -> str:
    """What `write_csv` writes, which has to be what the cells made in SQL are."""
    expected, found = io.StringIO(newline=""), io.StringIO(newline="")
    result = query(con, statement, parameters)
    write_csv(result, expected)
    cells = query_cells(con, statement, parameters)
    assert write_cells(cells.columns, cells.rows, found) == len(result.rows)
    assert found.getvalue() == expected.getvalue()
    return found.getvalue()


def test_cells_of_every_type(con: duckdb.DuckDBPyConnection) -> None:
    assert as_csv(con, EVERY_TYPE).count("\n") == 2
    as_csv(con, "SELECT 1 AS a, '=2' AS a, ['=x', NULL] AS \"=b\", [NULL, '=x'] AS c")
    as_csv(con, "SELECT 1::UTINYINT AS a, -1::HUGEINT AS b, -1.5::DOUBLE AS c, '=x'::ENUM ('=x') AS d, [1, NULL] AS e")
    as_csv(con, "SELECT {'a': [{'b': '=x', 'c': NULL}]} AS s, MAP {'k': ['x']} AS m, [MAP {'k': 'x'}] AS l, NULL AS n")
    as_csv(con, "SELECT {'t': TIMESTAMP '2026-01-01', 'x': 1.5::DOUBLE} AS s, MAP {1: 'x'} AS m")


def test_cells_of_no_rows_and_of_many(con: duckdb.DuckDBPyConnection) -> None:
    assert as_csv(con, "SELECT 1 AS a, ['x'] AS b WHERE false") == "a,b\n"
    statement = "SELECT i, CASE WHEN i % 3 > 0 THEN {'n': i} END AS s FROM range($n) t(i) ORDER BY i DESC"
    lines = as_csv(con, statement, {"n": 25_000}).splitlines()
    assert (len(lines), lines[1], lines[-1]) == (25_001, "24999,", "0,")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.none() | st.text(),
            st.none() | st.lists(st.none() | st.text()),
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.booleans(),
            st.none() | st.datetimes(),
            st.none() | st.fixed_dictionaries({"x": st.none() | st.text(), "n": st.none() | st.integers(0, 9)}),
        )
    )
)
def test_cells_are_what_csv_has(values: list[tuple[Any, ...]]) -> None:
    con = one_connection()
    con.execute(
        "CREATE OR REPLACE TABLE t (a VARCHAR, b VARCHAR[], c BIGINT, d BOOLEAN, e TIMESTAMP, "
        "f STRUCT(x VARCHAR, n INTEGER))"
    )
    for row in values:
        con.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", row)
    as_csv(con, "FROM t")


def test_rows_that_come_one_by_one(con: duckdb.DuckDBPyConnection) -> None:
    columns, rows = stream(con, "SELECT i, TIMESTAMP '2026-03-01' AS t FROM range(3) r(i)")
    assert columns == ["i", "t"]
    assert next(rows) == {"i": 0, "t": "2026-03-01T00:00:00.000000Z"}
    assert len(list(rows)) == 2
