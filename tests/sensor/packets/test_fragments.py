"""IP fragments in any order, duplicated or overlapping, become the datagram they were."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
from scapy.layers.l2 import Ether

from sensor.flows.addresses import ip_text
from sensor.packets import columns
from sensor.packets.columns import Packets
from sensor.packets.decode import decode
from sensor.packets.fragments import MAX_DATAGRAMS, Defragmenter
from tests.sensor.frames import batch

ETH = Ether(src="00:00:39:c7:00:11", dst="52:54:00:a0:00:40")
DATA = bytes(range(256)) * 14
V4 = [
    bytes(part)
    for part in fragment(ETH / IP(src="10.0.0.1", dst="10.0.0.2", id=77) / UDP(sport=5000, dport=514) / DATA, 1000)
]
V6 = [
    bytes(ETH / part)
    for part in fragment6(
        IPv6(src="fd00::1", dst="fd00::2") / IPv6ExtHdrFragment(id=77) / UDP(sport=5000, dport=514) / DATA, 1280
    )
]


def reassemble(frames: list[bytes], defragmenter: Defragmenter | None = None) -> Packets | None:
    return (defragmenter or Defragmenter()).reassemble(decode(batch(frames), Counter()))


@pytest.mark.parametrize(("frames", "source"), [(V4, "10.0.0.1"), (V6, "fd00::1")], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("seed", range(6))
def test_any_order(frames: list[bytes], source: str, seed: int) -> None:
    shuffled = frames + frames[:1]
    random.Random(seed).shuffle(shuffled)
    whole = reassemble(shuffled)
    assert whole is not None
    assert len(whole) == 1
    assert whole.next[0] == columns.DONE + 17
    assert (whole.source_port[0], whole.destination_port[0]) == (5000, 514)
    assert ip_text(int(whole.source_hi[0]), int(whole.source_lo[0])) == source
    assert whole.buffer[whole.at[0] : whole.end[0]].tobytes() == DATA


def test_over_two_batches() -> None:
    defragmenter = Defragmenter()
    assert reassemble(V4[:2], defragmenter) is None
    assert reassemble(V4[2:], defragmenter) is not None


@pytest.mark.parametrize("missing", range(len(V4)))
def test_incomplete_gives_nothing(missing: int) -> None:
    assert reassemble(V4[:missing] + V4[missing + 1 :]) is None


def test_a_flood_of_first_fragments_is_bounded_and_counted() -> None:
    frames = [
        bytes(ETH / IP(src="10.0.0.1", dst="10.0.0.2", id=number, flags="MF") / UDP() / b"12345678")
        for number in range(MAX_DATAGRAMS + 500)
    ]
    defragmenter = Defragmenter()
    assert reassemble(frames, defragmenter) is None
    assert defragmenter.dropped == 500
