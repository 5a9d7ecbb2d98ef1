"""Every fingerprint, run as the inventory runs it: its example must tell exactly what the row expects."""

from __future__ import annotations

import re
from functools import cache

import duckdb
import pytest

from inventory.knowledge_tables import create_tables
from inventory.statements import statements
from parsers.attributes import ATTRIBUTES
from parsers.text import canonical
from tests.inventory.knowledge import Row, table

LISTS = ("wsd_types", "wsd_scopes")
TOLD = ("operating_system", "role", "manufacturer", "product", "version", "serial")


def value(field: str, text: str) -> str:
    """The value of an attribute that holds `text` where `field` looks for it."""
    attribute, _, key = field.partition(".")
    if key:
        return canonical({key: text})
    return canonical([text]) if attribute in LISTS else text


@cache
def told() -> dict[tuple[str, str], dict[str, str]]:
    """(field, example) -> what the inventory makes of it, by the file that does so."""
    con = duckdb.connect()
    create_tables(con)
    con.execute(
        "CREATE TABLE fact (site VARCHAR, device_id VARCHAR, attribute VARCHAR, value VARCHAR, class VARCHAR, "
        "port INTEGER, count BIGINT, first_seen TIMESTAMP, last_seen TIMESTAMP, seen STRUCT(frame BIGINT))"
    )
    con.executemany(
        "INSERT INTO fact (device_id, attribute, value, class) VALUES (?, ?, ?, 'peer')",
        [
            [f"{row['field']} {row['example']}", row["field"].partition(".")[0], value(row["field"], row["example"])]
            for row in table("fingerprints")
        ],
    )
    statement = next(known.sql for known in statements() if known.makes == "fingerprint")
    con.execute(statement)
    rows = con.execute(f"SELECT field, wire, kind, {', '.join(TOLD)} FROM fingerprint").fetchall()
    return {(field, wire): dict(zip(("kind", *TOLD), rest, strict=True)) for field, wire, *rest in rows}


@pytest.mark.parametrize("row", table("fingerprints"), ids=lambda row: f"{row['field']} {row['example']}"[:60])
def test_example(row: Row) -> None:
    found = told()[row["field"], row["example"]]
    assert found["kind"] == row["kind"]
    assert [found[name] for name in TOLD if found[name]] == row["expected"].split("|")


def test_fields_are_attributes_and_kinds_are_known() -> None:
    roles = {row["role"] for row in table("roles")} | {""}
    for row in table("fingerprints"):
        attribute, _, key = row["field"].partition(".")
        assert attribute in ATTRIBUTES, row
        assert key == "" or key in (*ATTRIBUTES[attribute].keys, "DeviceType"), row
        assert row["kind"] in ("device", "software", "system"), row
        assert row["role"] in roles, row
        assert row["pattern"].startswith("^"), row
        groups = re.compile(row["pattern"]).groups
        used = {int(n) for name in TOLD for n in re.findall(r"\\(\d)", row[name])}
        assert used == set(range(1, groups + 1)), f"groups that are not used, or not there: {row}"
        assert any(row[name] for name in TOLD), row
    for name in ("dhcp_parameters", "snmp_object_ids"):
        assert {row["role"] for row in table(name)} <= roles


def test_every_operating_system_has_its_place() -> None:
    known = {row["operating_system"]: row["path"] for row in table("operating_systems")}
    names = {row["operating_system"] for name in ("fingerprints", "user_agent_os", "tcp_syn", "dhcp_parameters")
             for row in table(name)} - {"", r"\1"}  # fmt: skip
    for name in names:
        assert name in known or re.sub(r" (\\\d|\d+)$", "", name) in known, name
    for name, path in known.items():
        *above, last = path.split("/")
        assert all(known[step] == "/".join(path.split("/")[: at + 1]) for at, step in enumerate(above)), path
        assert known[last] == path, name


@pytest.mark.parametrize("row", table("tcp_syn"), ids=lambda row: row["example"])
def test_opening(row: Row) -> None:
    assert [other["pattern"] for other in table("tcp_syn") if re.search(other["pattern"], row["example"])] == [
        row["pattern"]
    ]
    ttl, window, mss, scale, options = row["example"].split(":")
    assert all(number.isdecimal() for number in (ttl, window, mss, scale))
    assert set(options.split(",")) <= {"mss", "nop", "ws", "sok", "ts", "eol"}


def test_parameter_lists_and_enterprises_are_numbers() -> None:
    for row in table("dhcp_parameters"):
        assert re.fullmatch(r"\d{1,3}(,\d{1,3}){4,}", row["parameters"]), row  # shorter ones are many systems'
        assert bool(row["operating_system"]) != bool(row["role"]), row
    assert all(row["enterprise"].isdecimal() for row in table("snmp_object_ids"))
    # Agents that run in anybody's devices: https://www.iana.org/assignments/enterprise-numbers/
    toolkits = {"311", "2021", "8072"}
    assert toolkits.isdisjoint(row["enterprise"] for row in table("snmp_object_ids"))
