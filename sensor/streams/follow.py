"""Follows the TCP flows that a parser still has use for: packets become runs, and the runs go to connections.

A run is consecutive segments of one direction of one flow. Finding runs is column work; the Python loop is per run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parsers.records import CaptureHealth, Endpoint, Observation, Sink
from parsers.text import Pseudonym
from sensor.flows.addresses import ip_text, mac_text
from sensor.flows.table import ACK, FIN, RST, SYN, FlowTable, Sorted
from sensor.packets import columns
from sensor.packets.columns import Packets, segment_name
from sensor.sources.batch import Int64
from sensor.streams.connection import Connection
from sensor.streams.reassembly import MARK, Segments


@dataclass(slots=True)
class Traits:
    """What content told about a flow."""

    protocol: str
    encrypted: bool = False
    clear_patient_data: bool = False
    sni: str | None = None


class Follower:
    """Keeps the connections of a FlowTable, and hands what their parsers say to `sink`."""

    def __init__(self, table: FlowTable, pseudonym: Pseudonym, sink: Sink, health: CaptureHealth) -> None:
        self.table = table
        self.pseudonym = pseudonym
        self.sink = sink
        self.health = health
        self.traits: dict[int, Traits] = {}
        self._connections: dict[int, Connection] = {}

    def follow(self, packets: Packets, flows: Sorted) -> None:
        """Read the TCP payload of one batch."""
        chosen = self._choose(packets, flows)
        if not len(chosen):
            return
        order = chosen[np.argsort(flows.slots[chosen], kind="stable")]
        rows, slots, ends = flows.rows[order], flows.slots[order], flows.ends[order]
        flags = packets.flags[rows]
        syn = flags & SYN != 0
        lengths = flows.payload[order]
        first = packets.sequence_number[rows] + syn.astype(np.uint32)  # SYN takes one number (RFC 9293 3.4)
        after = first + lengths.astype(np.uint32)
        captured = np.clip(packets.end[rows] - packets.at[rows], 0, lengths)
        marks = np.empty(len(rows), MARK)
        marks["frame"], marks["time"] = packets.frame[rows], packets.time[rows]
        cut = np.concatenate([[0], np.cumsum(captured < lengths)])
        segments = Segments(packets.buffer.data, packets.at[rows], captured, lengths, first, marks, cut)

        begins = np.ones(len(rows), bool)
        begins[1:] = (
            (slots[1:] != slots[:-1])
            | (ends[1:] != ends[:-1])
            | (first[1:] != after[:-1])
            | syn[1:]
            | (flags[:-1] & (FIN | RST) != 0)
        )
        starts = np.flatnonzero(begins)
        stops = np.append(starts[1:], len(rows))
        self._run(packets, rows, segments, starts, stops, slots, ends, first, after, flags)

    def _choose(self, packets: Packets, flows: Sorted) -> Int64:
        """Packets that a followed flow needs, and every SYN: it may begin another connection on the same ports."""
        tcp = packets.next[flows.rows] == columns.DONE + 6
        flags = packets.flags[flows.rows]
        open_ = ~self.table.flow["done"][flows.slots]
        needed = open_ & ((flows.payload > 0) | (flags & (FIN | RST) != 0))
        return np.flatnonzero(tcp & (needed | (flags & SYN != 0)))

    def _run(
        self,
        packets: Packets,
        rows: Int64,
        segments: Segments,
        starts: Int64,
        stops: Int64,
        slots: Int64,
        ends: np.ndarray,
        first: np.ndarray,
        after: np.ndarray,
        flags: np.ndarray,
    ) -> None:
        last = stops - 1
        touched: dict[int, Connection] = {}
        for begin, stop, slot, end, number, behind, opening, closing, acknowledged, now in zip(
            starts.tolist(),
            stops.tolist(),
            slots[starts].tolist(),
            ends[starts].tolist(),
            first[starts].tolist(),
            after[last].tolist(),
            flags[starts].tolist(),
            flags[last].tolist(),
            np.where(flags[starts] & ACK, packets.acknowledgment_number[rows[starts]], 0).tolist(),
            segments.marks["time"][last].tolist(),
            strict=True,
        ):
            connection = self._connections.get(slot)
            if opening & SYN:
                connection = self._open(slot, end, number, bool(opening & ACK), connection)
            elif connection is None:
                if self.table.flow["done"][slot]:
                    continue
                connection = self._connections[slot] = Connection(self, slot, self.table.client(slot), False)
            if connection.finished:
                continue
            half, other = connection.halves[end], connection.halves[1 - end]
            if other.waiting:
                other.give_up(now, acknowledged or None)
            if behind != number:
                touched[slot] = connection
                half.receive(segments, begin, stop, number, behind)
                connection.read(end)
                if half.waiting:
                    half.give_up(now, None)
            if closing & RST:
                connection.close(end)
                connection.close(1 - end)
            elif closing & FIN and not half.waiting and half.expected == behind:
                connection.close(end)
            if connection.finished:
                self._drop(connection)
                touched.pop(slot, None)
        for connection in touched.values():
            connection.settle()

    def _open(self, slot: int, end: int, number: int, answer: bool, known: Connection | None) -> Connection:
        """A SYN: the beginning of a connection, again if it is another one on the same ports."""
        flow = self.table.flow
        if known is None or known.halves[end].expected not in (None, number):
            if known is not None or flow["done"][slot]:
                self.close([slot])
                flow["connections"][slot] += not answer
            flow["done"][slot] = False
            known = self._connections[slot] = Connection(self, slot, 1 - end if answer else end, True)
        if known.halves[end].expected is None:
            known.halves[end].expected = number
        return known

    def close(self, slots: list[int]) -> None:
        """These flows are over, or nobody will wait for the rest of them."""
        for slot in slots:
            connection = self._connections.get(slot)
            if connection is None:
                continue
            for end in (0, 1):
                if not connection.finished and not connection.halves[end].stream.closed:
                    connection.close(end)
            self._drop(connection)

    def forget(self, slots: list[int]) -> None:
        """These slots will be given to other flows."""
        for slot in slots:
            self.traits.pop(slot, None)

    def _drop(self, connection: Connection) -> None:
        self.table.flow["done"][connection.slot] = True
        self.health.caps_hit += (overflowed := sum(half.overflowed for half in connection.halves))
        if overflowed:
            self.health.anomalies["cap", "segments held for reordering"] += overflowed
        del self._connections[connection.slot]
        connection.halves = ()

    # -- what connections tell their owner ---------------------------------------------------------------------

    def endpoints(self, connection: Connection) -> tuple[Endpoint, Endpoint]:
        """Return the endpoints of both ends; only the server's has a port."""
        flow = self.table.flow[connection.slot]
        client = connection.client_end
        hint = None if connection.parser is None else connection.parser.client
        if flow["opener"] < 0 and hint is not None:  # the opening was not captured, but the content tells
            client = hint ^ connection.client_end
            self.table.flow["opener"][connection.slot] = client
        vlan = segment_name(int(flow["segment"]))
        first, second = (
            Endpoint(
                vlan,
                mac_text(int(flow["mac"][end])),
                ip_text(int(flow["hi"][end]), int(flow["lo"][end])),
                None if end == client else int(flow["port"][end]),
                "tcp",
            )
            for end in (0, 1)
        )
        return first, second

    def observed(self, connection: Connection, end: int, observation: Observation, mark: tuple[int, int]) -> None:
        """Fold flow attributes into the flow; hand everything else on."""
        traits = self.traits[connection.slot]
        if observation.attribute == "sni":
            traits.sni = observation.value
            return
        if observation.attribute == "clear_patient_data":
            traits.clear_patient_data = True
            return
        assert connection.endpoints is not None
        frame, time = mark
        self.sink.observe(
            connection.endpoints[end],
            traits.protocol,
            observation.attribute,
            observation.value,
            observation.evidence,
            time,
            frame,
        )

    def confirmed(self, connection: Connection, protocol: str) -> None:
        """The content of this connection is `protocol`, from here on."""
        traits = self.traits.setdefault(connection.slot, Traits(protocol))
        traits.protocol, traits.encrypted = protocol, protocol == "tls"

    def malformed(self, protocol: str, reason: str) -> None:
        """A parser gave up."""
        self.health.parser_errors += 1
        self.health.anomalies["malformed", f"{protocol}: {reason}"] += 1

    def gap(self, length: int) -> None:
        """A reader lost bytes."""
        self.health.gaps += 1
        self.health.gap_bytes += length

    def cap(self, what: str) -> None:
        """A bound was reached."""
        self.health.caps_hit += 1
        self.health.anomalies["cap", what] += 1
