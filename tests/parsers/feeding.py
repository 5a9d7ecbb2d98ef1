"""Feed a parser the same conversation whole, byte by byte, and with trailing bytes: what it says must not change."""

from __future__ import annotations

from collections.abc import Iterable

from parsers.protocol import Parser
from parsers.records import Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import pseudonymiser

Turns = Iterable[tuple[Side, bytes]]
PSEUDONYM = pseudonymiser(b"test key")
SETTLE = 64  # chunks after which the buffers are let go of, as at the end of a batch


def feed(parser_class: type[Parser], turns: Turns, step: int | None = None, close: bool = True) -> list[Observation]:
    """Return what a fresh parser observes of `turns`, each handed over in chunks of `step` bytes (default: whole)."""
    parser = parser_class(PSEUDONYM)
    streams = {Side.CLIENT: StreamBuffer(), Side.SERVER: StreamBuffer()}
    seen: list[Observation] = []
    for side, data in turns:
        size = step or max(len(data), 1)
        for at in range(0, len(data), size):
            if parser.finished:
                return seen
            streams[side].append(data[at : at + size])
            seen.extend(parser.read(side, streams[side]))
            if at // size % SETTLE == SETTLE - 1:
                streams[side].settle()
    if close:
        for side, stream in streams.items():
            if not parser.finished:
                stream.closed = True
                seen.extend(parser.read(side, stream))
    return seen


def statements(observations: Iterable[Observation]) -> list[tuple[Side, str, str, str]]:
    """The observations without their offsets, in order."""
    return [(o.side, o.attribute, o.value, str(o.evidence)) for o in observations]


def feed_every_way(parser_class: type[Parser], turns: Turns) -> list[Observation]:
    """Feed whole and byte by byte, check that both say the same, offsets included, and return it."""
    turns = list(turns)
    whole = feed(parser_class, turns)
    assert feed(parser_class, turns, step=1) == whole
    return whole
