"""What rules are written with, and when they are run."""

from __future__ import annotations

import re
from typing import Any

import duckdb
import pytest

from inventory.findings.macros import create_macros
from inventory.findings.rules import SEVERITIES, rule_statements, rules
from inventory.policy.vocabulary import known_protocols
from parsers.attributes import ATTRIBUTES


def told(expression: str, *values: Any) -> Any:
    con = duckdb.connect()
    create_macros(con)
    ((value,),) = con.execute(f"SELECT {expression}", values).fetchall()
    return value


@pytest.mark.parametrize(
    ("names", "some", "clients"),
    [
        (["b"], "b", "b"),
        (["c", "a", "b"], "a, b, c", "a, b, c"),
        (["d", "c", "a", "b"], "a, b, c and 1 more", "4 clients"),
        (["%", "d", "c", "a", "b"], "%, a, b and 2 more", "5 clients"),
        (None, None, None),
    ],
)
def test_some_of_many(names: list[str] | None, some: str | None, clients: str | None) -> None:
    assert told("some_of(?::VARCHAR[])", names) == some
    assert told("some_of(?::VARCHAR[], counted := 'clients')", names) == clients


def test_the_worst_comes_first() -> None:
    ranks = [told("severity_rank(?)", severity) for severity in SEVERITIES]
    assert ranks == sorted(ranks) == [1, 2, 3, 4, 5]
    assert told("severity_rank(NULL)") is None


def test_what_a_rule_needs_is_something_that_can_be_there() -> None:
    """A misspelt word would have the rule never run."""
    signs = set(re.findall(r"'(\w+)'", rule_statements()[0])) | {"inbound", "outbound"}
    for rule in rules():
        assert set(rule.needs.split()) <= {*ATTRIBUTES, *known_protocols(), *signs}, rule.rule
