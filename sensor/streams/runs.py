"""Runs: consecutive segments of one direction of one flow. Finding them is column work; what follows is per run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from parsers.stream import Rope
from sensor.flows.table import ACK, FIN, SYN, Sorted
from sensor.packets.columns import Packets
from sensor.sources.batch import Int64
from sensor.streams.reassembly import MARK, Segments


class Run(NamedTuple):
    """Segments [begin, stop) of one direction, from sequence number `first` to `after`; no data if these are equal."""

    begin: int
    stop: int
    slot: int
    end: int  # who sent it
    first: int
    after: int
    opening: int  # TCP flags of the first segment
    closing: int  # TCP flags of the last segment
    acknowledged: int | None
    time: int  # of the last segment, Unix nanoseconds


def find_runs(packets: Packets, flows: Sorted, order: Int64) -> tuple[Segments, Iterator[Run]]:
    """Return the segments of `flows` in the given `order` (by flow, then as captured), and the runs they form."""
    rows, slots, ends = flows.rows[order], flows.slots[order], flows.ends[order]
    flags = packets.flags[rows]
    syn = flags & SYN != 0
    lengths = flows.payload[order]
    first = packets.sequence_number[rows] + syn.astype(np.uint32)  # SYN takes one number (RFC 9293 3.4)
    after = first + lengths.astype(np.uint32)
    captured = np.clip(packets.end[rows] - packets.at[rows], 0, lengths)
    marks = np.empty(len(rows), MARK)
    marks["frame"], marks["time"] = packets.frame[rows], packets.time[rows]
    rope = Rope(packets.buffer.data, packets.at[rows].data, _running(lengths).data, marks)
    segments = Segments(rope, captured.data, _running(captured < lengths).data)

    begins = np.ones(len(rows), bool)
    begins[1:] = (
        (slots[1:] != slots[:-1])
        | (ends[1:] != ends[:-1])
        | (first[1:] != after[:-1])
        | syn[1:]
        | (flags[:-1] & FIN != 0)
    )
    begin = np.flatnonzero(begins)
    stop = np.append(begin[1:], len(rows))
    last = stop - 1
    acknowledged = packets.acknowledgment_number[rows[begin]].tolist()
    answers = (flags[begin] & ACK != 0).tolist()
    runs = map(
        Run,
        begin.tolist(),
        stop.tolist(),
        slots[begin].tolist(),
        ends[begin].tolist(),
        first[begin].tolist(),
        after[last].tolist(),
        flags[begin].tolist(),
        flags[last].tolist(),
        [number if answer else None for number, answer in zip(acknowledged, answers, strict=True)],
        marks["time"][last].tolist(),
    )
    return segments, runs


def _running(values: npt.NDArray[Any]) -> Int64:
    """The sum of the values in front of each, and of all."""
    total = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=total[1:])
    return total
