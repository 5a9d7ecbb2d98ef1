"""Versions: their order, what can be compared at all, and what is surely before something else."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.versions import create_macros

ORDER = [
    *("0", "0.5", "0.52", "1.0-alpha", "1.0-beta2", "1.0rc1", "1.0", "1.0p1", "1.0p5", "1.0.1", "1.3.0rc2", "1.3.0"),
    *("1.3.0a", "1.3.0b", "1.3.1", "1.9", "1.10", "1.11.3-beta", "1.11.3", "2.4.6", "2.4.10", "9.8", "9.8p1", "9.8p2"),
    *("9.9", "9.10", "2016.74", "2018.76"),
]


@cache
def database() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    create_macros(con)
    return con


def key(version: str) -> list[int] | None:
    found: tuple[list[int] | None] | None = database().execute("SELECT version_key(?)", [version]).fetchone()
    assert found
    return found[0]


def before(version: str, bound: str) -> bool | None:
    found: tuple[bool | None] | None = (
        database().execute("SELECT surely_before(told_version(?), told_version(?))", [version, bound]).fetchone()
    )
    assert found
    return found[0]


def test_order() -> None:
    keys = [key(version) for version in ORDER]
    assert all(one is not None for one in keys)
    assert all(one < other for one, other in pairwise(keys))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("1.12", "1.12.0"),
        ("v1.2", "1.2"),
        ("1.0.0.Final", "1.0"),
        ("5.3.0-SNAPSHOT", "5.3-snapshot"),
        ("9.8P1", "9.8p1"),
    ],
)
def test_the_same_written_otherwise(one: str, same: str) -> None:
    assert key(one) == key(same) is not None


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "mainline", "R4", "NT LM 0.12", "12.2(55)SE", "1.8.0_292", "10.2R1.8", "2.4.6 (CentOS)", "1..2"),
        *("2.x", "2x", ".1", "1.", "99999999999", "1.2\n3", "1.2; DROP"),
    ],
)
def test_what_cannot_be_compared(text: str) -> None:
    assert key(text) is None
    assert before(text, "99") is None
    assert before("1", text) is None


@pytest.mark.parametrize(
    ("version", "bound", "sure"),
    [
        ("9.7", "9.8", True),
        ("9.8", "9.10", True),
        ("9.8p1", "9.8p2", True),
        ("9.8", "9.8p2", False),  # any patch level
        ("2.4", "2.4.60", False),  # any 2.4
        ("2", "2.4.60", False),
        ("2.4.59", "2.4.60", True),
        ("1.12", "1.12.0", False),
        ("1.11.3-beta", "1.11.3", True),
        ("1.2", "1.20", True),
    ],
)
def test_surely_before(version: str, bound: str, sure: bool) -> None:
    assert before(version, bound) is sure


@given(st.text(max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    one = key(text)
    assert one is None or (one and all(isinstance(part, int) for part in one))


@given(st.lists(st.integers(0, 999_999_999), min_size=1, max_size=6), st.lists(st.integers(0, 999_999_999), min_size=1))
def test_numbers_sort_as_numbers(one: list[int], other: list[int]) -> None:
    def stripped(numbers: list[int]) -> list[int]:
        while len(numbers) > 1 and not numbers[-1]:
            numbers = numbers[:-1]
        return numbers

    left, right = (key(".".join(map(str, numbers))) for numbers in (one, other))
    assert left is not None
    assert right is not None
    assert (left < right) == (stripped(one) < stripped(other))
