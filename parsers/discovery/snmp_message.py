"""The outside of an SNMP message: v1 (RFC 1157), v2c (RFC 1901) and v3 (RFC 3412) with USM (RFC 3414)."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple

from parsers import ber
from parsers.malformed import Malformed

VERSIONS: Final = {0: "1", 1: "2c", 3: "3"}  # RFC 3584 5.2
_V3: Final = 3
_USM: Final = b"\x03"  # RFC 3411 5, SnmpSecurityModel
_REPORTABLE: Final = 0x04  # RFC 3412 6.4


class Pdu(IntEnum):
    """RFC 3416 3, and the Trap-PDU of RFC 1157 4.1.6."""

    GET = 0xA0
    GET_NEXT = 0xA1
    RESPONSE = 0xA2
    SET = 0xA3
    TRAP_V1 = 0xA4
    GET_BULK = 0xA5
    INFORM = 0xA6
    TRAP = 0xA7
    REPORT = 0xA8


REQUESTS: Final = frozenset({Pdu.GET, Pdu.GET_NEXT, Pdu.GET_BULK, Pdu.SET})


class Message(NamedTuple):
    """What an SNMP message is before its variables are read. `start` and `end` are those of the PDU's content."""

    version: str  # "1", "2c" or "3"
    pdu: int | None  # tag of the PDU, None where it is encrypted
    start: int
    end: int
    community: bytes = b""
    engine: bytes = b""  # msgAuthoritativeEngineID
    reportable: bool = False
    proxied: bool = False  # the variables are another engine's than the one that answers (RFC 3413 3.5)


def is_snmp(data: bytes) -> bool:
    """Say whether `data` begins like an SNMP message of a version there is. Never raises."""
    try:
        at, end = ber.enter(data, 0, len(data), ber.SEQUENCE)
        _, start, stop = ber.whole(data, at, end, ber.INTEGER)
    except Malformed:
        return False
    return stop - start == 1 and data[start] in VERSIONS


def read_message(data: bytes) -> Message:
    """Return the outside of the message. Raises Malformed."""
    at, end = ber.enter(data, 0, len(data), ber.SEQUENCE)
    _, start, at = ber.whole(data, at, end, ber.INTEGER)
    version = data[start:at]
    if version == bytes([_V3]):
        return _read_v3(data, at, end)
    if version not in (b"\0", b"\1"):
        raise Malformed("no SNMP version", start)
    _, start, stop = ber.whole(data, at, end, ber.OCTET_STRING)
    pdu, at, end = _read_pdu(data, stop, end)
    return Message(VERSIONS[version[0]], pdu, at, end, community=data[start:stop])


def _read_v3(data: bytes, at: int, end: int) -> Message:
    _, at, header_end = ber.whole(data, at, end, ber.SEQUENCE)  # RFC 3412 6: msgGlobalData
    fields = [data[start:stop] for _, start, stop in _elements(data, at, header_end)]
    if len(fields) != 4 or len(fields[2]) != 1:
        raise Malformed("no msgGlobalData", at)
    _, flags, model = fields[1:]
    _, at, stop = ber.whole(data, header_end, end, ber.OCTET_STRING)  # msgSecurityParameters
    engine = b""
    if model == _USM:
        at, inner = ber.enter(data, at, stop, ber.SEQUENCE)  # RFC 3414 2.4
        _, start, engine_end = ber.whole(data, at, inner, ber.OCTET_STRING)
        engine = data[start:engine_end]
    reportable = bool(flags[0] & _REPORTABLE)
    if data[stop : stop + 1] != bytes([ber.SEQUENCE]):
        return Message("3", None, stop, stop, engine=engine, reportable=reportable)
    at, end = ber.enter(data, stop, end, ber.SEQUENCE)  # ScopedPDU
    _, start, at = ber.whole(data, at, end, ber.OCTET_STRING)
    proxied = at > start and data[start:at] != engine
    _, _, at = ber.whole(data, at, end, ber.OCTET_STRING)  # contextName
    pdu, at, end = _read_pdu(data, at, end)
    return Message("3", pdu, at, end, engine=engine, reportable=reportable, proxied=proxied)


def _read_pdu(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    pdu, start, stop = ber.element(data, at, end)
    if pdu not in Pdu.__members__.values():
        raise Malformed("no PDU", at)
    return pdu, start, min(stop, end)


def variables(data: bytes, message: Message) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield the name of each variable, as OBJECT IDENTIFIER content, and the tag and content of its value.

    Raises Malformed behind the whole ones.
    """
    at = message.start
    for _ in range(3):  # RFC 3416 3: request-id, error-status, error-index
        _, _, at = ber.whole(data, at, message.end, ber.INTEGER)
    at, end = ber.enter(data, at, message.end, ber.SEQUENCE)
    for _, start, stop in _elements(data, at, end, ber.SEQUENCE):
        _, name, name_end = ber.whole(data, start, stop, ber.OBJECT_IDENTIFIER)
        tag, value, value_end = ber.whole(data, name_end, stop)
        yield data[name:name_end], tag, data[value:value_end]


def _elements(data: bytes, at: int, end: int, tag: int | None = None) -> Iterator[tuple[int, int, int]]:
    while at < end:
        found, start, stop = ber.whole(data, at, end, tag)
        yield found, start, stop
        at = stop
