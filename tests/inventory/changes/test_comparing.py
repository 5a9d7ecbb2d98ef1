"""What is told of two inventories: each kind of change, and nothing that is none.

Each scene is a site of its own, all of them in the same few inventories: the day before, the day after, and both.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from inventory.changes.comparing import Changes, changes
from inventory.changes.snapshot import save
from tests.inventory.changes.inventories import CT, FAR, PACS, PC, Host, brief, compared, opened, snapshot, write

Rows = list[tuple[Any, ...]]

CARD, OTHER_CARD = "00:11:22:33:44:10", "00:11:22:33:44:ff"
NEWCOMER = Host("10.1.0.77", "00:11:22:33:44:77", title="X", ports=((104, "dicom"),))
SIX = Host("2001:db8:1:2:a::1", "00:11:22:33:44:60", vlan="10")
UNKNOWN = "client (CIMSYS Inc)"


class Scene(NamedTuple):
    """Hosts of the day before and of the day after, and what is told of that."""

    before: list[Host]
    after: list[Host]
    wanted: Rows
    backwards: Rows  # told of the day before, had it come after


SCENES = {
    "every kind": Scene(
        [CT, PACS, PC, FAR],
        [
            replace(CT, ip="10.1.0.11", name="ct-2", title="CT2"),
            replace(PACS, ssh="9.6p1", ports=((104, "dicom"), (443, "tls")), peers=("8.8.8.8",)),
            NEWCOMER,
        ],
        [
            ("device gone", "10.1.0.30", None, UNKNOWN, None),
            ("moved", "10.1.0.11", "ip_address", "10.1.0.10", "10.1.0.11"),
            ("new AE title", "10.1.0.11", "ae_title", "CT1", "CT2"),
            ("new device", "10.1.0.77", None, None, f"{UNKNOWN}; 104/tcp dicom; AE title X"),
            ("new public peer", "10.1.0.20", "public_peer", None, "8.8.8.8 (outbound 443/tcp tls)"),
            ("new service", "10.1.0.20", "service", None, "443/tcp tls"),
            ("renamed", "10.1.0.11", "hostname", "ct-1", "ct-2"),
            ("software changed", "10.1.0.20", "software_version", "22/ssh OpenSSH 8.9p1", "22/ssh OpenSSH 9.6p1"),
        ],
        [
            ("device gone", "10.1.0.77", None, UNKNOWN, None),
            ("moved", "10.1.0.10", "ip_address", "10.1.0.11", "10.1.0.10"),
            ("new AE title", "10.1.0.10", "ae_title", "CT2", "CT1"),
            ("new device", "10.1.0.30", None, None, UNKNOWN),
            ("new device", "10.2.0.40", None, None, UNKNOWN),
            ("renamed", "10.1.0.10", "hostname", "ct-2", "ct-1"),
            ("service gone", "10.1.0.20", "service", "443/tcp tls", None),
            ("software changed", "10.1.0.20", "software_version", "22/ssh OpenSSH 9.6p1", "22/ssh OpenSSH 8.9p1"),
        ],
    ),
    # Two addresses of one card: none replaced the other.
    "address that came along": Scene([CT], [CT, Host("10.1.0.11", CARD), CT], [], []),
    # Hosts change their IPv6 addresses all the time; who is in another prefix has moved.
    "vlan and prefix": Scene(
        [SIX, Host("2001:db8:5::7", "00:11:22:33:44:61")],
        [replace(SIX, ip="2001:db8:1:2:b::2", vlan="20"), Host("2001:db8:6::7", "00:11:22:33:44:61")],
        [
            ("moved", "2001:db8:1:2:b::2", "vlan", "10", "20"),
            ("moved", "2001:db8:6::7", "ip_address", "2001:db8:5::/64", "2001:db8:6::/64"),
        ],
        [
            ("moved", "2001:db8:1:2:a::1", "vlan", "20", "10"),
            ("moved", "2001:db8:5::7", "ip_address", "2001:db8:6::/64", "2001:db8:5::/64"),
        ],
    ),
    # A port of which the protocol is not always told is one service.
    "protocol learned": Scene(
        [replace(PACS, ports=((104, None), (443, "tls")))], [replace(PACS, ports=((104, "dicom"), (443, None)))], [], []
    ),
    # A second title is one more; where another one is used instead, the old one is told with it.
    "another title": Scene(
        [PACS, replace(CT, title="A")],
        [replace(PACS, title="B"), CT, replace(CT, title="A", ip=CT.ip)],
        [
            ("new AE title", "10.1.0.10", "ae_title", None, "CT1"),
            ("new AE title", "10.1.0.20", "ae_title", "PACS", "B"),
        ],
        [("new AE title", "10.1.0.20", "ae_title", "B", "PACS")],
    ),
    # Behind a router a device is its address; where it is at home, its MAC: another id, the same device.
    "mac learned": Scene(
        [Host("10.1.0.10", name="ct-1"), Host("10.1.0.31"), Host("10.1.0.32")],
        [Host("10.1.0.10", CARD, name="ct-1"), Host("10.1.0.31"), Host("10.1.0.32")],
        [],
        [],
    ),
    # The serial number says that it is the same device.
    "another card": Scene(
        [CT],
        [replace(CT, ip="10.1.0.12", mac=OTHER_CARD)],
        [
            ("changed", "10.1.0.12", "mac_address", CARD, OTHER_CARD),
            ("moved", "10.1.0.12", "ip_address", "10.1.0.10", "10.1.0.12"),
        ],
        [
            ("changed", "10.1.0.10", "mac_address", OTHER_CARD, CARD),
            ("moved", "10.1.0.10", "ip_address", "10.1.0.12", "10.1.0.10"),
        ],
    ),
    # Another card and nothing in common: one device is gone, another one is there.
    "address taken over": Scene(
        [PC, PACS],
        [replace(PC, mac=OTHER_CARD, name="pc-99"), PACS],
        [
            ("device gone", "10.1.0.30", None, UNKNOWN, None),
            ("new device", "10.1.0.30", None, None, UNKNOWN),
        ],
        [
            ("device gone", "10.1.0.30", None, UNKNOWN, None),
            ("new device", "10.1.0.30", None, None, UNKNOWN),
        ],
    ),
    # The next day shows that both cards are of one device: neither is gone, none is new.
    "two that are one": Scene(
        [CT, Host("10.1.0.12", OTHER_CARD, name="ct-1b")],
        [CT, Host("10.1.0.12", OTHER_CARD, name="ct-1b", serial=CT.serial)],
        [],
        [],
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inventories of the day before, of the day after, and of both, in whichever order they were read."""
    folder = tmp_path_factory.mktemp("days")
    before, after, grown = (folder / f"{name}.duckdb" for name in ("before", "after", "grown"))
    first = {site: scene.before for site, scene in SCENES.items()}
    second = {site: scene.after for site, scene in SCENES.items()}
    write(after, "second", 1, second)
    shutil.copy(after, grown)
    for path in (before, grown):
        write(path, "first", 0, first)
    write(before, "long", 0, {"short": [CT], "missing": [PACS]})
    write(after, "short", 1, {"short": [CT]}, seconds=60)
    for path in (before, after):
        write(path, "one sensor", 0, {"two sensors": [CT, PACS]})
    write(after, "another sensor", 0, {"two sensors": [PC]})
    for path in (before, after):
        snapshot(path)
    return folder


