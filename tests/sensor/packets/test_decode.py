"""Every layer and tunnel, built by scapy, comes out as the innermost addresses, ports and payload."""

from __future__ import annotations

import struct
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.contrib.erspan import ERSPAN_I, ERSPAN_II, ERSPAN_III
from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer
from scapy.contrib.mpls import MPLS
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
from scapy.layers.inet import GRE, ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting
from scapy.layers.l2 import LLC, SNAP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Dot3, Ether, Loopback
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet

from sensor.flows.addresses import ip_text, mac_text
from sensor.packets import columns
from sensor.packets.columns import segment_name
from sensor.packets.decode import MAX_HEADERS, decode
from tests.sensor.frames import batch

PAYLOAD = b"\x01\x00 association"
ETH = Ether(src="00:00:39:c7:00:11", dst="52:54:00:a0:00:40")
OUTER_ETH = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
OUTER = OUTER_ETH / IP(src="172.31.0.1", dst="172.31.0.2")
SEGMENT = TCP(sport=56038, dport=11112, seq=7, ack=9, flags="PA") / PAYLOAD
V4 = IP(src="192.168.50.11", dst="192.168.50.40") / SEGMENT
V6 = IPv6(src="fd00::11", dst="fd00::40") / SEGMENT
OPTIONS = IP(src="192.168.50.11", dst="192.168.50.40", options=b"\x94\x04\x00\x00") / TCP(
    sport=56038, dport=11112, seq=7, ack=9, flags="PA", options=[("Timestamp", (1, 2))]
) / PAYLOAD  # fmt: skip
WLAN_SNAP = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x0800)
TO_DS = {"addr1": "02:00:00:00:00:09", "addr2": ETH.src, "addr3": ETH.dst}
FROM_DS = {"addr1": ETH.dst, "addr2": "02:00:00:00:00:09", "addr3": ETH.src}


def OUTER_UDP(dport: int) -> Packet:  # noqa: N802 - reads like a layer
    return OUTER / UDP(sport=50000, dport=dport)


