"""What the data sets of one connection say: which are looked at, how far, and the statements they make."""

from __future__ import annotations

from typing import Final

from parsers.dicom.dataset import MAX_HEAD, Syntax, guess_syntax, inflate, read_head
from parsers.dicom.dimse import C_FIND_RQ, C_FIND_RSP, C_STORE_RQ, N_CREATE_RQ, N_SET_RQ, Command
from parsers.dicom.equipment import carries_patient, performed_station, scheduled_station
from parsers.dicom.half import Half, Statement
from parsers.dicom.template import Content, Templates, content_of, template_of
from parsers.dicom.uid import MODALITY_PERFORMED_PROCEDURE_STEP, MODALITY_WORKLIST_FIND
from parsers.records import Evidence, Side
from parsers.text import Pseudonym

# Shared by all connections: the next association of a sender mostly goes on with the same series.
RECENT: Final = Templates()


class DataSets:
    """Reads the heads of the data sets of one connection. Of a patient it only knows whether one was named."""

    def __init__(self, pseudonym: Pseudonym) -> None:
        self._pseudonym = pseudonym
        self._patient_told = False
        self._objects: list[tuple[Content | None, tuple[Statement, ...]]] = [(None, ()), (None, ())]  # last, per side

    def wanted(self, command: Command, half: Half) -> int:
        """Return how many bytes of the data set behind `command` are to be collected; 0 skips it."""
        field = command.command_field
        if field == C_STORE_RQ:
            return min(half.template.reach, MAX_HEAD) if half.template else MAX_HEAD
        if field in (C_FIND_RQ, C_FIND_RSP):
            return MAX_HEAD if not self._patient_told or _asks_worklist(command) else 0
        if field in (N_CREATE_RQ, N_SET_RQ) and command.sop_class == MODALITY_PERFORMED_PROCEDURE_STEP:
            return MAX_HEAD
        return 0

    def look(self, side: Side, half: Half, command: Command, syntax: Syntax | None, whole: bool) -> None:
        """Read the head collected in `half`, with which the data set ends if `whole`; leave what it says in `half`.

        When a template's reach was not enough, `half` is asked to collect more instead. A `syntax` that was not
        negotiated before our eyes is guessed.
        """
        data: bytes | bytearray = half.head
        syntax = syntax or guess_syntax(data)
        if syntax.deflated:
            data = inflate(data)
            whole = whole and len(data) < MAX_HEAD
        if command.command_field == C_STORE_RQ:
            content = self._recognise(half, data, syntax, whole)
            if content:
                half.said = self._patient(side, content.patient) + self._object(side, content)
            return
        half.wanted = 0
        head = read_head(data, syntax, whole)
        half.said = self._patient(side, carries_patient(head))
        if not head.covers_equipment:
            return
        if command.command_field == N_CREATE_RQ and (performed := performed_station(head)):
            half.said += ((side, "performed_station", performed, Evidence.OBJECT),)
        elif _asks_worklist(command) and (scheduled := scheduled_station(head)):
            half.said += ((side, "scheduled_station", scheduled, Evidence.PEER),)

    def _recognise(self, half: Half, data: bytes | bytearray, syntax: Syntax, whole: bool) -> Content | None:
        template = half.template
        if template is None or not template.matches(data):
            if half.wanted < MAX_HEAD and not whole:
                half.wanted = MAX_HEAD
                return None
            half.template = template = RECENT.match(data)
        half.wanted = 0
        if template is None:
            head = read_head(data, syntax, whole)
            if not head.covers_equipment:
                return None
            content = content_of(head)
            half.template = template = template_of(data, head, content)
            if template is None:
                return content
            RECENT.add(template)
        return template.content

    def _object(self, side: Side, content: Content) -> tuple[Statement, ...]:
        last, said = self._objects[side]
        if content is last:
            return said
        said = ((side, "equipment", content.equipment, Evidence.OBJECT),) if content.equipment else ()
        if content.series:
            series = self._pseudonym(content.series.encode())
            said += ((side, "sent_series", series, Evidence.PEER),)
            said += ((side.other, "received_series", series, Evidence.PEER),)
        self._objects[side] = (content, said)
        return said

    def _patient(self, side: Side, carried: bool) -> tuple[Statement, ...]:
        if not carried or self._patient_told:
            return ()
        self._patient_told = True
        return ((side, "clear_patient_data", "true", Evidence.PEER),)


def _asks_worklist(command: Command) -> bool:
    return command.command_field == C_FIND_RQ and command.sop_class == MODALITY_WORKLIST_FIND
