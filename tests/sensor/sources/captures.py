"""Write captures byte by byte, and read them back as rows."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from sensor.sources.files import CaptureFile, open_capture

Pack = Callable[[bytes], bytes]
Write = Callable[[Iterable["Row"]], bytes]

START = 1_700_000_000_000_000_000  # Unix nanoseconds of the first packet


class Row(NamedTuple):
    frame: int
    time: int
    data: bytes
    wire: int
    link_type: int = 1


def rows(source: CaptureFile) -> list[Row]:
    """Read `source` to its end and close it, checking what must hold of every Batch."""
    found: list[Row] = []
    for batch in source:
        assert len(batch) > 0
        for column in (batch.offsets, batch.captured, batch.wire, batch.times, batch.frames):
            assert column.dtype == "int64" and column.flags["C_CONTIGUOUS"] and len(column) == len(batch)
        assert batch.buffer.dtype == "uint8" and batch.link_types.dtype == "uint16" and batch.vlan_tci is None
        assert (batch.offsets >= 0).all() and (batch.captured >= 0).all() and (batch.wire >= batch.captured).all()
        assert (batch.offsets + batch.captured <= len(batch.buffer)).all()
        for frame, time, at, captured, wire, link_type in zip(
            batch.frames.tolist(),
            batch.times.tolist(),
            batch.offsets.tolist(),
            batch.captured.tolist(),
            batch.wire.tolist(),
            batch.link_types.tolist(),
            strict=True,
        ):
            found.append(Row(frame, time, batch.buffer[at : at + captured].tobytes(), wire, link_type))
    source.close()
    assert [row.frame for row in found] == sorted({row.frame for row in found})
    return found


def read(folder: Path, content: bytes, capacity: int = 1 << 16) -> tuple[list[Row], str | None]:
    """Read `content` as a file; return its rows and what is wrong with it."""
    path = folder / "capture"
    path.write_bytes(content)
    source = open_capture(path, capacity)
    return rows(source), source.error


def packets(count: int, size: int = 60, step: int = 1_000_000) -> list[Row]:
    """`count` different frames of `size` bytes, `step` nanoseconds apart."""
    return [Row(i + 1, START + i * step, struct.pack(">I", i) * (size // 4), size) for i in range(count)]


# -- pcap --------------------------------------------------------------------------------------------------------


def pcap_header(
    order: str = "<", magic: int = 0xA1B2C3D4, version: tuple[int, int] = (2, 4), snap: int = 65535, link: int = 1
) -> bytes:
    return struct.pack(order + "IHHiIII", magic, *version, 0, 0, snap, link)


def record(row: Row, order: str = "<", unit: int = 1000, more: bytes = b"") -> bytes:
    seconds, ns = divmod(row.time, 10**9)
    return struct.pack(order + "IIII", seconds, ns // unit, len(row.data), row.wire) + more + row.data


def pcap(content: Iterable[Row]) -> bytes:
    """A plain little-endian pcap with microseconds."""
    return pcap_header() + b"".join(map(record, content))


# -- pcapng ------------------------------------------------------------------------------------------------------


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<", options: bytes = b"") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + options, order)


def interface(link: int = 1, snap: int = 0, options: bytes = b"", order: str = "<") -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, snap) + options, order)


def enhanced(ticks: int, data: bytes, wire: int, of: int = 0, order: str = "<", options: bytes = b"") -> bytes:
    fields = struct.pack(order + "IIIII", of, ticks >> 32, ticks & 0xFFFFFFFF, len(data), wire)
    return block(6, fields + data + bytes(-len(data) % 4) + options, order)


def simple(data: bytes, wire: int, order: str = "<") -> bytes:
    return block(3, struct.pack(order + "I", wire) + data, order)


def obsolete(ticks: int, data: bytes, wire: int, of: int = 0, order: str = "<") -> bytes:
    fields = struct.pack(order + "HHIIII", of, 7, ticks >> 32, ticks & 0xFFFFFFFF, len(data), wire)
    return block(2, fields + data, order)


def statistics(of: int, options: bytes, order: str = "<") -> bytes:
    return block(5, struct.pack(order + "III", of, 0, 0) + options, order)


def pcapng(content: Iterable[Row]) -> bytes:
    """One little-endian section with one Ethernet interface, microseconds."""
    return section() + interface() + b"".join(enhanced(r.time // 1000, r.data, r.wire) for r in content)
