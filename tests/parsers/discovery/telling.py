"""Ask a datagram parser what it says of one datagram: whole, cut anywhere, with bytes behind, and mutated."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable

from parsers.attributes import ATTRIBUTES
from parsers.malformed import Malformed
from parsers.protocol import DatagramParser
from parsers.records import About, Announcement, Datagram
from parsers.text import MAX_TEXT, clean

MAX_ANNOUNCEMENTS = 100  # more than any real datagram says


def tell(parser: type[DatagramParser], datagram: Datagram) -> tuple[list[Announcement], str | None]:
    """Return what is said, and why it ended early (None where it did not). Nothing but Malformed may come out."""
    said: list[Announcement] = []
    if not parser.probe(datagram):
        return said, "probe"
    try:
        said.extend(parser.read(datagram))
    except Malformed as malformed:
        assert 0 <= malformed.offset <= len(datagram.payload)
        return said, malformed.reason
    finally:
        check(said)
    return said, None


def check(said: list[Announcement]) -> None:
    """Everything said is allowed, bounded, printable, and of the kind that the allow-list tells."""
    assert len(said) <= MAX_ANNOUNCEMENTS
    for announcement in said:
        attribute = ATTRIBUTES[announcement.attribute]
        if attribute.kind == "text":
            assert announcement.value and announcement.value == clean(announcement.value)
            continue
        value = json.loads(announcement.value)
        if attribute.kind == "compound":
            assert set(value) <= set(attribute.keys)
            texts = list(value.values())
        else:
            assert value == sorted(set(value))
            texts = value
        assert texts and all(text and len(text) <= MAX_TEXT and text == clean(text) for text in texts)


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


def _facts(said: Iterable[Announcement]) -> set[tuple[object, ...]]:
    """What is said, in the smallest pieces."""
    facts: set[tuple[object, ...]] = set()
    for one in said:
        kind = ATTRIBUTES[one.attribute].kind
        head: tuple[object, ...] = (one.attribute, one.about, one.port)
        if one.about is not About.SENDER:  # what stands in for a frame's MAC may come last
            head += (one.ip, one.mac)
        if kind == "text":
            facts.add((*head, one.value))
        else:
            value = json.loads(one.value)
            facts.update((*head, piece) for piece in (value.items() if kind == "compound" else value))
    return facts


def tell_every_way(
    parser: type[DatagramParser], datagram: Datagram, trailer: bytes = bytes(range(7))
) -> list[Announcement]:
    """Return what is said of a sound datagram; check that its beginnings say nothing else, and bytes behind no more."""
    said, reason = tell(parser, datagram)
    assert reason is None
    whole = _facts(said)
    for length in range(len(datagram.payload)):
        for cut in (True, False):
            part, _ = tell(parser, datagram._replace(payload=datagram.payload[:length], cut=cut))
            assert _facts(part) <= whole, (length, cut, part)
    for behind in (b"\0", b"\0" * 40, trailer):
        more, _ = tell(parser, datagram._replace(payload=datagram.payload + behind))
        assert _facts(more) == whole, behind
    return said


def mutate(rng: random.Random, payload: bytes, special: bytes) -> bytes:
    """Return `payload` with a few bytes changed, taken out, doubled or put in."""
    out = bytearray(payload)
    for _ in range(rng.randint(1, 6)):
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


def tell_mutations(parser: type[DatagramParser], seeds: list[Datagram], special: bytes, seconds: float = 1.0) -> None:
    """Whatever is done to sound datagrams, only Malformed comes out and only what is allowed is said."""
    rng = random.Random(5)  # fixed, so that a failure can be repeated
    deadline = time.monotonic() + seconds
    for _ in range(3000):
        seed = rng.choice(seeds)
        tell(parser, seed._replace(payload=mutate(rng, seed.payload, special), cut=rng.random() < 0.3))
        if time.monotonic() > deadline:
            break


def seconds_for(parser: type[DatagramParser], datagram: Datagram) -> float:
    """Return the CPU seconds one reading takes."""
    began = time.process_time()
    tell(parser, datagram)
    return time.process_time() - began
