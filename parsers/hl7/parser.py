"""HL7 v2 over MLLP: which applications talk, with which software, about which equipment. Content stays unread.

All observations of a message carry the offset of its last byte: FS, or the byte in front of the next message.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from parsers.hl7.message import Message
from parsers.hl7.mllp import Segment, SegmentReader, starts_message
from parsers.records import Evidence, Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym

_CHUNK: Final = 65536  # bytes walked through at a time
_ENDS_MESSAGE: Final = frozenset((b"", b"MSH", b"FHS", b"BHS", b"BTS", b"FTS"))

# Messages are told by pseudonym, to recognise them on the other side of an interface engine: the first of a
# connection all, then one in 64. The pseudonym itself decides which, so that both sides tell the same ones.
_TOLD_MESSAGES: Final = 64
_SAMPLE: Final = 64
_MIN_CONTROL_ID: Final = 5  # characters; shorter ones are counters that any two senders share


class Hl7:
    """Parser of one MLLP connection."""

    name: ClassVar[str] = "hl7"

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self._pseudonym = pseudonym
        self._readers = (SegmentReader(), SegmentReader())
        self._messages: list[Message | None] = [None, None]
        self._cut_off: tuple[list[Observation], list[Observation]] = ([], [])  # known when a gap came
        self._turn: Side | None = None
        self._told = 0
        self._patient_told = False
        self._initiated = [False, False]
        self._responded = [False, False]

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` begins a frame or an unframed message; either side may."""
        return starts_message(head.removeprefix(b"\x0b"))

    @property
    def client(self) -> Side | None:
        """The side of which all messages were answered, and which answered none: senders connect."""
        for side in Side:
            if self._initiated == [side == end for end in Side] and self._responded == [side != end for end in Side]:
                return side
        return None

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume all of `side` that has arrived. Raises Malformed where a frame's header has no delimiters."""
        if self._cut_off[side]:
            yield from self._cut_off[side]
            self._cut_off[side].clear()
        reader = self._readers[side]
        if self._turn is not side and stream.available:
            self._turn = side
            reader.turn()
        while available := stream.available:
            offset = stream.offset
            for segment in reader.read(stream.take(min(available, _CHUNK)), offset):
                yield from self._segment(side, segment)
        if stream.closed:
            yield from self._cut(side)

    def gap(self, side: Side, length: int) -> None:
        """Give the message up at what is known of it; the next VT, or this side's next turn, begins another."""
        self._cut_off[side].extend(self._cut(side))

    def _cut(self, side: Side) -> list[Observation]:
        reader = self._readers[side]
        segment = reader.cut()
        told = self._segment(side, segment) if segment else ()
        return [*told, *self._end(side, reader.offset - 1)]

    def _segment(self, side: Side, segment: Segment) -> Sequence[Observation]:
        name, data, offset = segment
        if name in _ENDS_MESSAGE:
            told = self._end(side, offset - 1 if name else offset)
            if name == b"MSH":
                self._messages[side] = Message(data)
            return told
        if message := self._messages[side]:
            message.add(name, data)
        return ()

    def _end(self, side: Side, offset: int) -> Sequence[Observation]:
        """Return what the message of `side`, if there is one, says, now that its last byte is known."""
        message = self._messages[side]
        if message is None:
            return ()
        self._messages[side] = None
        told = [
            Observation(side if own else side.other, attribute, value, evidence, offset)
            for own, attribute, value, evidence in message.statements()
        ]
        if message.response:
            self._responded[side] = True
        else:
            self._initiated[side] = True
            told += self._tell(side, message, offset)
        if message.patient and not self._patient_told:
            self._patient_told = True
            told.append(Observation(side, "clear_patient_data", "true", Evidence.PEER, offset))
        return told

    def _tell(self, side: Side, message: Message, offset: int) -> Sequence[Observation]:
        """Tell the message by pseudonym: code, event and control id, whatever delimiters it is written with."""
        if len(message.control_id) < _MIN_CONTROL_ID:
            return ()
        pseudonym = self._pseudonym(message.header.trigger + b"|" + message.control_id)
        if self._told >= _TOLD_MESSAGES and int(pseudonym[-2:], 16) % _SAMPLE:
            return ()
        self._told += 1
        return (
            Observation(side, "hl7_sent_message", pseudonym, Evidence.PEER, offset),
            Observation(side.other, "hl7_received_message", pseudonym, Evidence.PEER, offset),
        )
