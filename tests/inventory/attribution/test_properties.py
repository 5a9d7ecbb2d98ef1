"""What is derived is a function of the set of facts: not of their order, nor of how they were split into flushes."""

from __future__ import annotations

import random
from datetime import timedelta

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.inventory.attribution.scene import Scene, rows_of
from tests.inventory.attribution.test_clinic import clinic

TABLES = ("device", "conversation", "device_key", "evidence")
COUNTERS = ["connections", "packets_to_server", "packets_to_client", "bytes_to_server", "bytes_to_client"]


def outcome(scene: Scene) -> list[list[str]]:
    con = scene.derive()
    return [sorted(map(repr, rows_of(con, f"FROM {table}"))) for table in TABLES]


EXPECTED = outcome(clinic())


# A seed has nothing to shrink to, and a derivation takes its time.
@settings(max_examples=2, deadline=None, phases=(Phase.generate,))
@given(st.integers())
def test_order_and_flushes_do_not_matter(seed: int) -> None:
    chance = random.Random(seed)
    scene = clinic()
    for rows, sums in ((scene.observations, ["count"]), (scene.flows, COUNTERS)):
        for row in list(rows):
            if chance.random() < 0.3:  # seen again in a later flush
                row |= {name: 2 * row[name] for name in sums} | {"last_seen": row["last_seen"] + timedelta(seconds=30)}
        chance.shuffle(rows)
    whole = outcome(scene)
    split = Scene()
    for rows, kept, sums in (
        (scene.observations, split.observations, ["count"]),
        (scene.flows, split.flows, COUNTERS),
    ):
        for row in rows:
            first = {name: row[name] // 2 for name in sums}
            if any(row[name] > 1 for name in sums):
                rest = {name: row[name] - first[name] for name in sums}
                kept.append(row | first)
                kept.append(row | rest | {"first_seen": row["last_seen"], "frame": row["frame"] + 1000})
            else:
                kept.append(row)
    chance.shuffle(split.observations)
    chance.shuffle(split.flows)
    assert outcome(split) == whole


def test_order_does_not_matter() -> None:
    scene = clinic()
    scene.observations.reverse()
    scene.flows.reverse()
    assert outcome(scene) == EXPECTED


@settings(max_examples=2, deadline=None, phases=(Phase.generate,))
@given(st.integers())
def test_of_whatever_was_lost_nobody_inherits_with_confidence(seed: int) -> None:
    """A capture may begin late, miss a direction or a link: archive and workstation still own no equipment."""
    chance = random.Random(seed)
    scene = clinic()
    kept = chance.random()
    scene.observations = [row for row in scene.observations if chance.random() < kept]
    for device in rows_of(scene.derive(), "FROM device"):
        if {"192.168.50.40", "192.168.50.71"} & set(device["ip_addresses"]):
            claimed = {name: device["confidence"].get(name) for name in ("manufacturer", "device_serial_number")}
            assert set(claimed.values()) <= {None, "low", "medium"}
