"""Every real capture there is, one by one in one process: nothing crashes, and nothing hangs."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from sensor.sources.errors import CaptureError, NotACapture
from tests.reading import observations, read

LIMIT = 5.0  # seconds a file


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
            outcome.update(str(row["protocol"]) for row in observations(facts))
            outcome["flows"] += len(facts.flows)
        if (elapsed := time.perf_counter() - begin) > LIMIT:
            slow[path.name] = elapsed
    assert not slow
    assert outcome["read"] > 2000
    assert outcome["read"] + outcome["not a capture"] >= 2123
    print(dict(outcome))
