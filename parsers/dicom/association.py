"""The DICOM parser: follows both directions of a connection from PDU to PDU, and hops over what is not wanted.

Of a data set only the head is read, and only where it can tell something; the rest, pixel data above all, is skipped
unread. What a data set says is told at its end. Where its head is broken, or cut before the equipment, nothing is said
of it and the association goes on.

A lost place in the stream (a gap, a connection met in the middle) is taken up again: at the end of the PDU being read
when the gap lies inside it, else at the next plausible PDU header. Lengths that can't be right are Malformed in a
direction that never lost its place, and searched through in one that did.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from parsers.dicom.content import DataSets
from parsers.dicom.dataset import MAX_HEAD
from parsers.dicom.dimse import C_MOVE_RQ, MAX_COMMAND_SET, NO_DATA_SET, Command, read_ae_title, read_command
from parsers.dicom.half import NO_FRAGMENT, UNKNOWN, Half, Statement
from parsers.dicom.opening import Opening, Statements
from parsers.dicom.pdu import (
    A_ABORT,
    A_ASSOCIATE_AC,
    A_ASSOCIATE_RJ,
    A_ASSOCIATE_RQ,
    COMMAND,
    FIXED,
    LAST,
    MAX_ASSOCIATE,
    MAX_P_DATA,
    P_DATA_HEADER,
    P_DATA_TF,
    PDU_HEADER,
    PDV_HEADER,
    TITLES_END,
    read_abort,
)
from parsers.dicom.probe import NEEDED, probe_pdu
from parsers.malformed import Malformed
from parsers.records import Evidence, Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym, canonical


class Dicom:
    """Parser of a DICOM connection; see parsers.protocol.Parser."""

    name: ClassVar[str] = "dicom"

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self._halves = (Half(), Half())
        self._data_sets = DataSets(pseudonym)
        self._opening = Opening()

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` begins with an upper layer PDU, whichever side sent it."""
        return probe_pdu(head)

    @property
    def speaker(self) -> str | None:
        """Implementation and AE title of the requestor."""
        return self._opening.speaker

    @property
    def client(self) -> Side | None:
        """The requestor, as an A-ASSOCIATE-RQ, -AC or -RJ shows; None if none was seen."""
        return self._opening.client

    def gap(self, side: Side, length: int) -> None:
        """Take note; the next `read` finds its place again."""
        self._halves[side].gapped = True

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume what has arrived from `side`."""
        half = self._halves[side]
        if half.gapped:
            half.gapped = False
            yield from self._salvage(side, half)
            half.lose_place(stream)
        if half.pending and not stream.skipping:
            for said in half.pending:
                yield Observation(*said, half.pending_offset)
            half.pending = ()
        while stream.available:
            try:
                statements = self._step(side, half, stream)
            except Malformed as broken:
                if not half.damaged:
                    raise Malformed(broken.reason, stream.offset) from None
                half.pdu_end = UNKNOWN
                half.lose_place(stream)
                continue
            if statements is None:
                break
            if stream.skipping:
                half.pending, half.pending_offset = statements, stream.offset - 1
                break
            offset = stream.offset - 1
            for said in statements:
                yield Observation(*said, offset)
            if self.finished:
                return
        if stream.closed:
            for said in half.pending:
                yield Observation(*said, stream.offset - stream.skipping - 1)
            half.pending = ()
            yield from self._salvage(side, half)

    def _salvage(self, side: Side, half: Half) -> Iterator[Observation]:
        """Tell what the data set under way has said already: its end will not be seen."""
        if half.command and half.wanted and half.head:
            half.wanted = MAX_HEAD  # there is no more to collect
            self._look(side, half, half.command, whole=False)
        for said in half.said:
            yield Observation(*said, half.head_end - 1)
        half.end_message()

    def _step(self, side: Side, half: Half, stream: StreamBuffer) -> Statements | None:
        """Consume one PDU, PDV header or fragment. Return what it says, None when more bytes are needed."""
        if half.control != NO_FRAGMENT:
            return self._fragment(side, half, stream)
        if half.lost and not half.find_place(stream):
            return None
        at = stream.offset
        if half.in_p_data:
            if at < half.pdu_end:
                return self._pdv(side, half, stream)
            half.in_p_data = False
        header = stream.peek(12)
        if len(header) < 6:
            return None
        if not half.synced:
            match = probe_pdu(stream.peek(NEEDED))
            if match is Match.NO:
                half.lose_place(stream)
                return ()
            if match is Match.MORE and not stream.closed:
                return None
            half.synced = True
        if header[0] == P_DATA_TF:
            if len(header) < 12:
                return None
            _, length, pdv_length, context, control = P_DATA_HEADER.unpack_from(header)
            if not 6 <= length <= MAX_P_DATA or not 2 <= pdv_length <= length - 4:
                raise Malformed("PDV length does not fit its P-DATA-TF")
            half.pdu_end = at + 6 + length
            stream.skip(12)
            left = length - 6
            if control == COMMAND | LAST and pdv_length == left + 2 and left <= min(stream.available, MAX_COMMAND_SET):
                half.context = context
                half.command_set.clear()
                return self._command(side, half, stream.take(left))
            half.in_p_data = True
            half.open_fragment(at + 10 + pdv_length, context, control)
            return self._fragment(side, half, stream)
        return self._pdu(side, half, stream, *PDU_HEADER.unpack_from(header))

    def _pdv(self, side: Side, half: Half, stream: StreamBuffer) -> Statements | None:
        left = half.pdu_end - stream.offset
        header = stream.peek(min(6, left))
        if len(header) < min(6, left):
            return None
        pdv_length, context, control = PDV_HEADER.unpack(header) if left >= 6 else (0, 0, 0)
        if not 2 <= pdv_length <= left - 4:
            raise Malformed("PDV length does not fit its P-DATA-TF")
        half.open_fragment(stream.offset + 4 + pdv_length, context, control)
        stream.skip(6)
        return self._fragment(side, half, stream)

    def _fragment(self, side: Side, half: Half, stream: StreamBuffer) -> Statements | None:
        """Take what is wanted of the fragment, skip the rest."""
        left = half.fragment_end - stream.offset
        control, command = half.control, half.command
        said: Statements = ()
        if control & COMMAND:
            if len(half.command_set) + left > MAX_COMMAND_SET:
                raise Malformed("command set is too long")
            half.command_set += stream.take(min(left, stream.available))
            if stream.offset < half.fragment_end:
                return None
            if control & LAST:
                said = self._command(side, half, bytes(half.command_set))
                half.command_set.clear()
        elif command and half.context == half.message_context:
            while half.wanted and left:
                stop = stream.offset + min(left, half.wanted - len(half.head))
                half.head += stream.take(min(stop - stream.offset, stream.available))
                half.head_end = stream.offset
                if stream.offset < stop:
                    return None
                left = half.fragment_end - stop
                if len(half.head) == half.wanted:
                    self._look(side, half, command, whole=not left and bool(control & LAST))
            stream.skip(left)
            if control & LAST:
                if half.wanted:
                    self._look(side, half, command, whole=True)
                said = half.said
                half.end_message()
        else:
            stream.skip(left)
        half.control = NO_FRAGMENT
        if not control and not half.wanted and stream.offset == half.pdu_end:
            self._hop(half, stream)
        return said

    def _hop(self, half: Half, stream: StreamBuffer) -> None:
        """Skip the PDUs that hold nothing but a middle fragment of the same data set: the many of pixel data."""
        while len(header := stream.peek(12)) == 12:
            kind, length, pdv_length, context, control = P_DATA_HEADER.unpack(header)
            if control or kind != P_DATA_TF or context != half.context or pdv_length != length - 4 or pdv_length < 2:
                break
            if length > MAX_P_DATA:
                break
            stream.skip(length + 6)
            half.pdu_end = stream.offset

    def _look(self, side: Side, half: Half, command: Command, whole: bool) -> None:
        self._data_sets.look(side, half, command, self._opening.syntaxes.get(half.message_context), whole)

    def _command(self, side: Side, half: Half, command_set: bytes) -> Statements:
        command = read_command(command_set)
        half.end_message()
        if command.data_set_type != NO_DATA_SET:
            half.command = command
            half.message_context = half.context
            half.wanted = self._data_sets.wanted(command, half)
        said: list[Statement] = []
        if message := command.message:
            said.append((side, "dimse_message", message, Evidence.PEER))
            said += self._opening.used(side, command.sop_class)
        if command.command_field == C_MOVE_RQ and (title := read_ae_title(command.move_destination)):
            said.append((side, "move_destination", title, Evidence.PEER))
        if command.move_originator and (title := read_ae_title(command.move_originator)):
            said.append((side, "move_originator_ae_title", title, Evidence.PEER))
        return tuple(said)

    def _pdu(self, side: Side, half: Half, stream: StreamBuffer, kind: int, length: int) -> Statements | None:
        """Read a PDU that carries no data."""
        associate = kind in (A_ASSOCIATE_RQ, A_ASSOCIATE_AC)
        if not 1 <= kind <= A_ABORT:
            raise Malformed("unknown PDU type")
        if not (FIXED <= length <= MAX_ASSOCIATE if associate else length == 4):
            raise Malformed("PDU length can't be right")
        half.pdu_end = stream.offset + 6 + length
        if stream.available < 6 + length:
            if stream.cut and kind == A_ASSOCIATE_RQ and stream.available >= 6 + TITLES_END:
                return self._opening.requested_in_part(side, stream.take(stream.available)[6:])
            return None
        body = stream.take(6 + length)[6:]
        if kind == A_ASSOCIATE_RQ:
            return self._opening.requested(side, body)
        if kind == A_ASSOCIATE_AC:
            return self._opening.accepted(side, body)
        if kind == A_ASSOCIATE_RJ:
            said = self._opening.rejected(side, body)
            self.finished = self._opening.refused
            return said
        if kind == A_ABORT:
            return ((side, "association", canonical(read_abort(body)), Evidence.PEER),)
        return ()
