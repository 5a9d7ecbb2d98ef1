"""The first header: what each link type (LINKTYPE_ registry) puts in front of the network layer."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from sensor.packets import columns
from sensor.packets.columns import U64, Packets
from sensor.packets.layouts import ETHERNET, FAMILY, LLC_SNAP, SLL, SLL2, Rows, gather
from sensor.sources.batch import Batch

IPV4, IPV6 = 0x0800, 0x86DD
CDP = 0x2000  # SNAP protocol id under Cisco's OUI
LLC_802_2 = 4  # LINKTYPE_LINUX_SLL: an 802.2 LLC header follows
# Address families of LINKTYPE_NULL and LINKTYPE_LOOP; IPv6 has another number on each BSD and on Linux
FAMILIES = {2: IPV4, 10: IPV6, 24: IPV6, 28: IPV6, 30: IPV6}

FIRST = {  # link type -> what a frame of it begins with
    1: columns.ETHERNET_FRAME, 9: columns.PPP_HEADER, 12: columns.IP_BY_VERSION, 14: columns.IP_BY_VERSION,
    50: columns.PPP_HEADER, 101: columns.IP_BY_VERSION, 104: columns.HDLC_HEADER, 105: columns.WLAN_HEADER,
    127: columns.RADIOTAP_HEADER, 129: columns.ARCNET_HEADER, 228: columns.IP_BY_VERSION, 229: columns.IP_BY_VERSION,
    239: columns.NFLOG_HEADER, 242: columns.IPOIB_HEADER,
}  # fmt: skip
LINK_NAMES = {
    0: "NULL", 1: "ETHERNET", 6: "TOKEN_RING", 7: "ARCNET_BSD", 8: "SLIP", 9: "PPP", 10: "FDDI", 12: "RAW", 14: "RAW",
    50: "PPP_HDLC", 51: "PPP_ETHER", 101: "RAW", 104: "C_HDLC", 105: "IEEE802_11", 107: "FRELAY", 108: "LOOP",
    113: "LINUX_SLL", 117: "PFLOG", 119: "IEEE802_11_PRISM", 127: "IEEE802_11_RADIOTAP", 147: "USER0",
    189: "USB_LINUX", 201: "BLUETOOTH_HCI_H4_WITH_PHDR", 220: "USB_LINUX_MMAPPED", 228: "IPV4", 229: "IPV6",
    239: "NFLOG", 240: "NETANALYZER", 242: "IPOIB", 249: "USBPCAP", 258: "PKTAP", 276: "LINUX_SLL2",
}  # fmt: skip


def mac(hi: Any, lo: Any) -> U64:
    """Join the two halves of 48-bit addresses."""
    joined: U64 = (hi.astype(np.uint64) << np.uint64(32)) | lo
    return joined


def read_link_layer(packets: Packets, batch: Batch, unknown: Counter[tuple[str, str]]) -> None:
    """Set `next` of every row from its link type; link types not known here are counted by name in `unknown`."""
    types = batch.link_types
    kinds = [int(types[0])] if len(types) and (types == types[0]).all() else np.unique(types).tolist()
    for kind in kinds:
        rows = np.arange(len(packets)) if len(kinds) == 1 else np.flatnonzero(types == kind)
        if kind == 113:
            _cooked(packets, rows, SLL)
        elif kind == 276:
            _cooked(packets, rows, SLL2)
        elif kind in (0, 108):
            _family(packets, rows)
        elif kind in FIRST:
            packets.next[rows] = FIRST[kind]
        else:
            packets.next[rows] = columns.UNKNOWN_LINK
            unknown["unknown_link", LINK_NAMES.get(kind, f"LINKTYPE_{kind}")] += len(rows)
    if batch.vlan_tci is not None:  # the kernel took the outer tag off
        packets.segment |= (batch.vlan_tci & np.uint16(0xFFF)).astype(np.uint64)


def bounded(packets: Packets, rows: Rows, size: int, reason: str) -> Rows:
    """Return the rows that hold `size` more captured bytes; give up on the others."""
    fits = packets.at[rows] + size <= packets.end[rows]
    if fits.all():
        return rows
    packets.undecoded(rows[~fits], reason)
    return rows[fits]


def ethernet(packets: Packets, rows: Rows) -> None:
    """Ethernet II, and 802.3 with LLC/SNAP."""
    rows = bounded(packets, rows, ETHERNET.itemsize, "Ethernet header cut")
    header = gather(packets.buffer, packets.at[rows], ETHERNET)
    packets.source_mac[rows] = mac(header["src_hi"], header["src_lo"])
    packets.destination_mac[rows] = mac(header["dst_hi"], header["dst_lo"])
    packets.at[rows] += ETHERNET.itemsize
    packets.next[rows] = after_length_or_type(packets, rows, header["type"])


def after_length_or_type(packets: Packets, rows: Rows, value: Any) -> Any:
    """Return what follows an 802.3 length/type field: below 0x600 it is a length, and LLC follows (802.3 3.2.6)."""
    value = value.astype(np.uint32)
    length = value < 0x600
    if not length.any():
        return value
    some = rows[length]
    packets.wire_end[some] = np.minimum(packets.wire_end[some], packets.at[some] + value[length])
    packets.end[some] = np.minimum(packets.end[some], packets.wire_end[some])
    return np.where(length, columns.LLC_HEADER, value)


def after_ppp(packets: Packets, rows: Rows, protocol: Any) -> None:
    """Send `rows` on to the IP that a PPP protocol number names; nothing else is read."""
    packets.next[rows] = columns.OTHER
    packets.next[rows[protocol == 0x0021]] = IPV4  # RFC 1332 2
    packets.next[rows[protocol == 0x0057]] = IPV6  # RFC 5072 2


def llc(packets: Packets, rows: Rows) -> None:
    """LLC with SNAP: IP (RFC 1042), or CDP, which stops here for `sensor.datagrams`. All else is not read."""
    packets.next[rows] = columns.OTHER
    rows = rows[packets.at[rows] + LLC_SNAP.itemsize <= packets.end[rows]]
    header = gather(packets.buffer, packets.at[rows], LLC_SNAP)
    snap = (header["dsap_ssap"] == 0xAAAA) & (header["control_oui"] == 0x0300_0000)
    cisco = (header["dsap_ssap"] == 0xAAAA) & (header["control_oui"] == 0x0300_000C) & (header["type"] == CDP)
    packets.next[rows[snap]] = header["type"][snap]
    packets.next[rows[cisco]] = columns.ANNOUNCEMENT + CDP
    packets.at[rows] += LLC_SNAP.itemsize


def _cooked(packets: Packets, rows: Rows, layout: np.dtype[Any]) -> None:
    rows = bounded(packets, rows, layout.itemsize, "cooked header cut")
    header = gather(packets.buffer, packets.at[rows], layout)
    packets.source_mac[rows] = np.where(header["address_length"] == 6, mac(header["src_hi"], header["src_lo"]), 0)
    packets.at[rows] += layout.itemsize
    protocol = header["protocol"].astype(np.uint32)
    packets.next[rows] = np.where(protocol < 0x600, columns.OTHER, protocol)
    packets.next[rows[protocol == LLC_802_2]] = columns.LLC_HEADER


def _family(packets: Packets, rows: Rows) -> None:
    rows = bounded(packets, rows, FAMILY.itemsize, "family header cut")
    value = gather(packets.buffer, packets.at[rows], FAMILY)["little"].astype(np.uint32)
    value = np.where(value > 0xFFFF, value.byteswap(), value)  # written in the byte order of the capturing host
    packets.at[rows] += FAMILY.itemsize
    packets.next[rows] = columns.OTHER
    for family, ethertype in FAMILIES.items():
        packets.next[rows[value == family]] = ethertype
