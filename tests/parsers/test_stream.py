"""StreamBuffer against a model that keeps every byte and every mark."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from parsers.stream import Rope, StreamBuffer


class Model(RuleBasedStateMachine):
    """`content` and `marks` hold one entry a stream offset; lost bytes are zeros without a mark."""

    def __init__(self) -> None:
        super().__init__()
        self.stream = StreamBuffer()
        self.content = bytearray()
        self.marks: list[int | None] = []
        self.offset = 0
        self.next_mark = 0
        self.exact_from = 0  # marks of bytes that were read before are only "the nearest still known"

    @property
    def unread(self) -> bytes:
        return bytes(self.content[self.offset :])

    def _arrive(self, data: bytes) -> int:
        self.next_mark += 1
        if len(self.content) + len(data) <= self.offset:  # nothing of it is ever read
            self.exact_from = len(self.content) + len(data)
        self.content += data
        self.marks += [self.next_mark] * len(data)
        return self.next_mark

    @rule(data=st.binary(max_size=12))
    def append(self, data: bytes) -> None:
        self.stream.append(data, self._arrive(data))

    @rule(data=st.binary(min_size=1, max_size=12), kind=st.sampled_from([bytearray, memoryview]))
    def append_slice_of_a_buffer(self, data: bytes, kind: type) -> None:
        buffer = memoryview(kind(b"<" + data + b">"))
        self.stream.append_run(Rope(buffer, [1], [0, len(data)], np.array([self._arrive(data)])), 0, 1)

    @rule(segments=st.lists(st.binary(max_size=6), min_size=1, max_size=5), backwards=st.booleans())
    def append_run(self, segments: list[bytes], backwards: bool) -> None:
        before, skipped = len(self.content), self.offset
        buffer, starts = bytearray(b"#"), {}
        for index in sorted(range(len(segments)), reverse=backwards):  # segments need not lie in order
            starts[index] = len(buffer)
            buffer += segments[index] + b"#"
        exact = self.exact_from
        marks = [self._arrive(segment) for segment in segments]
        self.exact_from = exact if before + sum(map(len, segments)) > skipped else len(self.content)
        # The run is part of a longer rope.
        begins = [0, *(starts[n] for n in range(len(segments))), 0]
        bounds = list(accumulate([1, *map(len, segments), 1], initial=0))
        rope = Rope(memoryview(buffer), begins, bounds, np.array([0, *marks, 0]))
        self.stream.append_run(rope, 1, len(segments) + 1)

    @rule(count=st.integers(0, 30))
    def peek(self, count: int) -> None:
        assert self.stream.peek(count) == self.unread[:count]

    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(0, len(self.unread)))
        assert self.stream.take(count) == self.unread[:count]
        self.offset += count

    @rule(beyond=st.integers(1, 9))
    def take_too_much(self, beyond: int) -> None:
        with pytest.raises(ValueError, match="past what has arrived"):
            self.stream.take(len(self.unread) + beyond)

    @rule(count=st.integers(0, 30))
    def skip(self, count: int) -> None:
        self.stream.skip(count)
        self.offset += count

    @rule(needle=st.binary(min_size=1, max_size=3), start=st.integers(0, 10), end=st.none() | st.integers(0, 30))
    def find(self, needle: bytes, start: int, end: int | None) -> None:
        stop = len(self.unread) if end is None else min(end, len(self.unread))
        assert self.stream.find(needle, start, end) == self.unread.find(needle, start, stop)

    @precondition(lambda self: self.unread)
    @rule(data=st.data())
    def find_what_is_there(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.unread) - 1))
        needle = self.unread[at : at + 2]
        assert self.stream.find(needle) == self.unread.find(needle)

    @rule(count=st.integers(1, 20))
    def lose(self, count: int) -> None:
        lost = len(self.content) + count - self.offset
        assert self.stream.lose(count) == max(lost, 0)
        self.content += bytes(count)
        self.marks += [None] * count
        self.exact_from = len(self.content)
        self.offset = max(self.offset, len(self.content)) if lost > 0 else self.offset

    @rule()
    def settle(self) -> None:
        self.stream.settle()
        self.marks[self.offset :] = self.marks[self.offset : self.offset + 1] * len(self.unread)
        self.exact_from = self.offset if self.unread else len(self.content)

    @invariant()
    def agree(self) -> None:
        stream = self.stream
        assert stream.offset == self.offset
        assert stream.available == len(self.unread)
        assert stream.skipping == max(self.offset - len(self.content), 0)
        # The mark of the byte read last is still known: it is the end of the message that was just told.
        for offset in range(max(self.offset - 1, self.exact_from), len(self.content)):
            assert stream.mark(offset) == self.marks[offset]


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


def test_nothing_is_copied_of_a_skip_that_was_not_needed() -> None:
    stream = StreamBuffer()
    stream.skip(100)
    for _ in range(10):
        stream.append(b"x" * 10, "pixels")
    assert (stream.available, stream.skipping, stream.offset) == (0, 0, 100)
    assert not stream._pieces
    stream.append(b"next", "header")
    assert (stream.take(4), stream.mark(103)) == (b"next", "header")


def test_loss_within_a_skip_costs_nothing() -> None:
    stream = StreamBuffer()
    stream.skip(100)
    assert stream.lose(60) == 0
    assert (stream.skipping, stream.offset) == (40, 100)
    assert stream.lose(50) == 10
    assert (stream.skipping, stream.offset) == (0, 110)


def test_loss_takes_the_unread_bytes_in_front_with_it() -> None:
    stream = StreamBuffer()
    stream.append(b"half a mess")
    assert stream.lose(10) == 21
    assert (stream.offset, stream.available) == (21, 0)
    stream.append(b"more")
    assert stream.peek(9) == b"more"


def test_settle_lets_go_of_the_buffer() -> None:
    buffer = bytearray(b"read unread")
    stream = StreamBuffer()
    stream.append(buffer, 7)
    stream.skip(5)
    stream.settle()
    buffer[:] = b"overwritten"
    buffer.append(0)  # a BufferError while a view of it is alive
    assert (stream.peek(99), stream.offset, stream.mark(5)) == (b"unread", 5, 7)
