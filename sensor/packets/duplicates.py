"""A mirror port often delivers a packet twice: on its way in and out, in two VLANs, before and after a router.

Copies have other MACs, VLANs, TTLs and IP checksums, but the same addresses, ports, IP identification, length and
transport checksum, and arrive within about 2 ms. They are dropped before anything is counted.
"""

from __future__ import annotations

import numpy as np

from sensor.packets import columns
from sensor.packets.columns import U64, Packets
from sensor.packets.hashing import mix
from sensor.sources.batch import Int64

WINDOW = 2_000_000  # nanoseconds


class DuplicateFilter:
    """Finds later copies, across batches too: it remembers the packets of the last 2 ms."""

    def __init__(self) -> None:
        self._keys: U64 = np.empty(0, np.uint64)
        self._times: Int64 = np.empty(0, np.int64)

    def copies(self, packets: Packets, rows: Int64) -> Int64:
        """Return those of `rows` (TCP, UDP, ICMP: rows with a checksum) that repeat an earlier packet."""
        if not len(rows):
            return rows
        keys = _keys(packets, rows)
        times = packets.time[rows]
        known = len(self._keys)
        keys, times = np.concatenate([self._keys, keys]), np.concatenate([self._times, times])
        order = np.argsort(keys, kind="stable")
        ordered_keys, ordered_times = keys[order], times[order]
        repeat = np.zeros(len(keys), bool)
        again = ordered_keys[1:] == ordered_keys[:-1]
        if again.any():
            soon = np.abs(ordered_times[1:] - ordered_times[:-1]) <= WINDOW
            repeat[order[1:][again & soon]] = True
        recent = times > times[-1] - WINDOW
        self._keys, self._times = keys[recent], times[recent]
        return rows[repeat[known:]]


def _keys(packets: Packets, rows: Int64) -> U64:
    ports = packets.source_port[rows].astype(np.uint64) << np.uint64(16) | packets.destination_port[rows]
    what = (
        packets.identification[rows].astype(np.uint64) << np.uint64(32)
        | packets.checksum[rows].astype(np.uint64) << np.uint64(16)
        | packets.next[rows].astype(np.uint64) & np.uint64(0xFF)
    )
    length = (packets.wire_end[rows] - packets.at[rows]).astype(np.uint64)
    # hosts that send identification 0 (RFC 6864) are told apart by sequence and length
    sequence = packets.sequence_number[rows].astype(np.uint64) << np.uint64(32) | packets.acknowledgment_number[rows]
    return mix(
        packets.source_hi[rows],
        packets.source_lo[rows],
        packets.destination_hi[rows],
        packets.destination_lo[rows],
        ports,
        what,
        length,
        sequence,
    )


def has_checksum(packets: Packets) -> Int64:
    """Rows whose transport checksum identifies them: TCP, ICMP, ICMPv6, and UDP where it is not left out."""
    kind = packets.next
    strong = (kind == columns.DONE + 6) | (kind == columns.DONE + 1) | (kind == columns.DONE + 58)
    return np.flatnonzero(strong | (kind == columns.DONE + 17) & (packets.checksum != 0))
