"""Link types that a mirror port seldom has, but captures do: Cisco HDLC, PPP, 802.11, NFLOG, InfiniBand, ARCnet."""

from __future__ import annotations

from typing import Final

import numpy as np

from sensor.packets import columns
from sensor.packets.columns import Packets
from sensor.packets.layouts import ARCNET, C_HDLC, IPOIB, NFLOG_ATTRIBUTE, PPP, RADIOTAP, WLAN, Rows, gather
from sensor.packets.link import CDP, after_ppp, bounded, mac

_PAYLOAD: Final = 9  # NFULA_PAYLOAD
_MAX_ATTRIBUTES: Final = 32
_DATA: Final = 2  # IEEE 802.11-2020 table 9-1
_GLOBAL_ROUTE: Final = 40  # bytes, LINKTYPE_IPOIB
_EXCEPTION: Final = 0xFF  # RFC 1201: the fragmentation header comes twice


def c_hdlc(packets: Packets, rows: Rows) -> None:
    """Cisco HDLC: an EtherType behind address and control."""
    rows = bounded(packets, rows, C_HDLC.itemsize, "HDLC header cut")
    protocol = gather(packets.buffer, packets.at[rows], C_HDLC)["protocol"].astype(np.uint32)
    packets.at[rows] += C_HDLC.itemsize
    packets.next[rows] = np.where(protocol == CDP, columns.ANNOUNCEMENT + CDP, protocol)


def ppp(packets: Packets, rows: Rows) -> None:
    """PPP that carries IP; address and control (RFC 1662 3.1) may be there or not."""
    rows = bounded(packets, rows, C_HDLC.itemsize, "PPP header cut")
    framed = gather(packets.buffer, packets.at[rows], PPP)["protocol"] == 0xFF03
    packets.at[rows] += np.where(framed, 2, 0)
    protocol = gather(packets.buffer, packets.at[rows], PPP)["protocol"]
    packets.at[rows] += PPP.itemsize
    after_ppp(packets, rows, protocol)


def radiotap(packets: Packets, rows: Rows) -> None:
    """What the radio noted of an 802.11 frame, stepped over."""
    rows = bounded(packets, rows, RADIOTAP.itemsize, "radiotap header cut")
    length = gather(packets.buffer, packets.at[rows], RADIOTAP)["length"].astype(np.int64)
    packets.at[rows] += np.maximum(length, RADIOTAP.itemsize)
    wlan(packets, rows)


def wlan(packets: Packets, rows: Rows) -> None:
    """802.11 data frames that are not encrypted; everything else says nothing of hosts."""
    rows = bounded(packets, rows, WLAN.itemsize, "802.11 header cut")
    header = gather(packets.buffer, packets.at[rows], WLAN)
    control = header["frame_control"]
    to_ds, from_ds, quality = control >> 8 & 1, control >> 9 & 1, control >> 7 & 1
    readable = (control >> 2 & 3 == _DATA) & (control >> 6 & 1 == 0) & (control >> 14 & 1 == 0)
    relayed = (to_ds & from_ds) == 1  # from one access point to another: the sender is a fourth address
    first, second, third = (mac(header[f"address_{n}_hi"], header[f"address_{n}_lo"]) for n in (1, 2, 3))
    packets.source_mac[rows] = np.where(from_ds == 1, third, second)
    packets.source_mac[rows[relayed]] = 0
    packets.destination_mac[rows] = np.where(to_ds == 1, third, first)
    more = np.where(relayed, 6, 0) + np.where(quality == 1, 2 + 4 * (control >> 15), 0)
    packets.at[rows] += WLAN.itemsize + more
    packets.next[rows] = np.where(readable, columns.LLC_HEADER, columns.OTHER)


def nflog(packets: Packets, rows: Rows) -> None:
    """Linux netfilter log: attributes, one of which is the IP packet."""
    packets.at[rows] += 4
    packets.next[rows] = columns.OTHER
    for _ in range(_MAX_ATTRIBUTES):
        rows = rows[packets.at[rows] + NFLOG_ATTRIBUTE.itemsize <= packets.end[rows]]
        if not len(rows):
            return
        attribute = gather(packets.buffer, packets.at[rows], NFLOG_ATTRIBUTE)
        length = attribute["length"].astype(np.int64)
        here = attribute["type"] == _PAYLOAD
        found = rows[here]
        packets.at[found] += NFLOG_ATTRIBUTE.itemsize
        packets.next[found] = columns.IP_BY_VERSION
        rows, length = rows[~here & (length >= 4)], length[~here & (length >= 4)]
        packets.at[rows] += (length + 3) & ~3


def ipoib(packets: Packets, rows: Rows) -> None:
    """IP over InfiniBand: an EtherType (RFC 4391 6) behind the global route header."""
    rows = bounded(packets, rows, _GLOBAL_ROUTE + IPOIB.itemsize, "InfiniBand header cut")
    packets.at[rows] += _GLOBAL_ROUTE
    packets.next[rows] = gather(packets.buffer, packets.at[rows], IPOIB)["type"]
    packets.at[rows] += IPOIB.itemsize


def arcnet(packets: Packets, rows: Rows) -> None:
    """ARCnet with IP (RFC 1201; RFC 1051 has no fragmentation header)."""
    rows = bounded(packets, rows, ARCNET.itemsize, "ARCnet header cut")
    header = gather(packets.buffer, packets.at[rows], ARCNET)
    code = header["system_code"]
    old, new = code == 240, code == 212
    length = np.select([old, new & (header["split"] == _EXCEPTION)], [5, 12], 8)
    packets.at[rows] += length
    whole = (header["split"] == 0) | (header["split"] == _EXCEPTION)
    packets.next[rows] = np.where(old | new & whole, 0x0800, columns.OTHER)
