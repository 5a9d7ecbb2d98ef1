"""One protocol after another in one connection: as many as there are, and an end to those that only pretend."""

from __future__ import annotations

import random

import pytest

from inventory.recorder import Recorder
from parsers.records import CaptureHealth
from parsers.text import pseudonymiser
from sensor.sensor import Sensor
from sensor.streams.connection import MAX_HANDOVERS
from tests.hospital.hosts import Host, Software
from tests.hospital.wire import Connection, Wire
from tests.parsers.openings import GRANTED_V4
from tests.sensor.frames import batch

CONNECT_V4 = bytes.fromhex("040101bb5db8d87700")
HALF_A_REQUEST = b"GET / HTTP/1.1\r\nHost: ct1.example\r\n"
SSH = b"SSH-2.0-OpenSSH_8.7\r\n"


def read(*turns: tuple[int, bytes]) -> tuple[list[tuple[object, ...]], CaptureHealth]:
    """(protocol, value) of what is said of the software, and health."""
    wire, nobody = Wire(random.Random(1)), Software(None, "1.2.3", None)
    hosts = [Host("", f"10.0.0.{n}", f"00:0c:29:00:00:0{n}", "", nobody) for n in (1, 2)]
    connection = Connection(wire, *hosts, 1080)
    for end, data in turns:
        (connection.answer if end else connection.ask)(data)
    connection.close()
    recorder = Recorder("s", "t", "c")
    sensor = Sensor(pseudonymiser(b"k"), recorder)
    sensor.feed(batch(wire.frames, wire.times))
    sensor.close()
    return [row[6:9:2] for row in recorder.drain().observations if row[7] == "ssh_software"], sensor.health


@pytest.mark.parametrize("proxies", [1, 3, MAX_HANDOVERS])
def test_what_follows_proxies_is_read(proxies: int) -> None:
    said, health = read(*[(0, CONNECT_V4), (1, GRANTED_V4)] * proxies, (1, SSH), (0, SSH))
    assert said == [("ssh", "SSH-2.0-OpenSSH_8.7")] * 2
    assert health.caps_hit == 0


def test_proxies_without_end() -> None:
    said, health = read(*[(0, CONNECT_V4), (1, GRANTED_V4)] * 200, (1, SSH), (0, SSH))
    assert said == []
    assert health.anomalies["cap", "protocols of one connection"] == health.caps_hit == 1


@pytest.mark.parametrize("turns", [[(0, HALF_A_REQUEST), (1, SSH)], [(1, SSH), (0, HALF_A_REQUEST)]])
def test_a_request_without_an_end_that_ssh_answers(turns: list[tuple[int, bytes]]) -> None:
    _, health = read(*turns)
    assert health.parser_errors == 0
