"""Read a datagram whole, cut at every byte, with trailing bytes and mutated: what it says stays within the rules."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, inet_ntop

from parsers.attributes import ATTRIBUTES
from parsers.malformed import Malformed
from parsers.protocol import DatagramParser
from parsers.records import About, Announcement, Datagram
from parsers.text import MAX_TEXT, clean

Statement = tuple[str, str, str, str, str | None, str | None]
MOST = 128  # announcements of one datagram that the sensor takes
ROUNDS = 200  # mutations tried
TRAILERS = (b"\0", b"\0" * 40, bytes(range(7)), b"\xff\xee\xdd\xcc\xbb")
SPECIAL = b"\x00\x01\x0c\x20\x3f\x40\x7f\x80\xc0\xff"


def tell(
    parser: type[DatagramParser], payload: bytes, ports: tuple[int, int], cut: bool = False
) -> tuple[list[Announcement], str | None]:
    """What `parser` says of a payload, and why it ended early. Only Malformed and lawful statements may come out."""
    datagram = Datagram(payload, *ports, cut)
    said: list[Announcement] = []
    if not parser.probe(datagram):
        return said, "probe"
    try:
        said.extend(parser.read(datagram))
    except Malformed as broken:
        assert broken.reason.isascii() and broken.reason.isprintable()
        assert 0 <= broken.offset <= len(payload)
        return said, broken.reason
    finally:
        _lawful(said)
    return said, None


def statements(said: Sequence[Announcement]) -> list[Statement]:
    """(attribute, value, class, whom about, address, MAC) of each, in order."""
    return [(a.attribute, a.value, str(a.evidence), a.about.name, a.ip, a.mac) for a in said]


def read_every_way(parser: type[DatagramParser], payload: bytes, ports: tuple[int, int]) -> list[Announcement]:
    """What `payload` says. Its beginnings must say nothing else, bytes behind it no more, and mutations be harmless."""
    said, fault = tell(parser, payload, ports)
    assert fault is None
    for trailer in TRAILERS:
        assert tell(parser, payload + trailer, ports)[0] == said
    for end in range(len(payload)):
        for cut in (True, False):
            part = tell(parser, payload[:end], ports, cut)[0]
            if parser.name != "mdns":  # whose a message is, and what a service is, is told by all of it
                assert set(part) <= set(said)
    rng = random.Random(len(payload))  # fixed, so that a failure can be repeated
    for _ in range(ROUNDS):
        tell(parser, _mutated(rng, payload), ports, rng.random() < 0.3)
    return said


def _lawful(said: Sequence[Announcement]) -> None:
    """Check that the allow-list and the bounds hold, and that each is about somebody who can be a host."""
    assert len(said) <= MOST
    for announcement in said:
        attribute, value = ATTRIBUTES[announcement.attribute], announcement.value
        if attribute.kind == "compound":
            parts = json.loads(value)
            assert parts and set(parts) <= set(attribute.keys)
            assert all(text and text == clean(text) for text in parts.values())
        else:
            assert value and value == clean(value) and len(value) <= MAX_TEXT
            assert attribute.kind == "text" or value == "true"
        if announcement.ip is not None:
            address = ip_address(announcement.ip)
            assert inet_ntop(AF_INET if address.version == 4 else AF_INET6, address.packed) == announcement.ip
            assert not (address.is_unspecified or address.is_loopback or address.is_multicast)
        assert announcement.mac is None or re.fullmatch("[0-9a-f]{2}(:[0-9a-f]{2}){5}", announcement.mac)
        assert announcement.about is not About.OTHER or announcement.ip or announcement.mac


def _mutated(rng: random.Random, payload: bytes) -> bytes:
    """Return `payload` with a few bytes changed, lost, repeated or put in."""
    out = bytearray(payload)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(out))
        match rng.randrange(5):
            case 0:
                out[at] = rng.choice(SPECIAL)
            case 1:
                out[at] = rng.randrange(256)
            case 2:
                del out[at : at + rng.randint(1, 20)]
            case 3:
                out[at:at] = rng.randbytes(rng.randint(1, 12))
            case _:
                out[at:at] = out[at : at + rng.randint(1, 60)]
        out = out or bytearray(b"\0")
    return bytes(out)
