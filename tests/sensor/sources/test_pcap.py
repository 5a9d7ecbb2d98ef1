from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from tests.sensor.sources.captures import START, Row, packets, pcap, pcap_header, read, record

PLAIN = [
    Row(1, START + 1_000, b"abcdef", 6),
    Row(2, START + 2_000, b"", 90),
    Row(3, START + 999_999_000, bytes(range(256)), 1500),
]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("magic", "unit", "more"), [(0xA1B2C3D4, 1000, 0), (0xA1B23C4D, 1, 0), (0xA1B2CD34, 1000, 8)])
def test_every_variant_gives_the_same_rows(tmp_path: Path, order: str, magic: int, unit: int, more: int) -> None:
    content = pcap_header(order, magic) + b"".join(record(row, order, unit, b"\xee" * more) for row in PLAIN)
    assert read(tmp_path, content) == (PLAIN, None)


def test_nanoseconds_are_kept(tmp_path: Path) -> None:
    row = Row(1, START + 123_456_789, b"x", 1)
    assert read(tmp_path, pcap_header(magic=0xA1B23C4D) + record(row, unit=1)) == ([row], None)


def test_the_upper_half_of_the_link_type_is_about_the_check_sequence(tmp_path: Path) -> None:
    content = pcap_header(link=0x2400_0000 | 276) + record(PLAIN[0])
    assert read(tmp_path, content) == ([PLAIN[0]._replace(link_type=276)], None)


@pytest.mark.parametrize("version", [(2, 3), (2, 4), (2, 5), (7, 0)])
@pytest.mark.parametrize("snap", [0, 1, 65535, 0xFFFFFFFF])
def test_version_and_snap_length_are_not_believed(tmp_path: Path, version: tuple[int, int], snap: int) -> None:
    content = pcap_header(version=version, snap=snap) + b"".join(map(record, PLAIN))
    assert read(tmp_path, content) == (PLAIN, None)


@pytest.mark.parametrize("version", [(1, 4), (2, 2), (543, 0)])
def test_old_writers_swapped_the_lengths(tmp_path: Path, version: tuple[int, int]) -> None:
    swapped = b"".join(struct.pack("<IIII", 5, 6, 90, len(data)) + data for data in (b"abc", b"defg"))
    assert read(tmp_path, pcap_header(version=version) + swapped) == (
        [Row(1, 5_000_006_000, b"abc", 90), Row(2, 5_000_006_000, b"defg", 90)],
        None,
    )


def test_captured_more_than_was_on_the_wire_is_put_right(tmp_path: Path) -> None:
    odd = Row(2, START, b"12345678", 4)
    assert read(tmp_path, pcap([PLAIN[0], odd, *PLAIN[2:]]))[0][1] == odd._replace(wire=8)


def test_header_only_is_a_capture_without_packets(tmp_path: Path) -> None:
    assert read(tmp_path, pcap_header()) == ([], None)


@pytest.mark.parametrize("capacity", [64, 300, 1000, 1 << 16])
def test_windows_of_any_size_give_the_same_rows(tmp_path: Path, capacity: int) -> None:
    expected = [*packets(200, 100), Row(201, START, b"z" * 5000, 5000), Row(202, START, b"", 1)]
    assert read(tmp_path, pcap(expected), capacity) == (expected, None)


def test_cut_anywhere_all_whole_records_are_kept(tmp_path: Path) -> None:
    content = pcap(PLAIN)
    ends = [24, 46, 62, len(content)]
    for cut in range(4, len(content)):
        expected = [row for row, end in zip(PLAIN, ends[1:], strict=True) if end <= cut]
        error = "cut short: last packet incomplete"
        if cut < 24:
            error = "cut short: file header incomplete"
        assert read(tmp_path, content[:cut]) == (expected, None if cut in ends else error), cut


def test_a_jump_of_the_clock_is_not_damage(tmp_path: Path) -> None:
    expected = [Row(1, 0, b"a", 1), Row(2, START, b"b", 1), Row(3, 5, b"c", 1)._replace(time=5000), Row(4, 0, b"d", 1)]
    assert read(tmp_path, pcap(expected)) == (expected, None)


