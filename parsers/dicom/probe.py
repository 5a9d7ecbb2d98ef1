"""Is this a DICOM upper layer PDU? Asked of a stream's first bytes, and of every candidate when a place was lost.

Strict: what a reader would still tolerate is no evidence.
"""

from __future__ import annotations

import re
from typing import Final

from parsers.dicom.pdu import (
    A_ABORT,
    A_ASSOCIATE_AC,
    A_ASSOCIATE_RQ,
    COMMAND,
    FIXED,
    MAX_ASSOCIATE,
    MAX_P_DATA,
    P_DATA_HEADER,
    P_DATA_TF,
    PDU_HEADER,
)
from parsers.dicom.uid import read_uid
from parsers.records import Match

# The first element of every command set, Command Group Length, which is four bytes long: PS3.7 E.1
_GROUP_LENGTH: Final = bytes.fromhex("0000000004000000")
_AE_TITLE = re.compile(rb"[\x20-\x7e]{16}|[\x21-\x7e][\x20-\x7e]*\0*")

# PDUs of just ten bytes, as a reader may see them: PS3.8 9.3.4, 9.3.6-9.3.8
_FIXED_PDU = re.compile(
    rb"\x03\0\0\0\0\x04\0[\1\2][\1-\3][\0-\x0a]|[\5\6]\0\0\0\0\x04\0\0\0\0|\x07\0\0\0\0\x04\0\0[\0-\2][\0-\6]",
    re.DOTALL,
)
# What a PDU begins with when it is searched for: its type and a reserved byte
_CANDIDATE: Final = re.compile(rb"[\1\2\4-\7]\0")
NEEDED: Final = 82  # bytes after which the answer is never MORE


def probe_pdu(head: bytes) -> Match:
    """Say whether `head` begins with a PDU. MORE only when it is shorter than `NEEDED` bytes."""
    if len(head) < 2:
        return Match.MORE if not head or 1 <= head[0] <= 7 else Match.NO
    if not 1 <= head[0] <= 7 or head[1]:
        return Match.NO
    if head[0] == P_DATA_TF:
        return _probe_p_data(head)
    if head[0] in (A_ASSOCIATE_RQ, A_ASSOCIATE_AC):
        return _probe_associate(head)
    if len(head) >= 10:
        return Match.YES if _FIXED_PDU.fullmatch(head) else Match.NO
    return Match.MORE if b"\0\0\0\4\0\0\0\0".startswith(head[2:7]) else Match.NO


def _probe_associate(head: bytes) -> Match:
    if len(head) >= 6:
        length = PDU_HEADER.unpack_from(head)[1]
        if not FIXED <= length <= MAX_ASSOCIATE:
            return Match.NO
    if len(head) < 8:
        return Match.MORE
    if not head[7] & 1:  # bit 0 of the protocol version: PS3.8 9.3.2
        return Match.NO
    titles = head[10:42]
    if len(titles) == 32 and _AE_TITLE.fullmatch(titles[:16]) and _AE_TITLE.fullmatch(titles[16:]):
        return Match.YES
    if len(head) < NEEDED:
        return Match.MORE if head[74:76] in (b"", b"\x10", b"\x10\0") else Match.NO
    # Odd titles: then the application context has to be there, as the first item
    named = head[74:76] == b"\x10\0" and head[76] == 0 and head[77] <= 64 and read_uid(head[78:82]) is not None
    return Match.YES if named else Match.NO


def _probe_p_data(head: bytes) -> Match:
    if len(head) < 12:
        return Match.MORE if len(head) < 6 or 6 <= PDU_HEADER.unpack_from(head)[1] <= MAX_P_DATA else Match.NO
    _, length, pdv_length, context, control = P_DATA_HEADER.unpack_from(head)
    if not (6 <= length <= MAX_P_DATA and 2 <= pdv_length <= length - 4 and context & 1 and control <= 3):
        return Match.NO
    if control & COMMAND:
        if len(head) >= 20:
            return Match.YES if head[12:20] == _GROUP_LENGTH else Match.NO
        return Match.MORE if _GROUP_LENGTH.startswith(head[12:]) else Match.NO
    # A fragment of a data set looks like anything, so its PDV must fill the PDU, as it does in practice.
    return Match.YES if pdv_length == length - 4 else Match.NO


def find_pdu(data: bytes, more: bool, closed: bool) -> tuple[int, bool]:
    """Find where a lost place in the stream can be taken up again, in `data`.

    Return (offset, True), or (offset, False) when there is none in front of it; there, more bytes have to tell. `more`
    says that some have arrived already, `closed` that none will. An A-ASSOCIATE-RJ is not searched for: it begins a
    stream, and is in the middle of none.
    """
    for candidate in _CANDIDATE.finditer(data):
        at = candidate.start()
        head = data[at : at + NEEDED]
        if more and len(head) < NEEDED:
            return at, False
        match = probe_pdu(head)
        if match is Match.YES and _continues(data, at):
            return at, True
        if match is Match.MORE and not closed:
            return at, False
    return max(len(data) - (more or not closed), 0), False


def _continues(data: bytes, at: int) -> bool:
    """Say whether the PDU at `at` is followed by what may begin another, as far as can be seen."""
    behind = at + 6 + PDU_HEADER.unpack_from(data, at)[1]
    follows = data[behind : behind + 2]
    return not follows or (1 <= follows[0] <= A_ABORT and follows[1:] in (b"", b"\0"))