@pytest.fixture(scope="module")
def grown(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The inventory of both days, opened; its snapshot is written."""
    with opened(folder / "grown.duckdb") as con:
        save(con, folder / "grown.snapshot")
        yield con


@pytest.fixture(scope="module")
def told(folder: Path, grown: object) -> dict[tuple[str, str], Changes]:
    pairs = [("before", "after"), ("before", "grown"), ("after", "before"), ("grown", "grown")]
    return {(old, new): compared(folder / f"{old}.snapshot", folder / f"{new}.snapshot") for old, new in pairs}


Told = dict[tuple[str, str], Changes]


@pytest.mark.parametrize("site", SCENES)
def test_what_changed(site: str, told: Told) -> None:
    """Whether the day after is an inventory of its own, or grown from that of the day before."""
    assert brief(told["before", "after"], site) == SCENES[site].wanted
    assert brief(told["before", "grown"], site) == SCENES[site].wanted


@pytest.mark.parametrize("site", SCENES)
def test_backwards(site: str, told: Told) -> None:
    assert brief(told["after", "before"], site) == SCENES[site].backwards


def test_nothing_changed(told: Told) -> None:
    same = told["grown", "grown"]
    assert (same.result.rows, *same[1:]) == ([], [], [], [], [])


def test_since(grown: duckdb.DuckDBPyConnection, told: Told) -> None:
    since = changes(grown, datetime(2026, 1, 1, 12))
    assert since.result.rows == told["before", "grown"].result.rows
    assert changes(grown, datetime(2026, 2, 1)).result.rows == []
    early = changes(grown, datetime(2025, 1, 1))
    assert early.begun == sorted(SCENES)
    assert {row["change"] for row in early.result.rows} == {"new device", "new public peer"}


def test_what_cannot_be_told(told: Told) -> None:
    """Of sites and networks that were not captured any more, and of those that were captured for a moment."""
    forward = told["before", "after"]
    unobserved = [("every kind", "10.2.0.0/24", 1), ("missing", "10.1.0.0/24", 3), ("missing", None, 1)]
    assert forward.unobserved == unobserved, "the last one is a router, without an address"
    assert forward.missing == ["missing"] == told["after", "before"].begun
    assert forward.short == [("short", timedelta(hours=1), timedelta(minutes=1))]
    assert (brief(forward, "short"), brief(forward, "missing")) == ([], [])


def test_another_capture_of_the_same_hour(told: Told) -> None:
    """What it adds is new; nothing is gone, as no time has passed."""
    assert [row[:2] for row in brief(told["before", "after"], "two sensors")] == [("new device", "10.1.0.30")]


def test_the_alarming_first(told: Told) -> None:
    severities = [row["severity"] for row in told["before", "after"].result.rows]
    assert severities == sorted(severities, key=["critical", "high", "medium", "low", "info"].index)
