"""Copies that a mirror port adds are found; what a host sends twice is not mistaken for one."""

from __future__ import annotations

from collections import Counter

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Dot1Q, Ether

from sensor.packets.decode import decode
from sensor.packets.duplicates import DuplicateFilter, has_checksum
from tests.sensor.frames import MILLISECOND, batch

ETH = Ether(src="00:00:39:c7:00:11", dst="52:54:00:a0:00:40")
NEXT_HOP = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / Dot1Q(vlan=42)


def segment(identification: int = 5, ttl: int = 64, seq: int = 100, payload: bytes = b"abc") -> IP:
    return IP(src="10.0.0.1", dst="10.0.0.2", id=identification, ttl=ttl) / TCP(sport=1, dport=2, seq=seq) / payload


def copies(frames: list[bytes], times: list[int], split: int | None = None) -> list[int]:
    """Frame numbers found to be copies; `split` hands the frames over in two batches."""
    seen: list[int] = []
    duplicates = DuplicateFilter()
    parts = [(0, len(frames))] if split is None else [(0, split), (split, len(frames))]
    for begin, end in parts:
        packets = decode(batch(frames[begin:end], times[begin:end], first_frame=begin + 1), Counter())
        seen += packets.frame[duplicates.copies(packets, has_checksum(packets))].tolist()
    return sorted(seen)


def test_copy_behind_a_router_and_in_another_vlan() -> None:
    frames = [bytes(ETH / segment()), bytes(NEXT_HOP / segment(ttl=63)), bytes(ETH / segment(6, seq=103))]
    times = [0, 40_000, 50_000]
    assert copies(frames, times) == [2]
    assert copies(frames, times, split=1) == [2]


def test_third_copy() -> None:
    assert copies([bytes(ETH / segment())] * 3, [0, MILLISECOND, 2 * MILLISECOND]) == [2, 3]


def test_same_packet_later_is_no_copy() -> None:
    assert copies([bytes(ETH / segment())] * 2, [0, 3 * MILLISECOND]) == []


def test_retransmission_is_no_copy() -> None:
    frames = [bytes(ETH / segment(5)), bytes(ETH / segment(6))]
    assert copies(frames, [0, MILLISECOND]) == []


def test_other_payload_is_no_copy() -> None:
    frames = [bytes(ETH / segment()), bytes(ETH / segment(payload=b"abd"))]
    assert copies(frames, [0, 1000]) == []


def test_udp_without_checksum_is_left_alone() -> None:
    frame = bytes(ETH / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1, dport=2, chksum=0) / b"x")
    assert copies([frame] * 2, [0, 1000]) == []
