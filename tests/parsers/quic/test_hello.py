"""The hello of a QUIC connection: the packets of the RFCs, and whatever clients and networks make of them."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from parsers.malformed import Malformed
from parsers.quic import VERSIONS, ClientHelloReader, Introduction
from parsers.quic.hello import MAX_DATAGRAMS
from tests.parsers.quic.samples import (
    DCID,
    RFC_9001,
    RFC_9369_BEGIN,
    RFC_FRAME,
    SALTS,
    V1,
    V2,
    crypto,
    hello,
    integer,
    seal,
)

RFC_9369 = seal(RFC_FRAME, version=V2, number=2)
CUT = 60  # where a hello is cut in two
OF_THE_RFCS = pytest.mark.parametrize("packet", [RFC_9001, RFC_9369], ids=["RFC 9001 A.2", "RFC 9369 A.2"])


def read(*datagrams: bytes) -> Introduction | None:
    """What the last of these datagrams makes known; those before it must not."""
    reader = ClientHelloReader()
    told = None
    for datagram in datagrams:
        assert told is None and not reader.finished
        told = reader.read(datagram)
    assert reader.finished == (told is not None)
    return told


def names(told: Introduction | None) -> tuple[str, list[tuple[str, str]]]:
    assert told is not None
    return told.server_name, [(said.attribute, said.value) for said in told.said]


def test_sealing_is_as_in_the_rfcs() -> None:
    assert seal(RFC_FRAME, number=2) == RFC_9001
    assert RFC_9369.startswith(RFC_9369_BEGIN)


@OF_THE_RFCS
def test_packets_of_the_rfcs(packet: bytes) -> None:
    expected = ("example.com", [("tls_ja4", "q13d0211an_62ed6f6ca7ad_4d634acda6c0"), ("tls_alpn", "alpn")])
    for trailing in (b"", b"\0" * 40, b"\xff" * 40, seal(crypto(0, hello(b"other.example"))), packet):
        assert names(read(packet + trailing)) == expected


@OF_THE_RFCS
def test_cut_anywhere(packet: bytes) -> None:
    for end in range(len(packet)):
        reader = ClientHelloReader()
        assert reader.read(packet[:end]) is None


@OF_THE_RFCS
def test_mutated(packet: bytes) -> None:
    """What is authentic is all that counts: a packet with any bit changed says nothing."""
    rng = random.Random(9)  # fixed, so that a failure can be repeated
    for _ in range(2000):
        at, bit = rng.randrange(len(packet)), 1 << rng.randrange(8)
        changed = bytearray(packet)
        changed[at] ^= bit
        assert ClientHelloReader().read(bytes(changed)) is None


def test_noise() -> None:
    rng = random.Random(10)
    for version in VERSIONS:
        for _ in range(100):
            noise = bytes([0xC0 | rng.randrange(64)]) + version.to_bytes(4) + rng.randbytes(1300)
            assert ClientHelloReader().read(noise) is None


@pytest.mark.parametrize("version", SALTS)
def test_versions(version: int) -> None:
    assert names(read(seal(crypto(0, hello()), version=version)))[0] == "pacs.example"


@pytest.mark.parametrize("version", [0, 2, 0x1A2A3A4A, 0x51303530, 0xFF000015, 0xFF000023])
def test_unknown_versions(version: int) -> None:
    assert read(RFC_9001[:1] + version.to_bytes(4) + RFC_9001[5:]) is None


def test_a_retry_changes_the_keys() -> None:
    first, second = hello()[:CUT], hello()[CUT:]
    chosen = b"CHOSEN"
    datagrams = [
        seal(crypto(0, first)),
        b"\xf0" + V1.to_bytes(4) + b"\0\x06" + chosen + b"TOKEN" + bytes(16),  # Retry (RFC 9000 17.2.5)
        seal(crypto(0, first), chosen, token=b"TOKEN", number=1),
        seal(crypto(CUT, second), chosen, token=b"TOKEN", number=2),
    ]
    assert names(read(*datagrams))[0] == "pacs.example"
    assert read(*datagrams[:3]) is None


def test_a_hello_is_not_put_together_from_two_connections() -> None:
    assert read(seal(crypto(0, hello()[:CUT])), seal(crypto(CUT, hello()[CUT:]), b"ANOTHER1")) is None


def test_the_server_answers_in_between() -> None:
    """It names itself, and the client goes on under that name with the keys it has."""
    answer = seal(b"\2" + integer(0) * 4 + crypto(0, b"\2\0\0\4abcd"), b"", keys_of=DCID, sender=b"server in")
    later = seal(crypto(CUT, hello()[CUT:]), b"SERVERID", keys_of=DCID, number=1)
    assert names(read(seal(crypto(0, hello()[:CUT])), answer, later))[0] == "pacs.example"


def test_fragments_in_any_order() -> None:
    message, rng = hello(filler=2200), random.Random(11)
    for _ in range(30):
        bounds = [0, *sorted(rng.sample(range(1, len(message)), 12)), len(message)]
        # Neighbours overlap; some come twice.
        parts = [(a, message[a : b + rng.randrange(20)]) for a, b in pairwise(bounds)]
        parts += rng.sample(parts, 3)
        rng.shuffle(parts)
        datagrams = []
        for number in range(3):
            frames = [b"\1" * rng.randrange(3) + bytes(rng.randrange(9)) + crypto(*part) for part in parts[number::3]]
            frames.insert(1, b"\3" + integer(5) + integer(0) + integer(1) + integer(1) * 6)  # ACK with ECN counts
            datagrams.append(b"".join(frames))
        sealed = [seal(frames, number=number, size=0) for number, frames in enumerate(datagrams)]
        reader = ClientHelloReader()
        told = [reader.read(datagram) for datagram in sealed]
        found = next(one for one in told if one is not None)
        assert found.server_name == "pacs.example"


def test_coalesced_packets() -> None:
    rest = b"\xd3" + V1.to_bytes(4) + bytes([len(DCID)]) + DCID + b"\0" + (0x4000 | 60).to_bytes(2) + bytes(60)  # 0-RTT
    halves = [seal(crypto(at, hello()[at : at + CUT]), number=at, size=200) for at in (0, CUT)]
    assert names(read(halves[0] + rest + halves[1]))[0] == "pacs.example"
    assert read(halves[0] + rest) is None
    assert read(rest[:-1] + halves[1]) is None  # it does not end where it says


@pytest.mark.parametrize(
    "frames",
    [
        b"\x08",  # STREAM
        b"\xff",
        crypto(0, hello())[:-5].ljust(1162, b"\0")[:200] + b"\x06\x00\x7f",
        b"\6" + integer(1 << 29) + integer(10) + bytes(10),
        b"\6" + integer(0) + b"\xff" * 8,
        b"\2" + integer(0) * 2 + integer((1 << 30) - 1),
        b"\2\xc0",
        crypto(0, b"\2\0\0\4abcd"),  # a ServerHello, of a client
        crypto(0, b"\1\0\0\4abcd"),
        crypto(0, hello()[:30] + b"\xff" * (len(hello()) - 30)),
        b"\1\0" * 400,
    ],
)
def test_authentic_nonsense_is_malformed(frames: bytes) -> None:
    reader = ClientHelloReader()
    with pytest.raises(Malformed):
        reader.read(seal(frames, size=0))
    assert reader.finished


def test_a_hello_without_a_name() -> None:
    assert names(read(seal(crypto(0, hello(b"")))))[0] == ""


def test_a_hello_without_end_is_given_up() -> None:
    endless = hello()[:1] + (1 << 20).to_bytes(3) + bytes(1000)
    reader = ClientHelloReader()
    for number in range(MAX_DATAGRAMS):
        assert not reader.finished
        assert reader.read(seal(crypto(1000 * number, endless[:1000]), number=number)) is None
    assert reader.finished


def test_little_is_held_of_a_hello() -> None:
    """Neither a far offset, nor many fragments, nor much repeated in other pieces."""
    many = b"".join(crypto(2 * at, b"\1") for at in range(200))
    for frames in ([crypto(17_000, b"\1")], [many], [crypto(at, bytes(16_000)) for at in range(1, 4)]):
        reader = ClientHelloReader()
        with pytest.raises(Malformed, match="hello too long"):
            for number, part in enumerate(frames):
                reader.read(seal(part, number=number, size=0))