STACKS: dict[str, tuple[int, Packet, str | None, bool]] = {
    # name: link type, frame, segment, whether the inner MACs are known
    "ethernet": (1, ETH / V4, None, True),
    "ethernet, IPv6": (1, ETH / V6, None, True),
    "options": (1, ETH / OPTIONS, None, True),
    "802.1Q": (1, ETH / Dot1Q(vlan=42) / V4, "42", True),
    "priority tag": (1, ETH / Dot1Q(vlan=0, prio=5) / V4, None, True),
    "802.1ad": (1, ETH / Dot1AD(vlan=100) / Dot1Q(vlan=42) / V4, "100.42", True),
    "three tags": (1, ETH / Dot1AD(vlan=100) / Dot1Q(vlan=42) / Dot1Q(vlan=7) / V4, "100.42", True),
    "LLC/SNAP": (
        1,
        Dot3(src=ETH.src, dst=ETH.dst) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x0800) / V4,
        None,
        True,
    ),
    "MPLS": (1, ETH / MPLS(label=17, s=0) / MPLS(label=18, s=1) / V4, None, True),
    "MPLS pseudowire": (1, OUTER_ETH / MPLS(label=18, s=1) / (b"\0\0\0\0" + bytes(ETH / V4)), None, True),
    "PPPoE": (1, ETH / PPPoE(sessionid=9) / PPP() / V4, None, True),
    "extension headers": (
        1,
        ETH / IPv6(src="fd00::11", dst="fd00::40") / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / SEGMENT,
        None,
        True,
    ),
    "routing header": (
        1,
        ETH / IPv6(src="fd00::11", dst="fd00::40") / IPv6ExtHdrRouting(addresses=[]) / SEGMENT,
        None,
        True,
    ),
    "cooked": (113, CookedLinux(src=b"\x00\x00\x39\xc7\x00\x11\0\0", proto=0x800) / V4, None, False),
    "cooked 2": (276, CookedLinuxV2(src=b"\x00\x00\x39\xc7\x00\x11\0\0", proto=0x800) / V4, None, False),
    "raw": (101, V4, None, False),
    "raw IPv6": (101, V6, None, False),
    "BSD loopback": (0, Loopback(type=2) / V4, None, False),
    "BSD loopback, other byte order": (0, Packet(b"\0\0\0\x02" + bytes(V4)), None, False),
    "OpenBSD loop, IPv6": (108, Packet(b"\0\0\0\x18" + bytes(V6)), None, False),
    "GRE": (1, OUTER / GRE(proto=0x0800) / V4, "gre", False),
    "GRE with key, checksum and sequence": (
        1,
        OUTER / GRE(proto=0x0800, chksum_present=1, key_present=1, seqnum_present=1) / V4,
        "gre",
        False,
    ),
    "GRE with Ethernet": (1, OUTER / GRE(proto=0x6558) / ETH / V4, "gre", True),
    "ERSPAN I": (1, OUTER / GRE(proto=0x88BE) / ERSPAN_I() / ETH / V4, "gre", True),
    "ERSPAN II": (
        1,
        OUTER / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II(vlan=42, session_id=7) / ETH / V4,
        "erspan:7/42",
        True,
    ),
    "ERSPAN III": (
        1,
        OUTER / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(vlan=42, session_id=7) / ETH / V4,
        "erspan:7/42",
        True,
    ),
    "VXLAN": (1, OUTER / UDP(sport=50000, dport=4789) / VXLAN(flags=8, vni=5001) / ETH / V4, "vxlan:5001", True),
    "VXLAN with VLAN": (
        1,
        OUTER / UDP(sport=50000, dport=4789) / VXLAN(flags=8, vni=5001) / ETH / Dot1Q(vlan=42) / V4,
        "vxlan:5001/42",
        True,
    ),
    "Geneve": (1, OUTER / UDP(sport=50000, dport=6081) / GENEVE(vni=77, proto=0x6558) / ETH / V4, "geneve:77", True),
    "GTP-U": (1, OUTER_UDP(dport=2152) / GTP_U_Header(teid=5) / V4, "gtp", False),
    "GTP-U with an extension": (
        1,
        OUTER_UDP(dport=2152) / GTP_U_Header(teid=5, E=1, next_ex=0x85) / GTPPDUSessionContainer(type=0, QFI=1) / V4,
        "gtp",
        False,
    ),
    "GRE over UDP": (1, OUTER_UDP(dport=4754) / GRE(proto=0x0800) / V4, "gre", False),
    "AYIYA": (1, OUTER_UDP(dport=5072) / (bytes.fromhex("415211290000000100") + bytes(35) + bytes(V6)), "ip", False),
    "Cisco HDLC": (104, Packet(b"\x0f\0\x08\0" + bytes(V4)), None, False),
    "PPP": (9, Packet(b"\0\x21" + bytes(V4)), None, False),
    "PPP in HDLC framing, IPv6": (50, Packet(b"\xff\x03\0\x57" + bytes(V6)), None, False),
    "802.11": (127, RadioTap() / Dot11(type=2, FCfield=1, **TO_DS) / WLAN_SNAP / V4, None, True),
    "802.11 QoS": (
        105,
        Dot11(type=2, subtype=8, FCfield=2, **FROM_DS) / Dot11QoS() / WLAN_SNAP / V4,
        None,
        True,
    ),
    "NFLOG": (
        239,
        Packet(b"\2\0\0\0" + b"\5\0\x0a\0\0\0\0\0" + struct.pack("<HH", len(V4) + 4, 9) + bytes(V4)),
        None,
        False,
    ),
    "InfiniBand": (242, Packet(bytes(40) + b"\x86\xdd\0\0" + bytes(V6)), None, False),
    "ARCnet": (129, Packet(b"\1\2\0\0\xd4\0\0\1" + bytes(V4)), None, False),
    "ARCnet, RFC 1051": (129, Packet(b"\1\2\0\0\xf0" + bytes(V4)), None, False),
    "IP in IP": (1, OUTER / V4, "ip", False),
    "IPv6 in IP": (1, OUTER / V6, "ip", False),
    "VXLAN in GRE": (
        1,
        OUTER / GRE(proto=0x0800) / IP() / UDP(sport=50000, dport=4789) / VXLAN(flags=8, vni=5001) / ETH / V4,
        "vxlan:5001",
        True,
    ),
}


