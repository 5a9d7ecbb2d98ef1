"""How hosts open and accept TCP connections: the values of a SYN that each operating system sets its own way."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from sensor.flows.table import ACK, FIN, RST, SYN
from sensor.packets import columns
from sensor.packets.columns import U64, Packets
from sensor.packets.layouts import TCP, gather
from sensor.sources.batch import Int64

_MAX_OPTIONS: Final = 40  # bytes (RFC 9293 3.1)
_EOL, _NOP, _MSS, _SCALE = 0, 1, 2, 3  # RFC 9293 3.2, RFC 7323 2.2
_NAMES: Final = {0: "eol", 1: "nop", 2: "mss", 3: "ws", 4: "sok", 5: "sack", 8: "ts"}  # IANA TCP option kinds
_OTHER: Final = 15  # any other kind
_CODES: Final = np.array([kind if kind in _NAMES else _OTHER for kind in range(256)], np.uint64)
_INITIAL: Final = np.array([32, 64, 128, 255], np.uint8)  # hop limits that systems start with


class Openings(NamedTuple):
    """SYN and SYN+ACK segments, one a row."""

    rows: Int64
    accepts: npt.NDArray[np.bool_]  # SYN+ACK
    header: U64  # initial hop limit, window, MSS, window scale: what `signature` takes
    layout: U64  # kinds of up to 16 options, in their order, four bits each; the last one lowest


def openings(packets: Packets) -> Openings:
    """Return the SYN segments of `packets` whose headers were captured whole."""
    flags = packets.flags
    rows = np.flatnonzero((flags & (SYN | FIN | RST) == SYN) & (packets.next == columns.DONE + 6))
    rows = rows[packets.at[rows] <= packets.end[rows]]
    start = packets.at[rows] - packets.header_length[rows]
    window = gather(packets.buffer, start, TCP)["window"].astype(np.uint64)
    initial = _INITIAL[np.searchsorted(_INITIAL, packets.hop_limit[rows])].astype(np.uint64)
    layout, mss, scale = _walk(packets, start + TCP.itemsize, packets.at[rows])
    header = initial << np.uint64(40) | window << np.uint64(24) | mss << np.uint64(8) | scale
    return Openings(rows, flags[rows] & ACK != 0, header, layout)


def signature(header: int, layout: int) -> str:
    """Return an opening as text: "64:64240:1460:7:mss,sok,ts,nop,ws"; 0 stands for an MSS or scale that is not sent."""
    names = []
    while layout > 1:  # the highest bit marks where the options begin
        names.append(_NAMES.get(layout & 15, "?"))
        layout >>= 4
    numbers = (header >> 40 & 0xFF, header >> 24 & 0xFFFF, header >> 8 & 0xFFFF, header & 0xFF)
    return ":".join([*map(str, numbers), ",".join(reversed(names))])


def _walk(packets: Packets, at: Int64, end: Int64) -> tuple[U64, U64, U64]:
    """Layout, MSS and window scale: one option of every row a step."""
    buffer = packets.buffer
    at = at.copy()
    layout = np.ones(len(at), np.uint64)
    mss, scale = np.zeros(len(at), np.uint64), np.zeros(len(at), np.uint64)
    going = np.flatnonzero(at < end)
    for _ in range(15):
        if not len(going):
            break
        here = at[going]
        kind = buffer[here]
        layout[going] = layout[going] << np.uint64(4) | _CODES[kind]
        single = kind <= _NOP
        whole = single | (here + 1 < end[going])
        length = np.where(single, 1, buffer[np.minimum(here + 1, len(buffer) - 1)].astype(np.int64))
        good = whole & (single | (length >= 2)) & (here + length <= end[going])
        _number(mss, going[good & (kind == _MSS) & (length == 4)], buffer, at + 2, 2)
        _number(scale, going[good & (kind == _SCALE) & (length == 3)], buffer, at + 2, 1)
        at[going] += length
        going = going[good & (kind != _EOL) & (at[going] < end[going])]
    return layout, mss, scale


def _number(values: U64, rows: Any, buffer: Any, at: Int64, size: int) -> None:
    for byte in range(size):
        values[rows] = values[rows] << np.uint64(8) | buffer[at[rows] + byte]
