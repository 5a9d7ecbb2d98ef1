"""What medspan finds in a capture, without an inventory."""

from __future__ import annotations

from pathlib import Path

from inventory.recorder import FLOW_COLUMNS, OBSERVATION_COLUMNS, Facts, Recorder
from parsers.text import pseudonymiser
from sensor.sensor import Sensor
from sensor.sources.files import open_capture

_PSEUDONYM = pseudonymiser(b"wild")


def read(path: Path) -> tuple[Facts, Sensor]:
    """Read a capture to its end. Raises CaptureError."""
    recorder = Recorder("wild", "test", path.name)
    sensor = Sensor(_PSEUDONYM, recorder)
    source = open_capture(path)
    for batch in source:
        sensor.feed(batch)
    sensor.close()
    source.close()
    return recorder.drain(), sensor


def observations(facts: Facts) -> list[dict[str, object]]:
    """The rows of `observation`, by column."""
    return [dict(zip(OBSERVATION_COLUMNS, row, strict=True)) for row in facts.observations]


def flows(facts: Facts) -> list[dict[str, object]]:
    """The rows of `flow`, by column."""
    return [dict(zip(FLOW_COLUMNS, row, strict=True)) for row in facts.flows]
