"""The Store writes flushes, each whole or not at all."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from inventory.database import open_database
from inventory.errors import InventoryError
from inventory.recorder import Recorder
from inventory.store import Store, partial_id, reading_id
from tests.inventory.storing import COMMUNITY_ID, SECOND, START, TABLES, capture, facts, rows, values


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "medspan.duckdb"


def test_a_new_inventory(path: Path) -> None:
    key = Store(path).pseudonym_key
    assert len(key) == 16
    assert Store(path).pseudonym_key == key
    meta = dict(rows(path, "FROM meta"))
    assert meta == {"application": "medspan", "schema_version": "2", "pseudonym_key": key.hex()}
    assert [name for (name,) in rows(path, "SELECT table_name FROM duckdb_tables() ORDER BY 1")] == [
        *("annotation", "anomaly", "capture", "flow", "meta", "observation")
    ]
    # Readable by DuckDB 1.5, whatever version wrote it.
    storage = rows(path, "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'medspan'")
    assert storage[0][0].startswith("v1.5.0")


def test_every_column_is_written(path: Path) -> None:
    Store(path).write(
        capture(
            *("ward\x1b[31m 3.pcap", "cafe"),
            packets=10,
            bytes=11,
            first_packet=START + 1_999,
            last_packet=START + SECOND,
            kernel_drops=12,
            truncated_packets=13,
            duplicate_packets=14,
            gaps=15,
            gap_bytes=16,
            one_way_flows=17,
            unknown_link_packets=18,
            undecoded_packets=19,
            parser_errors=20,
            caps_hit=21,
            file_error="cut short",
            anomalies=Counter({("malformed", "length of zero"): 3, ("cap", "flows"): 1}),
        ),
        facts("PACS"),
    )
    start = datetime(2026, 1, 1)
    second = datetime(2026, 1, 1, 0, 0, 1)
    assert rows(path, "FROM capture") == [
        (
            *("cafe", "ward [31m 3.pcap", "cafe" * 16, "north", "core-1", start.replace(microsecond=1), second),
            *(10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, "cut short", True, "0.1.0"),
        )
    ]
    assert rows(path, "FROM anomaly ORDER BY kind") == [
        ("cafe", "cap", "flows", 1),
        ("cafe", "malformed", "length of zero", 3),
    ]
    seen = second.replace(microsecond=1)
    assert rows(path, "FROM observation") == [
        (
            *(
                "north",
                "core-1",
                "100.42",
                "00:11:22:33:44:55",
                "10.0.0.7",
                104,
                "tcp",
                None,
                "dicom",
                "accepted_ae_title",
            ),
            *("PACS", "peer", seen, seen, 1, "cafe", 1, "0.1.0"),
        )
    ]
    assert rows(path, "FROM flow") == [
        (
            *("north", "core-1", None, "10.0.0.8", None, "10.0.0.7", "00:11:22:33:44:55", 104, "tcp", "dicom"),
            *(False, True, True, None, start, second, 1, 2, 3, 4, 5, COMMUNITY_ID, "cafe", 1),
        )
    ]


def test_a_capture_without_packets(path: Path) -> None:
    Store(path).write(capture(), Recorder("north", "core-1", "cafe").drain())
    assert rows(path, "SELECT first_packet, last_packet, packets FROM capture") == [(None, None, 0)]


HOSTILE = [
    *("'); DROP TABLE flow; --", '"', "\\", "\\u0000", "{}", "[]", "null", "$rows", "?", "", " ", "Ωμέγα 放射線科 🩻"),
    *('{"Manufacturer":"A\\\\B\\"C"}', "=cmd|'/c calc'!A1", "%s", "\ud7ff", "\U0010ffff"),
]


def test_hostile_text_comes_back_as_it_was(path: Path) -> None:
    Store(path).write(capture(), facts(*HOSTILE))
    assert sorted(values(path)) == sorted(HOSTILE)


def test_flushes_add_up_and_the_capture_is_one_row(path: Path) -> None:
    store = Store(path)
    store.write(capture(complete=False, packets=5, anomalies=Counter({("cap", "x"): 1})), facts("A", "B"))
    assert rows(path, "SELECT packets, complete FROM capture") == [(5, False)]
    assert not store.known("cafe", "0.1.0")
    store.write(capture(complete=True, packets=9, anomalies=Counter({("cap", "x"): 2})), facts("C"), facts("D"))
    assert rows(path, "SELECT packets, complete FROM capture") == [(9, True)]
    assert rows(path, "FROM anomaly") == [("cafe", "cap", "x", 2)]
    assert values(path) == ["A", "B", "C", "D"]


def test_an_interrupted_reading_is_replaced_by_the_next(path: Path) -> None:
    Store(path).write(capture(capture_id="other"), facts("O", capture_id="other"))
    Store(path).write(capture(complete=False), facts("A", "B"))
    store = Store(path)
    store.write(capture(complete=False), facts("A"))
    store.write(capture(complete=True), facts("B", "C"))
    assert values(path) == ["A", "B", "C", "O"]
    assert rows(path, "SELECT capture, count(*) FROM flow GROUP BY ALL ORDER BY 1") == [("cafe", 2), ("other", 1)]
    assert rows(path, "SELECT id, complete FROM capture ORDER BY 1") == [("cafe", True), ("other", True)]


def test_a_complete_capture_is_known_to_the_version_that_read_it(path: Path) -> None:
    store = Store(path)
    store.write(capture(), facts("A"))
    store.write(capture(capture_id="half", complete=False), facts("B", capture_id="half"))
    for each in (store, Store(path)):
        assert each.known("cafe", "0.1.0")
        assert not each.known("cafe", "0.2.0")
        assert not each.known("half", "0.1.0")
        assert not each.known("beef", "0.1.0")


def test_more_rows_than_one_insert_takes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.bulk._CHUNK", 7)
    names = [f"AE{i:02}" for i in range(30)]
    Store(path).write(capture(), facts(*names))
    assert values(path) == names


def test_a_flush_that_fails_leaves_nothing(path: Path) -> None:
    store = Store(path)
    store.write(capture(complete=False, packets=1), facts("A"))
    bad = facts("B")
    bad.observations.append(("no port", "", "", 2**40, *bad.observations[0][4:]))
    with pytest.raises(InventoryError) as error:
        store.write(capture(complete=True, packets=2), bad)
    assert len(str(error.value).splitlines()) == 1
    assert values(path) == ["A"]
    assert rows(path, "SELECT packets, complete FROM capture") == [(1, False)]
    assert not store.known("cafe", "0.1.0")


def test_what_was_flushed_under_a_partial_id_becomes_the_captures_own(path: Path) -> None:
    Store(path).write(capture(capture_id="part", complete=False), facts("X", capture_id="part"))  # interrupted
    store = Store(path)
    store.write(capture(capture_id="part", complete=False, packets=1), facts("A", capture_id="part"))
    store.write(capture(capture_id="part", complete=False, packets=2), facts("B", capture_id="part"))
    assert store.finish("part", capture(packets=3), facts("C"))
    assert values(path) == ["A", "B", "C"]
    assert rows(
        path, "SELECT DISTINCT capture FROM (SELECT capture FROM observation UNION ALL SELECT capture FROM flow)"
    ) == [("cafe",)]
    assert rows(path, "SELECT id, packets, complete FROM capture") == [("cafe", 3, True)]
    assert store.known("cafe", "0.1.0")


def test_a_capture_that_was_read_before_changes_nothing(path: Path) -> None:
    Store(path).write(capture(packets=3, anomalies=Counter({("cap", "x"): 2})), facts("A", "B"))
    everything = [rows(path, f"FROM {table} ORDER BY ALL") for table in TABLES]
    store = Store(path)
    store.write(capture(capture_id="part", complete=False), facts("A", capture_id="part"))
    assert not store.finish("part", capture(packets=3), facts("B"))
    assert not store.finish("part", capture(name="copy.pcap", packets=3), facts("A", "B"))
    assert [
        rows(path, f"FROM {table} ORDER BY ALL") for table in ("capture", "observation", "flow", "anomaly")
    ] == everything


def test_two_readings_of_one_capture_at_the_same_time_leave_it_once(path: Path) -> None:
    one, other = Store(path), Store(path)
    partials = [partial_id("0123", reading_id(process)) for process in (os.getppid(), 1)]
    for store, partial in zip((one, other), partials, strict=True):
        store.write(capture(capture_id=partial, complete=False), facts("A", "B", capture_id=partial))
    assert one.finish(partials[0], capture(packets=3), facts("C"))
    assert not other.finish(partials[1], capture(packets=3), facts("C"))
    assert values(path) == ["A", "B", "C"]
    assert rows(path, "SELECT id, packets, complete FROM capture") == [("cafe", 3, True)]
    assert other.known("cafe", "0.1.0") == "north"


def test_what_a_killed_reading_left_is_taken_away(path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = partial_id("0123", reading_id(ended.pid))
    Store(path).write(capture(capture_id=left, complete=False), facts("X", capture_id=left))
    alive = partial_id("0123", reading_id(os.getppid()))
    Store(path).write(capture(capture_id=alive, complete=False), facts("Y", capture_id=alive))
    assert rows(path, "SELECT id FROM capture") == [(alive,)]
    other = partial_id("4567", reading_id(os.getpid()))
    store = Store(path)
    store.write(capture(capture_id=other, complete=False), facts("A", capture_id=other))
    assert store.finish(other, capture(), facts("B"))
    assert sorted(values(path)) == ["A", "B", "Y"]  # another capture is being read


def test_another_version_reads_a_capture_anew(path: Path) -> None:
    Store(path).write(capture(), facts("A", "B"))
    newer = replace(capture(), parser_version="0.2.0")
    assert Store(path).finish("part", newer, facts("B", "C"))
    assert values(path) == ["B", "C"]
    assert rows(path, "SELECT id, parser_version FROM capture") == [("cafe", "0.2.0")]


def test_annotations_outlive_a_new_reading(path: Path) -> None:
    Store(path).write(capture(), facts("A"))
    with open_database(path, read_only=False) as con:
        con.execute("INSERT INTO annotation VALUES ('d1', 'owner', 'Radiology', 'me', now()::TIMESTAMP)")
    Store(path).write(capture(), facts("B"))
    assert rows(path, "SELECT owner.value FROM annotation AS owner") == [("Radiology",)]
    assert values(path) == ["B"]


def test_local_nets_are_remembered_once(path: Path) -> None:
    store = Store(path)
    assert store.remember_local_nets(None, None) is None
    assert store.remember_local_nets(None, "10.3.0.0/16") == "10.3.0.0/16"
    store.remember_local_nets("10.0.0.0/8", None)
    assert store.remember_local_nets("198.51.100.0/24", "10.1.0.0/16") == "198.51.100.0/24"
    assert store.remember_local_nets(None, "10.2.0.0/16") == "198.51.100.0/24"
    nets = "SELECT key, value FROM meta WHERE key LIKE '%local_nets' ORDER BY key"
    assert rows(path, nets) == [("configured_local_nets", "10.2.0.0/16"), ("local_nets", "198.51.100.0/24")]
    assert store.remember_local_nets("", None) == "10.2.0.0/16"
    assert rows(path, nets) == [("configured_local_nets", "10.2.0.0/16")]


def test_named_networks_are_those_of_the_last_configuration(path: Path) -> None:
    store, named = Store(path), {"partner": {"TeleRad": "10.99.0.0/16"}}
    assert store.remember_named_networks(None) == {}
    assert store.remember_named_networks(named) == store.remember_named_networks(None) == named
    assert store.remember_named_networks({}) == store.remember_named_networks(None) == {}
