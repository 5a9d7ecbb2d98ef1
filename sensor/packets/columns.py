"""Packets: one row a frame, one column a fact of its headers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sensor.sources.batch import Batch, Int64

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]

# What a row's next header is: an EtherType, or one of these ranges. Layers in `layers.LAYERS` move rows on.
IP_PROTOCOL = 0x1_0000  # + IANA protocol number
ETHERNET_FRAME = 0x2_0000
VXLAN_HEADER = 0x2_0001
GENEVE_HEADER = 0x2_0002
ERSPAN_HEADER = 0x2_0003  # types I and II
ERSPAN_III_HEADER = 0x2_0004
IP_BY_VERSION = 0x2_0005  # the version nibble tells
LLC_HEADER = 0x2_0006
GTP_HEADER = 0x2_0007
AYIYA_HEADER = 0x2_0008
GRE_HEADER = 0x2_0009  # over UDP
PPP_HEADER = 0x2_000A
HDLC_HEADER = 0x2_000B
WLAN_HEADER = 0x2_000C
RADIOTAP_HEADER = 0x2_000D
NFLOG_HEADER = 0x2_000E
ARCNET_HEADER = 0x2_000F
IPOIB_HEADER = 0x2_0010
DONE = 0x3_0000  # + IANA protocol number: innermost transport reached
FRAGMENT = 0x3_0100
OTHER = 0x3_0101  # nothing more to read: LLC, unknown EtherTypes
UNDECODED = 0x3_0102  # a header is cut or breaks its own rules
UNKNOWN_LINK = 0x3_0103
NEIGHBOUR_ARP = 0x3_0104
ANNOUNCEMENT = 0x4_0000  # + EtherType or SNAP protocol id: LLDP, CDP

V4_MAPPED = np.uint64(0xFFFF_0000_0000)  # RFC 4291 2.5.5.2: IPv4 addresses live in the same two columns

# Where a conversation was seen, in one number: tunnel kind (8 bits), tunnel id (32), outer VLAN (12), inner VLAN (12)
TUNNELS = {1: "gre", 2: "erspan", 3: "vxlan", 4: "geneve", 5: "ip", 6: "gtp"}
GRE_TUNNEL, ERSPAN_TUNNEL, VXLAN_TUNNEL, GENEVE_TUNNEL, IP_TUNNEL, GTP_TUNNEL = (
    np.uint64(kind << 56) for kind in TUNNELS
)


def segment_name(segment: int) -> str | None:
    """Return a segment as users read it: "100.42", "vxlan:5001", "erspan:1/42"; None when untagged."""
    outer, inner = segment >> 12 & 0xFFF, segment & 0xFFF
    vlan = f"{outer}.{inner}" if outer else str(inner) if inner else ""
    kind = TUNNELS.get(segment >> 56)
    if kind is None:
        return vlan or None
    tunnel = f"{kind}:{segment >> 24 & 0xFFFFFFFF}" if kind not in ("gre", "ip", "gtp") else kind
    return f"{tunnel}/{vlan}" if vlan else tunnel


@dataclass(slots=True)
class Packets:
    """Columns of n rows over one buffer. Offsets are into `buffer`; lengths and ends count bytes.

    `at` and `next` are the decoder's cursor: where the next header begins and what it is. `end` is where the captured
    bytes stop, `wire_end` where the packet stopped on the wire (link-layer padding taken off once IP has told).
    """

    buffer: U8
    frame: Int64
    time: Int64  # Unix nanoseconds
    wire: Int64  # whole frame on the wire
    at: Int64
    end: Int64
    wire_end: Int64
    next: U32
    source_mac: U64
    destination_mac: U64
    segment: U64
    source_hi: U64
    source_lo: U64
    destination_hi: U64
    destination_lo: U64
    identification: U32
    hop_limit: U8  # what is left of the TTL
    header_length: U8  # of TCP, with its options
    source_port: U16
    destination_port: U16
    checksum: U16
    flags: U8
    sequence_number: U32
    acknowledgment_number: U32
    reasons: dict[str, int] = field(default_factory=dict)  # why rows were left undecoded, counted

    def __len__(self) -> int:
        return len(self.at)

    def undecoded(self, rows: Int64, reason: str) -> None:
        """Give up on `rows`."""
        if len(rows):
            self.next[rows] = UNDECODED
            self.reasons[reason] = self.reasons.get(reason, 0) + len(rows)


def blank(buffer: U8, frame: Int64, time: Int64, wire: Int64, at: Int64, end: Int64, wire_end: Int64) -> Packets:
    """Return Packets with the given cursor and everything else zero."""
    n = len(at)
    return Packets(
        buffer=buffer,
        frame=frame,
        time=time,
        wire=wire,
        at=at,
        end=end,
        wire_end=wire_end,
        next=np.zeros(n, np.uint32),
        source_mac=np.zeros(n, np.uint64),
        destination_mac=np.zeros(n, np.uint64),
        segment=np.zeros(n, np.uint64),
        source_hi=np.zeros(n, np.uint64),
        source_lo=np.zeros(n, np.uint64),
        destination_hi=np.zeros(n, np.uint64),
        destination_lo=np.zeros(n, np.uint64),
        identification=np.zeros(n, np.uint32),
        hop_limit=np.zeros(n, np.uint8),
        header_length=np.zeros(n, np.uint8),
        source_port=np.zeros(n, np.uint16),
        destination_port=np.zeros(n, np.uint16),
        checksum=np.zeros(n, np.uint16),
        flags=np.zeros(n, np.uint8),
        sequence_number=np.zeros(n, np.uint32),
        acknowledgment_number=np.zeros(n, np.uint32),
    )


def from_batch(batch: Batch) -> Packets:
    """Return the Packets of `batch`, nothing read yet."""
    start = batch.offsets
    return blank(
        batch.buffer,
        batch.frames,
        batch.times,
        batch.wire,
        start.copy(),
        start + batch.captured,
        start + batch.wire,
    )
