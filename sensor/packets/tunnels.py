"""Tunnels over IP: what is inside is the device's, the tunnel's id says where. Each reader takes one header off."""

from __future__ import annotations

import numpy as np

from sensor.packets import columns
from sensor.packets.columns import Packets
from sensor.packets.layouts import ERSPAN, ERSPAN_III_FLAGS, GRE, Rows, gather
from sensor.packets.link import CDP, bounded

TRANSPARENT_ETHERNET = 0x6558
ERSPAN_I_II, ERSPAN_III = 0x88BE, 0x22EB
IP_ETHERTYPES = (0x0800, 0x86DD, 0x8847, 0x8848)


def ip_in_ip(packets: Packets, rows: Rows) -> None:
    """IP directly in IP (RFC 2003, RFC 4213): the outer MACs belong to the tunnel's ends."""
    six = packets.next[rows] == columns.IP_PROTOCOL + 41
    packets.next[rows] = np.where(six, 0x86DD, 0x0800)
    enter(packets, rows, columns.IP_TUNNEL)


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
            plain & (protocol == CDP),
        ],
        [
            columns.ETHERNET_FRAME,
            protocol,
            columns.ERSPAN_HEADER,
            columns.ETHERNET_FRAME,
            columns.ERSPAN_III_HEADER,
            columns.ANNOUNCEMENT + CDP,
        ],
        columns.UNDECODED,
    )
    enter(packets, rows, columns.GRE_TUNNEL)
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


def enter(packets: Packets, rows: Rows, tunnel: np.uint64) -> None:
    """Forget the MACs of the tunnel's ends: what is inside is in a segment of its own."""
    packets.segment[rows] = tunnel
    packets.source_mac[rows] = packets.destination_mac[rows] = 0
