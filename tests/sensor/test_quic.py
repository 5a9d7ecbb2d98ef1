"""QUIC on any port: found by columns, told of the right end; what is too much is left out, and counted."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet, Raw
from scapy.utils import wrpcap

from inventory.recorder import Recorder
from parsers.quic import VERSIONS, ClientHelloReader, Introduction
from parsers.records import CaptureHealth
from parsers.text import pseudonymiser
from sensor import quic
from sensor.sensor import Sensor
from sensor.streams.follow import Traits
from tests.parsers.quic.samples import RFC_9001, SALTS, crypto, hello, seal
from tests.reading import flows as flows_of
from tests.reading import observations
from tests.reading import read as read_capture
from tests.sensor.frames import batch

PC, SERVER = "00:0c:29:b5:b6:48", "00:0c:29:00:00:01"
FACTS = ("client_ip", "server_ip", "server_port", "protocol", "encrypted", "sni")
OBSERVED = ("vlan", "mac", "ip", "port", "transport", "protocol", "attribute", "value", "class", "frame")
REAL = "quic_|quic-|quicv2|quicietf|curl-8|chromium-dpd"
# Here the client's first version is refused, and tshark goes on with that one's keys.
UNPRINTED = {"quic_vn.pcap": {"localhost"}}


def sent(payload: bytes, sport: int = 50001, dport: int = 443, dst: str = "192.0.2.7") -> Packet:
    return Ether(src=PC, dst=SERVER) / IP(src="10.0.0.5", dst=dst) / UDP(sport=sport, dport=dport) / Raw(payload)


def read(
    *frames: Packet, snaplen: int = 65535
) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]], CaptureHealth]:
    """Flows, what is said over QUIC, and health."""
    recorder = Recorder("s", "t", "c")
    sensor = Sensor(pseudonymiser(b"k"), recorder)
    sensor.feed(batch([bytes(frame) for frame in frames], snaplen=snaplen))
    sensor.close()
    facts = recorder.drain()
    told = [tuple(row[name] for name in OBSERVED) for row in observations(facts) if row["protocol"] == "quic"]
    return [tuple(flow[name] for name in FACTS) for flow in flows_of(facts)], sorted(told, key=str), sensor.health


@pytest.mark.parametrize("port", [443, 8443, 53, 1900])
def test_a_hello_on_any_port(port: int) -> None:
    flows, told, health = read(sent(RFC_9001, dport=port))
    assert flows == [("10.0.0.5", "192.0.2.7", port, "quic", True, "example.com")]
    place = (None, PC, "10.0.0.5", None, "udp", "quic")
    assert told == [
        (*place, "tls_alpn", "alpn", "peer", 1),
        (*place, "tls_ja4", "q13d0211an_62ed6f6ca7ad_4d634acda6c0", "peer", 1),
    ]
    assert not [anomaly for anomaly in health.anomalies if "quic" in str(anomaly).lower()]


def test_a_hello_in_two_datagrams_in_a_vlan() -> None:
    message = hello(filler=1500)
    frames = [
        Ether(src=PC, dst=SERVER)
        / Dot1Q(vlan=7)
        / IPv6(src="fd00::5", dst="2001:db8::7")
        / UDP(sport=50001, dport=443)
        / Raw(part)
        for part in (seal(crypto(1100, message[1100:]), number=1), seal(crypto(0, message[:1100])))
    ]
    flows, told, _ = read(*frames)
    assert flows == [("fd00::5", "2001:db8::7", 443, "quic", True, "pacs.example")]
    assert {(row[0], row[2], row[-1]) for row in told} == {("7", "fd00::5", 2)}


def test_what_is_not_read() -> None:
    """Short, short on the way, without the long header, of another version, of another transport."""
    short = seal(crypto(0, hello()), size=900)
    for frames, snaplen in (
        ([sent(short)], 65535),
        ([sent(RFC_9001)], 600),
        ([sent(RFC_9001)], 44),
        ([sent(b"\x40" + RFC_9001[1:])], 65535),
        ([sent(RFC_9001[:1] + b"\0\0\0\0" + RFC_9001[5:])], 65535),
        (
            [Ether(src=PC, dst=SERVER) / IP(src="10.0.0.5", dst="192.0.2.7", proto=132) / Raw(bytes(8) + RFC_9001)],
            65535,
        ),
    ):
        flows, told, _ = read(*frames, snaplen=snaplen)
        assert not told
        assert flows[0][3:] == (None, False, None)


def test_authentic_nonsense_is_counted() -> None:
    _, told, health = read(sent(seal(b"\x08")))
    assert not told
    assert health.parser_errors == 1
    assert health.anomalies["malformed", "quic: frame that an Initial packet may not hold"] == 1


def test_no_more_is_read_than_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quic, "MAX_READ", 5)
    flows, _, health = read(*(sent(RFC_9001, dst=f"192.0.2.{n}") for n in range(9)))
    assert len(flows) == 9
    assert len([flow for flow in flows if flow[-1]]) == 5
    assert health.anomalies["cap", "QUIC datagrams at a time"] == 1


def test_no_more_is_kept_than_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quic, "MAX_OPEN", 3)
    message = hello()
    begins, ends = (
        [sent(seal(crypto(at, message[at : at + 60])), dst=f"192.0.2.{n}") for n in range(5)] for at in (0, 60)
    )
    flows, _, health = read(*begins, *reversed(ends))
    assert {flow[1] for flow in flows if flow[-1]} == {"192.0.2.2", "192.0.2.3", "192.0.2.4"}  # the oldest had to go
    assert health.anomalies["cap", "QUIC connections without a whole hello"] == 2


def test_a_flow_is_read_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[bytes] = []

    class Counted(ClientHelloReader):
        def read(self, datagram: bytes) -> Introduction | None:
            reads.append(datagram)
            return super().read(datagram)

    monkeypatch.setattr(quic, "ClientHelloReader", Counted)
    read(*(sent(RFC_9001, dport=4433) for _ in range(6)))
    assert len(reads) == 1
    read(*(sent(b"\xc0\0\0\0\1" + bytes([n]) * 1300) for n in range(40)))
    assert len(reads) == 13


def test_a_slot_is_read_again_for_another_flow() -> None:
    traits: dict[int, Traits] = {}
    hellos = quic.QuicHellos(traits)
    recorder = Recorder("s", "t", "c")
    sensor = Sensor(pseudonymiser(b"k"), recorder)
    sensor._datagrams._quic = hellos
    sensor.feed(batch([bytes(sent(RFC_9001))]))
    assert hellos._known == {0}
    sensor.feed(batch([bytes(sent(RFC_9001, sport=50002))], times=[1_000_000_000_000]))
    sensor.feed(batch([bytes(sent(RFC_9001, sport=50003))], times=[1_000_100_000_000]))
    assert len(hellos._known) == 2
    sensor.close()
    assert not hellos._known


def test_rows_are_chosen_by_columns() -> None:
    """A large batch of media or backup traffic costs no Python: nothing of it is looked at by itself."""
    rng = np.random.default_rng(4)
    frames = [bytes(sent(b"\x40" + rng.bytes(1300), dport=5004)) for _ in range(300)]
    _, told, health = read(*(Ether(frame) for frame in frames))
    assert not told
    assert not health.anomalies


def test_versions_by_tshark(tool: Callable[[str], str], tmp_path: Path) -> None:
    """What we take for a version's packets, another implementation does, too."""
    versions = list(SALTS)
    path = tmp_path / "versions.pcap"
    datagrams = [
        seal(crypto(0, hello(f"v{version:x}.example".encode())), version=version, dcid=version.to_bytes(8))
        for version in versions
    ]
    wrpcap(str(path), [sent(datagram, sport=50000 + n) for n, datagram in enumerate(datagrams)])
    command = [tool("tshark"), "-r", str(path), "-T", "fields", "-e", "tls.handshake.extensions_server_name"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert printed == [f"v{version:x}.example" for version in versions]
    facts, _ = read_capture(path)
    assert {flow["sni"] for flow in flows_of(facts)} == set(printed)
    assert set(versions) <= set(VERSIONS)


def test_real_ones_by_tshark(tool: Callable[[str], str], wild: Path) -> None:
    """Of every real capture that holds QUIC: the names tshark prints, and no other."""
    fields = ["-Y", "quic && tls.handshake.extensions_server_name", "-T", "fields"]
    found = 0
    for path in sorted(path for path in wild.rglob("*.pcap*") if any(word in path.name for word in REAL.split("|"))):
        command = [tool("tshark"), "-r", str(path), *fields, "-e", "tls.handshake.extensions_server_name"]
        printed = set(subprocess.run(command, capture_output=True, text=True, check=False).stdout.split())
        facts, _ = read_capture(path)
        ours = {str(row["sni"]) for row in flows_of(facts) if row["protocol"] == "quic" and row["sni"]}
        assert ours == printed | UNPRINTED.get(path.name, set()), path.name
        found += len(printed)
    assert found >= 14
