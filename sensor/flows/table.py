"""The flow table: one row a connection, counted by columns; bounded by time-outs and a cap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sensor.packets import columns
from sensor.packets.columns import U64, Packets
from sensor.packets.hashing import mix
from sensor.sources.batch import Int64

MAX_FLOWS = 200_000
SECOND = 1_000_000_000  # nanoseconds
IDLE_TCP = 900 * SECOND  # imaging associations may rest for minutes between studies
IDLE_OTHER = 120 * SECOND

FIN, SYN, RST, ACK = 1, 2, 4, 16  # RFC 9293 3.1

# End 0 is the lower (address, port) of the two, end 1 the other; [2] columns are "sent by end 0", "sent by end 1".
FLOW = np.dtype(
    [
        ("key", "u8"),
        ("hi", "u8", 2),
        ("lo", "u8", 2),
        ("port", "u2", 2),
        ("mac", "u8", 2),
        ("segment", "u8"),
        ("protocol", "u1"),
        ("first_sender", "u1"),
        ("opener", "i1"),  # end that opened the connection; -1 while not known
        ("done", "?"),  # only counted from here on
        ("connections", "i8"),  # begun since the last flush
        ("flags", "u1", 2),  # TCP flags ever sent
        ("last", "i8"),
        ("since", "i8"),  # first packet since the last flush
        ("frame", "i8"),  # its number, in the capture being read
        ("packets", "i8", 2),  # since the last flush
        ("bytes", "i8", 2),
        ("payload", "i8", 2),  # transport payload bytes, ever
    ]
)


@dataclass(slots=True)
class Sorted:
    """The packets of one batch that belong to flows: which row, whose flow, sent by which end."""

    rows: Int64
    slots: Int64
    ends: npt.NDArray[np.uint8]
    payload: Int64  # transport payload bytes on the wire


class FlowTable:
    """Flows by canonical 5-tuple and segment. A flow keeps its slot in the structured array `flow` while it lives."""

    def __init__(self) -> None:
        self.flow: npt.NDArray[Any] = np.zeros(1024, FLOW)
        self._slots: dict[int, int] = {}
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def live(self) -> Int64:
        """Slots in use, oldest flow first."""
        return np.fromiter(self._slots.values(), np.int64, len(self._slots))

    def sort(self, packets: Packets, rows: Int64) -> Sorted:
        """Assign `rows` (those that rest on a transport) to flows, new ones included, and count them."""
        swapped = swapped_ends(packets, rows)
        key = flow_keys(packets, rows, swapped)
        unique, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        slots_of = self._find(unique, first, packets, rows, swapped)
        slots = slots_of[inverse]
        ends = swapped.astype(np.uint8)
        payload = np.maximum(packets.wire_end[rows] - packets.at[rows], 0)
        self._renew(slots_of, packets, rows[first])
        self._count(slots_of, inverse, packets, rows, ends, payload)
        return Sorted(rows, slots, ends, payload)

    def remove(self, slots: Int64) -> None:
        """Forget the flows at `slots`."""
        for slot, key in zip(slots.tolist(), self.flow["key"][slots].tolist(), strict=True):
            del self._slots[key]
            self._free.append(slot)

    def clients(self, slots: Int64) -> Int64:
        """Return the end that opened each flow: by SYN; else by port, as servers have low ones; else who sent first."""
        flow = self.flow[slots]
        low, high = flow["port"][:, 0], flow["port"][:, 1]
        ports_tell = (low != high) & ((flow["protocol"] == 6) | ((low < 1024) != (high < 1024)))
        likely = np.where(ports_tell, low < high, flow["first_sender"])
        return np.where(flow["opener"] >= 0, flow["opener"], likely).astype(np.int64)

    def expired(self, now: int) -> Int64:
        """Slots of flows idle for too long, and the oldest ones over the cap."""
        live = self.live
        flow = self.flow[live]
        closed = (flow["flags"][:, 0] & flow["flags"][:, 1] & FIN != 0) | (flow["flags"].max(axis=1) & RST != 0)
        limit = np.where((flow["protocol"] == 6) & ~closed, IDLE_TCP, IDLE_OTHER)
        idle = now - flow["last"] > limit
        over = len(live) - int(idle.sum()) - MAX_FLOWS
        if over > 0:
            stay = np.flatnonzero(~idle)
            idle[stay[np.argsort(flow["last"][stay], kind="stable")[:over]]] = True
        expired: Int64 = live[idle]
        return expired

    def _find(self, unique: U64, first: Int64, packets: Packets, rows: Int64, swapped: Any) -> Int64:
        known = self._slots
        slots = [known.get(key, -1) for key in unique.tolist()]
        found = np.array(slots, np.int64)
        new = np.flatnonzero(found < 0)
        if len(new):
            new = new[np.argsort(first[new])]  # slots in order of appearance
            found[new] = self._allocate(unique[new])
            self._begin(found[new], unique[new], packets, rows[first[new]], swapped[first[new]])
        return found

    def _allocate(self, keys: U64) -> Int64:
        used = len(self._slots) + len(self._free)
        fresh = max(len(keys) - len(self._free), 0)
        while used + fresh > len(self.flow):
            self.flow = np.concatenate([self.flow, np.zeros(len(self.flow), FLOW)])
        recycled = [self._free.pop() for _ in range(len(keys) - fresh)]
        slots = np.array(recycled + list(range(used, used + fresh)), np.int64)
        self._slots.update(zip(keys.tolist(), slots.tolist(), strict=True))
        return slots

    def _begin(self, slots: Int64, keys: U64, packets: Packets, rows: Int64, swapped: Any) -> None:
        flow = np.zeros(len(slots), FLOW)
        sender = swapped.astype(np.int64)
        index = np.arange(len(slots))
        flow["key"] = keys
        for name, source, destination in (
            ("hi", packets.source_hi, packets.destination_hi),
            ("lo", packets.source_lo, packets.destination_lo),
            ("port", packets.source_port, packets.destination_port),
            ("mac", packets.source_mac, packets.destination_mac),
        ):
            flow[name][index, sender] = source[rows]
            flow[name][index, 1 - sender] = destination[rows]
        flow["segment"] = packets.segment[rows]
        flow["protocol"] = packets.next[rows] & 0xFF
        flow["first_sender"] = sender
        flow["opener"] = -1
        flow["connections"] = 1
        flow["done"] = packets.next[rows] != columns.DONE + 6
        self.flow[slots] = flow

    def _renew(self, slots: Int64, packets: Packets, rows: Int64) -> None:
        """Note where the counters of flows that were flushed, or are new, begin: `rows` are the flows' next packets."""
        fresh = self.flow["packets"][slots].sum(axis=1) == 0
        self.flow["since"][slots[fresh]] = packets.time[rows[fresh]]
        self.flow["frame"][slots[fresh]] = packets.frame[rows[fresh]]

    def _count(
        self, slots_of: Int64, inverse: Any, packets: Packets, rows: Int64, ends: npt.NDArray[np.uint8], payload: Int64
    ) -> None:
        count = len(slots_of)
        side = inverse * 2 + ends
        flow = self.flow
        sent = np.bincount(side, minlength=2 * count).reshape(count, 2)
        flow["packets"][slots_of] += sent
        flow["bytes"][slots_of] += _sums(side, packets.wire[rows], count)
        flow["payload"][slots_of] += _sums(side, payload, count)
        times = packets.time[rows]
        last = flow["last"][slots_of]
        np.maximum.at(last, inverse, times)
        flow["last"][slots_of] = last
        flags = packets.flags[rows]
        seen = np.zeros(2 * count, np.uint8)
        for flag in (FIN, SYN, RST, ACK):
            seen[side[flags & flag != 0]] |= flag
        flow["flags"][slots_of] |= seen.reshape(count, 2)
        opening = np.flatnonzero(flags & SYN)
        if len(opening):
            answered = flags[opening] & ACK != 0
            flow["opener"][slots_of[inverse[opening]]] = ends[opening] ^ answered


