"""Ask a datagram parser what it says of one datagram: whole, cut anywhere, with bytes behind, and mutated."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterable
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, inet_ntop

from parsers.attributes import ATTRIBUTES
from parsers.malformed import Malformed
from parsers.protocol import DatagramParser
from parsers.records import About, Announcement, Datagram, Evidence
from parsers.text import MAX_TEXT, clean

Statement = tuple[str, str, str, str, str | None, str | None]
MAX_ANNOUNCEMENTS = 128  # of one datagram that the sensor takes
MUTATIONS = 100  # tried of each datagram
SPECIAL = b"\x00\x01\x0c\x20\x3f\x40\x7f\x80\xc0\xff"


def tell(parser: type[DatagramParser], datagram: Datagram) -> tuple[list[Announcement], str | None]:
    """Return what is said, and why it ended early (None where it did not). Nothing but Malformed may come out."""
    said: list[Announcement] = []
    if not parser.probe(datagram):
        return said, "probe"
    try:
        said.extend(parser.read(datagram))
    except Malformed as broken:
        assert broken.reason.isascii() and broken.reason.isprintable()
        assert 0 <= broken.offset <= len(datagram.payload)
        return said, broken.reason
    finally:
        check(said)
    return said, None


def check(said: list[Announcement]) -> None:
    """All that is said is allowed, bounded, printable, of the kind the allow-list tells, and about a possible host."""
    assert len(said) <= MAX_ANNOUNCEMENTS
    for announcement in said:
        attribute = ATTRIBUTES[announcement.attribute]
        if attribute.kind in ("compound", "list"):
            value = json.loads(announcement.value)
            assert set(value) <= set(attribute.keys) if attribute.kind == "compound" else value == sorted(set(value))
            texts = list(value.values() if attribute.kind == "compound" else value)
        else:
            assert attribute.kind == "text" or announcement.value == "true"
            texts = [announcement.value]
        assert texts and all(text and len(text) <= MAX_TEXT and text == clean(text) for text in texts)
        if announcement.ip is not None:
            address = ip_address(announcement.ip)
            assert inet_ntop(AF_INET if address.version == 4 else AF_INET6, address.packed) == announcement.ip
            assert not (address.is_unspecified or address.is_loopback or address.is_multicast)
        assert announcement.mac is None or re.fullmatch("[0-9a-f]{2}(:[0-9a-f]{2}){5}", announcement.mac)
        assert announcement.about is not About.OTHER or announcement.ip or announcement.mac


def statements(said: Iterable[Announcement]) -> list[Statement]:
    """(attribute, value, class, whom about, address, MAC) of each, in order."""
    return [(a.attribute, a.value, str(a.evidence), a.about.name, a.ip, a.mac) for a in said]


def values(said: Iterable[Announcement]) -> dict[str, object]:
    """Attribute -> value, compounds and lists as such; a list of values where there are several."""
    out: dict[str, object] = {}
    for announcement in said:
        value: object = announcement.value
        if ATTRIBUTES[announcement.attribute].kind in ("compound", "list"):
            value = json.loads(announcement.value)
        if announcement.attribute in out:
            before = out[announcement.attribute]
            out[announcement.attribute] = [*(before if isinstance(before, list) else [before]), value]
        else:
            out[announcement.attribute] = value
    return out


def _facts(parser: type[DatagramParser], said: Iterable[Announcement]) -> set[tuple[object, ...]]:
    """What is said, in the smallest pieces."""
    facts: set[tuple[object, ...]] = set()
    for one in said:
        kind = ATTRIBUTES[one.attribute].kind
        head: tuple[object, ...] = (one.attribute, one.evidence, one.about, one.port)
        if parser.ports:  # what stands in for a frame's MAC may come last
            head += (one.ip, one.mac)
        if kind in ("compound", "list"):
            value = json.loads(one.value)
            facts.update((*head, piece) for piece in (value.items() if kind == "compound" else value))
        else:
            facts.add((*head, one.value))
    return facts


def tell_every_way(
    parser: type[DatagramParser], datagram: Datagram, trailer: bytes = bytes(range(7))
) -> list[Announcement]:
    """Return what is said of a sound datagram.

    Check that its beginnings say nothing else, bytes behind it no more, and mutations nothing that may not be said.
    """
    said, reason = tell(parser, datagram)
    assert reason is None
    whole = _facts(parser, said)
    less_sure = _facts(parser, [one._replace(evidence=Evidence.OBJECT) for one in said])
    for length in range(len(datagram.payload)):
        for cut in (True, False):
            part, _ = tell(parser, datagram._replace(payload=datagram.payload[:length], cut=cut))
            if parser.name != "mdns":  # whose a message is, and what a service is, is told by all of it
                assert _facts(parser, part) <= whole | less_sure, (length, cut, part)
    for behind in (b"\0", b"\0" * 40, trailer):
        more, _ = tell(parser, datagram._replace(payload=datagram.payload + behind))
        assert _facts(parser, more) == whole, behind
    tell_mutations(parser, [datagram], SPECIAL, rounds=MUTATIONS)
    return said


def mutate(rng: random.Random, payload: bytes, special: bytes) -> bytes:
    """Return `payload` with a few bytes changed, taken out, doubled or put in."""
    out = bytearray(payload)
    for _ in range(rng.choice((1, 1, 2, 4, 6))):
        at = rng.randrange(len(out) or 1)
        match rng.randrange(5):
            case 0:
                out[at : at + 1] = bytes([rng.choice(special)])
            case 1:
                out[at : at + 1] = bytes([rng.randrange(256)])
            case 2:
                del out[at : at + rng.randint(1, 20)]
            case 3:
                out[at:at] = bytes(rng.choice(special) for _ in range(rng.randint(1, 8)))
            case _:
                out[at:at] = out[at : at + rng.randint(1, 100)]
    return bytes(out)


def tell_mutations(
    parser: type[DatagramParser], seeds: list[Datagram], special: bytes, rounds: int = 3000, seconds: float = 1.0
) -> None:
    """Whatever is done to sound datagrams, only Malformed comes out and only what is allowed is said."""
    rng = random.Random(5)  # fixed, so that a failure can be repeated
    deadline = time.monotonic() + seconds
    for _ in range(rounds):
        seed = rng.choice(seeds)
        tell(parser, seed._replace(payload=mutate(rng, seed.payload, special), cut=rng.random() < 0.3))
        if time.monotonic() > deadline:
            break


def seconds_for(parser: type[DatagramParser], datagram: Datagram) -> float:
    """Return the CPU seconds one reading takes."""
    began = time.process_time()
    tell(parser, datagram)
    return time.process_time() - began
