"""The record types that travel from the parsers through the sensor to the inventory. Declared once, here."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple, Protocol


class Side(IntEnum):
    """An end of a conversation: who opened it, and who was asked."""

    CLIENT = 0
    SERVER = 1

    @property
    def other(self) -> Side:
        """The opposite end."""
        return Side(1 - self)


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

    `side` is the end the statement is about, not the one that sent it. `attribute` is a name of `attributes.ATTRIBUTES`.
    `value` is cleaned text; where the attribute is compound it is canonical JSON (`text.canonical`).
    `offset` is the stream offset, in the stream being read, of the last byte of the message that says it: Wireshark
    shows a reassembled message at the frame that holds this byte.
    """

    side: Side
    attribute: str
    value: str
    evidence: Evidence
    offset: int


class Endpoint(NamedTuple):
    """Where an observation was made. `port` is the port that answers (`None` at the end that opened the connection)."""

    vlan: str | None  # VLAN ids, outermost first ("100.42"), or tunnel ("vxlan:5001"); None when untagged
    mac: str | None
    ip: str | None
    port: int | None
    transport: str  # "tcp", "udp", "arp", "ndp"


class FlowRecord(NamedTuple):
    """One connection (or UDP exchange), as counted since the last flush. Times are Unix nanoseconds; bytes are on the wire."""

    vlan: str | None
    client_ip: str
    client_port: int
    client_mac: str | None
    server_ip: str
    server_port: int
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
    frame: int  # first frame, in the capture being read


class Sink(Protocol):
    """What the sensor hands its records to."""

    def observe(
        self, endpoint: Endpoint, protocol: str, attribute: str, value: str, evidence: Evidence, time: int, frame: int
    ) -> None:
        """Take one observation made at `endpoint`; `time` in Unix nanoseconds, `frame` counted from 1."""

    def flow(self, record: FlowRecord) -> None:
        """Take the counters of one connection."""
