"""Who says that it holds an address: ARP (RFC 826) and IPv6 neighbour discovery (RFC 4861)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sensor.packets import columns
from sensor.packets.columns import U64, Packets
from sensor.packets.layouts import ARP, NEIGHBOUR, ROUTER_SOLICITATION, gather
from sensor.packets.link import mac
from sensor.sources.batch import Int64

SOLICITATION_OF_ROUTERS, NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT = 133, 135, 136
SOURCE_ADDRESS_OPTION, TARGET_ADDRESS_OPTION = 1, 2


class Bindings(NamedTuple):
    """Address bindings, one a row: this MAC said that it holds this address."""

    transport: str  # "arp" or "ndp"
    rows: Int64
    hi: U64
    lo: U64
    mac: U64


def arp_bindings(packets: Packets) -> Bindings:
    """Sender addresses of ARP requests, replies and announcements; probes (sender 0.0.0.0, RFC 5227) bind nothing."""
    rows = np.flatnonzero(packets.next == columns.NEIGHBOUR_ARP)
    rows = rows[packets.at[rows] + ARP.itemsize <= packets.end[rows]]
    header = gather(packets.buffer, packets.at[rows], ARP)
    good = (header["hardware_type"] == 1) & (header["protocol_type"] == 0x0800) & (header["lengths"] == 0x0604)
    good &= (header["spa"] != 0) & ((header["sha_hi"] & 0x100) == 0)
    good &= (header["operation"] == 1) | (header["operation"] == 2)
    rows, header = rows[good], header[good]
    return Bindings(
        "arp",
        rows,
        np.zeros(len(rows), np.uint64),
        columns.V4_MAPPED | header["spa"],
        mac(header["sha_hi"], header["sha_lo"]),
    )


def solicitation_bindings(packets: Packets) -> Bindings:
    """Sources of router solicitations, which hosts send as they come up."""
    rows = np.flatnonzero(packets.next == columns.DONE + 58)
    rows = rows[packets.at[rows] + ROUTER_SOLICITATION.itemsize <= packets.end[rows]]
    header = gather(packets.buffer, packets.at[rows], ROUTER_SOLICITATION)
    good = (header["type"] == SOLICITATION_OF_ROUTERS) & (header["option_type"] == SOURCE_ADDRESS_OPTION)
    good &= header["option_length"] == 1
    return _stated(packets, rows, packets.source_hi[rows], packets.source_lo[rows], header, good)


def ndp_bindings(packets: Packets) -> Bindings:
    """Targets of advertisements, and sources of solicitations, that carry the link-layer address as first option."""
    rows = np.flatnonzero(packets.next == columns.DONE + 58)
    rows = rows[packets.at[rows] + NEIGHBOUR.itemsize <= packets.end[rows]]
    header = gather(packets.buffer, packets.at[rows], NEIGHBOUR)
    single = header["option_length"] == 1  # in units of 8 bytes: an Ethernet address
    advertised = (header["type"] == NEIGHBOUR_ADVERTISEMENT) & (header["option_type"] == TARGET_ADDRESS_OPTION)
    solicited = (header["type"] == NEIGHBOUR_SOLICITATION) & (header["option_type"] == SOURCE_ADDRESS_OPTION)
    hi = np.where(advertised, header["target_hi"], packets.source_hi[rows])
    lo = np.where(advertised, header["target_lo"], packets.source_lo[rows])
    return _stated(packets, rows, hi, lo, header, single & (advertised | solicited))


def _stated(packets: Packets, rows: Int64, hi: U64, lo: U64, header: Any, good: Any) -> Bindings:
    """The bindings of the `good` rows; the unspecified address and group MACs bind nothing."""
    good = good & ((hi | lo) != 0) & ((header["lla_hi"] & 0x100) == 0)
    return Bindings("ndp", rows[good], hi[good], lo[good], mac(header["lla_hi"], header["lla_lo"])[good])
