"""Carving: the packets behind evidence, with what Wireshark needs to dissect them, out of a capture into a pcapng.

That is the conversation of each evidence frame up to that frame, in whatever VLAN or tunnel it runs, and the IP
fragments between the same two hosts. Three scans by columns; only packets that are written are touched one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from sensor.flows.table import flow_keys, swapped_ends
from sensor.packets import columns
from sensor.packets.columns import U64, Packets
from sensor.packets.decode import decode
from sensor.packets.fragments import Defragmenter
from sensor.packets.hashing import mix
from sensor.sources.batch import Batch, Int64
from sensor.sources.pcapng_writer import PcapNgWriter

LIMIT: Final = 20_000  # packets written for one evidence frame
HEAD: Final = 1_000  # of them, those from the beginning of a longer conversation: how it was negotiated
_NEVER: Final = np.iinfo(np.int64).max

Open = Callable[[], Iterable[Batch]]  # reads the capture from its beginning


class Evidence(NamedTuple):
    """A frame, what it is evidence for (comments), and whether all of the conversation it begins is the evidence."""

    frame: int
    comments: Sequence[str]
    conversation: bool = False


class Carved(NamedTuple):
    """What was written; frames in the numbers of the capture that was read."""

    packets: int
    missing: list[int]  # evidence frames that the capture does not have
    cut: list[int]  # evidence frames of whose conversation more than LIMIT packets would have been needed


class _Place(NamedTuple):
    """What an evidence frame is part of, as hashes; None where it is no packet of a conversation."""

    conversation: int | None
    hosts: int | None


class _Chosen:
    """Frame numbers chosen for one evidence frame: all, or the first HEAD and the last ones of too many."""

    def __init__(self, evidence: Evidence) -> None:
        self.frame = evidence.frame
        self.first = evidence.frame if evidence.conversation else 0
        self.last = _NEVER if evidence.conversation else evidence.frame
        self.cut = False
        self.frames = np.array([evidence.frame], np.int64)

    def add(self, frames: Int64) -> None:
        """Take those of `frames`, later ones of the conversation, that are wanted."""
        frames = frames[(frames >= self.first) & (frames <= self.last) & (frames != self.frame)]
        if len(frames):
            self._take(np.sort(np.concatenate([self.frames, frames])))

    def _take(self, frames: Int64) -> None:
        if len(frames) > LIMIT:
            self.cut = True
            if self.first:  # evidence is the whole of it: its beginning must do
                frames = frames[:LIMIT]
                self.last = int(frames[-1])
            else:
                frames = np.concatenate([frames[:HEAD], frames[HEAD - LIMIT :]])
        self.frames = frames


def carve(open_capture: Open, name: str, wanted: Sequence[Evidence], writer: PcapNgWriter) -> Carved:
    """Write the packets behind `wanted` of the capture called `name` to `writer`, in the order of the capture.

    `wanted` names each frame once. Where a conversation is longer than LIMIT, its beginning and its end before the
    evidence are written. OSError of the writer's file passes.
    """
    places = _locate(open_capture(), {evidence.frame for evidence in wanted})
    chosen = [_Chosen(evidence) for evidence in wanted if evidence.frame in places]
    _choose(open_capture(), chosen, places)
    comments = {evidence.frame: evidence.comments for evidence in wanted}
    count = _write(open_capture(), name, chosen, comments, writer)
    missing = sorted(evidence.frame for evidence in wanted if evidence.frame not in places)
    return Carved(count, missing, [one.frame for one in chosen if one.cut])


def _locate(batches: Iterable[Batch], frames: set[int]) -> dict[int, _Place]:
    """Return the place of each of `frames` that the capture has."""
    found: dict[int, _Place] = {}
    targets = np.array(sorted(frames), np.int64)
    fragments = Defragmenter()
    for batch in batches:
        packets = decode(batch, Counter())
        rows = np.flatnonzero(np.isin(packets.frame, targets))
        found.update(dict.fromkeys(packets.frame[rows].tolist(), _Place(None, None)))
        whole = fragments.reassemble(packets)
        found.update(_places(packets, rows))
        if whole is not None:  # a datagram counts as the frame that completed it
            found.update(_places(whole, np.flatnonzero(np.isin(whole.frame, targets))))
        if len(found) == len(frames):
            break
    return found


def _places(packets: Packets, rows: Int64) -> dict[int, _Place]:
    rows = rows[_transported(packets)[rows]]
    hashes = zip(
        flow_keys(packets, rows, swapped_ends(packets, rows)).tolist(), _hosts(packets, rows).tolist(), strict=True
    )
    return {frame: _Place(*place) for frame, place in zip(packets.frame[rows].tolist(), hashes, strict=True)}


def _choose(batches: Iterable[Batch], chosen: Sequence[_Chosen], places: dict[int, _Place]) -> None:
    conversations = _hashes(place.conversation for place in places.values())
    hosts = _hashes(place.hosts for place in places.values())
    for batch in batches:
        if all(int(batch.frames[0]) > one.last for one in chosen):
            break
        packets = decode(batch, Counter())
        rows = np.flatnonzero(_transported(packets))
        keys = flow_keys(packets, rows, swapped_ends(packets, rows))
        matching = np.isin(keys, conversations)
        rows, keys = rows[matching], keys[matching]
        pieces = np.flatnonzero(packets.next == columns.FRAGMENT)
        ends = _hosts(packets, pieces)
        matching = np.isin(ends, hosts)
        pieces, ends = pieces[matching], ends[matching]
        if len(rows) + len(pieces):
            for one in chosen:
                place = places[one.frame]
                if place.conversation is not None:
                    mine = np.concatenate([rows[keys == place.conversation], pieces[ends == place.hosts]])
                    one.add(packets.frame[mine])


def _write(
    batches: Iterable[Batch],
    name: str,
    chosen: Sequence[_Chosen],
    comments: dict[int, Sequence[str]],
    writer: PcapNgWriter,
) -> int:
    if not chosen:
        return 0
    frames = np.unique(np.concatenate([one.frames for one in chosen]))
    for batch in batches:
        for row in np.flatnonzero(np.isin(batch.frames, frames)).tolist():
            start, frame = int(batch.offsets[row]), int(batch.frames[row])
            data = batch.buffer[start : start + int(batch.captured[row])].tobytes()
            link_type, time, wire = int(batch.link_types[row]), int(batch.times[row]), int(batch.wire[row])
            writer.write(name, link_type, time, data, wire, comments.get(frame, ()))
        if int(batch.frames[-1]) >= int(frames[-1]):
            break
    return len(frames)


def _transported(packets: Packets) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return (packets.next >= columns.DONE) & (packets.next < columns.FRAGMENT)


def _hashes(values: Iterable[int | None]) -> U64:
    return np.array([value for value in values if value is not None], np.uint64)


def _hosts(packets: Packets, rows: Int64) -> U64:
    """One hash a row, the same for all that passes between two hosts."""
    source = mix(packets.source_hi[rows], packets.source_lo[rows])
    destination = mix(packets.destination_hi[rows], packets.destination_lo[rows])
    return mix(np.minimum(source, destination), np.maximum(source, destination), packets.segment[rows])
