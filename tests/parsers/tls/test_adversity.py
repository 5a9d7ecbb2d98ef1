"""Streams met in the middle, with holes, ending early, in SSL 2.0, and mutated."""

from __future__ import annotations

import random
import ssl
import time

import pytest

from parsers.attributes import ATTRIBUTES
from parsers.malformed import Malformed
from parsers.records import Side
from parsers.stream import StreamBuffer
from parsers.tls import Tls
from tests.parsers.feeding import PSEUDONYM, feed, feed_every_way, statements
from tests.parsers.tls.handshakes import (
    Turns,
    certificate,
    client_hello,
    client_identity,
    converse,
    ends,
    message,
    numbers,
    record,
    server_hello,
    server_identity,
)
from tests.parsers.tls.test_probe import DATA, SSLV2_CLIENT_HELLO, SSLV2_SERVER_HELLO

HELLO = record(22, client_hello(numbers(0x002F), b""))
SERVER_HELLO = record(22, server_hello(0x002F))
DONE = record(22, message(14, b""))


class Sensor:
    """Feeds one parser, holes included, and keeps what it says."""

    def __init__(self) -> None:
        self.parser = Tls(PSEUDONYM)
        self.streams = {side: StreamBuffer() for side in Side}
        self.said: list[str] = []

    def send(self, side: Side, data: bytes) -> Sensor:
        self.streams[side].append(data)
        self.said += [row.attribute for row in self.parser.read(side, self.streams[side])]
        return self

    def lose(self, side: Side, count: int) -> Sensor:
        self.parser.gap(side, self.streams[side].lose(count))
        return self


@pytest.mark.parametrize("side", list(Side))
def test_application_data_met_in_the_middle_ends_it_at_once(side: Side) -> None:
    sensor = Sensor().send(side, DATA)
    assert (sensor.parser.finished, sensor.parser.client, sensor.said) == (True, None, [])


def test_a_handshake_met_after_its_hellos_says_nothing() -> None:
    flight = record(22, certificate(client_identity().der)) + record(22, message(16, b"k" * 40)) + record(20, b"\1")
    encrypted = record(22, b"\xee" * 40)
    turns = [(Side.CLIENT, flight + encrypted), (Side.SERVER, encrypted), (Side.CLIENT, DATA)]
    assert feed_every_way(Tls, turns) == []
    sensor = Sensor().send(Side.CLIENT, flight + encrypted)
    assert not sensor.parser.finished
    assert sensor.send(Side.SERVER, encrypted).parser.finished


def test_a_hole_after_the_hellos() -> None:
    sensor = Sensor().send(Side.CLIENT, HELLO).send(Side.SERVER, SERVER_HELLO + b"\x16\x03\x03\x01")
    sensor.lose(Side.SERVER, 1000).send(Side.SERVER, b"the rest of a certificate")
    assert not sensor.parser.finished  # the client may have been asked for its certificate
    sensor.send(Side.CLIENT, record(22, certificate(client_identity().der)))
    assert sensor.parser.finished
    assert sensor.said == ["tls_ja4", "tls_version", "tls_cipher", "tls_certificate"]


def test_a_hole_in_the_client_hello_leaves_the_server_to_be_read() -> None:
    sensor = Sensor().send(Side.CLIENT, HELLO[:20]).lose(Side.CLIENT, 10).send(Side.CLIENT, HELLO[30:])
    assert not sensor.parser.finished
    sensor.send(Side.SERVER, SERVER_HELLO + record(22, certificate(server_identity().der)) + DONE)
    assert sensor.said == ["tls_version", "tls_cipher", "tls_certificate"]
    assert (sensor.parser.finished, sensor.parser.client) == (True, Side.CLIENT)


def test_early_data_does_not_end_it_before_the_server_has_spoken() -> None:
    sensor = Sensor().send(Side.CLIENT, HELLO + record(20, b"\1"))
    for _ in range(30):
        sensor.send(Side.CLIENT, record(23, b"e" * 500))
    assert not sensor.parser.finished
    assert sensor.send(Side.SERVER, SERVER_HELLO + DONE).said == ["tls_ja4", "tls_version", "tls_cipher"]
    assert sensor.parser.finished


@pytest.mark.parametrize(
    ("alert", "finished"), [(b"\2\x28", True), (b"\1\0", True), (b"\1\x5a", False), (b"\x99" * 26, True)]
)
def test_alerts(alert: bytes, finished: bool) -> None:
    sensor = Sensor().send(Side.CLIENT, HELLO).send(Side.SERVER, record(21, alert))
    assert (sensor.parser.finished, sensor.said) == (finished, ["tls_ja4"])


