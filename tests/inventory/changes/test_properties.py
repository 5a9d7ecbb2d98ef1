"""What holds for any two states: nothing differs from itself, and backwards everything is the other way round."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import duckdb
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from inventory.changes.comparing import compare, told

Device = dict[str, Any]

TABLES = """
CREATE OR REPLACE TABLE {0}_state (site VARCHAR, device_id VARCHAR, aspect VARCHAR, value VARCHAR, detail VARCHAR,
    first_seen TIMESTAMP, last_seen TIMESTAMP);
CREATE OR REPLACE TABLE {0}_device_key (site VARCHAR, kind VARCHAR, key VARCHAR, device_id VARCHAR);
CREATE OR REPLACE TABLE {0}_finding (finding_id VARCHAR, rule VARCHAR, severity VARCHAR, title VARCHAR, site VARCHAR,
    device_id VARCHAR, ip_address VARCHAR, port INTEGER, peer VARCHAR, first_seen TIMESTAMP, last_seen TIMESTAMP,
    status VARCHAR);
CREATE OR REPLACE TABLE {0}_coverage (site VARCHAR, captures VARCHAR[], first_packet TIMESTAMP, last_packet TIMESTAMP);
"""
SINGLE = ("manufacturer", "manufacturer_model_name", "operating_system", "role", "vlan")
SEVERAL = ("ip_address", "hostname", "ae_title", "software_version", "service", "public_peer")
MIRROR = {
    "new device": "device gone",
    "device gone": "new device",
    "new service": "service gone",
    "service gone": "new service",
    "finding opened": "finding closed",
    "finding closed": "finding opened",
}
ONE_WAY = {"new public peer", "new AE title"}  # that one is not used is no news
KEYS = ("device_id", "field", "old", "new")
# To shrink an example takes minutes, and it is short as it is.
SETTINGS = settings(max_examples=2, deadline=None, phases=[Phase.generate])
CON = duckdb.connect(config={"threads": 1})

MANY = 8  # pairs of an example, each at a site of its own: to compare takes long, of how many it does not matter
values = st.sampled_from(["10.1.0.1", "10.1.0.2", "10.1.0.3"])
devices = st.dictionaries(
    st.integers(0, 5),
    st.fixed_dictionaries(
        {
            "mac": st.booleans(),
            "finding": st.booleans(),
            **{aspect: st.lists(values, max_size=1) for aspect in SINGLE},
            **{aspect: st.lists(values, max_size=3, unique=True) for aspect in SEVERAL},
        }
    ),
    max_size=5,
)

NOTHING: Device = {"mac": True, "finding": False} | {aspect: [] for aspect in (*SINGLE, *SEVERAL)}
WITNESS: dict[int, Device] = {9: NOTHING}  # shows that the network was captured


pairs = st.lists(st.tuples(devices, devices), min_size=MANY, max_size=MANY)
Pairs = list[tuple[dict[int, Device], dict[int, Device]]]


def fill(side: str, sites: list[dict[int, Device]], day: int, random: Random) -> None:
    at = datetime(2026, 1, 1) + timedelta(days=day)
    until = at + timedelta(hours=1)
    tables: dict[str, list[list[Any]]] = {"state": [], "device_key": [], "finding": [], "coverage": []}
    for site, of in enumerate(map(str, range(len(sites)))):
        tables["coverage"].append([of, [f"c{day}"], at, at + timedelta(hours=2)])
        for number, device in (WITNESS | sites[site]).items():
            name = f"d{of}-{number}"
            said = [("device", "client", f"10.1.0.{number + 1}"), ("ip_address", f"10.1.0.{100 + number}", "IPv4")]
            tables["device_key"].append([of, "id", name, name])
            if device["mac"]:
                said.append(("mac_address", f"m{number}", ""))
                tables["device_key"].append([of, "mac", f"m{number}", name])
            for aspect in (*SINGLE, *SEVERAL):
                said += [(aspect, value, "IPv4" if aspect == "ip_address" else "") for value in device[aspect]]
            tables["state"] += [[of, name, *what, at, until] for what in said]
            if device["finding"]:
                about = [of, name, None, 443, None, at, at, "open"]
                tables["finding"].append([f"f{of}-{number}", "weak-tls", "low", "Weak", *about])
    CON.execute(TABLES.format(side))
    for table, rows in tables.items():
        random.shuffle(rows)
        if rows:
            marks = ", ".join("(" + ", ".join("?" * len(row)) + ")" for row in rows)
            CON.execute(f"INSERT INTO {side}_{table} VALUES {marks}", [value for row in rows for value in row])


def differences(of: Pairs, random: Random) -> list[dict[str, Any]]:
    fill("old", [old for old, _ in of], 0, random)
    fill("new", [new for _, new in of], 1, random)
    compare(CON)
    return told(CON).result.rows


def about(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    """What is told both ways, of a device that is there on one side only just that: the rest comes with it."""
    whole = {row["device_id"] for row in rows if row["change"] in ("new device", "device gone")}
    return {
        (row["change"],) + ((row["device_id"],) if row["device_id"] in whole else tuple(row[key] for key in KEYS))
        for row in rows
        if row["change"] not in ONE_WAY and not (row["device_id"] in whole and row["change"].startswith("finding"))
    }


def turned(rows: set[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    return {(MIRROR.get(change, change), *(of if len(of) == 1 else (*of[:2], *of[:1:-1]))) for change, *of in rows}


@SETTINGS
@given(pairs, st.randoms(use_true_random=False))
def test_backwards_is_the_other_way_round(of: Pairs, random: Random) -> None:
    backwards = [(new, old) for old, new in of]
    assert about(differences(of, random)) == turned(about(differences(backwards, random)))


@SETTINGS
@given(pairs, st.randoms(use_true_random=False))
def test_nothing_differs_from_itself(of: Pairs, random: Random) -> None:
    assert differences([(one, one) for one, _ in of], random) == []
