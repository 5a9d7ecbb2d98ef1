"""SSDP (UPnP Device Architecture 2.0, clause 1): devices and services that announce themselves, or answer a search.

LOCATION is never passed on, searches say nothing of who searches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.malformed import Malformed
from parsers.records import Announcement, Datagram, Evidence
from parsers.text import clean

_PORT: Final = 1900
_NOTIFY: Final = b"NOTIFY * HTTP/1."  # 1.2.2
_RESPONSE: Final = b"HTTP/1.1 200"  # 1.3.3
_SEARCH: Final = b"M-SEARCH * HTTP/1."  # 1.3.2
_MAX_HEAD: Final = 8192  # bytes
_MAX_HEADERS: Final = 64
_ALIVE: Final = (b"ssdp:alive", b"ssdp:update")
_TYPE = re.compile(rb"urn:[\w.-]{1,64}:(?:device|service):[\w.-]{1,64}:[\w.-]{1,16}", re.ASCII)  # 1.1.4
_UUID = re.compile(rb"uuid:([\w.-]{8,68})(?:::|$)", re.ASCII)  # 1.1.4; UPnP 1.0 let it be any word


class Ssdp:
    """What a device announces of itself."""

    name: ClassVar[str] = "ssdp"
    ports: ClassVar[frozenset[int]] = frozenset({_PORT})

    @staticmethod
    def probe(datagram: Datagram) -> bool:
        """Say whether it begins with a start line of SSDP."""
        return datagram.payload.startswith((_NOTIFY, _RESPONSE, _SEARCH))

    @staticmethod
    def read(datagram: Datagram) -> Iterator[Announcement]:
        """Yield what a device says that is there; raise `Malformed` behind it where its headers are cut."""
        payload = datagram.payload
        if payload.startswith(_SEARCH):
            return
        headers, whole = _headers(payload, datagram.cut)
        notifies = payload.startswith(_NOTIFY)
        kind = headers.get(b"nt" if notifies else b"st", b"")
        if not notifies and not kind:
            return  # HTTP, but not SSDP
        if not notifies or headers.get(b"nts") in _ALIVE:
            port = _PORT if datagram.source_port == _PORT else None
            for attribute, value in _statements(headers, kind):
                yield Announcement(attribute, value, Evidence.PEER, port=port)
        if not whole:
            raise Malformed("headers without an end", len(payload))


def _statements(headers: dict[bytes, bytes], kind: bytes) -> Iterator[tuple[str, str]]:
    server = clean(headers.get(b"server", b""))
    if server:
        yield "ssdp_server", server
    if _TYPE.fullmatch(kind):
        yield "ssdp_device_type", kind.decode("ascii")
    uuid = _UUID.match(headers.get(b"usn", b""))
    if uuid is not None:
        yield "device_uuid", uuid[1].decode("ascii").lower()


def _headers(payload: bytes, cut: bool) -> tuple[dict[bytes, bytes], bool]:
    """Return the headers, names in lower case, the first of each name; and whether all of them are there."""
    head, end, _ = payload[:_MAX_HEAD].replace(b"\r\n", b"\n").partition(b"\n\n")
    lines = head.split(b"\n", _MAX_HEADERS + 1)[1 : _MAX_HEADERS + 1]
    if not end and lines:
        lines.pop()  # perhaps only the beginning of a line
    whole = bool(end) or not (cut or len(payload) > _MAX_HEAD)
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        headers.setdefault(name.strip().lower(), value.strip())
    return headers, whole
