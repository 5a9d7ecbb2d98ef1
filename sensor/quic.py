"""QUIC connections are found by columns, on any port: a client's first datagrams are long, and name their version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from parsers.malformed import Malformed
from parsers.quic import VERSIONS, ClientHelloReader
from parsers.quic.packets import LONG_HEADER
from parsers.records import Announcement, CaptureHealth
from sensor.flows.table import Sorted
from sensor.packets import columns
from sensor.packets.columns import Packets
from sensor.packets.layouts import gather
from sensor.sources.batch import Int64
from sensor.streams.follow import Traits

PROTOCOL: Final = "quic"
MIN_DATAGRAM: Final = 1200  # bytes: a client pads its Initial packets to as many (RFC 9000 14.1)
MAX_OPEN: Final = 1024  # connections whose hello is not complete
MAX_READ: Final = 10_000  # datagrams between two rests
_HEAD: Final = np.dtype([("first", "u1"), ("version", ">u4")])  # RFC 9000 17.2
_VERSIONS: Final = np.array(sorted(VERSIONS), np.uint32)


class QuicHellos:
    """Reads the hellos of QUIC connections, and notes in `traits` (by flow) what they tell of a flow."""

    def __init__(self, traits: dict[int, Traits]) -> None:
        self._traits = traits
        self._readers: dict[int, ClientHelloReader] = {}  # by flow
        self._known: set[int] = set()  # flows that need no more reading
        self._read = 0

    def rest(self) -> None:
        """Some packet time has passed: what is bounded begins anew."""
        self._read = 0

    def forget(self, slots: list[int]) -> None:
        """These slots will be given to other flows."""
        for slot in slots:
            self._readers.pop(slot, None)
        self._known.difference_update(slots)

    def read(
        self, packets: Packets, flows: Sorted, health: CaptureHealth
    ) -> Iterator[tuple[int, tuple[Announcement, ...]]]:
        """Read one batch; yield what each complete hello says, with the row that completes it."""
        for index in _chosen(packets, flows).tolist():
            slot, row = int(flows.slots[index]), int(flows.rows[index])
            if slot in self._known:
                continue
            if self._read >= MAX_READ:
                health.cap("QUIC datagrams at a time")
                return
            self._read += 1
            reader = self._reader(slot, health)
            try:
                told = reader.read(packets.buffer[int(packets.at[row]) : int(packets.end[row])].tobytes())
            except Malformed as broken:
                health.malformed(PROTOCOL, broken.reason)
                told = None
            if reader.finished:
                del self._readers[slot]
                self._known.add(slot)
            if told is not None:
                self._traits[slot] = Traits(PROTOCOL, encrypted=True, sni=told.server_name or None)
                yield row, told.said

    def _reader(self, slot: int, health: CaptureHealth) -> ClientHelloReader:
        reader = self._readers.get(slot)
        if reader is None:
            if len(self._readers) >= MAX_OPEN:
                health.cap("QUIC connections without a whole hello")
                del self._readers[next(iter(self._readers))]
            reader = self._readers[slot] = ClientHelloReader()
        return reader


def _chosen(packets: Packets, flows: Sorted) -> Int64:
    """Datagrams that may hold an Initial packet of a version that can be read, as indices into `flows`."""
    rows = flows.rows
    captured = packets.end[rows] - packets.at[rows]
    large: Int64 = np.flatnonzero((flows.payload >= MIN_DATAGRAM) & (packets.next[rows] == columns.DONE + 17))
    large = large[captured[large] >= _HEAD.itemsize]
    if not len(large):
        return large
    head = gather(packets.buffer, packets.at[rows[large]], _HEAD)
    chosen: Int64 = large[(head["first"] & LONG_HEADER == LONG_HEADER) & np.isin(head["version"], _VERSIONS)]
    return chosen
