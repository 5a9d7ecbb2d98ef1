"""Every real capture there is, one by one in one process: nothing crashes, and nothing hangs."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from inventory.recorder import OBSERVATION_COLUMNS, Facts, Recorder
from parsers.text import pseudonymiser
from sensor.sensor import Sensor
from sensor.sources.errors import CaptureError, NotACapture
from sensor.sources.files import open_capture

PROTOCOL = list(OBSERVATION_COLUMNS).index("protocol")
LIMIT = 5.0  # seconds a file
PSEUDONYM = pseudonymiser(b"wild")


def read(path: Path) -> tuple[Facts, Sensor]:
    recorder = Recorder("wild", "test", path.name)
    sensor = Sensor(PSEUDONYM, recorder)
    source = open_capture(path)
    for batch in source:
        sensor.feed(batch)
    sensor.close()
    source.close()
    return recorder.drain(), sensor


def test_every_capture(wild: Path) -> None:
    outcome: Counter[str] = Counter()
    slow: dict[str, float] = {}
    for path in sorted(path for path in wild.rglob("*") if path.is_file()):
        begin = time.perf_counter()
        try:
            facts, sensor = read(path)
        except CaptureError as error:
            assert isinstance(error, NotACapture)
            outcome["not a capture"] += 1
        else:
            outcome["read"] += 1
            outcome["packets"] += sensor.health.packets
            for row in facts.observations:
                outcome[str(row[PROTOCOL])] += 1
            outcome["flows"] += len(facts.flows)
        if (elapsed := time.perf_counter() - begin) > LIMIT:
            slow[path.name] = elapsed
    assert not slow
    assert outcome["read"] > 2000
    assert outcome["read"] + outcome["not a capture"] >= 2123
    print(dict(outcome))
