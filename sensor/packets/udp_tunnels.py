"""Tunnels over UDP: the port proposes, the header confirms."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from sensor.packets import columns
from sensor.packets.columns import Packets
from sensor.packets.layouts import AYIYA, GENEVE, GRE, GTP_U, VXLAN, Rows, gather
from sensor.packets.link import bounded
from sensor.packets.tunnels import IP_ETHERTYPES, TRANSPARENT_ETHERNET, enter

_VXLAN_PORTS: Final = (4789, 8472)  # RFC 7348 8.1, and Linux's default before it
_GENEVE_PORT: Final = 6081  # RFC 8926 3.3
_GTP_PORT: Final = 2152  # 3GPP TS 29.281 4.4.2
_GRE_PORT: Final = 4754  # RFC 8086 8
_AYIYA_PORT: Final = 5072  # draft-massar-v6ops-ayiya 2
_PORTS: Final = np.zeros(65536, bool)
_PORTS[[*_VXLAN_PORTS, _GENEVE_PORT, _GTP_PORT, _GRE_PORT, _AYIYA_PORT]] = True
_MAX_EXTENSIONS: Final = 4  # GTP extension headers of one packet


def recognise(packets: Packets, rows: Rows) -> None:
    """Send UDP rows on to the tunnel they carry."""
    rows = rows[_PORTS[packets.destination_port[rows]] | (packets.source_port[rows] == _AYIYA_PORT)]
    if not len(rows):
        return
    to, source = packets.destination_port[rows], packets.source_port[rows]
    for proposed, layout, confirm, then in (
        (np.isin(to, _VXLAN_PORTS), VXLAN, _is_vxlan, columns.VXLAN_HEADER),
        (to == _GENEVE_PORT, GENEVE, _is_geneve, columns.GENEVE_HEADER),
        (to == _GTP_PORT, GTP_U, _is_gtp, columns.GTP_HEADER),
        (to == _GRE_PORT, GRE, _is_gre, columns.GRE_HEADER),
        ((to == _AYIYA_PORT) | (source == _AYIYA_PORT), AYIYA, _is_ayiya, columns.AYIYA_HEADER),
    ):
        found = rows[proposed]
        found = found[packets.at[found] + layout.itemsize <= packets.end[found]]
        if len(found):
            packets.next[found[confirm(gather(packets.buffer, packets.at[found], layout))]] = then


def _is_vxlan(header: Any) -> Any:
    return (header["flags"] == 0x0800_0000) & (header["vni"] & 0xFF == 0)


def _is_geneve(header: Any) -> Any:
    return (header["version_length"] >> 6 == 0) & (header["vni"] & 0xFF == 0) & _carries(header)


def _is_gtp(header: Any) -> Any:
    return (header["flags"] >> 4 == 3) & (header["type"] == 255)  # version 1, G-PDU


def _is_gre(header: Any) -> Any:
    return (header["flags_version"] & 0x4FFF == 0) & _carries(header)


def _is_ayiya(header: Any) -> Any:
    return (header["next_header"] == 41) & (header["operation"] & 0xF == 1)  # forward an IPv6 packet


def _carries(header: Any) -> Any:
    """Ethernet, IP or MPLS."""
    protocol = header["protocol_type"]
    return (protocol == TRANSPARENT_ETHERNET) | np.isin(protocol, IP_ETHERTYPES)


def vxlan(packets: Packets, rows: Rows) -> None:
    """VXLAN: an Ethernet frame of segment VNI."""
    vni = gather(packets.buffer, packets.at[rows], VXLAN)["vni"] >> 8
    packets.at[rows] += VXLAN.itemsize
    packets.next[rows] = columns.ETHERNET_FRAME
    enter(packets, rows, columns.VXLAN_TUNNEL)
    packets.segment[rows] |= vni.astype(np.uint64) << np.uint64(24)


def geneve(packets: Packets, rows: Rows) -> None:
    """Geneve: options are stepped over."""
    header = gather(packets.buffer, packets.at[rows], GENEVE)
    packets.at[rows] += GENEVE.itemsize + (header["version_length"] & 0x3F).astype(np.int64) * 4
    protocol = header["protocol_type"].astype(np.int64)
    packets.next[rows] = np.where(protocol == TRANSPARENT_ETHERNET, columns.ETHERNET_FRAME, protocol)
    enter(packets, rows, columns.GENEVE_TUNNEL)
    packets.segment[rows] |= (header["vni"] >> 8).astype(np.uint64) << np.uint64(24)


def gtp(packets: Packets, rows: Rows) -> None:
    """GTP-U: an IP packet. Its tunnel id is another in each direction, and is not kept."""
    flags = gather(packets.buffer, packets.at[rows], GTP_U)["flags"]
    packets.at[rows] += GTP_U.itemsize
    packets.next[rows] = columns.IP_BY_VERSION
    enter(packets, rows, columns.GTP_TUNNEL)
    longer = bounded(packets, rows[flags & 7 != 0], 4, "GTP header cut")
    packets.at[longer] += 4
    extended = longer[packets.buffer[packets.at[longer] - 1] != 0]  # type of the first extension header
    for _ in range(_MAX_EXTENSIONS):
        extended = bounded(packets, extended, 4, "GTP header cut")
        if not len(extended):
            return
        length = packets.buffer[packets.at[extended]].astype(np.int64) * 4
        good = (length > 0) & (packets.at[extended] + length <= packets.end[extended])
        packets.undecoded(extended[~good], "GTP header broken")
        extended = extended[good]
        packets.at[extended] += length[good]
        extended = extended[packets.buffer[packets.at[extended] - 1] != 0]
    packets.undecoded(extended, "GTP header broken")


def ayiya(packets: Packets, rows: Rows) -> None:
    """AYIYA: an IPv6 packet behind an identity and a signature."""
    header = gather(packets.buffer, packets.at[rows], AYIYA)
    identity = np.int64(1) << (header["identity"] >> 4).astype(np.int64)
    packets.at[rows] += AYIYA.itemsize + identity + (header["signature"] >> 4).astype(np.int64) * 4
    packets.next[rows] = 0x86DD
    enter(packets, rows, columns.IP_TUNNEL)
