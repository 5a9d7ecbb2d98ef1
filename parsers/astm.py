"""ASTM records of laboratory analysers (CLSI LIS2-A2, ASTM E1394), in the frames of CLSI LIS1-A (E1381) or without.

Of a header the sender's name is read; of all other records just the type, and whether a patient record holds anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.records import Evidence, Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym, canonical, clean

# LIS1-A 5: control characters of the link. Frame: STX, number, text, ETB or ETX, checksum, CR, LF.
_STX: Final = b"\x02"
_ETX: Final = b"\x03"
_EOT: Final = b"\x04"
_ENQ: Final = b"\x05"
_ETB: Final = b"\x17"
_ENDS_RECORD: Final = (b"\r", b"\n", _ETX, _EOT)
_LINK: Final = re.compile(rb"[\x02-\x05\x17\r\n]")
_CHECKSUM: Final = 2  # characters behind ETB or ETX

# A header and its delimiters: of fields, repeats, components and escapes (LIS2-A2 6.2)
_HEADER: Final = re.compile(rb"H([!-/:-@\[-`{-~])(?!\1)[!-/:-@\[-`{-~]{3}(?:\1|\r|\n)")
_HEADER_BEGUN: Final = re.compile(rb"(?:H[!-/:-@\[-`{-~]{0,4})?")
_FRAMED: Final = re.compile(rb"\x05{0,2}\x02[0-7]")
_SENDER: Final = 4  # field 5 (LIS2-A2 6.5), counted from 0; field 4 is a password
_VERSION: Final = re.compile(r"[Vv]?[0-9]{1,4}(?:\.[0-9]{1,6}){1,3}")
_RECORD_TYPES: Final = b"HPORCQLMS"  # LIS2-A2 5.1.3

MAX_RECORD: Final = 1024  # bytes looked at of a record
_CHUNK: Final = 65536


class _End:
    """One direction: the record that is arriving, and what is known of the message."""

    __slots__ = ("checksum", "delimiter", "numbered", "record", "trailer", "types")

    def __init__(self) -> None:
        self.record = bytearray()
        self.checksum = 0  # characters of one that are still to be passed over
        self.numbered = False  # a frame number is due
        self.trailer = False  # behind the text of a frame: the CR and LF there end no record
        self.delimiter = b"|"
        self.types: set[str] = set()


class Astm:
    """Reads one connection of an analyser, or of what is between it and the laboratory's system."""

    name: ClassVar[str] = "astm"

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None  # either end may be the one that listens
        self._ends = (_End(), _End())
        self._patient_told = False

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` begins with a header record, in a frame or not."""
        if head[:1] not in (b"", b"H", _ENQ, _STX):
            return Match.NO
        framed = _FRAMED.match(head)
        at = framed.end() if framed else 0
        if not framed and head[:1] != b"H":
            return Match.MORE if head in (b"", _ENQ, _ENQ * 2, _STX, _ENQ + _STX, _ENQ * 2 + _STX) else Match.NO
        begin = head[at : at + 6]
        if len(begin) == 6:
            return Match.YES if _HEADER.match(begin) else Match.NO
        return Match.MORE if _HEADER_BEGUN.fullmatch(begin) else Match.NO

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume all of `side` that has arrived."""
        end = self._ends[side]
        while available := stream.available:
            offset = stream.offset
            yield from self._chunk(side, end, stream.take(min(available, _CHUNK)), offset)

    def gap(self, side: Side, length: int) -> None:
        """Give the message up: go on with the next header."""
        end = self._ends[side]
        end.record.clear()
        end.types.clear()
        end.checksum, end.numbered, end.trailer = 0, False, False

    def _chunk(self, side: Side, end: _End, data: bytes, offset: int) -> Iterator[Observation]:
        at = 0
        while at < len(data):
            if end.checksum or end.numbered:
                end.checksum -= 0 if end.numbered else 1
                end.numbered = False
                at += 1
                continue
            link = _LINK.search(data, at)
            stop = link.start() if link else len(data)
            end.record += data[at : min(stop, at + MAX_RECORD - len(end.record))]
            at = stop + 1
            if link is None:
                return
            mark = link[0]
            if end.trailer and mark in b"\r\n":
                continue
            end.trailer = mark in (_ETX, _ETB)
            if mark == _STX:
                end.numbered = True
            elif end.trailer:
                end.checksum = _CHECKSUM
            if mark in _ENDS_RECORD and end.record:
                yield from self._record(side, end, bytes(end.record), offset + stop)
                end.record.clear()
            if mark in (_ENQ, _EOT):
                end.record.clear()
                yield from self._message(side, end, offset + stop)

    def _record(self, side: Side, end: _End, record: bytes, offset: int) -> Iterator[Observation]:
        kind = record[:1]
        if kind == b"H" and _HEADER.match(record + b"\r"):
            yield from self._message(side, end, offset)
            end.delimiter = record[1:2]
            end.types = {"H"}
            fields = record.split(end.delimiter, _SENDER + 1)
            sender = _sender(fields[_SENDER], record[3:4]) if len(fields) > _SENDER else ""
            if sender:
                yield Observation(side, "astm_sender", sender, Evidence.OBJECT, offset)
        elif end.types and kind in _RECORD_TYPES and record[1:2] == end.delimiter:
            end.types.add(kind.decode())
            if kind == b"P" and not self._patient_told and any(record.split(end.delimiter, MAX_RECORD)[2:]):
                self._patient_told = True
                yield Observation(side, "clear_patient_data", "true", Evidence.PEER, offset)
            if kind == b"L":
                yield from self._message(side, end, offset)

    def _message(self, side: Side, end: _End, offset: int) -> Iterator[Observation]:
        """Tell which records the message that ends here had."""
        if end.types:
            yield Observation(side, "astm_record_types", canonical(sorted(end.types)), Evidence.PEER, offset)
            end.types = set()


def _sender(field: bytes, component: bytes) -> str:
    """Return the sender as a compound. Makers put different things in its components: just a version is told apart."""
    name = clean(field, "latin-1")
    if not name.strip(component.decode("latin-1")):
        return ""
    parts = [clean(part, "latin-1") for part in field.split(component)[1:8]]
    versions = {part for part in parts if _VERSION.fullmatch(part)}
    version = {"Version": versions.pop()} if len(versions) == 1 else {}
    return canonical({"SenderName": name, **version})
