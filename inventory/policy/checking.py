"""What an inventory does that its policy does not allow, and how well each site conforms.

Conversations are judged where an end has a role of `policy.roles`: those that were answered, between two hosts. Nothing
is called a violation that may be none; it is uncertain where a rule might allow it, if one knew

- what an end is: its roles are of low confidence, or only say what it was seen doing, or nobody is known to hold it;
- what was spoken: the protocol was not recognised, nor another one at that port;
- who opened it: with a port that clients have, too, and the beginning not seen, the client may be the server;

and where the role for which it is judged is itself of low confidence.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

import duckdb

from inventory.export import Result, query
from inventory.policy.declaration import Policy
from inventory.policy.vocabulary import INCIDENTAL, Traffic, known_roles

_EPHEMERAL: Final = 32_768  # the lowest port that Linux gives to clients (ip-sysctl.rst: ip_local_port_range)
_TRAFFIC: Final = {"protocol": "VARCHAR", "port": "INTEGER", "transport": "VARCHAR"}
_ROLE: Final = {"role": "VARCHAR"}
_RULE: Final = {
    "number": "INTEGER",
    "name": "VARCHAR",
    "sites": "VARCHAR[]",
    "sources": "VARCHAR[]",
    "targets": "VARCHAR[]",
    "source_roles": "BOOLEAN",  # whether a device that has another role then would be meant
    "target_roles": "BOOLEAN",
    "encrypted": "BOOLEAN",
}


class Check(NamedTuple):
    """The answer: one row per conversation or service that does not conform, one per site and rule."""

    deviations: Result  # as `deviations.sql`
    score: Result  # as `score.sql`


def check(con: duckdb.DuckDBPyConnection, policy: Policy, site: str | None = None) -> Check:
    """Judge the inventory `con`, with its derived tables, by `policy`; only `site`, unless it is None."""
    judge(con, policy, site)
    return Check(query(con, statement("deviations")), query(con, statement("score"), {"site": site}))


def judge(con: duckdb.DuckDBPyConnection, policy: Policy, site: str | None) -> None:
    """Make the tables `policy_judgement` and `policy_offer`: what `policy` says of each conversation and service."""
    for name, columns, rows in _tables(policy):
        _put(con, name, columns, rows)
    con.execute(statement("ends"))
    parameters = {"site": site, "ephemeral": _EPHEMERAL}
    con.execute(statement("judgement"), parameters)
    con.execute(statement("offers"), parameters)


def _tables(policy: Policy) -> list[tuple[str, dict[str, str], list[dict[str, Any]]]]:
    """The policy as tables: name, columns, rows."""
    rules = [
        {
            "number": number,
            "name": rule.name,
            "sites": rule.sites,
            "sources": rule.sources,
            "targets": rule.targets,
            "source_roles": not set(rule.sources).isdisjoint(known_roles()),
            "target_roles": not set(rule.targets).isdisjoint(known_roles()),
            "encrypted": rule.encrypted,
        }
        for number, rule in enumerate(policy.rules, 1)
    ]
    allowed = [
        {"number": number, **traffic._asdict()}
        for number, rule in enumerate(policy.rules, 1)
        for traffic in rule.traffic
    ]
    offered = [
        {"role": role, **traffic._asdict()} for role, traffics in policy.services.items() for traffic in traffics
    ]
    return [
        ("policy_rule", _RULE, rules),
        ("policy_traffic", {"number": "INTEGER"} | _TRAFFIC, allowed),
        ("policy_role", _ROLE, _roles(policy.roles)),
        ("policy_incidental", _ROLE, _roles(INCIDENTAL)),
        ("policy_server", _ROLE, _roles(policy.services)),
        ("policy_service", _ROLE | _TRAFFIC, offered),
        ("policy_infrastructure", _TRAFFIC, list(map(Traffic._asdict, policy.infrastructure))),
    ]


def _roles(roles: Any) -> list[dict[str, Any]]:
    return [{"role": role} for role in roles]


def _put(con: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str], rows: list[dict[str, Any]]) -> None:
    shape = json.dumps([columns])
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT unnest(from_json(?, ?), max_depth := 2)",
        [json.dumps(rows), shape],
    )


@cache
def statement(name: str) -> str:
    """The SQL of the file `name` in this folder."""
    return files("inventory.policy").joinpath(f"{name}.sql").read_text("utf-8")
