from __future__ import annotations

import csv
import random
from importlib.resources import files
from pathlib import Path

import pymanuf
import pytest

from inventory.config import Config
from inventory.derive import open_inventory
from inventory.errors import InventoryError
from inventory.recorder import Recorder
from inventory.store import Capture, Store
from inventory.vendors import mac_vendors
from parsers.records import CaptureHealth, Endpoint, Evidence, FlowRecord


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "medspan.duckdb"
    recorder = Recorder("north", "core-1", "cafe")
    arp = Endpoint(None, "02:00:00:00:00:01", "10.0.0.1", None, "arp")
    recorder.observe(arp, "arp", "link_layer_address", "00:1b:c5:00:20:11", Evidence.PEER, 1, 1)
    recorder.observe(arp._replace(ip=None), "arp", "link_layer_address", "00:00:01:00:00:01", Evidence.PEER, 1, 1)
    recorder.flow(
        FlowRecord(
            *(None, "fe80::1", 40_000, "00:00:0c:11:11:11", "8.8.8.8", 443, None, "tcp", None, False, False, False),
            *(None, 1, 1, 1, 1, 0, 60, 0, 1),
        )
    )
    Store(path).write(Capture("cafe", "a", None, "north", "core-1", "0.1.0", CaptureHealth(), True), recorder.drain())
    return path


def test_addresses(path: Path) -> None:
    with open_inventory(path) as con:
        assert con.execute("SELECT ip, public, local, unicast, family FROM address ORDER BY ip").fetchall() == [
            ("10.0.0.1", False, True, True, 4),
            ("8.8.8.8", True, False, True, 4),
            ("fe80::1", False, True, True, 6),
        ]


@pytest.mark.parametrize(
    ("remembered", "configured", "public"),
    [
        ("!10.0.0.0/8", None, ["10.0.0.1", "8.8.8.8"]),
        ("!10.0.0.0/8", "8.8.8.0/24", ["10.0.0.1", "8.8.8.8"]),
        (None, "8.8.8.0/24, !10.0.0.0/8", ["10.0.0.1"]),
    ],
)
def test_networks_given_to_a_reading_go_before_the_configuration(
    path: Path, remembered: str | None, configured: str | None, public: list[str]
) -> None:
    Store(path).remember_local_nets(remembered, "8.8.8.8/32")
    with open_inventory(path, Config(local_nets=configured), wanted=["sighting"]) as con:
        found = con.execute("SELECT ip FROM address WHERE public ORDER BY ip").fetchall()
    assert [ip for (ip,) in found] == public


def test_networks_that_cannot_be_read(path: Path) -> None:
    with (
        pytest.raises(InventoryError, match=r"^local_nets: 'x' is not a network such as"),
        open_inventory(path, Config(local_nets="x")),
    ):
        pass


def test_mac_vendors_of_the_facts(path: Path) -> None:
    with open_inventory(path, wanted=["sighting"]) as con:
        assert con.execute("SELECT mac, vendor FROM mac_vendor ORDER BY mac").fetchall() == [
            ("00:00:01:00:00:01", "Xerox Corporation"),
            ("00:00:0c:11:11:11", "Cisco Systems, Inc"),
            ("00:1b:c5:00:20:11", "GORAMO - Janusz Gorecki"),
            ("02:00:00:00:00:01", None),
        ]


def test_vendors_are_those_that_pymanuf_names() -> None:
    chance = random.Random(1)
    registered = Path(pymanuf.__file__).with_name("manuf.txt").read_text("utf-8").splitlines()
    lines = [line for line in registered if line and not line.startswith("#")]
    macs = []
    for line in chance.sample(lines, 500):
        prefix, _, bits = line.split("\t")[0].partition("/")
        digits = prefix.replace(":", "")[: int(bits or 24) // 4]
        digits += "".join(chance.choices("0123456789abcdef", k=12 - len(digits)))
        macs.append(":".join(digits[at : at + 2] for at in range(0, 12, 2)).lower())
    found = mac_vendors(macs)
    for mac in macs:
        expected = pymanuf.lookup(mac).strip()
        nobody = int(mac[:2], 16) & 3 or expected in ("unknown", "Private", "IEEE Registration Authority")
        assert found[mac] == (None if nobody else expected), mac


@pytest.mark.parametrize("mac", ["", "x", "aa", "00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "02:42:ac:11:00:02"])
def test_macs_that_name_no_vendor(mac: str) -> None:
    assert mac_vendors([mac]) == {mac: None}


def test_knowledge_is_there_whole(path: Path) -> None:
    with open_inventory(path, wanted=["sighting"]) as con:
        for table in files("inventory").joinpath("knowledge").iterdir():
            if table.name.endswith(".csv"):
                with table.open(encoding="utf-8", newline="") as file:
                    header, *records = csv.reader(file)
                found = con.execute(f"FROM knowledge_{table.name.removesuffix('.csv')}")
                assert [column[0] for column in found.description] == ["layer", *header]
                rows = found.fetchall()
                assert {row[0] for row in rows} == {1}  # ours
                assert [tuple(value or "" for value in row[1:]) for row in rows] == list(map(tuple, records))


def test_only_as_far_as_asked(path: Path) -> None:
    def tables(*wanted: str) -> set[str]:
        with open_inventory(path, wanted=wanted or None) as con:
            return {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}

    assert "profile" in tables()
    assert "exchange" in tables("conversation")
    assert "profile" not in tables("conversation")
