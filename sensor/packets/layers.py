"""Network and transport headers, and the tunnels between them. Each reader moves its rows one header on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sensor.packets import columns, other_links, tunnels, udp_tunnels
from sensor.packets.columns import Packets
from sensor.packets.layouts import (
    ICMP,
    IPV4,
    IPV6,
    IPV6_EXTENSION,
    MPLS,
    PPPOE,
    TAG,
    TCP,
    UDP,
    Rows,
    gather,
)
from sensor.packets.link import after_length_or_type, after_ppp, bounded, ethernet, llc

MORE_FRAGMENTS_OR_OFFSET = 0x3FFF  # RFC 791 3.1


def vlan_tag(packets: Packets, rows: Rows) -> None:
    """802.1Q and 802.1ad: the two outermost VLAN ids are kept; priority tags (id 0) name no VLAN."""
    rows = bounded(packets, rows, TAG.itemsize, "VLAN tag cut")
    header = gather(packets.buffer, packets.at[rows], TAG)
    packets.at[rows] += TAG.itemsize
    packets.next[rows] = after_length_or_type(packets, rows, header["type"])
    identifier = (header["tci"] & 0xFFF).astype(np.uint64)
    segment = packets.segment[rows]
    room = (identifier > 0) & (segment >> np.uint64(12) & np.uint64(0xFFF) == 0)
    vlan = segment & np.uint64(0xFFF)
    packets.segment[rows] = np.where(room, (segment & ~np.uint64(0xFFF)) | vlan << np.uint64(12) | identifier, segment)


def mpls(packets: Packets, rows: Rows) -> None:
    """One label; what follows the last is told by its first nibble (RFC 4928 3)."""
    rows = bounded(packets, rows, MPLS.itemsize + 1, "MPLS label cut")
    entry = gather(packets.buffer, packets.at[rows], MPLS)["entry"]
    packets.at[rows] += MPLS.itemsize
    rows = rows[entry & 0x100 != 0]  # bottom of stack
    nibble = packets.buffer[packets.at[rows]] >> 4
    control_word = rows[nibble == 0]  # RFC 4385 3: a pseudowire
    packets.at[control_word] += 4
    packets.next[rows] = np.select([nibble == 4, nibble == 6], [0x0800, 0x86DD], columns.ETHERNET_FRAME)


def pppoe(packets: Packets, rows: Rows) -> None:
    """A PPPoE session frame that carries IP."""
    rows = bounded(packets, rows, PPPOE.itemsize, "PPPoE header cut")
    protocol = gather(packets.buffer, packets.at[rows], PPPOE)["protocol"]
    packets.at[rows] += PPPOE.itemsize
    after_ppp(packets, rows, protocol)


def by_version(packets: Packets, rows: Rows) -> None:
    """IP without a link header: the version nibble tells which."""
    rows = bounded(packets, rows, 1, "IP header cut")
    version = packets.buffer[packets.at[rows]] >> 4
    packets.next[rows] = np.select([version == 4, version == 6], [0x0800, 0x86DD], columns.OTHER)


def ipv4(packets: Packets, rows: Rows) -> None:
    """IPv4; fragments stop here for `fragments`."""
    rows = bounded(packets, rows, IPV4.itemsize, "IPv4 header cut")
    header = gather(packets.buffer, packets.at[rows], IPV4)
    length = (header["version_ihl"] & 0xF).astype(np.int64) * 4
    total = header["total_length"].astype(np.int64)
    at = packets.at[rows]
    total = np.where(total == 0, packets.wire_end[rows] - at, total)  # 0 from a host that offloads segmentation
    good = (header["version_ihl"] >> 4 == 4) & (length >= 20) & (total >= length) & (at + length <= packets.end[rows])
    if not good.all():
        packets.undecoded(rows[~good], "IPv4 header broken")
        rows, header, length, total, at = rows[good], header[good], length[good], total[good], at[good]
    packets.wire_end[rows] = np.minimum(packets.wire_end[rows], at + total)
    packets.end[rows] = np.minimum(packets.end[rows], at + total)
    packets.at[rows] = at + length
    packets.source_hi[rows] = packets.destination_hi[rows] = 0
    packets.source_lo[rows] = columns.V4_MAPPED | header["source"]
    packets.destination_lo[rows] = columns.V4_MAPPED | header["destination"]
    packets.identification[rows] = header["identification"]
    packets.hop_limit[rows] = header["ttl"]
    packets.next[rows] = columns.IP_PROTOCOL + header["protocol"].astype(np.uint32)
    fragment = header["flags_fragment_offset"] & MORE_FRAGMENTS_OR_OFFSET != 0
    if fragment.any():
        packets.next[rows[fragment]] = columns.FRAGMENT
        packets.at[rows[fragment]] = at[fragment]


def ipv6(packets: Packets, rows: Rows) -> None:
    """The fixed IPv6 header."""
    rows = bounded(packets, rows, IPV6.itemsize, "IPv6 header cut")
    header = gather(packets.buffer, packets.at[rows], IPV6)
    good = header["version_class_flow"] >> 28 == 6
    if not good.all():
        packets.undecoded(rows[~good], "IPv6 header broken")
        rows, header = rows[good], header[good]
    at = packets.at[rows] + IPV6.itemsize
    payload = header["payload_length"].astype(np.int64)
    wire_end = packets.wire_end[rows]
    wire_end = np.where(payload == 0, wire_end, np.minimum(wire_end, at + payload))  # 0: jumbo or offloaded
    packets.wire_end[rows] = wire_end
    packets.end[rows] = np.minimum(packets.end[rows], wire_end)
    packets.at[rows] = at
    packets.source_hi[rows], packets.source_lo[rows] = header["source_hi"], header["source_lo"]
    packets.destination_hi[rows], packets.destination_lo[rows] = header["destination_hi"], header["destination_lo"]
    packets.identification[rows] = 0
    packets.hop_limit[rows] = header["hop_limit"]
    packets.next[rows] = columns.IP_PROTOCOL + header["next_header"].astype(np.uint32)


def ipv6_extension(packets: Packets, rows: Rows) -> None:
    """Hop-by-hop, routing, destination options (8-byte units, RFC 8200 4) and AH (4-byte units, RFC 4302 2.2)."""
    rows = bounded(packets, rows, IPV6_EXTENSION.itemsize, "IPv6 extension cut")
    header = gather(packets.buffer, packets.at[rows], IPV6_EXTENSION)
    units = header["length"].astype(np.int64)
    authentication = packets.next[rows] == columns.IP_PROTOCOL + 51
    packets.at[rows] += np.where(authentication, (units + 2) * 4, (units + 1) * 8)
    packets.next[rows] = columns.IP_PROTOCOL + header["next_header"].astype(np.uint32)


def ipv6_fragment(packets: Packets, rows: Rows) -> None:
    """Fragments stop here for `fragments`, the cursor on the fragment header."""
    packets.next[rows] = columns.FRAGMENT


def tcp(packets: Packets, rows: Rows) -> None:
    """TCP: the cursor ends on the payload."""
    rows = bounded(packets, rows, TCP.itemsize, "TCP header cut")
    header = gather(packets.buffer, packets.at[rows], TCP)
    length = (header["data_offset"] >> 4).astype(np.int64) * 4
    good = (length >= 20) & (packets.at[rows] + length <= packets.wire_end[rows])
    if not good.all():
        packets.undecoded(rows[~good], "TCP header broken")
        rows, header, length = rows[good], header[good], length[good]
    _ports(packets, rows, header, columns.DONE + 6)
    packets.at[rows] += length
    packets.header_length[rows] = length
    packets.flags[rows] = header["flags"]
    packets.sequence_number[rows] = header["sequence_number"]
    packets.acknowledgment_number[rows] = header["acknowledgment_number"]


def udp(packets: Packets, rows: Rows) -> None:
    """UDP, and on to a tunnel over it where port and content say so."""
    rows = bounded(packets, rows, UDP.itemsize, "UDP header cut")
    header = gather(packets.buffer, packets.at[rows], UDP)
    _ports(packets, rows, header, columns.DONE + 17)
    length = header["length"].astype(np.int64)
    wire_end = packets.wire_end[rows]
    wire_end = np.where(
        length < UDP.itemsize, wire_end, np.minimum(wire_end, packets.at[rows] + length)
    )  # 0: a jumbogram
    packets.wire_end[rows] = wire_end
    packets.end[rows] = np.minimum(packets.end[rows], wire_end)
    packets.at[rows] += UDP.itemsize
    udp_tunnels.recognise(packets, rows)


def _ports(packets: Packets, rows: Rows, header: Any, then: int) -> None:
    packets.source_port[rows], packets.destination_port[rows] = header["source_port"], header["destination_port"]
    packets.checksum[rows] = header["checksum"]
    packets.next[rows] = then


def icmp(packets: Packets, rows: Rows) -> None:
    """ICMP and ICMPv6: the cursor stays on the message."""
    packets.next[rows] += columns.DONE - columns.IP_PROTOCOL
    rows = rows[packets.at[rows] + ICMP.itemsize <= packets.end[rows]]
    packets.checksum[rows] = gather(packets.buffer, packets.at[rows], ICMP)["checksum"]


def other_protocol(packets: Packets, rows: Rows) -> None:
    """Any other IP protocol is counted as a flow, unread."""
    packets.next[rows] += columns.DONE - columns.IP_PROTOCOL


def arp(packets: Packets, rows: Rows) -> None:
    """ARP stops here for `neighbours`."""
    packets.next[rows] = columns.NEIGHBOUR_ARP


def lldp(packets: Packets, rows: Rows) -> None:
    """LLDP (IEEE 802.1AB) stops here for `sensor.datagrams`."""
    packets.next[rows] += columns.ANNOUNCEMENT


Reader = Callable[[Packets, Rows], None]

ETHERTYPES: dict[int, Reader] = {
    0x0800: ipv4, 0x86DD: ipv6, 0x0806: arp, 0x8100: vlan_tag, 0x88A8: vlan_tag, 0x9100: vlan_tag, 0x8847: mpls,
    0x8848: mpls, 0x8864: pppoe, 0x88CC: lldp,
}  # fmt: skip
IP_PROTOCOLS: dict[int, Reader] = {
    0: ipv6_extension, 1: icmp, 4: tunnels.ip_in_ip, 6: tcp, 17: udp, 41: tunnels.ip_in_ip, 43: ipv6_extension,
    44: ipv6_fragment, 47: tunnels.gre, 51: ipv6_extension, 58: icmp, 60: ipv6_extension,
}  # fmt: skip
LAYERS: dict[int, Reader] = {
    **ETHERTYPES,
    **{columns.IP_PROTOCOL + number: reader for number, reader in IP_PROTOCOLS.items()},
    columns.ETHERNET_FRAME: ethernet,
    columns.IP_BY_VERSION: by_version,
    columns.LLC_HEADER: llc,
    columns.PPP_HEADER: other_links.ppp,
    columns.HDLC_HEADER: other_links.c_hdlc,
    columns.WLAN_HEADER: other_links.wlan,
    columns.RADIOTAP_HEADER: other_links.radiotap,
    columns.NFLOG_HEADER: other_links.nflog,
    columns.ARCNET_HEADER: other_links.arcnet,
    columns.IPOIB_HEADER: other_links.ipoib,
    columns.VXLAN_HEADER: udp_tunnels.vxlan,
    columns.GENEVE_HEADER: udp_tunnels.geneve,
    columns.GTP_HEADER: udp_tunnels.gtp,
    columns.AYIYA_HEADER: udp_tunnels.ayiya,
    columns.GRE_HEADER: tunnels.gre,
    columns.ERSPAN_HEADER: tunnels.erspan,
    columns.ERSPAN_III_HEADER: tunnels.erspan_iii,
}
