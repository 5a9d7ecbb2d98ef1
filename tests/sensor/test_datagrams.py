"""Announcements reach the sink at the right endpoint; what is too much is left out, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from scapy.contrib.cdp import CDPMsgDeviceID, CDPv2_HDR
from scapy.contrib.lldp import LLDPDUChassisID, LLDPDUEndOfLLDPDU, LLDPDUPortID, LLDPDUSystemName, LLDPDUTimeToLive
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import GRE, IP, UDP
from scapy.layers.l2 import LLC, SNAP, CookedLinux, Dot1Q, Dot3, Ether
from scapy.packet import Packet, Raw

from inventory.recorder import Recorder
from parsers.records import CaptureHealth
from parsers.text import pseudonymiser
from sensor import datagrams
from sensor.sensor import Sensor
from tests.reading import flows, observations
from tests.sensor.frames import batch

SWITCH, PC, SERVER = "00:1b:54:c2:57:02", "00:0c:29:b5:b6:48", "00:0c:29:00:00:01"
LLDP = (
    LLDPDUChassisID(subtype=4, id=SWITCH)
    / LLDPDUPortID(subtype=5, id="Gi1/0/2")
    / LLDPDUTimeToLive(ttl=120)
    / LLDPDUSystemName(system_name="access-3")
    / LLDPDUEndOfLLDPDU()
)
TUNNEL = Ether() / IP(src="10.9.9.9")
CDP = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0x0C, code=0x2000) / CDPv2_HDR(msg=[CDPMsgDeviceID(val=b"core-1")])


def read(*frames: Packet, link_type: int = 1) -> tuple[list[dict[str, object]], CaptureHealth, dict[str, str]]:
    """Observations but SYN fingerprints and bindings, health, and protocol by server port."""
    recorder = Recorder("s", "t", "c")
    sensor = Sensor(pseudonymiser(b"k"), recorder)
    sensor.feed(batch([bytes(frame) for frame in frames], link_type=link_type))
    sensor.close()
    facts = recorder.drain()
    protocols = {str(flow["server_port"]): str(flow["protocol"]) for flow in flows(facts)}
    return [row for row in observations(facts) if row["attribute"] != "link_layer_address"], sensor.health, protocols


def places(rows: Sequence[dict[str, object]], attribute: str) -> list[tuple[object, ...]]:
    return [(r["vlan"], r["mac"], r["ip"], r["value"], r["class"]) for r in rows if r["attribute"] == attribute]


@pytest.mark.parametrize(
    ("frame", "link_type", "place"),
    [
        (Ether(src=SWITCH, dst="01:80:c2:00:00:0e") / LLDP, 1, (None, SWITCH, None, "access-3")),
        (Ether(src=SWITCH) / Dot1Q(vlan=9) / LLDP, 1, ("9", SWITCH, None, "access-3")),
        (Ether(src="00:00:00:00:00:00") / LLDP, 1, (None, SWITCH, None, "access-3")),  # its chassis id stands in
        (Dot3(src=SWITCH) / CDP, 1, (None, SWITCH, None, "core-1")),
        (Ether(src=SWITCH) / Dot1Q(vlan=9, type=60) / CDP, 1, ("9", SWITCH, None, "core-1")),
        # In a tunnel the outer addresses are the tunnel's, and never the switch's.
        (TUNNEL / GRE(proto=0x6558) / Ether(src=SWITCH) / LLDP, 1, ("gre", SWITCH, None, "access-3")),
        (TUNNEL / GRE(proto=0x2000) / CDP[2], 1, ("gre", None, "10.9.9.9", "core-1")),
    ],
)  # fmt: skip
def test_frames(frame: Packet, link_type: int, place: tuple[object, ...]) -> None:
    rows, health, _ = read(frame, link_type=link_type)
    assert places(rows, "hostname") == [(*place, "peer")]
    assert not health.anomalies


def test_cooked_llc_frame() -> None:
    raw = bytes(CookedLinux(src=bytes.fromhex(SWITCH.replace(":", "")), lladdrlen=6, proto=4) / CDP)
    rows, *_ = read(Raw(raw), link_type=113)
    assert places(rows, "hostname") == [(None, SWITCH, None, "core-1", "peer")]


def test_a_dhcp_client_speaks_before_it_has_an_address() -> None:
    request = DHCP(options=[("message-type", "request"), ("hostname", b"AQ1"), "end"])
    frame = (
        Ether(src=PC, dst="ff:ff:ff:ff:ff:ff")
        / IP(src="0.0.0.0", dst="255.255.255.255")
        / UDP(sport=68, dport=67)
        / BOOTP(chaddr=bytes.fromhex(PC.replace(":", "")))
        / request
    )
    rows, _, flows = read(frame)
    assert places(rows, "hostname") == [(None, PC, None, "AQ1", "peer")]
    assert flows == {"67": "dhcp"}


def test_dns_names_an_address_wherever_it_is() -> None:
    answer = DNS(qr=1, qd=DNSQR(qname="pacs.h.example"), an=[DNSRR(rrname="pacs.h.example", rdata="10.0.0.9", ttl=120)])
    frame = Ether(src=SERVER) / Dot1Q(vlan=7) / IP(src="10.0.0.53", dst="10.0.0.8") / UDP(sport=53, dport=5000) / answer
    rows, _, flows = read(frame, frame)
    assert places(rows, "dns_name") == [(None, None, "10.0.0.9", "pacs.h.example", "claim")]
    assert flows == {"53": "dns"}


def test_who_names_its_own_address_is_believed() -> None:
    answer = DNS(qr=1, aa=1, qd=[], an=[DNSRR(rrname="dr-1.local", rdata="10.0.0.9", ttl=120)])
    frame = Ether(src=PC) / IP(src="10.0.0.9", dst="224.0.0.251") / UDP(sport=5353, dport=5353) / answer
    rows, *_ = read(frame)
    assert places(rows, "hostname") == [(None, PC, "10.0.0.9", "dr-1.local", "peer")]


def _answers(count: int, port: int = 5353) -> list[Packet]:
    return [
        Ether(src=PC)
        / IP(src="10.0.0.9", dst="224.0.0.251", id=i)
        / UDP(sport=port, dport=5353)
        / DNS(qr=1, aa=1, qd=[], an=[DNSRR(rrname=f"h{i}.local", rdata="10.0.0.9", ttl=120)])
        for i in range(count)
    ]


def test_a_flow_that_never_stops_talking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagrams, "MAX_OF_A_FLOW", 20)
    rows, health, _ = read(*_answers(50))
    assert len(places(rows, "hostname")) == 20
    assert health.anomalies["cap", "datagrams of one flow"] == health.caps_hit == 30


def test_many_flows_that_talk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagrams, "MAX_UNEQUAL", 20)
    frames = _answers(50)
    for number, frame in enumerate(frames):
        frame[IP].src = f"10.0.1.{number}"
    _, health, _ = read(*frames)
    assert health.anomalies["cap", "datagrams at a time"] == 30


def test_equal_datagrams_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: Counter[bytes] = Counter()
    real = datagrams.Datagrams._parse

    def counted(self: datagrams.Datagrams, datagram: datagrams.Datagram) -> object:
        parsed[datagram.payload] += 1
        return real(self, datagram)

    monkeypatch.setattr(datagrams.Datagrams, "_parse", counted)
    frames = _answers(1) * 1 + [frame.copy() for frame in _answers(1) for _ in range(30)]
    for number, frame in enumerate(frames):
        frame[IP].id = number
    rows, *_ = read(*frames)
    assert list(parsed.values()) == [1]
    assert [row["count"] for row in rows] == [31]


def test_a_broken_datagram_is_counted_and_a_cut_one_is_not() -> None:
    broken = bytes(Ether(src=SWITCH) / LLDP).partition(b"access-3")[0] + b"access-3\x0a\xff"
    rows, health, _ = read(Raw(broken))
    assert places(rows, "hostname")
    assert health.parser_errors == 1
    recorder = Recorder("s", "t", "c")
    sensor = Sensor(pseudonymiser(b"k"), recorder)
    sensor.feed(batch([bytes(Ether(src=SWITCH) / LLDP)], snaplen=40))
    assert sensor.health.parser_errors == 0
    assert sensor.health.truncated_packets == 1


def test_a_long_datagram_counts_as_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagrams, "MAX_UNEQUAL", 20)
    frames = [frame / Raw(bytes(1400)) for frame in _answers(50)]
    for frame in frames:
        del frame[IP].len, frame[UDP].len
    rows, health, _ = read(*frames)
    assert len(places(rows, "hostname")) == 7
    assert health.anomalies["cap", "datagrams at a time"] == 43


def test_what_is_said_again_and_again_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagrams, "MAX_TOLD", 20)
    (frame,) = _answers(1)
    frames = [frame.copy() for _ in range(30)]
    for number, copy in enumerate(frames):
        copy[IP].id = number
    rows, health, _ = read(*frames)
    assert [row["count"] for row in rows] == [20]
    assert health.anomalies["cap", "announcements at a time"] == 10