def test_a_clients_alert_leaves_the_server_to_be_read() -> None:
    sensor = Sensor().send(Side.CLIENT, HELLO + record(21, b"\2\x30"))
    assert not sensor.parser.finished
    assert sensor.send(Side.SERVER, SERVER_HELLO + DONE).said == ["tls_ja4", "tls_version", "tls_cipher"]


def test_only_the_first_certificate_of_an_end_is_told() -> None:
    twice = record(22, certificate(server_identity().der)) * 2
    assert Sensor().send(Side.CLIENT, HELLO).send(Side.SERVER, SERVER_HELLO + twice).said.count("tls_certificate") == 1


def test_a_client_offering_tls_in_an_ssl_2_hello() -> None:
    turns = [(Side.CLIENT, SSLV2_CLIENT_HELLO), (Side.SERVER, SERVER_HELLO + DONE)]
    assert statements(feed_every_way(Tls, turns)) == [
        (Side.SERVER, "tls_version", "TLS 1.2", "peer"),
        (Side.SERVER, "tls_cipher", "TLS_RSA_WITH_AES_128_CBC_SHA", "peer"),
    ]
    assert Sensor().send(*turns[0]).parser.client is Side.CLIENT


def test_a_server_that_speaks_ssl_2() -> None:
    hello = SSLV2_CLIENT_HELLO[:3] + b"\0\2" + SSLV2_CLIENT_HELLO[5:]
    turns = [(Side.CLIENT, hello), (Side.SERVER, SSLV2_SERVER_HELLO), (Side.CLIENT, b"\x80\x21encrypted")]
    (seen,) = feed_every_way(Tls, turns)
    assert seen == (Side.SERVER, "tls_version", "SSL 2.0", "peer", len(SSLV2_SERVER_HELLO) - 1)
    client_first = [turns[0], turns[2], turns[1]]
    assert feed_every_way(Tls, client_first) == [seen]
    assert Sensor().send(*turns[1]).parser.finished
    for no_hello in (b"\x80\x2e\x07\x00", HELLO + SSLV2_CLIENT_HELLO):
        with pytest.raises(Malformed, match="not a TLS record"):
            feed(Tls, [(Side.CLIENT, no_hello)])


def _mutate(rng: random.Random, turns: Turns) -> Turns:
    mutated = []
    for side, data in turns:
        changed = bytearray(data)
        for _ in range(rng.choice((0, 0, 1, 1, 3))):
            at = rng.randrange(len(changed))
            match rng.randrange(5):
                case 0:
                    changed[at] = rng.choice((0, 1, 2, 0x16, 0x7F, 0x80, 0xFF, rng.randrange(256)))
                case 1:
                    changed[at] ^= 1 << rng.randrange(8)
                case 2:
                    del changed[at : at + rng.randrange(1, 40)]
                case 3:
                    changed[at:at] = rng.randbytes(rng.randrange(1, 40))
                case _:
                    changed[at:at] = changed[at : at + rng.randrange(1, 200)]
            changed = changed or bytearray(b"\x16")
        mutated.append((rng.choice(list(Side)) if rng.random() < 0.03 else side, bytes(changed)))
    return mutated


def test_mutated_conversations_end_in_nothing_worse_than_malformed() -> None:
    rng = random.Random(5246)
    originals = [
        converse(ends(version, mutual), "pacs.hospital.example").turns
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
        for mutual in (False, True)
    ]
    originals.append([(Side.CLIENT, SSLV2_CLIENT_HELLO), (Side.SERVER, SSLV2_SERVER_HELLO)])
    malformed = 0
    deadline = time.monotonic() + 5
    for _ in range(1500):
        turns = _mutate(rng, rng.choice(originals))
        try:
            seen = feed(Tls, turns, step=rng.choice((None, None, 7, 100)))
        except Malformed as error:
            malformed += 1
            assert error.reason.isascii() and error.offset >= 0
            continue
        assert all(row.attribute in ATTRIBUTES and row.value.isprintable() for row in seen)
        assert len(seen) <= 8
        if time.monotonic() > deadline:
            break
    assert malformed > 100


def test_the_time_of_a_flood_of_small_records_is_linear() -> None:
    def seconds(count: int) -> float:
        flood = record(24, b"beat") * count
        began = time.process_time()
        Sensor().send(Side.CLIENT, HELLO).send(Side.SERVER, SERVER_HELLO + flood)
        return time.process_time() - began

    seconds(100)
    assert min(seconds(8000) for _ in range(3)) < 40 * min(seconds(1000) for _ in range(3))
