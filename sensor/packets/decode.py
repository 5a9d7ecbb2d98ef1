"""Batch to Packets: the first header of every row, then whatever it carries, until each row rests on its transport."""

from __future__ import annotations

from collections import Counter

import numpy as np

from sensor.packets import columns
from sensor.packets.columns import Packets, from_batch
from sensor.packets.layers import LAYERS, other_protocol
from sensor.packets.link import read_link_layer
from sensor.sources.batch import Batch

MAX_HEADERS = 24  # headers of any kind in one packet: deeper nesting is left undecoded, and counted


def decode(batch: Batch, anomalies: Counter[tuple[str, str]]) -> Packets:
    """Return the Packets of `batch`: addresses, ports and payload of the innermost transport.

    Rows end as DONE + protocol, FRAGMENT, NEIGHBOUR_ARP, OTHER, UNKNOWN_LINK or UNDECODED (`packets.reasons` says why).
    """
    packets = from_batch(batch)
    read_link_layer(packets, batch, anomalies)
    descend(packets)
    return packets


def descend(packets: Packets) -> None:
    """Read header after header until no row has another."""
    pending = np.flatnonzero(packets.next < columns.DONE)
    for _ in range(MAX_HEADERS):
        if not len(pending):
            return
        codes = packets.next[pending]
        first = int(codes[0])
        for code in (first,) if (codes == first).all() else np.unique(codes).tolist():
            reader = LAYERS.get(code)
            rows = pending[codes == code]
            if reader is not None:
                reader(packets, rows)
            elif code >= columns.IP_PROTOCOL:
                other_protocol(packets, rows)
            else:
                packets.next[rows] = columns.OTHER
        pending = pending[packets.next[pending] < columns.DONE]
    packets.undecoded(pending, "nested too deep")
