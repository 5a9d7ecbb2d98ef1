"""What medspan finds in captures, without the command line."""

from __future__ import annotations

from pathlib import Path

from inventory.recorder import FLOW_COLUMNS, OBSERVATION_COLUMNS, Facts, Recorder
from inventory.store import Capture, Store
from parsers.text import pseudonymiser
from sensor import __version__
from sensor.sensor import Sensor
from sensor.sources.errors import CaptureError
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


def read_apart(captures: dict[str, Path], inventory: Path) -> None:
    """Read each capture as the site that is named; those that cannot be read are left out."""
    store = Store(inventory)
    pseudonym = pseudonymiser(store.pseudonym_key)
    for number, (site, path) in enumerate(captures.items()):
        recorder = Recorder(site, "", f"{number:08x}")
        sensor = Sensor(pseudonym, recorder)
        try:
            source = open_capture(path)
            for batch in source:
                sensor.feed(batch)
            sensor.close()
            source.close()
        except CaptureError:
            continue
        facts = recorder.drain()
        store.write(Capture(facts.capture, str(path), None, site, "", __version__, sensor.health, True), facts)
