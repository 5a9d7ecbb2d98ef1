from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
from scapy.layers.l2 import ARP, GRE, Dot1Q, Ether
from scapy.packet import Packet, Raw

from sensor import carving
from sensor.carving import Carved, Evidence, carve
from sensor.sources.batch import Batch
from sensor.sources.files import open_capture
from sensor.sources.pcapng_writer import PcapNgWriter
from tests.sensor.frames import batch
from tests.sensor.sources.captures import START, Row, pcap, rows

A, B, C = "10.0.0.1", "10.0.0.2", "10.0.0.3"


def tcp(source: str, destination: str, sport: int = 40_000, dport: int = 104, text: str = "") -> Packet:
    return IP(src=source, dst=destination) / TCP(sport=sport, dport=dport, flags="A") / Raw(text.encode())


def carved(frames: list[bytes], tmp_path: Path, *wanted: Evidence, size: int = 3) -> tuple[Carved, list[int]]:
    """Carve `frames`, read in small batches; return the result, and which of them were written."""

    def batches() -> Iterator[Batch]:
        for at in range(0, len(frames), size):
            part = frames[at : at + size]
            yield batch(part, [START + at + i for i in range(len(part))], first_frame=at + 1)

    path = tmp_path / "out.pcapng"
    with path.open("wb") as file:
        result = carve(batches, "ward.pcap", wanted, PcapNgWriter(file))
    written = rows(open_capture(path)) if result.packets else []
    assert len(written) == result.packets
    assert [row.data for row in written] == [frames[row.time - START] for row in written]
    return result, [row.time - START + 1 for row in written]


def claim(frame: int, conversation: bool = False) -> Evidence:
    return Evidence(frame, ["a claim"], conversation)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_conversation_up_to_its_evidence(tmp_path: Path, size: int) -> None:
    packets = [
        tcp(A, B),  # 1
        tcp(B, A, 104, 40_000),  # 2
        tcp(A, B, 40_001),  # another connection
        tcp(A, C),  # another host
        tcp(A, B, text="evidence"),  # 5
        tcp(B, A, 104, 40_000),  # behind it
    ]
    frames = [bytes(Ether() / packet) for packet in packets]
    assert carved(frames, tmp_path, claim(5), size=size) == (Carved(3, [], []), [1, 2, 5])
    assert carved(frames, tmp_path, claim(2, conversation=True), size=size)[1] == [2, 5, 6]
    assert carved(frames, tmp_path, claim(5), claim(3), size=size)[1] == [1, 2, 3, 5]


def test_another_vlan_and_another_tunnel_are_other_conversations(tmp_path: Path) -> None:
    outer = IP(src="192.0.2.1", dst="192.0.2.2")
    frames = [
        bytes(Ether() / Dot1Q(vlan=7) / tcp(A, B)),
        bytes(Ether() / Dot1Q(vlan=8) / tcp(A, B)),
        bytes(Ether() / outer / GRE() / tcp(A, B)),
        bytes(Ether() / tcp(A, B)),
        bytes(Ether() / Dot1Q(vlan=7) / tcp(B, A, 104, 40_000)),
        bytes(Ether() / outer / GRE() / tcp(B, A, 104, 40_000)),
    ]
    assert carved(frames, tmp_path, claim(5))[1] == [1, 5]
    assert carved(frames, tmp_path, claim(6))[1] == [3, 6]


def test_fragments(tmp_path: Path) -> None:
    """A datagram counts as the frame that completes it; Wireshark needs them all."""
    whole = IP(src=A, dst=B, id=9) / UDP(sport=5000, dport=5001) / Raw(bytes(3000))
    six = IPv6(src="fd00::1", dst="fd00::2") / IPv6ExtHdrFragment(id=7) / UDP(sport=1, dport=2) / Raw(bytes(3000))
    for pieces in (fragment(whole, 1000), fragment6(six, 1280)):
        other = tcp(A, C)
        frames = [bytes(Ether() / packet) for packet in [other, *pieces, other]]
        assert carved(frames, tmp_path, claim(len(pieces) + 1))[1] == list(range(2, len(pieces) + 2))


def test_frames_of_no_conversation(tmp_path: Path) -> None:
    frames = [
        bytes(Ether() / ARP(psrc=A, pdst=B)),
        bytes(Ether(dst="01:80:c2:00:00:0e", type=0x88CC) / Raw(bytes(40))),
        b"\x00" * 9,  # cut
        bytes(Ether() / ARP(psrc=B, pdst=A)),
        bytes(Ether() / IP(src=A, dst=B) / ICMP()),
    ]
    for frame in range(1, 6):
        assert carved(frames, tmp_path, claim(frame)) == (Carved(1, [], []), [frame])


def test_a_frame_that_is_not_there(tmp_path: Path) -> None:
    frames = [bytes(Ether() / tcp(A, B))]
    assert carved(frames, tmp_path, claim(1), claim(2)) == (Carved(1, [2], []), [1])
    assert carved(frames, tmp_path, claim(7)) == (Carved(0, [7], []), [])


def test_long_conversations_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carving, "LIMIT", 10)
    monkeypatch.setattr(carving, "HEAD", 4)
    frames = [bytes(Ether() / tcp(A, B, text=str(i))) for i in range(40)]
    result, written = carved(frames, tmp_path, claim(30))
    assert result == Carved(10, [], [30])
    assert written == [1, 2, 3, 4, 25, 26, 27, 28, 29, 30]
    result, written = carved(frames, tmp_path, claim(5, conversation=True))
    assert result == Carved(10, [], [5])
    assert written == list(range(5, 15))
    assert carved(frames, tmp_path, claim(10))[0].cut == []


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.ZstdCompressor().compress])
def test_from_any_file(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    frames = [bytes(Ether() / tcp(A, B, text=str(i))) for i in range(5)]
    path = tmp_path / "capture"
    path.write_bytes(pack(pcap([Row(0, START + i * 1000, frame, 1514) for i, frame in enumerate(frames)])))
    out = tmp_path / "out"
    with out.open("wb") as file:
        assert carve(lambda: open_capture(path), "ward.pcap", [claim(4)], PcapNgWriter(file)).packets == 4
    expected = [Row(i + 1, START + i * 1000, frame, 1514) for i, frame in enumerate(frames[:4])]
    assert rows(open_capture(out)) == expected


def test_the_link_types_stay(tmp_path: Path) -> None:
    ethernet, raw = bytes(Ether() / tcp(A, B)), bytes(tcp(B, A, 104, 40_000))
    out = tmp_path / "out"
    with out.open("wb") as file:
        carve(lambda: [batch([ethernet, raw], link_types=[1, 101])], "ward.pcap", [claim(2)], PcapNgWriter(file))
    assert [(row.link_type, row.data) for row in rows(open_capture(out))] == [(1, ethernet), (101, raw)]


def test_a_full_disk_is_the_callers_to_tell() -> None:
    class Full(io.RawIOBase):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        PcapNgWriter(Full())  # type: ignore[arg-type]
