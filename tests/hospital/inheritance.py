"""What the inventory says of random scenes, against their truth: nobody may get a name that is another's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from inventory.derive import open_inventory
from inventory.export import query
from inventory.recorder import Recorder
from inventory.store import Capture, Store
from parsers.text import pseudonymiser
from sensor.sensor import Sensor
from tests.hospital.hosts import Host
from tests.hospital.scene import build
from tests.sensor.frames import batch

FIELDS = ("manufacturer", "manufacturer_model_name", "device_serial_number")


class Wrong(NamedTuple):
    """A value that is not the host's own."""

    seed: int
    kind: str
    ip: str
    field: str
    value: str
    confidence: str


class Outcome(NamedTuple):
    """`wrong` values; per field, how many hosts have a value of their own (`wanted`), for how many it was `found`, and
    for how many it was `sure`: at high or medium."""

    wrong: list[Wrong]
    wanted: Counter[str]
    found: Counter[str]
    sure: Counter[str]
    roles: Counter[tuple[str, str]]  # true kind, primary role


def judge(seeds: Iterable[int], folder: Path) -> Outcome:
    """Read the scenes of `seeds`, each as a site of its own, into one inventory in `folder`; compare with the truth."""
    path = folder / "hospital.duckdb"
    store = Store(path)
    truth: dict[tuple[str, str], tuple[int, Host]] = {}
    for seed in seeds:
        scene = build(seed)
        site = f"s{seed}"
        recorder = Recorder(site, "mirror", site)
        sensor = Sensor(pseudonymiser(store.pseudonym_key), recorder)
        sensor.feed(batch(scene.wire.frames, scene.wire.times))
        sensor.close()
        store.write(Capture(site, site, None, site, "mirror", "test", sensor.health, True), recorder.drain())
        truth |= {(site, host.ip): (seed, host) for host in scene.hosts}
    with open_inventory(path) as con:
        rows = query(con, "SELECT * FROM device WHERE NOT addressless ORDER BY device_id", {}).rows
    outcome = Outcome([], Counter(), Counter(), Counter(), Counter())
    for row in rows:
        for ip in row["ip_addresses"]:
            seed, host = truth[row["site"], ip]
            outcome.roles[host.kind, row["role"]] += 1
            outcome.wrong.extend(_wrong(seed, host, row))
            for field, value in _own(host).items():
                outcome.wanted[field] += 1
                outcome.found[field] += row[field] == value
                outcome.sure[field] += row[field] == value and row["confidence"][field] != "low"
    return outcome


def _own(host: Host) -> dict[str, str]:
    """What is true of the host itself; an archive's maker is that of its software."""
    if host.equipment is not None:
        equipment = host.equipment
        return dict(zip(FIELDS, (equipment.maker, equipment.model, equipment.serial), strict=True))
    return {"manufacturer": host.software.maker} if host.software.maker else {}


def _wrong(seed: int, host: Host, row: dict[str, Any]) -> Iterator[Wrong]:
    own = _own(host)
    for field in FIELDS:
        if row[field] and row[field] != own.get(field):
            yield Wrong(seed, host.kind, host.ip, field, row[field], row["confidence"].get(field, "none"))
