"""What mirror ports and files do to a capture: the same traffic lossy, doubled, cut or tunnelled."""

from __future__ import annotations

import gzip
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import zstandard

MAGIC, NANOSECOND_MAGIC = 0xA1B2C3D4, 0xA1B23C4D
OUTER = bytes.fromhex("0200000000020200000000010800")


class Frame(NamedTuple):
    time: int  # microseconds
    data: bytes
    wire: int


def read_pcap(path: Path) -> list[Frame]:
    """Return the frames of a little-endian microsecond pcap."""
    data = path.read_bytes()
    frames, at = [], 24
    while at + 16 <= len(data):
        seconds, micros, captured, wire = struct.unpack_from("<IIII", data, at)
        frames.append(Frame(seconds * 1_000_000 + micros, data[at + 16 : at + 16 + captured], wire))
        at += 16 + captured
    return frames


def write_pcap(path: Path, frames: list[Frame], magic: int = MAGIC, scale: int = 1) -> None:
    """Write `frames`; `scale` turns microseconds into the unit that `magic` stands for."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHIIII", magic, 2, 4, 0, 0, 262144, 1))
        for time, data, wire in frames:
            file.write(struct.pack("<IIII", time // 1_000_000, time % 1_000_000 * scale, len(data), wire) + data)


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def _ip(protocol: int, payload: bytes) -> bytes:
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, b"\xac\x1f\0\1", b"\xac\x1f\0\2"
    )
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + payload


def _one_hop_on(data: bytes) -> bytes:
    """The same packet in VLAN 42 behind a router."""
    if data[12:14] != b"\x08\x00":
        return data
    head = bytearray(data[14:34])
    head[8] -= 1
    head[10:12] = b"\0\0"
    head[10:12] = struct.pack("!H", _checksum(bytes(head)))
    return data[:12] + b"\x81\x00\x00\x2a\x08\x00" + bytes(head) + data[34:]


def _wrap(frames: list[Frame], wrap: Callable[[bytes], bytes]) -> list[Frame]:
    return [Frame(time, wrapped := wrap(data), len(wrapped)) for time, data, _ in frames]


def _is_to_server(data: bytes) -> bool:
    tcp = data[12:14] == b"\x08\x00" and data[23] == 6
    return not tcp or struct.unpack_from("!H", data, 34)[0] > struct.unpack_from("!H", data, 36)[0]


def qinq(frames: list[Frame]) -> list[Frame]:
    return _wrap(frames, lambda data: data[:12] + b"\x88\xa8\x00\x64\x81\x00\x00\x2a" + data[12:])


def vxlan(frames: list[Frame]) -> list[Frame]:
    def wrap(data: bytes) -> bytes:
        udp = struct.pack("!HHHH", 50000, 4789, 16 + len(data), 0)
        return OUTER + _ip(17, udp + struct.pack("!II", 0x08000000, 5001 << 8) + data)

    return _wrap(frames, wrap)


def gre(frames: list[Frame]) -> list[Frame]:
    return _wrap(frames, lambda data: OUTER + _ip(47, b"\x00\x00\x65\x58" + data))


def erspan(frames: list[Frame]) -> list[Frame]:
    head = struct.pack("!HHI", 0x1000, 0x88BE, 1) + struct.pack("!HHI", 0x1000 | 42, 0x1801, 7)
    return _wrap(frames, lambda data: OUTER + _ip(47, head + data))


def dup(frames: list[Frame]) -> list[Frame]:
    copies = []
    for time, data, wire in frames:
        far = _one_hop_on(data)
        copies += [Frame(time, data, wire), Frame(time + 40, far, wire + len(far) - len(data))]
    return copies


def shuffle(frames: list[Frame]) -> list[Frame]:
    rng = random.Random(7)
    return sorted(frames, key=lambda frame: frame.time + rng.randrange(300))


def loss2(frames: list[Frame]) -> list[Frame]:
    rng = random.Random(7)
    return [frame for frame in frames if rng.random() >= 0.02]


def mid(frames: list[Frame]) -> list[Frame]:
    times = sorted(frame.time for frame in frames if frame.data[12:14] == b"\x08\x00" and frame.data[23] == 6)
    begins = times[len(times) * 8 // 100] if times else 0
    return [frame for frame in frames if frame.time > begins]


def oneway(frames: list[Frame]) -> list[Frame]:
    return [frame for frame in frames if _is_to_server(frame.data)]


def snap128(frames: list[Frame]) -> list[Frame]:
    return [Frame(time, data[:128], wire) for time, data, wire in frames]


FRAMES = {form.__name__: form for form in (qinq, vxlan, gre, erspan, dup, shuffle, loss2, mid, oneway, snap128)}
FILES = ("gz", "zst", "nano", "trunc", "garbage")


def degrade(source: Path, form: str, folder: Path) -> Path:
    """Write the `form` of the capture `source` into `folder` and return where."""
    path = folder / f"{form}.pcap"
    if form in FRAMES:
        write_pcap(path, FRAMES[form](read_pcap(source)))
        return path
    data = source.read_bytes()
    if form == "gz":
        data = gzip.compress(data)
    elif form == "zst":
        data = zstandard.compress(data)
    elif form == "trunc":
        data = data[:-37]
    elif form == "garbage":
        data = data[: len(data) // 2] + random.Random(7).randbytes(3000) + data[len(data) // 2 :]
    elif form == "nano":
        write_pcap(path, read_pcap(source), NANOSECOND_MAGIC, 1000)
        return path
    path.write_bytes(data)
    return path