def test_a_tail_of_zeros_is_counted_but_gives_no_frames(tmp_path: Path) -> None:
    assert read(tmp_path, pcap(PLAIN) + bytes(16 * 5000), 4096) == (
        PLAIN,
        "5000 unusable packets (empty, too long, or of an unknown interface)",
    )


@pytest.mark.parametrize("capacity", [1 << 12, 1 << 14, 1 << 20])
def test_noise_anywhere_loses_at_most_one_packet(tmp_path: Path, capacity: int) -> None:
    sound = packets(300, 80)
    content = pcap(sound)
    for seed in range(40):
        dice = random.Random(seed)
        at = dice.randrange(24, len(content) - 500)
        found, error = read(tmp_path, content[:at] + dice.randbytes(3000) + content[at:], capacity)
        hit = (at - 24) // 96  # the record in which the noise begins: its bytes cannot be told from noise
        inside = (at - 24) % 96
        kept = [row[1:] for row in found]
        assert [row[1:] for row in sound[:hit]] == kept[:hit]
        assert [row[1:] for row in sound[hit + (inside > 0) :]] == kept[-(300 - hit - (inside > 0)) :]
        assert 299 <= len(found) <= 300
        assert error is not None and error.startswith("damaged at byte ") and "more places" not in error


def test_noise_between_two_records_is_skipped_to_the_byte(tmp_path: Path) -> None:
    sound = packets(20, 80)
    content = pcap(sound)
    at = 24 + 96 * 10
    noise = b"\xff" * 3001
    assert read(tmp_path, content[:at] + noise + content[at:]) == (
        sound,
        f"damaged at byte {at}: skipped 3001 bytes",
    )


def test_zeros_in_the_middle_do_not_become_packets(tmp_path: Path) -> None:
    sound = packets(20, 80)
    content = pcap(sound)
    at = 24 + 96 * 10
    assert read(tmp_path, content[:at] + bytes(1003) + content[at:]) == (
        sound,
        f"damaged at byte {at}: skipped 1003 bytes",
    )


def test_lost_bytes_in_the_middle(tmp_path: Path) -> None:
    sound = packets(50, 80)
    content = pcap(sound)
    at = 24 + 96 * 20
    found, error = read(tmp_path, content[: at + 10] + content[at + 150 :])
    assert [row.data for row in found] == [row.data for row in sound[:20] + sound[22:]]
    assert [row.frame for row in found] == list(range(1, 49))
    assert error == f"damaged at byte {at}: skipped 52 bytes"


def test_damage_to_the_end(tmp_path: Path) -> None:
    sound = packets(10, 80)
    noise = random.Random(1).randbytes(20_000)
    found, error = read(tmp_path, pcap(sound) + b"\xff" * 16 + noise, 4096)
    assert (found, error) == (sound, f"damaged at byte {24 + 960}: skipped 20016 bytes")


def test_a_file_that_is_damaged_everywhere_is_given_up(tmp_path: Path) -> None:
    piece = b"".join(map(record, packets(5, 4))) + b"\xff" * 20
    found, error = read(tmp_path, pcap_header() + piece * 1200, 1 << 20)
    assert len(found) == 5000
    assert error == (
        "damaged at byte 124 and 999 more places: skipped 20000 bytes; too many damaged places: gave up on the rest"
    )


def test_the_largest_packet_there_can_be(tmp_path: Path) -> None:
    largest = Row(2, START, bytes(262144), 262144)
    sound = [Row(1, START, b"a", 1), largest, *(row._replace(frame=i + 3) for i, row in enumerate(packets(5)))]
    assert read(tmp_path, pcap(sound)) == (sound, None)
    larger = largest._replace(data=bytes(262145), wire=262145)
    expected = [row._replace(frame=row.frame - (row.frame > 2)) for row in sound if row.frame != 2]
    assert read(tmp_path, pcap([sound[0], larger, *sound[2:]])) == (
        expected,
        f"damaged at byte 41: skipped {262145 + 16} bytes",
    )
