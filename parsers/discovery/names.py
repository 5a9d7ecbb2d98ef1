"""DNS messages (RFC 1035 4.1), as DNS, mDNS, LLMNR and NBNS send them: one bounded reader for all of them.

Names are bytes: the labels as sent, joined by dots, without the root's; a dot within a label is written as `\\.`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

from parsers.malformed import Malformed
from parsers.text import clean

# TYPE (RFC 1035 3.2.2, RFC 3596 2.1, RFC 2782) and CLASS (RFC 1035 3.2.4)
A: Final = 1
CNAME: Final = 5
PTR: Final = 12
TXT: Final = 16
AAAA: Final = 28
SRV: Final = 33
INTERNET: Final = 1

RESPONSE: Final = 0x8000  # flags (RFC 1035 4.1.1)
OPCODE: Final = 0x7800
RESPONSE_CODE: Final = 0x000F
HEADER_LENGTH: Final = 12

TARGETS: Final = {CNAME: 0, PTR: 0, SRV: 6}  # where in its data a record of this type holds a name

MAX_RECORDS: Final = 64  # questions and records read of one message
MAX_NAME: Final = 255  # octets on the wire, lengths included (RFC 1035 2.3.4)
MAX_POINTERS: Final = 64  # followed for one name

_HEADER: Final = struct.Struct(">6H")
_FIXED: Final = struct.Struct(">HHIH")  # type, class, time to live, length of the data


class Record(NamedTuple):
    """A resource record. `data` are the bytes as sent, `target` the name in them where its type has one."""

    name: bytes
    type: int
    record_class: int
    time_to_live: int  # seconds
    data: bytes
    target: bytes


class Message(NamedTuple):
    """What could be read of a message; `fault` tells why that is not all."""

    flags: int
    questions: list[bytes]
    answers: list[Record]
    additionals: list[Record]
    fault: Malformed | None


def name_text(raw: bytes) -> str:
    """Return a host name that a length or a NUL ends as text, without the dot of the root."""
    return clean(raw.partition(b"\0")[0]).rstrip(". ")


def message_flags(payload: bytes) -> int:
    """Return the flags word of a message; those of a query where it is cut before them."""
    return payload[2] << 8 | payload[3] if len(payload) >= 4 else 0


def is_message(payload: bytes) -> bool:
    """Whether `payload` has the header of a message with something in it, and a name can follow."""
    if len(payload) <= HEADER_LENGTH:
        return False
    first = payload[HEADER_LENGTH]
    return any(payload[4:HEADER_LENGTH]) and (first < 64 or first >= 0xC0)


def read_message(payload: bytes, targets: Mapping[int, int] = TARGETS) -> Message:
    """Read the header, the questions, and the records but those of the authority section. Never raises."""
    message = Message(message_flags(payload), [], [], [], None)
    try:
        _read_sections(payload, message, targets)
    except Malformed as fault:
        return message._replace(fault=fault)
    return message


def read_name(payload: bytes, at: int, known: dict[int, bytes]) -> tuple[bytes, int]:
    """Return the name at `at`, and where it ends. Raises Malformed.

    `known` are the names already read, by offset. Pointers must lead back (RFC 1035 4.1.4: to a prior occurrence), so
    each is in front of the last and none can loop.
    """
    labels: list[bytes] = []
    start = back = at
    length = end = pointers = 0
    try:
        while size := payload[at]:
            if size < 64:
                label = payload[at + 1 : at + 1 + size]
                at += 1 + size
                length += 1 + size
                labels.append(label if b"." not in label else label.replace(b".", b"\\."))
            elif size >= 0xC0:
                target = (size & 0x3F) << 8 | payload[at + 1]
                end = end or at + 2
                pointers += 1
                if target >= back or pointers > MAX_POINTERS:
                    raise Malformed("compression pointer that does not lead back", at)
                at = back = target
                rest = known.get(target)
                if rest is not None:
                    length += 1 + len(rest)
                    labels += (rest,) if rest else ()
                    break
            else:
                raise Malformed("label of an unknown type", at)
            if length >= MAX_NAME:
                raise Malformed("name too long", start)
        else:
            end = end or at + 1
    except IndexError:
        raise Malformed("name cut short", start) from None
    if length > MAX_NAME:
        raise Malformed("name too long", start)
    name = known[start] = b".".join(labels)
    return name, end


def wire_name(data: bytes) -> bytes:
    """Return the name in `data`: without compression, and the root's label may be missing (RFC 4702 3.1, RFC 4704 4.2).

    Raises Malformed.
    """
    return read_name(data + b"\0", 0, {})[0]


def _read_sections(payload: bytes, message: Message, targets: Mapping[int, int]) -> None:
    if len(payload) < HEADER_LENGTH:
        raise Malformed("message cut short")
    _, _, questions, answers, authorities, additionals = _HEADER.unpack_from(payload)
    known: dict[int, bytes] = {}
    at = HEADER_LENGTH
    for _ in range(min(questions, MAX_RECORDS)):
        name, at = read_name(payload, at, known)
        at += 4  # type and class
        if at > len(payload):
            raise Malformed("question cut short", at - 4)
        message.questions.append(name)
    left = MAX_RECORDS - questions
    for count, section in ((answers, message.answers), (authorities, None), (additionals, message.additionals)):
        at = _read_records(payload, at, min(count, max(left, 0)), section, targets, known)
        left -= count
        if left < 0:
            raise Malformed("too many records", at)


def _read_records(
    payload: bytes,
    at: int,
    count: int,
    section: list[Record] | None,
    targets: Mapping[int, int],
    known: dict[int, bytes],
) -> int:
    """Append `count` records to `section`, or pass over them; return where they end."""
    for _ in range(count):
        name, at = read_name(payload, at, known)
        start = at + _FIXED.size
        if start > len(payload):
            raise Malformed("record cut short", at)
        kind, record_class, time_to_live, length = _FIXED.unpack_from(payload, at)
        at = start + length
        if at > len(payload):
            raise Malformed("record cut short", start)
        if section is None:
            continue
        target, inside = b"", targets.get(kind)
        if inside is not None:
            target, end = read_name(payload, start + inside, known)
            if end > at:
                raise Malformed("name reaches out of its record", start)
        section.append(Record(name, kind, record_class, time_to_live, payload[start:at], target))
    return at
