"""What headers alone tell of hosts: which MAC holds an address, and how a host opens and accepts connections."""

from __future__ import annotations

import numpy as np

from parsers.records import Endpoint, Evidence, Sink
from sensor.flows.addresses import ip_text, mac_text
from sensor.packets.columns import Packets, segment_name
from sensor.packets.distinct import distinct
from sensor.packets.neighbours import arp_bindings, ndp_bindings, solicitation_bindings
from sensor.packets.openings import openings, signature


def tell_bindings(packets: Packets, sink: Sink) -> None:
    """Hand on who says in ARP or NDP that it holds which address."""
    for bindings in (arp_bindings(packets), ndp_bindings(packets), solicitation_bindings(packets)):
        rows = bindings.rows
        if not len(rows):
            continue
        keys = (bindings.hi, bindings.lo, bindings.mac, packets.segment[rows])
        first, last, count = distinct(keys)
        for hi, lo, mac, segment, time, frame, until, times in zip(
            *(key[first].tolist() for key in keys),
            packets.time[rows[first]].tolist(),
            packets.frame[rows[first]].tolist(),
            packets.time[rows[last]].tolist(),
            count.tolist(),
            strict=True,
        ):
            address, told_by = mac_text(mac), bindings.transport
            if address is not None:
                endpoint = Endpoint(segment_name(segment), address, ip_text(hi, lo), None, told_by)
                sink.observe(endpoint, told_by, "link_layer_address", address, Evidence.PEER, time, frame, until, times)


def tell_openings(packets: Packets, sink: Sink) -> None:
    """Hand on how hosts open and accept TCP connections."""
    found = openings(packets)
    rows = found.rows
    if not len(rows):
        return
    keys = (
        packets.source_hi[rows], packets.source_lo[rows], packets.source_mac[rows], packets.segment[rows],
        found.header, found.layout, found.accepts.astype(np.uint64),
    )  # fmt: skip
    first, last, count = distinct(keys)
    for hi, lo, mac, segment, header, layout, accepts, time, frame, until, times in zip(
        *(key[first].tolist() for key in keys),
        packets.time[rows[first]].tolist(),
        packets.frame[rows[first]].tolist(),
        packets.time[rows[last]].tolist(),
        count.tolist(),
        strict=True,
    ):
        endpoint = Endpoint(segment_name(segment), mac_text(mac), ip_text(hi, lo), None, "tcp")
        attribute = "tcp_synack" if accepts else "tcp_syn"
        sink.observe(endpoint, "tcp", attribute, signature(header, layout), Evidence.PEER, time, frame, until, times)
