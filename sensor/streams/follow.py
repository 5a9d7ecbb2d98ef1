"""Follows the TCP flows that a parser still has use for: packets become runs, and the runs go to connections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parsers.records import CaptureHealth, Endpoint, Observation, Sink
from parsers.text import Pseudonym
from sensor.flows.addresses import ip_text, mac_text
from sensor.flows.table import ACK, FIN, SYN, FlowTable, Sorted
from sensor.packets import columns
from sensor.packets.columns import Packets, segment_name
from sensor.sources.batch import Int64
from sensor.streams.connection import Connection
from sensor.streams.reassembly import Segments
from sensor.streams.runs import Run, find_runs

OF_THE_FLOW = frozenset(("sni", "clear_patient_data"))  # attributes of a conversation, not of one of its ends
ENCRYPTED = frozenset(("tls", "ssh"))  # protocols: of SSH, just names and keys cross in clear


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
        segments, runs = find_runs(packets, flows, chosen[np.argsort(flows.slots[chosen], kind="stable")])
        touched: dict[int, Connection] = {}
        for run in runs:
            connection = self._connection(run)
            if connection is None or connection.finished:
                continue
            touched[run.slot] = connection
            _hand_over(connection, run, segments)
            if connection.finished:
                self._drop(connection)
                del touched[run.slot]
        for connection in touched.values():
            connection.settle()

    def _choose(self, packets: Packets, flows: Sorted) -> Int64:
        """Packets that a followed flow needs, and every SYN: it may begin another connection on the same ports."""
        tcp = packets.next[flows.rows] == columns.DONE + 6
        flags = packets.flags[flows.rows]
        open_ = ~self.table.flow["done"][flows.slots]
        needed = open_ & ((flows.payload > 0) | (flags & FIN != 0))
        return np.flatnonzero(tcp & (needed | (flags & SYN != 0)))

    def _connection(self, run: Run) -> Connection | None:
        """The connection that `run` belongs to; None if nobody wants to read it."""
        connection = self._connections.get(run.slot)
        if run.opening & SYN:
            return self._open(run.slot, run.end, run.first, bool(run.opening & ACK), connection)
        if connection is None and not self.table.flow["done"][run.slot]:
            client = int(self.table.clients(np.array([run.slot]))[0])
            connection = self._connections[run.slot] = Connection(self, run.slot, client, False)
        return connection

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
        if overflowed := sum(half.overflowed for half in connection.halves):
            self.health.cap("segments held for reordering", overflowed)
        del self._connections[connection.slot]
        connection.halves = ()

    # -- what connections tell their owner ---------------------------------------------------------------------

    def endpoints(self, connection: Connection) -> tuple[Endpoint, Endpoint]:
        """Return the endpoints of both ends; only the server's has a port."""
        flow = self.table.flow[connection.slot]
        client = connection.client_end
        if flow["opener"] < 0 and connection.parser is not None:  # the opening was not captured
            hint = connection.parser.client
            if hint is not None:  # but the content tells
                client = hint ^ connection.client_end
                self.table.flow["opener"][connection.slot] = client
        vlan = segment_name(int(flow["segment"]))
        ports = flow["port"].tolist()
        ports[client] = None
        speakers: list[str | None] = [None, None]
        speakers[client] = connection.parser.speaker if connection.parser is not None else None
        ends = zip(flow["mac"].tolist(), flow["hi"].tolist(), flow["lo"].tolist(), ports, speakers, strict=True)
        first, second = (
            Endpoint(vlan, mac_text(mac), ip_text(hi, lo), port, "tcp", speaker) for mac, hi, lo, port, speaker in ends
        )
        return first, second

    def observed(self, connection: Connection, observation: Observation, mark: tuple[int, int]) -> None:
        """Fold flow attributes into the flow; hand everything else on."""
        side, attribute, value, evidence, _ = observation
        if attribute not in OF_THE_FLOW:
            assert connection.endpoints is not None and connection.parser is not None
            frame, time = mark
            endpoint = connection.endpoints[side ^ connection.client_end]
            self.sink.observe(endpoint, connection.parser.name, attribute, value, evidence, time, frame)
        elif attribute == "sni":
            self.traits[connection.slot].sni = value
        else:
            self.traits[connection.slot].clear_patient_data = True

    def confirmed(self, connection: Connection, protocol: str) -> None:
        """The content of this connection is `protocol`, from here on."""
        traits = self.traits.get(connection.slot)
        if traits is None:
            traits = self.traits[connection.slot] = Traits(protocol)
            if self.table.flow["opener"][connection.slot] < 0:  # no SYN was captured: its beginning is missing
                self.health.gaps += 1
                self.health.anomalies["gap", "connection met in the middle"] += 1
        traits.protocol, traits.encrypted = protocol, protocol in ENCRYPTED

    def malformed(self, protocol: str, reason: str) -> None:
        """A parser gave up."""
        self.health.malformed(protocol, reason)

    def gap(self, length: int) -> None:
        """A reader lost bytes."""
        self.health.gaps += 1
        self.health.gap_bytes += length

    def cap(self, what: str) -> None:
        """A bound was reached."""
        self.health.cap(what)


def _hand_over(connection: Connection, run: Run, segments: Segments) -> None:
    """Give `run` to its direction, and let the parser read what became readable."""
    end = run.end
    half, other = connection.halves[end], connection.halves[1 - end]
    if other.waiting:
        other.give_up(run.time, run.acknowledged)
    if run.after != run.first:
        half.receive(segments, run.begin, run.stop, run.first, run.after)
        connection.read(end)
        if half.waiting:
            half.give_up(run.time, None)
    # A RST is easily forged, and a host that sends one may still go on: the flow ends when it stays silent.
    if run.closing & FIN and not half.waiting and half.expected == run.after:
        connection.close(end)
