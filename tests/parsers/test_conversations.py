"""Every light parser on whole conversations, and on what wire and attackers make of them."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from parsers.attributes import ATTRIBUTES
from parsers.malformed import Malformed
from parsers.records import Match, Observation, Side
from parsers.stream import StreamBuffer
from tests.parsers.conversations import CONVERSATIONS, Conversation
from tests.parsers.feeding import PSEUDONYM, feed, feed_every_way, statements
from tests.parsers.openings import OPENINGS

ALL = {**CONVERSATIONS, **OPENINGS}
every_conversation = pytest.mark.parametrize("conversation", ALL.values(), ids=ALL)
Turns = list[tuple[Side, bytes]]


def heard(conversation: Conversation, turns: Turns) -> list[Observation]:
    """What is said of damaged turns, up to a Malformed if there is one."""
    parser = conversation.parser(PSEUDONYM)
    streams = {side: StreamBuffer() for side in Side}
    said: list[Observation] = []
    try:
        for side, data in turns:
            streams[side].append(data)
            if not (parser.finished or parser.handover):
                said.extend(parser.read(side, streams[side]))
    except Malformed:
        pass
    return said


def cuts(turns: Turns) -> Iterator[Turns]:
    for at, (side, data) in enumerate(turns):
        for size in range(len(data)):
            yield [*turns[:at], (side, data[:size])]


@every_conversation
def test_what_is_said(conversation: Conversation) -> None:
    said = feed_every_way(conversation.parser, conversation.turns)
    assert statements(said) == conversation.rows
    assert all(row.attribute in ATTRIBUTES for row in said)
    assert "PHICANARY" not in repr(said)


@every_conversation
def test_all_is_said_when_it_ends(conversation: Conversation) -> None:
    parser = conversation.parser(PSEUDONYM)
    streams = {side: StreamBuffer() for side in Side}
    for side, data in conversation.turns:
        streams[side].append(data)
        list(parser.read(side, streams[side]))
    assert parser.finished or parser.handover or parser.name == "astm"


@every_conversation
def test_identified_by_its_first_turns(conversation: Conversation) -> None:
    """As soon as both ends have spoken, if not before."""
    heads = dict.fromkeys(Side, b"")
    verdicts = []
    for side, data in conversation.turns[:3]:
        heads[side] += data
        verdicts.append(conversation.parser.probe(heads[side][:512], side))
    assert Match.YES in verdicts or conversation.parser.name in ("ftp", "smtp", "telnet", "astm")


@every_conversation
def test_cut_anywhere(conversation: Conversation) -> None:
    whole = conversation.rows
    for turns in cuts(conversation.turns):
        said = statements(heard(conversation, turns))
        assert said == whole[: len(said)]


@every_conversation
def test_closed_anywhere(conversation: Conversation) -> None:
    """An end of the stream adds nothing but what was shown until then."""
    for turns in list(cuts(conversation.turns))[::7]:
        try:
            said = feed(conversation.parser, turns)
        except Malformed:
            continue
        assert "PHICANARY" not in repr(said)


@every_conversation
def test_bytes_behind_the_end(conversation: Conversation) -> None:
    for trailing in (bytes(600), b"\xff" * 600, b"\r\n" * 300, b"X" * 70000):
        turns = [*conversation.turns, (Side.CLIENT, trailing), (Side.SERVER, trailing)]
        assert statements(heard(conversation, turns))[: len(conversation.rows)] == conversation.rows


@every_conversation
def test_mutated(conversation: Conversation) -> None:
    rng = random.Random(7)  # fixed, so that a failure can be repeated
    for _ in range(300):
        turns = []
        for side, data in conversation.turns:
            changed = bytearray(data)
            for _ in range(rng.randrange(3)):
                changed[rng.randrange(len(changed))] = rng.randrange(256)
            turns.append((side, bytes(changed)))
        for row in heard(conversation, turns):
            assert row.attribute in ATTRIBUTES
            assert len(row.value) <= 600


@every_conversation
def test_gaps(conversation: Conversation) -> None:
    """Whatever turn is lost, what is said is said without it, too."""
    for lost in range(len(conversation.turns)):
        parser = conversation.parser(PSEUDONYM)
        streams = {side: StreamBuffer() for side in Side}
        said: list[Observation] = []
        for at, (side, data) in enumerate(conversation.turns):
            if parser.finished or parser.handover:
                break
            if at == lost:
                parser.gap(side, streams[side].lose(len(data)))
                continue
            streams[side].append(data)
            said.extend(parser.read(side, streams[side]))
        assert set(statements(said)) <= set(conversation.rows)


@every_conversation
@pytest.mark.parametrize("filler", [b"\0", b"A", b"\n", b"220-x\r\n", b"\xff\xfb\x01", b"SSH-2.0", b"|", b"\x02"])
def test_endless(conversation: Conversation, filler: bytes) -> None:
    """What never ends is let go: at most a message's worth is left unread, and little is said."""
    for before in range(len(conversation.turns)):
        parser = conversation.parser(PSEUDONYM)
        streams = {side: StreamBuffer() for side in Side}
        said = 0
        try:
            for side, data in conversation.turns[:before]:
                streams[side].append(data)
                if not (parser.finished or parser.handover):
                    list(parser.read(side, streams[side]))
            side = conversation.turns[before][0]
            for _ in range(40):
                if parser.finished or parser.handover:
                    break
                streams[side].append(filler * (8192 // len(filler)))
                said += len(list(parser.read(side, streams[side])))
            assert parser.finished or parser.handover or streams[side].available < 300_000
        except Malformed:
            pass
        assert said < 50
