"""Flows as the sensor records them: who opened, how much, over flushes and captures, and what scans look like."""

from __future__ import annotations

from typing import Any

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet

from parsers.records import Endpoint, FlowRecord
from parsers.text import pseudonymiser
from sensor.sensor import Sensor
from tests.sensor.frames import MILLISECOND, batch

A, B = "10.0.0.1", "10.0.0.2"
TO_B = Ether(src="00:00:00:00:00:01", dst="00:00:00:00:00:02") / IP(src=A, dst=B)
TO_A = Ether(src="00:00:00:00:00:02", dst="00:00:00:00:00:01") / IP(src=B, dst=A)


class Sink:
    def __init__(self) -> None:
        self.flows: list[FlowRecord] = []
        self.seen: list[tuple[Any, ...]] = []

    def flow(self, record: FlowRecord) -> None:
        self.flows.append(record)

    def observe(self, *what: Any) -> None:
        self.seen.append(what)


def sensor() -> tuple[Sensor, Sink]:
    sink = Sink()
    return Sensor(pseudonymiser(b"test"), sink), sink


def record(*frames: Packet) -> list[FlowRecord]:
    reader, sink = sensor()
    reader.feed(batch([bytes(frame) for frame in frames]))
    reader.close()
    return sink.flows


def to_b(flags: str, seq: int = 0, data: bytes = b"") -> Packet:
    return TO_B / TCP(sport=50000, dport=104, flags=flags, seq=seq) / data


def to_a(flags: str, seq: int = 0, data: bytes = b"") -> Packet:
    return TO_A / TCP(sport=104, dport=50000, flags=flags, seq=seq) / data


def test_a_connection() -> None:
    (flow,) = record(to_b("S"), to_a("SA"), to_b("A", 1), to_b("PA", 1, b"hello"), to_a("A", 1))
    assert (flow.client_ip, flow.client_port, flow.client_mac) == (A, 50000, "00:00:00:00:00:01")
    assert (flow.server_ip, flow.server_port, flow.server_mac) == (B, 104, "00:00:00:00:00:02")
    assert (flow.connections, flow.packets_to_server, flow.packets_to_client) == (1, 3, 2)
    assert (flow.bytes_to_server, flow.bytes_to_client) == (3 * 54 + 5, 2 * 54)
    assert (flow.transport, flow.protocol, flow.established, flow.frame) == ("tcp", None, True, 1)
    assert (flow.first_seen, flow.last_seen) == (10 * MILLISECOND, 50 * MILLISECOND)


def test_who_opened_when_the_answer_comes_first() -> None:
    (flow,) = record(to_a("SA"), to_b("S"))
    assert flow.client_ip == A


def test_met_in_the_middle_the_lower_port_serves() -> None:
    (flow,) = record(to_a("PA", 9, b"x"), to_b("PA", 9, b"y"))
    assert flow.client_ip == A
    assert flow.established


def test_scans_establish_nothing() -> None:
    assert [flow.established for flow in record(to_b("S"))] == [False]
    assert [flow.established for flow in record(to_b("S"), to_a("RA"))] == [False]
    assert [flow.established for flow in record(to_b("S", 0, b"x"), to_a("RA"))] == [False]  # data of a scanner
    assert [flow.established for flow in record(to_b("S"), to_b("A", 1, b"x"))] == [True]  # only one direction captured
    assert [flow.established for flow in record(to_b("S"), to_a("SA"), to_b("R"))] == [False]
    assert [flow.established for flow in record(to_b("S"), to_a("SA"), to_b("A", 1))] == [True]


def test_same_ports_again_are_another_connection() -> None:
    (flow,) = record(to_b("S", 5), to_a("SA", 7), to_b("FA", 6), to_a("FA", 8), to_b("S", 900), to_a("SA", 1200))
    assert flow.connections == 2
    (flow,) = record(to_b("S", 5), to_b("S", 5), to_a("SA", 7))  # only a retransmission
    assert flow.connections == 1


def test_flushes_add_up() -> None:
    reader, sink = sensor()
    reader.feed(batch([bytes(to_b("S")), bytes(to_a("SA"))]))
    reader.flush()
    reader.flush()
    reader.feed(batch([bytes(to_b("PA", 1, b"x"))], times=[90 * MILLISECOND], first_frame=3))
    reader.close()
    assert [flow.connections for flow in sink.flows] == [1, 0]
    assert [flow.packets_to_server for flow in sink.flows] == [1, 1]
    assert [flow.frame for flow in sink.flows] == [1, 3]
    assert [flow.first_seen for flow in sink.flows] == [10 * MILLISECOND, 90 * MILLISECOND]


def test_a_flow_that_goes_on_in_the_next_capture_has_its_evidence_there() -> None:
    reader, first = sensor()
    reader.feed(batch([bytes(to_b("S")), bytes(to_a("SA"))] * 3))
    reader.flush()
    second = Sink()
    reader.begin(second)
    reader.feed(batch([bytes(to_b("PA", 1, b"x"))], times=[10**9]))
    reader.close()
    assert [flow.frame for flow in first.flows] == [1]
    assert [(flow.frame, flow.connections, flow.established) for flow in second.flows] == [(1, 0, True)]


def test_vlans_and_transports_are_apart() -> None:
    tagged = Ether(src="00:00:00:00:00:01") / Dot1Q(vlan=7) / IP(src=A, dst=B) / UDP(sport=5000, dport=53) / b"q"
    flows = record(
        TO_B / UDP(sport=5000, dport=53) / b"q", tagged, TO_B / ICMP(), TO_A / UDP(sport=53, dport=5000) / b"answer"
    )
    assert [(flow.vlan, flow.transport, flow.server_port, flow.established) for flow in flows] == [
        (None, "udp", 53, True),
        ("7", "udp", 53, False),
        (None, "icmp", None, False),
    ]


def test_address_statements_are_counted_once_a_batch() -> None:
    reader, sink = sensor()
    asks = Ether(dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc="00:00:00:00:00:01", psrc=A, pdst=B)
    probe = Ether(dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc="00:00:00:00:00:03", psrc="0.0.0.0", pdst=B)
    reader.feed(batch([bytes(asks), bytes(asks), bytes(probe), bytes(asks)]))
    endpoint = Endpoint(None, "00:00:00:00:00:01", A, None, "arp")
    times = (10 * MILLISECOND, 1, 40 * MILLISECOND, 3)  # first, frame, last, count
    assert sink.seen == [(endpoint, "arp", "link_layer_address", "00:00:00:00:00:01", "peer", *times)]


def test_one_way_and_truncated_are_counted() -> None:
    reader, _ = sensor()
    reader.feed(batch([bytes(to_b("PA", 1, b"hello" * 9))], snaplen=60))
    reader.close()
    assert (reader.health.one_way_flows, reader.health.truncated_packets, reader.health.packets) == (1, 1, 1)
