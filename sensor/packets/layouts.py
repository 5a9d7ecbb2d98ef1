"""Header layouts with the field names of their standards, and the one function that reads them.

A layout is a NumPy structured dtype; `gather` reads it at thousands of unaligned offsets at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int64]

# A 48-bit address as its upper 16 and lower 32 bits
ETHERNET = np.dtype(
    [("dst_hi", ">u2"), ("dst_lo", ">u4"), ("src_hi", ">u2"), ("src_lo", ">u4"), ("type", ">u2")]
)  # IEEE 802.3 3.1.1
LLC_SNAP = np.dtype([("dsap_ssap", ">u2"), ("control_oui", ">u4"), ("type", ">u2")])  # IEEE 802 9.2.2 (RFC 1042)
SLL = np.dtype(
    [
        ("packet_type", ">u2"),
        ("arphrd_type", ">u2"),
        ("address_length", ">u2"),
        ("src_hi", ">u2"),
        ("src_lo", ">u4"),
        ("unused", ">u2"),
        ("protocol", ">u2"),
    ]
)  # LINKTYPE_LINUX_SLL
SLL2 = np.dtype(
    [
        ("protocol", ">u2"),
        ("reserved", ">u2"),
        ("interface_index", ">u4"),
        ("arphrd_type", ">u2"),
        ("packet_type", "u1"),
        ("address_length", "u1"),
        ("src_hi", ">u2"),
        ("src_lo", ">u4"),
        ("unused", ">u2"),
    ]
)  # LINKTYPE_LINUX_SLL2
FAMILY = np.dtype([("little", "<u4")])  # LINKTYPE_NULL, LINKTYPE_LOOP
TAG = np.dtype([("tci", ">u2"), ("type", ">u2")])  # IEEE 802.1Q 9.3
PPPOE = np.dtype(
    [("version_type", "u1"), ("code", "u1"), ("session_id", ">u2"), ("length", ">u2"), ("protocol", ">u2")]
)  # RFC 2516 4 and the PPP protocol field
MPLS = np.dtype([("entry", ">u4")])  # RFC 3032 2.1
ARP = np.dtype(
    [
        ("hardware_type", ">u2"),
        ("protocol_type", ">u2"),
        ("lengths", ">u2"),
        ("operation", ">u2"),
        ("sha_hi", ">u2"),
        ("sha_lo", ">u4"),
        ("spa", ">u4"),
        ("tha_hi", ">u2"),
        ("tha_lo", ">u4"),
        ("tpa", ">u4"),
    ]
)  # RFC 826, for Ethernet and IPv4
IPV4 = np.dtype(
    [
        ("version_ihl", "u1"),
        ("tos", "u1"),
        ("total_length", ">u2"),
        ("identification", ">u2"),
        ("flags_fragment_offset", ">u2"),
        ("ttl", "u1"),
        ("protocol", "u1"),
        ("header_checksum", ">u2"),
        ("source", ">u4"),
        ("destination", ">u4"),
    ]
)  # RFC 791 3.1
IPV6 = np.dtype(
    [
        ("version_class_flow", ">u4"),
        ("payload_length", ">u2"),
        ("next_header", "u1"),
        ("hop_limit", "u1"),
        ("source_hi", ">u8"),
        ("source_lo", ">u8"),
        ("destination_hi", ">u8"),
        ("destination_lo", ">u8"),
    ]
)  # RFC 8200 3
IPV6_EXTENSION = np.dtype([("next_header", "u1"), ("length", "u1")])  # RFC 8200 4
IPV6_FRAGMENT = np.dtype(
    [("next_header", "u1"), ("reserved", "u1"), ("offset_flags", ">u2"), ("identification", ">u4")]
)  # RFC 8200 4.5
TCP = np.dtype(
    [
        ("source_port", ">u2"),
        ("destination_port", ">u2"),
        ("sequence_number", ">u4"),
        ("acknowledgment_number", ">u4"),
        ("data_offset", "u1"),
        ("flags", "u1"),
        ("window", ">u2"),
        ("checksum", ">u2"),
        ("urgent_pointer", ">u2"),
    ]
)  # RFC 9293 3.1
UDP = np.dtype([("source_port", ">u2"), ("destination_port", ">u2"), ("length", ">u2"), ("checksum", ">u2")])  # RFC 768
ICMP = np.dtype([("type", "u1"), ("code", "u1"), ("checksum", ">u2")])  # RFC 792, RFC 4443 2.1
NEIGHBOUR = np.dtype(
    [
        ("type", "u1"),
        ("code", "u1"),
        ("checksum", ">u2"),
        ("flags", ">u4"),
        ("target_hi", ">u8"),
        ("target_lo", ">u8"),
        ("option_type", "u1"),
        ("option_length", "u1"),
        ("lla_hi", ">u2"),
        ("lla_lo", ">u4"),
    ]
)  # RFC 4861 4.3, 4.4 with one link-layer address option (4.6.1)
ROUTER_SOLICITATION = np.dtype(
    [
        ("type", "u1"),
        ("code", "u1"),
        ("checksum", ">u2"),
        ("reserved", ">u4"),
        ("option_type", "u1"),
        ("option_length", "u1"),
        ("lla_hi", ">u2"),
        ("lla_lo", ">u4"),
    ]
)  # RFC 4861 4.1 with its link-layer address option
GRE = np.dtype([("flags_version", ">u2"), ("protocol_type", ">u2")])  # RFC 2784 2.1, RFC 2890 2
ERSPAN = np.dtype([("version_vlan", ">u2"), ("cos_session", ">u2"), ("rest", ">u4")])  # draft-foschiano-erspan 4.2
ERSPAN_III_FLAGS = np.dtype([("flags", ">u2")])  # draft-foschiano-erspan 4.3: the last two bytes of its header
VXLAN = np.dtype([("flags", ">u4"), ("vni", ">u4")])  # RFC 7348 5
GENEVE = np.dtype([("version_length", "u1"), ("flags", "u1"), ("protocol_type", ">u2"), ("vni", ">u4")])  # RFC 8926 3.4

GTP_U = np.dtype([("flags", "u1"), ("type", "u1"), ("length", ">u2"), ("teid", ">u4")])  # 3GPP TS 29.281 5.1
AYIYA = np.dtype(
    [("identity", "u1"), ("signature", "u1"), ("operation", "u1"), ("next_header", "u1"), ("epoch", ">u4")]
)  # draft-massar-v6ops-ayiya 3
C_HDLC = np.dtype([("address", "u1"), ("control", "u1"), ("protocol", ">u2")])  # RFC 1547 4.3.1
PPP = np.dtype([("protocol", ">u2")])  # RFC 1661 2
RADIOTAP = np.dtype([("version", "u1"), ("pad", "u1"), ("length", "<u2"), ("present", "<u4")])  # radiotap.org
WLAN = np.dtype(
    [
        ("frame_control", "<u2"),
        ("duration", "<u2"),
        ("address_1_hi", ">u2"),
        ("address_1_lo", ">u4"),
        ("address_2_hi", ">u2"),
        ("address_2_lo", ">u4"),
        ("address_3_hi", ">u2"),
        ("address_3_lo", ">u4"),
        ("sequence_control", "<u2"),
    ]
)  # IEEE 802.11-2020 9.3.2.1
IPOIB = np.dtype([("type", ">u2"), ("reserved", ">u2")])  # RFC 4391 6
NFLOG_ATTRIBUTE = np.dtype([("length", "<u2"), ("type", "<u2")])  # LINKTYPE_NFLOG
ARCNET = np.dtype([("source", "u1"), ("destination", "u1"), ("offset", ">u2"), ("system_code", "u1"), ("split", "u1")])


def gather(buffer: Bytes, offsets: Rows, layout: np.dtype[Any]) -> npt.NDArray[Any]:
    """Read one `layout` record at each byte offset of `buffer`; offsets must already be in bounds."""
    size = layout.itemsize
    rows: npt.NDArray[Any] = np.ndarray((max(len(buffer) - size + 1, 0),), np.dtype(("V", size)), buffer, strides=(1,))
    return rows[offsets].view(layout)
