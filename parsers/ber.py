"""Just enough of BER (ITU-T X.690) for SNMP and LDAP: definite lengths, one-byte tags, no call for what is nested."""

from __future__ import annotations

from typing import Final

from parsers.malformed import Malformed

INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
SEQUENCE: Final = 0x30

_MAX_OID: Final = 128 * 5  # bytes: RFC 2578 3.5, 128 sub-identifiers of 32 bits


def element(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Return tag, first byte and end of the content of the element at `at`, whose end may lie beyond `end`.

    Raises Malformed where there is no header, and for indefinite lengths and those of more than 4 bytes.
    """
    start = at + 2
    if start > end:
        raise Malformed("no element where one should be", at)
    length = data[at + 1]
    if length & 0x80:
        count = length & 0x7F
        start += count
        if not 1 <= count <= 4 or start > end:  # X.690 8.1.3.6: 0 is indefinite
            raise Malformed("impossible length", at)
        length = int.from_bytes(data[at + 2 : start], "big")
    return data[at], start, start + length


def whole(data: bytes, at: int, end: int, tag: int | None = None) -> tuple[int, int, int]:
    """Return the element at `at` as `element` does; raise Malformed unless all of it is there, with that tag."""
    found, start, stop = element(data, at, end)
    if tag is not None and found != tag:
        raise Malformed("unexpected element", at)
    if stop > end:
        raise Malformed("element longer than what holds it", at)
    return found, start, stop


def enter(data: bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    """Return first byte and end of a constructed element of which perhaps only the beginning is there."""
    found, start, stop = element(data, at, end)
    if found != tag:
        raise Malformed("unexpected element", at)
    return start, min(stop, end)


def oid_text(content: bytes) -> str | None:
    """Return an OBJECT IDENTIFIER's content as "1.3.6.1..." (X.690 8.19); None if it is broken or too long."""
    if not content or len(content) > _MAX_OID or content[-1] & 0x80:
        return None
    arcs: list[int] = []
    arc = 0
    for byte in content:
        arc = arc << 7 | byte & 0x7F
        if arc >> 32:
            return None
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def oid_content(text: str) -> bytes:
    """Return the content of the OBJECT IDENTIFIER written as `text`; for constants of our own."""
    first, second, *rest = map(int, text.split("."))
    content = bytearray()
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return bytes(content)
