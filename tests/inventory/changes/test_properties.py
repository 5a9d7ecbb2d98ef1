"""What holds for any two states: nothing differs from itself, and backwards everything is the other way round."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import duckdb
from hypothesis import given, settings
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
SINGLE = ("manufacturer", "device_serial_number", "operating_system", "role", "vlan")
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
CON = duckdb.connect(config={"threads": 1})

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


def fill(side: str, of: dict[int, Device], day: int, random: Random) -> None:
    at = datetime(2026, 1, 1) + timedelta(days=day)
    state, keys, findings = [], [], []
    for number, device in of.items():
        name = f"d{number}"
        state.append(["s", name, "device", "client", f"10.1.0.{number + 1}", at, at + timedelta(hours=1)])
        # Of a site at which all is seen, nothing can be said of who has no address.
        state.append(["s", name, "ip_address", f"10.1.0.{100 + number}", "IPv4", at, at + timedelta(hours=1)])
        keys.append(["s", "id", name, name])
        if device["mac"]:
            state.append(["s", name, "mac_address", f"m{number}", "", at, at + timedelta(hours=1)])
            keys.append(["s", "mac", f"m{number}", name])
        for aspect in (*SINGLE, *SEVERAL):
            detail = "IPv4" if aspect == "ip_address" else ""
            state += [["s", name, aspect, value, detail, at, at + timedelta(hours=1)] for value in device[aspect]]
        if device["finding"]:
            findings.append([f"f{number}", "weak-tls", "low", "Weak", "s", name, None, 443, None, at, at, "open"])
    CON.execute(TABLES.format(side))
    for table, rows in (("state", state), ("device_key", keys), ("finding", findings)):
        random.shuffle(rows)
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            CON.executemany(f"INSERT INTO {side}_{table} VALUES ({marks})", rows)
    CON.execute(f"INSERT INTO {side}_coverage VALUES ('s', [?], ?, ?)", [f"c{day}", at, at + timedelta(hours=2)])


def differences(old: dict[int, Device], new: dict[int, Device], random: Random) -> list[dict[str, Any]]:
    fill("old", old, 0, random)
    fill("new", new, 1, random)
    compare(CON)
    return told(CON).result.rows


@settings(max_examples=12, deadline=None)
@given(devices, devices, st.randoms(use_true_random=False))
def test_backwards_is_the_other_way_round(one: dict[int, Device], other: dict[int, Device], random: Random) -> None:
    def about(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
        return {
            (row["change"], row["device_id"], row["field"], row["old"], row["new"])
            for row in rows
            if row["change"] not in ONE_WAY
        }

    def turned(rows: set[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
        return {(MIRROR.get(change, change), *device, new, old) for change, *device, old, new in rows}

    def without_what_is_told_with_it(rows: set[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
        """A new device is told with what it does; findings of one that is gone are not closed by that."""
        whole = {row[1] for row in rows if row[0] in ("new device", "device gone")}
        return {row for row in rows if not (row[0].startswith("finding") and row[1] in whole)} - {
            row for row in rows if row[0] in ("new device", "device gone")
        } | {(row[0], row[1]) for row in rows if row[0] in ("new device", "device gone")}

    forward = about(differences(one, other, random))
    backward = about(differences(other, one, random))
    back = {(*row[:2], *row[2:]) for row in turned(backward)}
    assert without_what_is_told_with_it(forward) == without_what_is_told_with_it(back)


@settings(max_examples=6, deadline=None)
@given(devices, st.randoms(use_true_random=False))
def test_nothing_differs_from_itself(one: dict[int, Device], random: Random) -> None:
    assert differences(one, one, random) == []
