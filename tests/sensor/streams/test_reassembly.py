"""Whatever a mirror port does to the segments of a stream, the bytes come out in order, and what is lost is told."""

from __future__ import annotations

import random
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.stream import Rope
from sensor.streams.reassembly import MARK, MAX_HELD_RUNS, MAX_PATIENCE, PATIENCE, Half, Segments

DATA = bytes(range(256)) * 8
Piece = tuple[int, int]  # begin and end in the stream


class Reader:
    """Reads a Half as a parser would: everything as it comes, gaps noted in place."""

    def __init__(self, isn: int | None = 0) -> None:
        self.isn = isn or 0
        self.got: list[bytes | int] = []
        self.half = Half(self.read, self.got.append)
        self.half.expected = isn

    def read(self) -> None:
        data = self.half.stream.take(self.half.stream.available)
        if data:
            self.got.append(data)

    def receive(self, *pieces: Piece, time: int = 0, captured: int | None = None) -> None:
        """Hand over consecutive pieces as one run."""
        lengths = [end - begin for begin, end in pieces]
        kept = [length if captured is None else min(length, captured) for length in lengths]
        marks = np.array([(begin, time) for begin, _ in pieces], MARK)
        cut = list(accumulate(map(int.__lt__, kept, lengths), initial=0))
        rope = Rope(memoryview(DATA), [begin for begin, _ in pieces], list(accumulate(lengths, initial=0)), marks)
        first, after = (number + self.isn & 0xFFFFFFFF for number in (pieces[0][0], pieces[-1][1]))
        self.half.receive(Segments(rope, kept, cut), 0, len(pieces), first, after)
        self.read()

    @property
    def data(self) -> bytes:
        assert all(isinstance(part, bytes) for part in self.got), self.got
        return b"".join(part for part in self.got if isinstance(part, bytes))


def cuts(seed: int, length: int = len(DATA), count: int = 20) -> list[Piece]:
    points = sorted({0, length, *random.Random(seed).sample(range(1, length), count)})
    return list(pairwise(points))


@pytest.mark.parametrize("isn", [0, 1, 0xFFFFFFFF, 0xFFFFFC00])
def test_in_order_and_across_the_sequence_wrap(isn: int) -> None:
    reader = Reader(isn)
    for piece in cuts(1):
        reader.receive(piece)
    assert reader.data == DATA


def test_one_run_of_many_segments() -> None:
    reader = Reader()
    reader.receive(*cuts(2))
    assert reader.data == DATA


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from([0, 0xFFFFFF00]))
def test_any_order_with_copies_and_overlaps(rng: random.Random, isn: int) -> None:
    pieces = cuts(rng.randrange(1000))
    pieces += [rng.choice(pieces) for _ in range(5)]
    for _ in range(5):
        begin = rng.randrange(len(DATA) - 1)
        pieces.append((begin, min(len(DATA), begin + rng.randrange(1, 400))))
    rng.shuffle(pieces)
    reader = Reader(isn)
    for piece in pieces:
        reader.receive(piece)
    assert reader.data == DATA


def test_first_bytes_stand_when_overlapping_segments_differ() -> None:
    """A later forged retransmission cannot replace what was read; the byte count is unchanged."""
    reader = Reader()
    reader.receive((0, 100))
    reader.receive((50, 150))
    assert reader.data == DATA[:150]


def test_a_gap_is_told_with_its_length() -> None:
    reader = Reader()
    reader.receive((0, 100))
    reader.receive((150, 300))
    assert reader.got == [DATA[:100]]
    reader.half.finish()
    reader.read()
    assert reader.got == [DATA[:100], 50, DATA[150:300]]


def test_patience() -> None:
    reader = Reader()
    reader.receive((0, 100))
    reader.receive((150, 300), time=0)
    reader.half.give_up(PATIENCE - 1, acknowledged=300)
    reader.half.give_up(MAX_PATIENCE - 1, acknowledged=None)
    reader.half.give_up(MAX_PATIENCE - 1, acknowledged=100)
    assert reader.half.waiting
    reader.half.give_up(PATIENCE, acknowledged=300)
    assert not reader.half.waiting


def test_a_late_segment_after_the_gap_was_told_is_ignored() -> None:
    reader = Reader()
    reader.receive((0, 100))
    reader.receive((150, 300))
    reader.half.finish()
    reader.receive((100, 150))
    assert reader.got == [DATA[:100], 50, DATA[150:300]]


def test_gap_inside_a_skip_costs_nothing() -> None:
    reader = Reader()
    reader.receive((0, 10))
    reader.half.stream.skip(290)
    reader.receive((10, 100))
    reader.receive((150, 320))
    reader.half.finish()
    reader.read()
    assert reader.got == [DATA[:10], DATA[300:320]]


def test_segments_cut_by_the_capture() -> None:
    reader = Reader()
    reader.receive((0, 100), (100, 200), captured=30)
    assert reader.got == [DATA[:30], 70, DATA[100:130], 70]


def test_cut_segments_inside_a_skip() -> None:
    reader = Reader()
    reader.receive((0, 10))
    reader.half.stream.skip(190)
    reader.receive((10, 100), (100, 200), captured=30)
    reader.receive((200, 210))
    assert reader.got == [DATA[:10], DATA[200:210]]


def test_what_is_held_is_bounded() -> None:
    reader = Reader()
    reader.receive((0, 1))
    for number in range(MAX_HELD_RUNS + 1):
        reader.receive((3 + 2 * number, 4 + 2 * number))
    assert reader.half.overflowed == 1


def test_a_wild_sequence_number_is_ignored() -> None:
    reader = Reader()
    reader.receive((0, 100))
    reader.isn = 0x5000_0000
    reader.receive((0, 50))
    reader.isn = 0
    reader.receive((100, 200))
    assert reader.data == DATA[:200]


def test_met_in_the_middle() -> None:
    reader = Reader(isn=None)
    reader.receive((700, 800))
    reader.receive((800, 900))
    assert reader.data == DATA[700:900]


def test_marks_lead_back_to_the_segment() -> None:
    reader = Reader()
    half = reader.half
    reader.receive((0, 100), (100, 250), time=7)
    assert half.stream.mark(99) == (0, 7)
    assert half.stream.mark(100) == (100, 7)
    half.stream.settle()
    assert half.stream.mark(249) == (100, 7)
