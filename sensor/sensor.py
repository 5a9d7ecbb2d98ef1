"""The sensor: batches in, observations and flow records out. One direction, one pass."""

from __future__ import annotations

import numpy as np

from parsers.records import CaptureHealth, Sink
from parsers.text import Pseudonym
from sensor.datagrams import Datagrams
from sensor.flows.records import flow_records, one_way
from sensor.flows.table import SECOND, FlowTable
from sensor.packets import columns
from sensor.packets.columns import Packets
from sensor.packets.decode import decode
from sensor.packets.duplicates import DuplicateFilter, has_checksum
from sensor.packets.fragments import Defragmenter
from sensor.sources.batch import Batch, Int64
from sensor.statements import tell_bindings, tell_openings
from sensor.streams.follow import Follower

HOUSEKEEPING = 10 * SECOND  # of packet time between two looks for idle flows


class Sensor:
    """Reads batches, and hands what it learns to `sink`; `health` counts what was captured and lost.

    Flows live on from one capture to the next when the next is begun with `begin` and goes on where the last ended.
    """

    def __init__(self, pseudonym: Pseudonym, sink: Sink) -> None:
        self.health = CaptureHealth()
        self._sink = sink
        self._table = FlowTable()
        self._follower = Follower(self._table, pseudonym, sink, self.health)
        self._datagrams = Datagrams(self._follower.traits, sink, self.health)
        self._duplicates = DuplicateFilter()
        self._fragments = Defragmenter()
        self._now = 0
        self._looked = 0

    def begin(self, sink: Sink) -> None:
        """Another capture follows: from here on `sink` and a fresh `health` take what is learned."""
        self.health = self._follower.health = self._datagrams.health = CaptureHealth()
        self._sink = self._follower.sink = self._datagrams.sink = sink

    def feed(self, batch: Batch) -> None:
        """Read one batch."""
        if not len(batch):
            return
        self._measure(batch)
        packets = decode(batch, self.health.anomalies)
        self._take(packets)
        whole = self._fragments.reassemble(packets)
        if whole is not None:
            self._take(whole)
        self._count_incomplete()
        if self._now - self._looked > HOUSEKEEPING:
            self._looked = self._now
            self._datagrams.rest()
            self._retire(self._table.expired(self._now))

    def flush(self) -> None:
        """Hand over what the flows counted since the last flush."""
        self._record(self._table.live)

    def close(self) -> None:
        """No more packets will come: end every flow and hand everything over."""
        self._fragments.close()
        self._count_incomplete()
        self._retire(self._table.live)

    def _count_incomplete(self) -> None:
        """Datagrams of which a fragment is missing: counted as not decoded."""
        if dropped := self._fragments.dropped:
            self.health.undecoded_packets += dropped
            self.health.anomalies["undecoded", "IP fragments missing"] += dropped
            self._fragments.dropped = 0

    def _measure(self, batch: Batch) -> None:
        health = self.health
        first, last = int(batch.times.min()), int(batch.times.max())
        health.packets += len(batch)
        health.bytes += int(batch.wire.sum())
        health.first_packet = first if health.first_packet is None else min(health.first_packet, first)
        health.last_packet = last if health.last_packet is None else max(health.last_packet, last)
        health.truncated_packets += int(np.count_nonzero(batch.captured < batch.wire))
        self._now = max(self._now, last)

    def _take(self, packets: Packets) -> None:
        health = self.health
        unknown = int(np.count_nonzero(packets.next == columns.UNKNOWN_LINK))
        health.unknown_link_packets += unknown
        for reason, count in packets.reasons.items():
            health.undecoded_packets += count
            health.anomalies["undecoded", reason] += count
        copies = self._duplicates.copies(packets, has_checksum(packets))
        health.duplicate_packets += len(copies)
        packets.next[copies] = columns.OTHER
        tell_bindings(packets, self._sink)
        tell_openings(packets, self._sink)
        self._datagrams.read_frames(packets)
        rows = np.flatnonzero((packets.next >= columns.DONE) & (packets.next < columns.FRAGMENT))
        if len(rows):
            flows = self._table.sort(packets, rows)
            self._datagrams.read(packets, flows)
            self._follower.follow(packets, flows)

    def _retire(self, slots: Int64) -> None:
        if not len(slots):
            return
        self._follower.close(slots.tolist())
        self.health.one_way_flows += one_way(self._table, slots)
        self._record(slots)
        self._follower.forget(slots.tolist())
        self._datagrams.forget(slots.tolist())
        self._table.remove(slots)

    def _record(self, slots: Int64) -> None:
        for record in flow_records(self._table, slots, self._follower.traits):
            self._sink.flow(record)
