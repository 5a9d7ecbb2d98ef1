"""Live capture: Linux AF_PACKET with a TPACKET_V3 ring that this process maps (packet(7), packet_mmap.rst).

The kernel fills blocks of the ring; every block that is ready becomes rows of one Batch over the ring itself, and is
given back when the next Batch is asked for. The socket only receives: nothing is ever sent, no address is set.
"""

from __future__ import annotations

import mmap
import select
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sensor.packets.layouts import gather
from sensor.sources.batch import Batch
from sensor.sources.errors import CaptureUnavailable

# linux/if_packet.h
SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP, PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION, PACKET_IGNORE_OUTGOING = 1, 5, 6, 10, 23
PACKET_MR_PROMISC = 1
TPACKET_V3 = 2
TP_STATUS_KERNEL, TP_STATUS_USER, TP_STATUS_VLAN_VALID = 0, 1, 1 << 4
ETH_P_ALL = 3  # linux/if_ether.h
ARPHRD_ETHER, ARPHRD_LOOPBACK, ARPHRD_NONE = 1, 772, 65534  # linux/if_arp.h
LINK_TYPES = {ARPHRD_ETHER: 1, ARPHRD_LOOPBACK: 1, ARPHRD_NONE: 101}

BLOCK_SIZE = 1 << 20
BLOCKS = 128  # 128 MiB: about 0.2 s of a full 5 Gbit/s mirror port while the inventory is being written
BLOCK_TIMEOUT = 100  # ms after which the kernel hands over a block that is not full
MAX_BLOCKS_A_BATCH = 16
TICK = 0.25  # seconds without packets after which an empty Batch is yielded

BLOCK_STATUS, BLOCK_PACKETS, BLOCK_FIRST = 8, 12, 16  # byte offsets in struct tpacket_block_desc
HEADER = np.dtype(
    [
        ("next_offset", "u4"),
        ("sec", "u4"),
        ("nsec", "u4"),
        ("snaplen", "u4"),
        ("len", "u4"),
        ("status", "u4"),
        ("mac", "u2"),
        ("net", "u2"),
        ("rxhash", "u4"),
        ("vlan_tci", "u4"),
    ]
)  # struct tpacket3_hdr, in host byte order


class LiveSource:
    """The packets that arrive on an interface, until `stop`. Yields an empty Batch every `TICK` seconds of silence."""

    def __init__(self, interface: str) -> None:
        """Open the ring. Raises CaptureUnavailable in one clear line: no such interface, no permission, not up."""
        self.name = interface
        self.bytes_read = 0
        self.error: str | None = None
        self._drops = 0
        self._stopped = False
        self._frame = 0
        self._link_type = _link_type(interface)
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # protocol 0: nothing until bound
        except PermissionError:
            raise CaptureUnavailable(
                f"{interface}: no permission to capture: run as root, or give the interpreter cap_net_raw"
            ) from None
        try:
            self._open()
        except OSError as error:
            self._socket.close()
            raise CaptureUnavailable(f"{interface}: cannot capture: {error.strerror}") from None

    def _open(self) -> None:
        ring = self._socket
        ring.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V3)
        request = struct.pack("7I", BLOCK_SIZE, BLOCKS, 2048, BLOCK_SIZE // 2048 * BLOCKS, BLOCK_TIMEOUT, 0, 0)
        ring.setsockopt(SOL_PACKET, PACKET_RX_RING, request)
        ring.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)  # what this host itself sends is not the network's
        index = socket.if_nametoindex(self.name)
        ring.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack("IHH8s", index, PACKET_MR_PROMISC, 0, b""))
        self._map = mmap.mmap(ring.fileno(), BLOCK_SIZE * BLOCKS)
        ring.bind((self.name, ETH_P_ALL))

    @property
    def kernel_drops(self) -> int:
        """Packets the kernel dropped because the ring was full; asking resets the kernel's own count."""
        _, drops, _ = struct.unpack("3I", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 12))
        self._drops += drops
        return self._drops

    def stop(self) -> None:
        """End the iteration after the Batch now being read."""
        self._stopped = True

    def close(self) -> None:
        """Give the ring back."""
        self._socket.close()

    def __iter__(self) -> Iterator[Batch]:
        buffer = np.frombuffer(self._map, np.uint8)
        words = memoryview(self._map).cast("I")
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | select.POLLERR)
        block = 0
        while not self._stopped:
            ready: list[int] = []
            while len(ready) < MAX_BLOCKS_A_BATCH:
                status = words[(block * BLOCK_SIZE + BLOCK_STATUS) // 4]
                if not status & TP_STATUS_USER:
                    break
                ready.append(block)
                block = (block + 1) % BLOCKS
            if not ready and poll.poll(TICK * 1000) and words[(block * BLOCK_SIZE + BLOCK_STATUS) // 4]:
                continue
            yield self._batch(buffer, _walk(words, ready))
            for done in ready:
                words[(done * BLOCK_SIZE + BLOCK_STATUS) // 4] = TP_STATUS_KERNEL

    def _batch(self, buffer: np.ndarray, headers: list[int]) -> Batch:
        at = np.array(headers, np.int64)
        header = gather(buffer, at, HEADER)
        frames = np.arange(self._frame + 1, self._frame + 1 + len(at))
        self._frame += len(at)
        captured = header["snaplen"].astype(np.int64)
        self.bytes_read += int(captured.sum())
        tagged = header["status"] & TP_STATUS_VLAN_VALID != 0
        return Batch(
            buffer=buffer,
            offsets=at + header["mac"],
            captured=captured,
            wire=np.maximum(header["len"].astype(np.int64), captured),
            times=header["sec"].astype(np.int64) * 1_000_000_000 + header["nsec"],
            frames=frames,
            link_types=np.full(len(at), self._link_type, np.uint16),
            vlan_tci=np.where(tagged, header["vlan_tci"], 0).astype(np.uint16),
        )


def _walk(words: memoryview, blocks: list[int]) -> list[int]:
    """Return the offset of every packet header in `blocks`: each header tells how far the next one is."""
    headers = []
    for block in blocks:
        base = block * BLOCK_SIZE
        at = base + words[(base + BLOCK_FIRST) // 4]
        for _ in range(words[(base + BLOCK_PACKETS) // 4]):
            headers.append(at)
            at += words[at >> 2]
    return headers


def _link_type(interface: str) -> int:
    try:
        kind = int((Path("/sys/class/net") / interface / "type").read_text())
        up = int((Path("/sys/class/net") / interface / "flags").read_text(), 16) & 1  # IFF_UP
    except (OSError, ValueError):
        raise CaptureUnavailable(f"{interface}: no such interface: medspan interfaces lists them") from None
    if kind not in LINK_TYPES:
        raise CaptureUnavailable(f"{interface}: its link type (ARPHRD {kind}) is not supported")
    if not up:
        raise CaptureUnavailable(f"{interface}: is down: ip link set {interface} up")
    return LINK_TYPES[kind]
