"""NTP, with scapy as an independent builder."""

from __future__ import annotations

import pytest
from scapy.layers.ntp import NTPControl, NTPHeader, NTPPrivate

from parsers.discovery.ntp import Ntp
from parsers.records import Announcement, Datagram, Evidence
from tests.parsers.discovery.telling import tell, tell_every_way, tell_mutations


def packet(mode: int = 4, stratum: int = 2, leap: int = 0, version: int = 4) -> bytes:
    times = {"orig": 1.0, "recv": 2.0, "sent": 3.0}  # the same in every process that collects these tests
    return bytes(NTPHeader(leap=leap, version=version, mode=mode, stratum=stratum, **times))


@pytest.mark.parametrize("mode", [4, 5])
@pytest.mark.parametrize("version", [1, 2, 3, 4])
@pytest.mark.parametrize("stratum", [1, 15])
def test_a_server(mode: int, version: int, stratum: int) -> None:
    said = tell_every_way(Ntp, Datagram(packet(mode, stratum, version=version), 123, 40123))
    assert said == [Announcement("ntp_server", str(stratum), Evidence.PEER, port=123)]


@pytest.mark.parametrize(
    "payload",
    [
        packet(mode=3),  # a client
        packet(mode=1),
        packet(mode=2),
        packet(stratum=0),  # kiss of death
        packet(stratum=16),
        packet(leap=3),  # not synchronized
        bytes(NTPControl(version=2)),
        bytes(NTPPrivate(version=2)),
    ],
)
def test_who_serves_no_time(payload: bytes) -> None:
    datagram = Datagram(payload, 123, 123)
    assert Ntp.probe(datagram)
    assert tell(Ntp, datagram) == ([], None)


def test_an_answer_from_another_port() -> None:
    assert tell(Ntp, Datagram(packet(), 40123, 123)) == ([], None)


@pytest.mark.parametrize(
    "payload", [b"", b"\x24", packet()[:47], packet(version=0), packet(version=5), packet(mode=0), b"\x16" * 11]
)
def test_no_ntp(payload: bytes) -> None:
    assert not Ntp.probe(Datagram(payload, 123, 123))


def test_mutations() -> None:
    tell_mutations(Ntp, [Datagram(packet(), 123, 123)], b"\0\x24\x25\xe4\xff", seconds=0.3)