@pytest.mark.parametrize("name", STACKS)
def test_innermost_conversation(name: str) -> None:
    link_type, frame, segment, macs = STACKS[name]
    packets = decode(batch([bytes(frame) + b"\0" * (link_type == 1 and 6)], link_type=link_type), Counter())
    assert packets.next[0] == columns.DONE + 6, packets.reasons
    source, destination = (
        ("fd00::11", "fd00::40") if b"\xfd\x00" in bytes(frame) else ("192.168.50.11", "192.168.50.40")
    )
    assert ip_text(int(packets.source_hi[0]), int(packets.source_lo[0])) == source
    assert ip_text(int(packets.destination_hi[0]), int(packets.destination_lo[0])) == destination
    assert (packets.source_port[0], packets.destination_port[0]) == (56038, 11112)
    assert (packets.sequence_number[0], packets.acknowledgment_number[0], packets.flags[0]) == (7, 9, 0x18)
    assert packets.buffer[packets.at[0] : packets.end[0]].tobytes() == PAYLOAD  # link-layer padding taken off
    assert packets.wire_end[0] - packets.at[0] == len(PAYLOAD)
    assert segment_name(int(packets.segment[0])) == segment
    if macs:
        assert mac_text(int(packets.source_mac[0])) == "00:00:39:c7:00:11"
        assert mac_text(int(packets.destination_mac[0])) == "52:54:00:a0:00:40"


def test_all_stacks_in_one_batch() -> None:
    frames = [bytes(frame) for _, frame, _, _ in STACKS.values()]
    packets = decode(batch(frames, link_types=[link for link, *_ in STACKS.values()]), Counter())
    assert packets.next.tolist() == [columns.DONE + 6] * len(frames)
    assert packets.source_port.tolist() == [56038] * len(frames)


def test_udp_and_icmp_rest_on_their_payload() -> None:
    frames = [bytes(ETH / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=5000, dport=514) / b"<34>x"),
              bytes(ETH / IP(src="10.0.0.1", dst="10.0.0.2") / ICMP())]  # fmt: skip
    packets = decode(batch(frames), Counter())
    assert packets.next.tolist() == [columns.DONE + 17, columns.DONE + 1]
    assert packets.buffer[packets.at[0] : packets.end[0]].tobytes() == b"<34>x"


def test_vxlan_port_without_vxlan_stays_udp() -> None:
    frame = bytes(OUTER / UDP(sport=50000, dport=4789) / (b"\xff" * 8 + bytes(ETH / V4)))
    packets = decode(batch([frame]), Counter())
    assert packets.next[0] == columns.DONE + 17


def test_unknown_link_types_are_named() -> None:
    anomalies: Counter[tuple[str, str]] = Counter()
    packets = decode(batch([b"x" * 60, b"y" * 60], link_types=[249, 9999]), anomalies)
    assert packets.next.tolist() == [columns.UNKNOWN_LINK] * 2
    assert anomalies == {("unknown_link", "USBPCAP"): 1, ("unknown_link", "LINKTYPE_9999"): 1}


def test_nesting_is_bounded() -> None:
    frame = bytes(ETH)[:12] + b"\x81\x00\x00\x01" * (MAX_HEADERS + 4) + b"\x08\x00" + bytes(V4)
    packets = decode(batch([frame]), Counter())
    assert packets.next[0] == columns.UNDECODED
    assert packets.reasons == {"nested too deep": 1}


@pytest.mark.parametrize("name", STACKS)
def test_cut_anywhere(name: str) -> None:
    """A frame cut at any byte is decoded as far as it goes, or counted; nothing points outside what was captured."""
    link_type, frame, _, _ = STACKS[name]
    raw = bytes(frame)
    for snaplen in range(len(raw)):
        one = batch([raw, raw], link_type=link_type, snaplen=snaplen)
        packets = decode(one, Counter())
        assert (packets.next >= columns.DONE).all()
        assert (packets.end <= one.offsets + one.captured).all()


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=120), min_size=1, max_size=8), st.sampled_from([0, 1, 101, 108, 113, 276]))
def test_any_bytes(frames: list[bytes], link_type: int) -> None:
    packets = decode(batch(frames, link_type=link_type), Counter())
    assert (packets.next >= columns.DONE).all()
    assert (packets.end <= len(packets.buffer)).all()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_mutated_frames(data: st.DataObject) -> None:
    link_type, frame, _, _ = STACKS[data.draw(st.sampled_from(sorted(STACKS)))]
    raw = bytearray(bytes(frame))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    packets = decode(batch([bytes(raw)] * 3, link_type=link_type), Counter())
    assert (packets.next >= columns.DONE).all()
    assert (packets.end <= len(packets.buffer)).all()
    assert len(np.unique(packets.next)) == 1
