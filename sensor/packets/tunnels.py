"""Tunnels: what is inside is the device's, the tunnel's id says where. Each reader takes one tunnel header off."""

from __future__ import annotations

import numpy as np

from sensor.packets import columns
from sensor.packets.columns import Packets
from sensor.packets.layouts import ERSPAN, ERSPAN_III_FLAGS, GENEVE, GRE, VXLAN, Rows, gather
from sensor.packets.link import bounded

VXLAN_PORTS = (4789, 8472)  # RFC 7348 8.1, and Linux's default before it
GENEVE_PORT = 6081  # RFC 8926 3.3
TRANSPARENT_ETHERNET = 0x6558
ERSPAN_I_II, ERSPAN_III = 0x88BE, 0x22EB
IP_ETHERTYPES = (0x0800, 0x86DD, 0x8847, 0x8848)


def ip_in_ip(packets: Packets, rows: Rows) -> None:
    """IP directly in IP (RFC 2003, RFC 4213): the outer MACs belong to the tunnel's ends."""
    six = packets.next[rows] == columns.IP_PROTOCOL + 41
    packets.next[rows] = np.where(six, 0x86DD, 0x0800)
    _enter(packets, rows, columns.IP_TUNNEL)


def gre(packets: Packets, rows: Rows) -> None:
    """GRE with Ethernet, IP, MPLS or ERSPAN inside. Source-routed and enhanced (PPTP) GRE is left alone."""
    rows = bounded(packets, rows, GRE.itemsize, "GRE header cut")
    header = gather(packets.buffer, packets.at[rows], GRE)
    flags, protocol = header["flags_version"], header["protocol_type"].astype(np.int64)
    checksum, key, sequence = flags >> 15 & 1, flags >> 13 & 1, flags >> 12 & 1
    packets.at[rows] += 4 + 4 * (checksum + key + sequence).astype(np.int64)
    plain = flags & 0x4007 == 0  # no routing, version 0
    packets.next[rows] = np.select(
        [
            plain & (protocol == TRANSPARENT_ETHERNET),
            plain & np.isin(protocol, IP_ETHERTYPES),
            plain & (protocol == ERSPAN_I_II) & (sequence == 1),
            plain & (protocol == ERSPAN_I_II),  # type I has no header of its own
            plain & (protocol == ERSPAN_III),
        ],
        [
            columns.ETHERNET_FRAME,
            protocol,
            columns.ERSPAN_HEADER,
            columns.ETHERNET_FRAME,
            columns.ERSPAN_III_HEADER,
        ],
        columns.UNDECODED,
    )
    _enter(packets, rows, columns.GRE_TUNNEL)
    packets.undecoded(rows[packets.next[rows] == columns.UNDECODED], "GRE payload not known")


def erspan(packets: Packets, rows: Rows) -> None:
    """ERSPAN type II: the VLAN and session of the mirrored port."""
    _read_erspan(packets, rows)


def erspan_iii(packets: Packets, rows: Rows) -> None:
    """ERSPAN type III: 12 bytes, and 8 more where the O bit is set."""
    fits = bounded(packets, rows, 12, "ERSPAN header cut")
    flags = gather(packets.buffer, packets.at[fits] + 10, ERSPAN_III_FLAGS)["flags"]
    _read_erspan(packets, fits)
    packets.at[fits] += 4 + np.where(flags & 1, 8, 0)


def _read_erspan(packets: Packets, rows: Rows) -> None:
    rows = bounded(packets, rows, ERSPAN.itemsize, "ERSPAN header cut")
    header = gather(packets.buffer, packets.at[rows], ERSPAN)
    packets.at[rows] += ERSPAN.itemsize
    packets.next[rows] = columns.ETHERNET_FRAME
    vlan = header["version_vlan"] & 0xFFF
    session = (header["cos_session"] & 0x3FF).astype(np.uint64)
    packets.segment[rows] = columns.ERSPAN_TUNNEL | session << np.uint64(24) | vlan


def recognise(packets: Packets, rows: Rows) -> None:
    """Send UDP rows on to VXLAN or Geneve: the port proposes, the reserved bits of the header confirm."""
    port = packets.destination_port[rows]
    for ports, layout, then in (
        (VXLAN_PORTS, VXLAN, columns.VXLAN_HEADER),
        ((GENEVE_PORT,), GENEVE, columns.GENEVE_HEADER),
    ):
        found = rows[(port == ports[0]) | (port == ports[-1])]
        if not len(found):
            continue
        found = found[packets.at[found] + layout.itemsize <= packets.end[found]]
        header = gather(packets.buffer, packets.at[found], layout)
        if layout is VXLAN:
            good = (header["flags"] == 0x0800_0000) & (header["vni"] & 0xFF == 0)
        else:
            protocol = header["protocol_type"]
            known = (protocol == TRANSPARENT_ETHERNET) | np.isin(protocol, IP_ETHERTYPES)
            good = (header["version_length"] >> 6 == 0) & (header["vni"] & 0xFF == 0) & known
        packets.next[found[good]] = then


def vxlan(packets: Packets, rows: Rows) -> None:
    """VXLAN: an Ethernet frame of segment VNI."""
    vni = gather(packets.buffer, packets.at[rows], VXLAN)["vni"] >> 8
    packets.at[rows] += VXLAN.itemsize
    packets.next[rows] = columns.ETHERNET_FRAME
    _enter(packets, rows, columns.VXLAN_TUNNEL)
    packets.segment[rows] |= vni.astype(np.uint64) << np.uint64(24)


def geneve(packets: Packets, rows: Rows) -> None:
    """Geneve: options are stepped over."""
    header = gather(packets.buffer, packets.at[rows], GENEVE)
    packets.at[rows] += GENEVE.itemsize + (header["version_length"] & 0x3F).astype(np.int64) * 4
    protocol = header["protocol_type"].astype(np.int64)
    packets.next[rows] = np.where(protocol == TRANSPARENT_ETHERNET, columns.ETHERNET_FRAME, protocol)
    _enter(packets, rows, columns.GENEVE_TUNNEL)
    packets.segment[rows] |= (header["vni"] >> 8).astype(np.uint64) << np.uint64(24)


def _enter(packets: Packets, rows: Rows, tunnel: np.uint64) -> None:
    packets.segment[rows] = tunnel
    packets.source_mac[rows] = packets.destination_mac[rows] = 0