def _sums(side: Any, values: Int64, count: int) -> Int64:
    total: Int64 = np.bincount(side, weights=values, minlength=2 * count).astype(np.int64).reshape(count, 2)
    return total


def swapped_ends(packets: Packets, rows: Int64) -> npt.NDArray[np.bool_]:
    """True where the sender is the higher of the two ends."""
    a, b = packets.source_hi[rows], packets.destination_hi[rows]
    c, d = packets.source_lo[rows], packets.destination_lo[rows]
    ports = packets.source_port[rows] > packets.destination_port[rows]
    swapped: npt.NDArray[np.bool_] = (a > b) | (a == b) & ((c > d) | (c == d) & ports)
    return swapped


def flow_keys(packets: Packets, rows: Int64, swapped: npt.NDArray[np.bool_]) -> U64:
    """Return one hash a row, the same for both directions of a flow; `swapped` as `swapped_ends` tells."""

    def ordered(source: Any, destination: Any) -> tuple[Any, Any]:
        return np.where(swapped, destination, source), np.where(swapped, source, destination)

    hi = ordered(packets.source_hi[rows], packets.destination_hi[rows])
    lo = ordered(packets.source_lo[rows], packets.destination_lo[rows])
    port = ordered(packets.source_port[rows], packets.destination_port[rows])
    rest = port[0].astype(np.uint64) << np.uint64(24) | port[1].astype(np.uint64) << np.uint64(8)
    return mix(*hi, *lo, rest | packets.next[rows].astype(np.uint64) & np.uint64(0xFF), packets.segment[rows])
