"""IP fragments put together again, within bounds. Fragments are rare, so this is per-fragment Python."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from sensor.packets import columns
from sensor.packets.columns import Packets, blank
from sensor.packets.decode import descend
from sensor.packets.layouts import IPV4, IPV6_FRAGMENT, gather
from sensor.sources.batch import Int64

MAX_DATAGRAMS = 1024  # being put together at one time
MAX_LENGTH = 65535  # RFC 791 3.1
MAX_PIECES = 128
TIMEOUT = 30_000_000_000  # nanoseconds; RFC 791 3.2 suggests 15 s and more


class _Piece(NamedTuple):
    row: int
    key: tuple[int, ...]
    offset: int
    last: bool
    protocol: int
    data: bytes


class _Datagram:
    __slots__ = ("length", "pieces", "started")

    def __init__(self, started: int) -> None:
        self.started = started
        self.length: int | None = None
        self.pieces: dict[int, bytes] = {}


class Defragmenter:
    """Collects fragments and gives back whole datagrams, decoded. `dropped` counts datagrams given up by a bound."""

    def __init__(self) -> None:
        self._datagrams: OrderedDict[tuple[int, ...], _Datagram] = OrderedDict()
        self.dropped = 0

    def reassemble(self, packets: Packets) -> Packets | None:
        """Take the FRAGMENT rows of `packets`; return the datagrams they complete, or None.

        A datagram's row has the frame and time of the fragment that completed it, as Wireshark shows it.
        """
        rows = np.flatnonzero(packets.next == columns.FRAGMENT)
        if not len(rows):
            return None
        done: list[tuple[int, int, bytes]] = []
        for piece in _pieces(packets, rows):
            whole = self._add(piece, int(packets.time[piece.row]))
            if whole is not None:
                done.append((piece.row, piece.protocol, whole))
        return _as_packets(packets, done) if done else None

    def close(self) -> None:
        """No more fragments will come: what is incomplete stays so."""
        self.dropped += len(self._datagrams)
        self._datagrams.clear()

    def _add(self, piece: _Piece, now: int) -> bytes | None:
        datagram = self._datagrams.get(piece.key)
        if datagram is None:
            self._expire(now)
            datagram = self._datagrams[piece.key] = _Datagram(now)
        end = piece.offset + len(piece.data)
        if end > MAX_LENGTH or len(datagram.pieces) >= MAX_PIECES:
            del self._datagrams[piece.key]
            self.dropped += 1
            return None
        if piece.last:
            datagram.length = end
        datagram.pieces.setdefault(piece.offset, piece.data)
        whole = _join(datagram)
        if whole is not None:
            del self._datagrams[piece.key]
        return whole

    def _expire(self, now: int) -> None:
        while self._datagrams:
            key, oldest = next(iter(self._datagrams.items()))
            if len(self._datagrams) < MAX_DATAGRAMS and now - oldest.started < TIMEOUT:
                return
            del self._datagrams[key]
            self.dropped += 1


def _join(datagram: _Datagram) -> bytes | None:
    if datagram.length is None or sum(map(len, datagram.pieces.values())) < datagram.length:
        return None
    whole = bytearray()
    for offset in sorted(datagram.pieces):
        if offset > len(whole):
            return None
        whole += datagram.pieces[offset][len(whole) - offset :]  # on overlap the first bytes stand
    return bytes(whole[: datagram.length]) if len(whole) >= datagram.length else None


def _pieces(packets: Packets, rows: Int64) -> list[_Piece]:
    pieces = []
    for row in rows.tolist():
        at, end = int(packets.at[row]), int(packets.end[row])
        if end < int(packets.wire_end[row]):
            continue  # cut by the capture: it can never be whole, and the others of its datagram will be given up
        one = np.array([at])
        four = packets.source_hi[row] == 0 and packets.source_lo[row] >> np.uint64(32) == 0xFFFF
        if four:
            header = gather(packets.buffer, one, IPV4)[0]
            start = at + (int(header["version_ihl"]) & 0xF) * 4
            field = int(header["flags_fragment_offset"])
            offset, more, protocol = (field & 0x1FFF) * 8, field & 0x2000, int(header["protocol"])
            identification = int(header["identification"])
        else:
            if at + IPV6_FRAGMENT.itemsize > end:
                continue
            header = gather(packets.buffer, one, IPV6_FRAGMENT)[0]
            start = at + IPV6_FRAGMENT.itemsize
            field = int(header["offset_flags"])
            offset, more, protocol = field & 0xFFF8, field & 1, int(header["next_header"])
            identification = int(header["identification"])
        key = (
            int(packets.source_hi[row]), int(packets.source_lo[row]), int(packets.destination_hi[row]),
            int(packets.destination_lo[row]), int(packets.segment[row]), protocol, identification,
        )  # fmt: skip
        pieces.append(_Piece(row, key, offset, not more, protocol, packets.buffer[start:end].tobytes()))
    return pieces


def _as_packets(packets: Packets, done: list[tuple[int, int, bytes]]) -> Packets:
    rows = np.array([row for row, _, _ in done])
    ends = np.cumsum([len(data) for _, _, data in done])
    starts = np.concatenate([[0], ends[:-1]])
    buffer = np.frombuffer(b"".join(data for _, _, data in done), np.uint8)
    whole = blank(buffer, packets.frame[rows], packets.time[rows], packets.wire[rows], starts, ends, ends.copy())
    for name in (
        "source_mac", "destination_mac", "segment", "source_hi", "source_lo", "destination_hi", "destination_lo",
        "identification", "hop_limit",
    ):  # fmt: skip
        getattr(whole, name)[:] = getattr(packets, name)[rows]
    whole.next[:] = [columns.IP_PROTOCOL + protocol for _, protocol, _ in done]
    descend(whole)
    return whole
