"""Facts to be stored, and what came of them: shared by the tests of the Store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inventory.community_id import community_id
from inventory.database import open_database
from inventory.recorder import Facts, Recorder
from inventory.store import Capture
from parsers.records import CaptureHealth, Endpoint, Evidence, FlowRecord

SECOND = 1_000_000_000
TABLES = ("capture", "observation", "flow", "anomaly")
COMMUNITY_ID = community_id("tcp", "10.0.0.8", 40_000, "10.0.0.7", 104)
START = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z


def capture(name: str = "a.pcap", capture_id: str = "cafe", complete: bool = True, **health: Any) -> Capture:
    return Capture(capture_id, name, "cafe" * 16, "north", "core-1", "0.1.0", CaptureHealth(**health), complete)


def facts(*values: str, capture_id: str = "cafe") -> Facts:
    """One observation a value, and one flow."""
    recorder = Recorder("north", "core-1", capture_id)
    for frame, value in enumerate(values, 1):
        endpoint = Endpoint("100.42", "00:11:22:33:44:55", "10.0.0.7", 104, "tcp")
        time = START + frame * SECOND + 1_999
        recorder.observe(endpoint, "dicom", "accepted_ae_title", value, Evidence.PEER, time, frame)
    recorder.flow(
        FlowRecord(
            *(None, "10.0.0.8", 40_000, None, "10.0.0.7", 104, "00:11:22:33:44:55", "tcp", "dicom", False, True, True),
            *(None, START, START + SECOND, 1, 2, 3, 4, 5, 1),
        )
    )
    return recorder.drain()


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with open_database(path, read_only=True) as con:
        return con.execute(statement).fetchall()


def values(path: Path) -> list[str]:
    return [value for (value,) in rows(path, "SELECT value FROM observation ORDER BY capture, value")]
