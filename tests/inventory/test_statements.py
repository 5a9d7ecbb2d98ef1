"""Which files a table needs, as DuckDB's own parser sees it."""

from __future__ import annotations

import re

import duckdb
import pytest

from inventory.findings.rules import rule_statements
from inventory.statements import FOUND, needed, statements

MADE = {statement.makes for statement in statements()}


def asked(sql: str) -> set[str]:
    """The tables that a query, or what makes a table of it, selects from."""
    query = sql.partition(" AS\n")[2] if "CREATE OR REPLACE" in sql else sql
    ((tree,),) = duckdb.connect().execute("SELECT json_serialize_sql(?)", [query.rstrip().rstrip(";")]).fetchall()
    assert '"error":false' in tree, tree
    return set(re.findall(r'"table_name":"(\w+)"', tree)) & MADE


@pytest.mark.parametrize("file", [statement.file for statement in statements()])
def test_every_table_that_is_asked_is_needed(file: str) -> None:
    (statement,) = (known for known in statements() if known.file == file)
    assert asked(statement.sql) <= needed([statement.makes])


def test_every_table_that_a_rule_asks_is_needed() -> None:
    for sql in rule_statements():
        assert asked(sql.replace("$public", "''")) <= needed([FOUND])


def test_tables_depend_on_nothing_that_passes() -> None:
    """They are kept for later: what depends on the day, on people or on a command's settings is a view."""
    passing = {"today", "acceptance", "place", "annotation"}
    made = {statement.makes: statement for statement in statements()}
    for statement in statements():
        if not statement.is_view:
            for name in needed([statement.makes]):
                sql = made[name].sql if name in made else "".join(rule_statements())
                assert not passing.intersection(re.findall(r"(?:FROM|JOIN)\s+(\w+)", sql)), (statement.file, name)


def test_files_come_after_those_they_need() -> None:
    """All but those that are derived again: `mention` and others ask of what comes later only then."""
    order = {statement.makes: position for position, statement in enumerate(statements())}
    for statement in statements():
        later = {name for name in needed([statement.makes]) if order.get(name, -1) > order[statement.makes]}
        assert not later, (statement.file, later)


def test_nothing_is_needed_for_what_nobody_knows() -> None:
    assert needed(["nothing"]) == frozenset()
    assert "profile" not in needed(["conversation"])
