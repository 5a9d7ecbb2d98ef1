from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from sensor.sources.files import open_capture
from tests.sensor.sources.captures import (
    START,
    Row,
    block,
    enhanced,
    interface,
    obsolete,
    option,
    packets,
    pcapng,
    read,
    rows,
    section,
    simple,
    statistics,
)

MICRO = START // 1000


@pytest.mark.parametrize("order", "<>")
def test_every_kind_of_packet_block(tmp_path: Path, order: str) -> None:
    content = b"".join(
        [
            section(order, option(4, b"written by a test", order)),
            interface(1, 6, order=order),
            block(0x0BAD, b"custom", order),
            enhanced(MICRO, b"abc", 100, order=order, options=option(1, b"a comment", order)),
            interface(101, 0, order=order),
            block(4, b"names", order),
            simple(b"defgh", 5, order),
            obsolete(MICRO + 2, b"ijklm", 5, of=1, order=order),
            simple(b"nopqrs", 50, order),  # cut at the first interface's snapshot length
            block(10, bytes(100), order),
            enhanced(MICRO + 3, b"", 9, of=1, order=order),
        ]
    )
    expected = [
        Row(1, START, b"abc", 100, 1),
        Row(2, START, b"defgh", 5, 1),  # without a time of its own
        Row(3, START + 2000, b"ijklm", 5, 101),
        Row(4, START + 2000, b"nopqrs", 50, 1),
        Row(5, START + 3000, b"", 9, 101),
    ]
    for capacity in (64, 128, 1 << 16):
        assert read(tmp_path, content, capacity) == (expected, None)


def test_sections_have_their_own_byte_order_and_interfaces(tmp_path: Path) -> None:
    content = b"".join(
        [
            section("<"),
            interface(1),
            interface(105),
            enhanced(MICRO, b"one", 3, of=1),
            section(">"),
            interface(276, order=">"),
            enhanced(MICRO + 1, b"two", 3, order=">"),
            section("<"),
            interface(0),
            enhanced(MICRO + 2, b"three", 5),
        ]
    )
    assert read(tmp_path, content) == (
        [
            Row(1, START, b"one", 3, 105),
            Row(2, START + 1000, b"two", 3, 276),
            Row(3, START + 2000, b"three", 5, 0),
        ],
        None,
    )


@pytest.mark.parametrize(
    ("resolution", "ticks", "time"),
    [
        (0, 1_700_000_000, START),
        (3, 1_700_000_000_123, START + 123_000_000),
        (6, MICRO + 7, START + 7000),
        (9, START + 8, START + 8),
        (12, 1_700_000_000_000_999, 1_700_000_000_000),
        (0x80, 1_700_000_000, START),
        (0x80 | 1, 3, 1_500_000_000),
        (0x80 | 10, (1_700_000_000 << 10) + 512, START + 500_000_000),
        (0x80 | 30, (1_700_000_000 << 30) + (1 << 28), START + 250_000_000),
        (0x80 | 33, (1_700_000_000 << 33) + (1 << 33) - 1, START + 999_999_999),
        (0x80 | 60, (5 << 60) + (1 << 59), 5_500_000_000),
        (0x80 | 127, 2**64 - 1, 1_999_999_999),  # finer than 64 bits can tell: taken as 2**-63
        (127, 2**64 - 1, 1),  # and as 10**-19 at the finest
    ],
)
def test_clocks(tmp_path: Path, resolution: int, ticks: int, time: int) -> None:
    content = section() + interface(options=option(9, bytes([resolution]))) + enhanced(ticks, b"x", 1)
    assert read(tmp_path, content) == ([Row(1, time, b"x", 1)], None)


@pytest.mark.parametrize("seconds", [-3600, 0, 86400])
def test_clock_offset(tmp_path: Path, seconds: int) -> None:
    options = option(2, b"eth0") + option(14, struct.pack("<q", seconds)) + option(0, b"") + option(9, b"\x00")
    content = section() + interface(options=options) + enhanced(MICRO, b"x", 1)
    assert read(tmp_path, content) == ([Row(1, START + seconds * 10**9, b"x", 1)], None)


def test_many_interfaces_in_one_batch(tmp_path: Path) -> None:
    interfaces = b"".join(interface(i, options=option(9, bytes([i % 10]))) for i in range(300))
    order = random.Random(1).choices(range(300), k=1000)
    frames = [enhanced(10**9, struct.pack("<I", i), 4, of=of) for i, of in enumerate(order)]
    assert read(tmp_path, section() + interfaces + b"".join(frames)) == (
        [Row(i + 1, 10 ** (18 - of % 10), struct.pack("<I", i), 4, of) for i, of in enumerate(order)],
        None,
    )


