"""Mutated captures: no exception leaves the iteration, nothing hangs, every frame lies in its buffer."""

from __future__ import annotations

import gzip
import random
import time
from pathlib import Path

import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensor.sources.errors import NotACapture
from sensor.sources.files import open_capture
from tests.sensor.sources.captures import (
    START,
    Pack,
    Row,
    enhanced,
    interface,
    obsolete,
    option,
    packets,
    pcap,
    pcapng,
    read,
    section,
    simple,
    statistics,
)

MIXED = b"".join(
    [
        section(">"),
        interface(1, 64, option(9, b"\x8a"), ">"),
        interface(113, order=">"),
        enhanced(START, b"abc", 3, order=">"),
        simple(b"defg", 4, ">"),
        obsolete(START, bytes(40), 60, of=1, order=">"),
        statistics(1, option(5, bytes(8), ">"), ">"),
        section("<"),
        interface(276, options=option(14, bytes(8))),
        *(enhanced(START // 1000 + i, bytes(i), i) for i in range(20)),
    ]
)
SEEDS = [pcap(packets(30, 40)), pcapng(packets(30, 40)), MIXED]
PACKERS: list[Pack] = [bytes, bytes, bytes, gzip.compress, zstandard.ZstdCompressor().compress]
INTERESTING = [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\0\0\0", b"\0\0\x04\0", b"\x0a\x0d\x0d\x0a", b"\xff\xff\xff\x7f"]


def mutate(dice: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(changed) + 1)
        match dice.randrange(6):
            case 0 if at < len(changed):
                changed[at] ^= 1 << dice.randrange(8)
            case 1:
                changed[at : at + 4] = dice.choice(INTERESTING)
            case 2:
                del changed[at : at + dice.randrange(40)]
            case 3:
                changed[at:at] = dice.randbytes(dice.randrange(60))
            case 4:
                changed[at:at] = changed[dice.randrange(len(changed) + 1) :][: dice.randrange(100)]
            case _:
                changed[at:at] = bytes(dice.randrange(60))
    return bytes(changed)


def test_mutations(tmp_path: Path) -> None:
    dice = random.Random(20)
    deadline = time.monotonic() + 2
    for _ in range(1500):
        if time.monotonic() > deadline:
            break
        content = dice.choice(PACKERS)(mutate(dice, dice.choice(SEEDS)))
        if dice.random() < 0.1:
            content = mutate(dice, content)
        begun = time.monotonic()
        try:
            found, error = read(tmp_path, content, dice.choice([64, 200, 1 << 16]))
        except NotACapture:
            continue
        assert time.monotonic() - begun < 1
        assert sum(len(row.data) for row in found) <= 100_000
        assert error is None or (error.isprintable() and len(error) < 300)


frames = st.lists(st.tuples(st.integers(0, 10**9), st.binary(max_size=300), st.integers(0, 2000)), max_size=30)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames, st.sampled_from([64, 1000, 1 << 16]))
def test_whatever_is_written_is_read(tmp_path: Path, content: list[tuple[int, bytes, int]], capacity: int) -> None:
    expected = [Row(i + 1, START + ms * 10**6, data, len(data) + more) for i, (ms, data, more) in enumerate(content)]
    assert read(tmp_path, pcap(expected), capacity) == (expected, None)
    assert read(tmp_path, pcapng(expected), capacity) == (expected, None)


def test_damage_upon_damage_is_bounded_in_time(tmp_path: Path) -> None:
    piece = pcap(packets(5, 4))[24:]
    worst = [
        pcap([]) + (piece + b"\xff" * 20) * 5_000,
        pcap([]) + (piece + bytes(16) + b"\xff" * 17) * 5_000,
        pcap(packets(5)) + START.to_bytes(8, "little") * 400_000,
        pcap(packets(5)) + b"\xff" * 16 + (START // 10**9).to_bytes(4, "little") * 800_000,
        section() + interface() + (enhanced(1, b"a", 1) * 5 + b"\xff" * 20) * 5_000,
        section() + interface() + b"\xff" * 12 + b"\x06\0\0\0\x0c\0\0\0" * 400_000,
        section() + interface() * 150_000 + enhanced(1, b"a", 1),
        (section() + interface() + enhanced(1, b"a", 1)) * 3000,
    ]
    for number, content in enumerate(worst):
        path = tmp_path / str(number)
        path.write_bytes(content)
        begun = time.process_time()
        source = open_capture(path)
        for _ in source:
            pass
        source.close()
        assert time.process_time() - begun < 5, number
