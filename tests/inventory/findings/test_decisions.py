"""What people decided of a finding goes with it, also when its device gets another id."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.inventory.attribution.scene import Host, Scene, rows_of


def scene(*annotations: tuple[str, str, str, str, datetime]) -> Scene:
    """A host that others reach from outside, and another that may be the same."""
    s = Scene(annotations=list(annotations))
    other, client = s.host("10.0.0.4", "00:aa:bb:cc:dd:04"), s.host("10.0.0.9", "00:aa:bb:cc:dd:09")
    s.flow(other, client, 80, "http")
    s.associate(Host("52.1.2.3", "00:11:22:33:44:77"), s.host("10.0.0.5", "00:aa:bb:cc:dd:05"), 104, "X", "PACS")
    return s


def reachable(s: Scene) -> dict[str, Any]:
    query = "FROM finding WHERE rule = 'dicom-reachable-from-public'"
    (row,) = rows_of(s.derive(findings=True), query)
    return row


def test_of_a_device_that_turns_out_to_be_another() -> None:
    before = reachable(scene())
    ids = {row["ip_addresses"][0]: row["device_id"] for row in rows_of(scene().derive(), "FROM device")}
    words = [
        (before["finding_id"], "status", "acknowledged", "ann", datetime(2026, 3, 4)),
        (before["device_id"], "same-as", ids["10.0.0.4"], "bob", datetime(2026, 3, 5)),
    ]
    after = reachable(scene(*words))
    assert after["device_id"] == ids["10.0.0.4"] != before["device_id"]
    assert after["finding_id"] != before["finding_id"]
    assert (after["status"], after["decided_by"]) == ("acknowledged", "ann")