def test_packets_that_cannot_be_used_are_counted(tmp_path: Path) -> None:
    too_long = block(6, struct.pack("<IIIII", 0, 0, 0, 9, 9) + bytes(8))
    content = section() + interface() + enhanced(1, b"a", 1) + enhanced(2, b"b", 1, of=1) + too_long + simple(b"c", 1)
    assert read(tmp_path, content) == (
        [Row(1, 1000, b"a", 1), Row(4, 1000, b"c", 1)],
        "2 unusable packets (empty, too long, or of an unknown interface)",
    )


def test_no_interface_at_all(tmp_path: Path) -> None:
    content = section() + enhanced(1, b"a", 1) + simple(b"b", 1) + obsolete(1, b"c", 1)
    assert read(tmp_path, content) == ([], "3 unusable packets (empty, too long, or of an unknown interface)")


def test_drops_are_summed_over_interfaces_and_sections(tmp_path: Path) -> None:
    def drops(of: int, count: int) -> bytes:
        return statistics(of, option(4, bytes(8)) + option(5, struct.pack("<Q", count)))

    path = tmp_path / "capture"
    one = section() + interface() + interface() + drops(0, 3) + enhanced(1, b"a", 1) + drops(0, 5) + drops(1, 100)
    path.write_bytes(one + drops(7, 9) + section() + interface() + drops(0, 1000))
    source = open_capture(path)
    assert len(rows(source)) == 1
    assert source.kernel_drops == 1105


@pytest.mark.parametrize("trailing", [b"", b"\x06", bytes(7), enhanced(1, b"abc", 3)[:-1]])
def test_cut_short(tmp_path: Path, trailing: bytes) -> None:
    sound = packets(3)
    assert read(tmp_path, pcapng(sound) + trailing) == (
        sound,
        "cut short: last packet incomplete" if trailing else None,
    )


@pytest.mark.parametrize("content", [section(), section() + interface()])
def test_no_packets(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content) == ([], None)


@pytest.mark.parametrize("capacity", [1 << 12, 1 << 14, 1 << 20])
def test_noise_anywhere_loses_at_most_one_packet(tmp_path: Path, capacity: int) -> None:
    sound = packets(300, 80)
    content = pcapng(sound)
    size, first = 112, len(section() + interface())
    for seed in range(40):
        dice = random.Random(seed)
        at = dice.randrange(first, len(content) - 600)
        found, error = read(tmp_path, content[:at] + dice.randbytes(3000) + content[at:], capacity)
        hit, inside = divmod(at - first, size)
        kept = sound[:hit] + sound[hit + (inside > 0) :]
        assert [row[1:] for row in found] == [row[1:] for row in kept]
        skipped = 3000 + (size if inside else 0)
        assert error == f"damaged at byte {first + hit * size}: skipped {skipped} bytes"


def test_an_interface_behind_damage_is_met_once(tmp_path: Path) -> None:
    broken = enhanced(MICRO, b"abcd", 4)[:-4] + b"\xff" * 4
    behind = interface(101) + b"".join(enhanced(MICRO + i, b"efgh", 4, of=1) for i in range(5))
    assert read(tmp_path, section() + interface() + broken + behind) == (
        [Row(i + 1, START + i * 1000, b"efgh", 4, 101) for i in range(5)],
        "damaged at byte 48: skipped 36 bytes",
    )


@pytest.mark.parametrize("length", [0, 4, 11, 17 << 20, 0xFFFFFFFC])
@pytest.mark.parametrize("kind", [0x0A0D0D0A, 1, 6, 3, 4, 0x80000001])
def test_impossible_lengths(tmp_path: Path, kind: int, length: int) -> None:
    sound = packets(10)
    head = section() + interface()
    frames = [enhanced(r.time // 1000, r.data, r.wire) for r in sound]
    bad = struct.pack("<III", kind, length, 0x1A2B3C4D)
    content = head + b"".join(frames[:5]) + bad + b"".join(frames[5:])
    at = len(head) + 5 * len(frames[0])
    assert read(tmp_path, content) == (sound, f"damaged at byte {at}: skipped 12 bytes")


def test_length_without_padding_as_some_writers_have_it(tmp_path: Path) -> None:
    fields = struct.pack("<IIIII", 0, 0, 5, 3, 3)
    sloppy = struct.pack("<II", 6, 35) + fields + b"abc\0" + struct.pack("<I", 35)
    assert read(tmp_path, section() + interface() + sloppy * 3) == (
        [Row(i, 5000, b"abc", 3) for i in (1, 2, 3)],
        None,
    )
