"""Mutated captures through the whole sensor: `python -m tests.fuzz [SECONDS] [SEED] [CAPTURE...]`, as long as told.

Whatever is done to the bytes, reading raises nothing and ends in time. Where no byte was moved, it also stores nothing
of a patient (a moved byte can make a patient's name the name of an application: no reader can tell).
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from inventory.recorder import OBSERVATION_COLUMNS, Recorder
from parsers.text import pseudonymiser
from sensor.sensor import Sensor
from sensor.sources.errors import CaptureError
from sensor.sources.files import open_capture
from tests.conftest import CLINIC

LIMIT = 20.0  # seconds one mutated capture may take
CANARY = "LABPHI"
VALUE = list(OBSERVATION_COLUMNS).index("value")
HEADER = 24  # bytes, of a pcap file
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF)


def mutated(data: bytes, rng: random.Random, move: bool) -> bytes:
    """Return `data` with some bytes changed or replaced by noise and, with `move`, cut out, doubled or moved."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 3, 10, 100))):
        if len(out) <= HEADER:
            break
        at = rng.randrange(HEADER, len(out))
        size = rng.choice((1, 2, 4, 16, 200))
        match rng.randrange(6 if move else 3):
            case 0:
                out[at] = rng.choice(INTERESTING)
            case 1:
                out[at] ^= 1 << rng.randrange(8)
            case 2:
                out[at : at + size] = rng.randbytes(len(out[at : at + size]))
            case 3:
                del out[at : at + size]
            case 4:
                out[at:at] = out[at : at + size]
            case _:
                other = rng.randrange(HEADER, len(out))
                out[at : at + size] = out[other : other + size]
    return bytes(out)


def check(path: Path, moved: bool) -> None:
    """Read the capture at `path`; fail if anything is raised, takes too long, or tells of a patient."""
    begin = time.perf_counter()
    recorder = Recorder("fuzz", "fuzz", "fuzz")
    sensor = Sensor(pseudonymiser(b"fuzz"), recorder)
    try:
        source = open_capture(path)
    except CaptureError:
        return
    for batch in source:
        sensor.feed(batch)
    sensor.close()
    source.close()
    facts = recorder.drain()
    said = [str(row[VALUE]) for row in facts.observations] + [str(anomaly) for anomaly in sensor.health.anomalies]
    assert moved or not [text for text in said if CANARY in text]
    assert time.perf_counter() - begin < LIMIT


def main(seconds: float, seed: int, captures: list[Path]) -> None:
    """Mutate and read `captures` in turn until `seconds` are over; a failing capture stays where it is named."""
    folder = Path(tempfile.mkdtemp(prefix="medspan-fuzz-"))
    end, rounds = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        original = captures[rounds // 2 % len(captures)]
        path = folder / f"case{original.suffix}"
        move = bool(rounds & 1)
        path.write_bytes(mutated(original.read_bytes(), random.Random(seed + rounds), move))
        try:
            check(path, move)
        except BaseException:
            print(f"seed {seed + rounds}: {path}", file=sys.stderr)
            raise
        rounds += 1
    print(f"{rounds} mutated captures, seeds {seed} to {seed + rounds - 1}: nothing found")


if __name__ == "__main__":
    seconds, seed, *paths = [*sys.argv[1:], *("60", "0")[len(sys.argv) - 1 :]]
    main(float(seconds), int(seed), [Path(path) for path in paths] or [CLINIC])
