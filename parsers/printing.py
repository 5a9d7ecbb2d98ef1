"""PJL, the language in which printers are spoken to on port 9100: what a printer says it is. Print jobs are not read.

Printer Job Language Technical Reference Manual (HP 5021-0380), chapter 6, "@PJL INFO ID".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.records import Evidence, Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym, clean

_ESCAPE_SEQUENCE: Final = b"\x1b%-12345X"  # Universal Exit Language
_PREFIX: Final = b"@PJL "
_ANSWER: Final = re.compile(rb'@PJL INFO ID[ \t]*+\r?\n[ \t]*+"?([^"\r\n\f]{1,256}+)"?[ \t]*+\r?\n')
_ANSWER_BEGIN: Final = b"@PJL INFO ID"
_WINDOW: Final = 1024  # bytes in which an answer is looked for
_MAX_ASKED: Final = 64 * 1024  # bytes of a job without an answer: it is just a job
_MAX_ANSWERED: Final = 16 * 1024


class Pjl:
    """Reads one connection to a printer up to what it says it is."""

    name: ClassVar[str] = "pjl"

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None
        self._passed = [0, 0]

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` begins with the escape to PJL, or with a PJL command or answer."""
        for begin in (_ESCAPE_SEQUENCE, _PREFIX):
            if head.startswith(begin):
                return Match.YES
            if begin.startswith(head):
                return Match.MORE
        return Match.NO

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Pass over the job, and find the answer among what the printer says."""
        if self.client is None and stream.available:
            self._introduce(side, stream.peek(len(_ESCAPE_SEQUENCE)))
        if side is self.client:
            self._pass(side, stream, stream.available)
            self.finished = self._passed[side] > _MAX_ASKED
            return
        while not self.finished and (window := stream.peek(_WINDOW)):
            if answer := _ANSWER.search(window):
                self._pass(side, stream, answer.end())
                self.finished = True
                if printer := clean(answer[1], "latin-1"):
                    yield Observation(side, "printer_id", printer, Evidence.PEER, stream.offset - 1)
                return
            begin = window.find(_ANSWER_BEGIN)
            if not begin:  # of an answer that has not arrived whole
                begin = 1 if len(window) == _WINDOW else 0
            elif begin < 0:
                begin = len(window) - len(_ANSWER_BEGIN) + 1
            if begin <= 0:
                return
            self._pass(side, stream, begin)
            self.finished = self._passed[side] > _MAX_ANSWERED

    def gap(self, side: Side, length: int) -> None:
        """Go on: an answer is found wherever it is."""

    def _introduce(self, side: Side, head: bytes) -> None:
        """Only who prints escapes to PJL; a printer answers, to whom asks."""
        self.client = side if head.startswith(b"\x1b") else Side.CLIENT

    def _pass(self, side: Side, stream: StreamBuffer, size: int) -> None:
        self._passed[side] += size
        stream.skip(size)
