"""A policy proposed from what an inventory shows, as TOML for a person to edit.

It is what a policy that allows nothing would find, turned into rules: checked by it, the same inventory has no
violation, but for those with public addresses. What was allowed with these is written down, too, but commented out:
it is for a person to say that data may leave the site.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import duckdb

from inventory.errors import InventoryError
from inventory.export import Row, query
from inventory.policy.checking import judge, statement
from inventory.policy.declaration import Policy
from inventory.policy.vocabulary import ANY, INCIDENTAL, INFRASTRUCTURE, PUBLIC, known_roles, read_traffic

_PORTS: Final = 8  # on which nothing was recognised: with more of them, any port is proposed
_ADDRESSES: Final = 20  # public ones that a rule names: with more of them, `public` is proposed
_SITES: Final = "SELECT count(DISTINCT site) FROM identity WHERE $site IS NULL OR site = $site"
_CHECK: Final = "look at this"


def learn(
    con: duckdb.DuckDBPyConnection,
    site: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> str:
    """Return a `[policy]` that allows what `con`, with its derived tables, shows between `since` and `until` (UTC).

    Raises InventoryError where there is nothing to learn from.
    """
    judge(con, _nothing_allowed(), site)
    period = {"since": since, "until": until, "ports": _PORTS}
    lines = query(con, statement("learned"), period | {"addresses": _ADDRESSES}).rows
    services = query(con, statement("learned_services"), period).rows
    roles = sorted({row[end] for row in lines for end in ("source", "target")} & _judged_roles())
    if not roles:
        raise InventoryError("nothing to learn from: no conversation of a device whose role is known")
    sites = query(con, _SITES, {"site": site}).rows
    (number,) = sites[0].values()
    inside = [row for row in lines if PUBLIC not in (row["source"], row["target"])]
    outside = [row for row in lines if PUBLIC in (row["source"], row["target"])]
    offered = _services(services, roles, number)
    return "\n".join([*_head(lines, roles), *_rules(inside, number), *offered, *_public(outside)])


def _judged_roles() -> set[str]:
    return {*known_roles()} - {*INCIDENTAL}


def _nothing_allowed() -> Policy:
    roles = tuple(sorted(_judged_roles()))
    return Policy(roles, (), dict.fromkeys(roles, ()), tuple(map(read_traffic, INFRASTRUCTURE)))


def _head(lines: list[Row], roles: list[str]) -> Iterator[str]:
    first, last = min(row["first_seen"] for row in lines)[:19], max(row["last_seen"] for row in lines)[:19]
    conversations = _count(sum(row["conversations"] for row in lines), "conversation")
    yield f"# Proposed by `medspan policy learn` from {conversations}"
    yield f"# between {first}Z and {last}Z. Read it, edit it, put it into medspan.toml."
    yield ""
    yield "[policy]"
    yield "# Every conversation of these must be allowed below."
    yield f"roles = {_toml(roles)}"
    yield "# Not judged between addresses inside."
    yield f"infrastructure = {_toml(INFRASTRUCTURE)}"


def _rules(lines: list[Row], sites: int) -> Iterator[str]:
    for (source, target), rows in groupby(lines, lambda row: (row["source"], row["target"])):
        traffic = list(rows)
        yield ""
        yield "[[policy.allow]]"
        yield f"name = {_toml(f'{source} to {target}')}"
        yield f"from = {_toml([source])}" + _unknown(source)
        yield f"to = {_toml([target])}" + _unknown(target)
        yield "protocol = ["
        yield from (f"    {_toml(row['traffic'])},  # {_support(row, sites)}" for row in traffic)
        yield "]"
        if all(row["encrypted"] for row in traffic):
            yield 'encrypted = "required"'


def _services(services: list[Row], roles: list[str], sites: int) -> Iterator[str]:
    yield ""
    yield "# All that a device of the role may answer at."
    yield "[policy.services]"
    offered = {role: list(rows) for role, rows in groupby(services, lambda row: str(row["role"]))}
    for role in sorted({*roles, *offered}):
        if role not in offered:
            yield f"{role} = []"
            continue
        yield f"{role} = ["
        for row in offered[role]:
            seen = [_count(row["devices"], "device"), *_at(row["sites"], sites)]
            yield f"    {_toml(row['traffic'])},  # {', '.join(seen)}{_any_port(row['traffic'])}"
        yield "]"


def _public(lines: list[Row]) -> Iterator[str]:
    if lines:
        yield ""
        yield "# With public addresses: nothing of this is allowed unless you take the # away."
    for row in lines:
        rule: dict[str, Any] = {"name": f"{row['source']} to {row['target']}: {row['traffic']}"}
        for key, end in (("from", "source"), ("to", "target")):
            few = len(row["addresses"]) <= _ADDRESSES
            rule[key] = row["addresses"] if row[end] == PUBLIC and few else [row[end]]
        rule["protocol"] = [row["traffic"]]
        if row["encrypted"]:
            rule["encrypted"] = "required"
        yield ""
        yield f"# {'patient data in clear: ' if row['clear_patient_data'] else ''}{_support(row, 1)}"
        yield "#[[policy.allow]]"
        yield from (f"#{key} = {_toml(value)}" for key, value in rule.items())


def _support(row: Row, sites: int) -> str:
    """How often a line was seen: on how few devices it rests."""
    seen = [
        f"{_count(row['clients'], 'client')}, {_count(row['servers'], 'server')}",
        _count(row["connections"], "connection"),
        *_at(row["sites"], sites),
    ]
    once = f": seen once, {_CHECK}" if row["conversations"] == 1 and row["connections"] <= 1 else ""
    return f"{', '.join(seen)}{_any_port(row['traffic'])}{once}"


def _any_port(traffic: str) -> str:
    return f": more than {_PORTS} ports, nothing recognised, {_CHECK}" if traffic in ("tcp", "udp", "sctp") else ""


def _unknown(end: str) -> str:
    return f"  # nobody was seen to hold the address: {_CHECK}" if end == ANY else ""


def _at(seen: int, sites: int) -> list[str]:
    return [f"at {seen} of {sites} sites"] if sites > 1 else []


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _toml(value: str | Iterable[str]) -> str:
    """Text, or a list of it, as TOML: what JSON writes is a basic string, too (toml.io, "String")."""
    return json.dumps(value if isinstance(value, str) else list(value), ensure_ascii=False)
