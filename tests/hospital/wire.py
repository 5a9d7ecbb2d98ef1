"""A mirror port on paper: TCP conversations as Ethernet frames, with what a real one loses."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field
from ipaddress import ip_address

from tests.hospital.hosts import Host

MSS = 1460
SYN, ACK, FIN, PSH = 2, 16, 1, 8
_OPTIONS = bytes.fromhex("020405b40402080a00000001000000000103030a")


@dataclass
class Wire:
    """Frames in order of time, a millisecond apart."""

    rng: random.Random
    frames: list[bytes] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    now: int = 1_790_000_000_000_000_000  # Unix nanoseconds

    def frame(self, destination: str, source: str, ethertype: int, payload: bytes) -> None:
        self.now += 1_000_000
        header = bytes.fromhex((destination + source).replace(":", "")) + struct.pack(">H", ethertype)
        self.frames.append((header + payload).ljust(60, b"\0"))
        self.times.append(self.now)

    def arp(self, host: Host) -> None:
        """The host announces its address."""
        mac, ip = bytes.fromhex(host.mac.replace(":", "")), ip_address(host.ip).packed
        self.frame(
            "ff:ff:ff:ff:ff:ff", host.mac, 0x0806, struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + mac + ip + bytes(6) + ip
        )

    def pause(self, seconds: int) -> None:
        self.now += seconds * 1_000_000_000

    def lose(self, share: float, first: int = 0) -> None:
        """Lose a share of the frames, and all before number `first`."""
        kept = [i for i in range(first, len(self.frames)) if self.rng.random() >= share]
        self.frames, self.times = [self.frames[i] for i in kept], [self.times[i] for i in kept]


class Connection:
    """One TCP connection; what either end sends is cut into segments and acknowledged."""

    def __init__(self, wire: Wire, client: Host, server: Host, port: int) -> None:
        self._wire = wire
        self._ends = (client, server)
        self._ports = (wire.rng.randrange(32768, 60999), port)
        self._numbers = [wire.rng.randrange(1 << 32), wire.rng.randrange(1 << 32)]
        self._segment(0, SYN, options=_OPTIONS)
        self._segment(1, SYN | ACK, options=_OPTIONS)
        self._segment(0, ACK)

    def ask(self, data: bytes) -> None:
        self._send(0, data)

    def answer(self, data: bytes) -> None:
        self._send(1, data)

    def close(self) -> None:
        self._segment(0, FIN | ACK)
        self._segment(1, FIN | ACK)
        self._segment(0, ACK)

    def _send(self, end: int, data: bytes) -> None:
        for at in range(0, len(data), MSS):
            self._segment(end, PSH | ACK, data[at : at + MSS])
        self._segment(1 - end, ACK)

    def _segment(self, end: int, flags: int, data: bytes = b"", options: bytes = b"") -> None:
        wire, sender, receiver = self._wire, self._ends[end], self._ends[1 - end]
        acknowledged = self._numbers[1 - end] if flags & ACK else 0
        length = 20 + len(options)
        tcp = struct.pack(
            ">HHIIBBHHH", self._ports[end], self._ports[1 - end], self._numbers[end], acknowledged, length << 2, flags,
            64240, wire.rng.randrange(1, 65536), 0,
        )  # fmt: skip
        ip = struct.pack(
            ">BBHHHBBH4s4s", 0x45, 0, 20 + length + len(data), wire.rng.randrange(65536), 0x4000,
            64 - (sender.behind is not None), 6, 0, ip_address(sender.ip).packed, ip_address(receiver.ip).packed,
        )  # fmt: skip
        wire.frame(receiver.behind or receiver.mac, sender.behind or sender.mac, 0x0800, ip + tcp + options + data)
        self._numbers[end] = (self._numbers[end] + len(data) + (flags & (SYN | FIN) != 0)) & 0xFFFFFFFF
