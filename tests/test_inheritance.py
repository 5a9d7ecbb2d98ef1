"""Random networks: no host gets another's maker, model or serial number (300 scenes in `make bench`)."""

from __future__ import annotations

from pathlib import Path

from tests.hospital.inheritance import judge


def test_nobody_inherits(tmp_path: Path) -> None:
    outcome = judge(range(40), tmp_path)
    assert [wrong for wrong in outcome.wrong if wrong.confidence != "low"] == []
    assert outcome.found["manufacturer"] > 0.5 * outcome.wanted["manufacturer"] > 20
    assert outcome.found["device_serial_number"] > 0.5 * outcome.wanted["device_serial_number"] > 20
