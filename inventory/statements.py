"""The SQL files that derive tables, and which of them a table needs: those it selects from, and what these need."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from inventory.findings.rules import rule_statements

FOUND: Final = "found"
_BY_RULES: Final = (FOUND, "found_key", "rule")  # made by them, not by a file
_FACTS: Final = "facts.sql"
_ASKED: Final = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)")  # our files name no table elsewhere: a test sees to that


class Statement(NamedTuple):
    """A file of `sql/`: it makes the table or view that it is named after."""

    file: str
    makes: str
    sql: str
    is_view: bool


@cache
def statements() -> tuple[Statement, ...]:
    """All files, in the order in which they are run."""
    folder = files("inventory").joinpath("sql")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql") and entry.name != _FACTS)
    return tuple(
        Statement(name, name.removesuffix(".sql").partition("_")[2], sql, "\nCREATE OR REPLACE TEMP VIEW " in sql)
        for name, sql in ((name, folder.joinpath(name).read_text("utf-8")) for name in names)
    )


def needed(wanted: Iterable[str]) -> frozenset[str]:
    """Return the tables and views that must be made for those that are `wanted`, these included."""
    asks = _asks()
    found: set[str] = set()
    waiting = [name for name in wanted if name in asks]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += asks[name]
    return frozenset(found)


@cache
def _asks() -> dict[str, frozenset[str]]:
    """Which others each table asks."""
    sql = {statement.makes: statement.sql for statement in statements()}
    sql |= dict.fromkeys(_BY_RULES, "\n".join(rule_statements()))
    return {name: frozenset(_ASKED.findall(text)) & sql.keys() for name, text in sql.items()}
