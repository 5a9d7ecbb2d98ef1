"""The record types that travel from the parsers through the sensor to the inventory. Declared once, here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple, Protocol


class Side(IntEnum):
    """An end of a conversation: who opened it, and who was asked."""

    CLIENT = 0
    SERVER = 1

    @property
    def other(self) -> Side:
        """The opposite end."""
        return Side.SERVER if self is Side.CLIENT else Side.CLIENT


class Evidence(StrEnum):
    """How an observation comes to be known, from strongest to weakest for naming a host."""

    PEER = "peer"  # the software at this address says it about itself
    OBJECT = "object"  # the content says it about whatever made the content, which may have been forwarded
    CLAIM = "claim"  # one end says it about the other


class Match(IntEnum):
    """What a protocol's probe says of the first bytes of a stream."""

    NO = 0
    MORE = 1  # could still be: ask again with more bytes
    YES = 2


class Observation(NamedTuple):
    """One thing learned from a stream or datagram.

    `side` is the end the statement is about, not the one that sent it; `attribute` a name of `attributes.ATTRIBUTES`.
    `value` is cleaned text; where the attribute is compound it is canonical JSON (`text.canonical`).
    `offset` is the stream offset, in the stream being read, of the last byte of the message that says it: Wireshark
    shows a reassembled message at the frame that holds this byte.
    """

    side: Side
    attribute: str
    value: str
    evidence: Evidence
    offset: int


class About(IntEnum):
    """Whom an announcement is about."""

    SENDER = 0
    RECEIVER = 1
    OTHER = 2  # whoever holds the announcement's own `ip` and `mac`


class Datagram(NamedTuple):
    """One datagram, or the payload of one link-layer frame (then without ports, but with its EtherType)."""

    payload: bytes
    source_port: int = 0
    destination_port: int = 0
    cut: bool = False  # the capture holds only the beginning of it
    ethertype: int = 0  # of a frame; behind LLC/SNAP the protocol id


class Announcement(NamedTuple):
    """One thing learned from a datagram. As in `Observation`: `value` is cleaned text, or canonical JSON.

    `ip` and `mac` say more of where it holds: about OTHER they are the whole address, None where it is not told; about
    SENDER or RECEIVER they stand in for the packet's own (a DHCP client that has no address yet), which those of a
    link-layer frame never do while it has a MAC.
    """

    attribute: str
    value: str
    evidence: Evidence
    about: About = About.SENDER
    port: int | None = None  # that this end answers at; None at the end that asks
    ip: str | None = None
    mac: str | None = None  # "aa:bb:cc:dd:ee:ff"


class Endpoint(NamedTuple):
    """Where an observation was made. `port` is the port that answers (`None` at the end that opened the connection)."""

    vlan: str | None  # VLAN ids, outermost first ("100.42"), or tunnel ("vxlan:5001"); None when untagged
    mac: str | None
    ip: str | None  # None where a MAC speaks for itself: LLDP, a DHCP client that has no address yet
    port: int | None
    transport: str  # "tcp", "udp", "arp", "ndp", "link"
    speaker: str | None = None  # the software that spoke for this end in the connection (`protocol.Parser.speaker`)


class FlowRecord(NamedTuple):
    """One connection or exchange, as counted since the last flush. Times in Unix nanoseconds, bytes as on the wire."""

    vlan: str | None
    client_ip: str
    client_port: int
    client_mac: str | None
    server_ip: str
    server_port: int | None  # None where the transport has no ports
    server_mac: str | None
    transport: str
    protocol: str | None
    encrypted: bool
    established: bool
    clear_patient_data: bool
    sni: str | None
    first_seen: int
    last_seen: int
    connections: int  # 1 in the flush that first saw it, then 0, so that sums are right
    packets_to_server: int
    packets_to_client: int
    bytes_to_server: int
    bytes_to_client: int
    frame: int  # first frame since the last flush, in the capture being read


class Sink(Protocol):
    """What the sensor hands its records to."""

    def observe(
        self,
        endpoint: Endpoint,
        protocol: str,
        attribute: str,
        value: str,
        evidence: Evidence,
        time: int,
        frame: int,
        last: int | None = None,
        count: int = 1,
    ) -> None:
        """Take an observation made at `endpoint`, or `count` equal ones, of which this is the first.

        `time` and `last` (of the last one) in Unix nanoseconds, `frame` counted from 1.
        """

    def flow(self, record: FlowRecord) -> None:
        """Take the counters of one connection."""


@dataclass(slots=True)
class CaptureHealth:
    """What was captured and what was lost. Counters add up; `anomalies` counts (kind, detail) of everything odd."""

    packets: int = 0
    bytes: int = 0  # on the wire
    first_packet: int | None = None  # Unix nanoseconds
    last_packet: int | None = None
    kernel_drops: int = 0
    truncated_packets: int = 0  # shorter in the capture than on the wire
    duplicate_packets: int = 0  # the same packet delivered twice by the mirror
    gaps: int = 0  # holes in TCP streams that a parser was reading, missing beginnings included
    gap_bytes: int = 0
    one_way_flows: int = 0  # connections with data of which just one direction was captured
    unknown_link_packets: int = 0
    undecoded_packets: int = 0  # broken headers, or tunnels nested too deep
    parser_errors: int = 0
    caps_hit: int = 0  # a bounded buffer or table was full, and something was let go
    file_error: str | None = None  # why reading the capture ended early
    anomalies: Counter[tuple[str, str]] = field(default_factory=Counter)

    def cap(self, what: str, count: int = 1) -> None:
        """A bound was reached, and `count` of `what` were let go."""
        self.caps_hit += count
        self.anomalies["cap", what] += count

    def let_go(self, caps: Counter[str]) -> None:
        """Bounds were reached elsewhere: what was let go -> how often."""
        for what, count in caps.items():
            self.cap(what, count)

    def malformed(self, protocol: str, reason: str) -> None:
        """A parser gave up."""
        self.parser_errors += 1
        self.anomalies["malformed", f"{protocol}: {reason}"] += 1
