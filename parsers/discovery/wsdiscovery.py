"""WS-Discovery over UDP (2005/04, and OASIS 1.1): Windows, printers, cameras (ONVIF), medical devices (IEEE 11073 SDC).

Addresses of services (XAddrs) are never passed on, and of the scopes only those that tell what a device is.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import ClassVar, Final

from parsers.discovery.soap import QName, Target, read_targets
from parsers.records import Announcement, Datagram, Evidence
from parsers.text import canonical, clean

_PORT: Final = 3702
_PROBED: Final = 2048  # bytes in which the name of the root element must end
_ENVELOPE = re.compile(rb"<(?:[\w.-]{1,64}:)?Envelope[\s>]")
_UUID = re.compile(r"(?:urn:)?uuid:([\w.-]{8,68})", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][\w.-]{0,63}", re.ASCII)
_SCOPE = re.compile(
    r"onvif://www\.onvif\.org/(?:name|hardware|type)/[^\s?#]{1,200}"  # ONVIF Core Specification 7.3.2.2
    r"|sdc\.mds\.pkp:[\d.]{1,100}"  # IEEE 11073-20701-2018 9.3: key purpose
    r"|sdc\.cdc\.type:/[^\s/?#]{0,100}/[^\s/?#]{0,32}/[^\s/?#]{1,64}",  # the coded type of a device or its part
    re.ASCII,
)


@cache
def _prefixes() -> dict[str, str]:
    """Namespace -> the prefix by which it is commonly known."""
    table = files(__package__).joinpath("wsd_namespaces.csv").read_text("utf-8")
    return {row["namespace"]: row["prefix"] for row in csv.DictReader(table.splitlines())}


class WsDiscovery:
    """What hosts announce, or answer to a probe, of the devices they are."""

    name: ClassVar[str] = "ws-discovery"
    ports: ClassVar[frozenset[int]] = frozenset({_PORT})

    @staticmethod
    def probe(datagram: Datagram) -> bool:
        """Say whether a SOAP envelope begins early in what looks like XML."""
        head = datagram.payload[:_PROBED]
        return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and _ENVELOPE.search(head) is not None

    @staticmethod
    def read(datagram: Datagram) -> Iterator[Announcement]:
        """Yield what is announced; raise `Malformed` behind it where the document is broken or cut."""
        targets, broken = read_targets(datagram.payload)
        # Several endpoints in one answer may be a proxy's, which speaks for others (WS-Discovery 1.1, 3.1.2).
        alone = broken is None and len({target.address for target in targets}) <= 1
        evidence = Evidence.PEER if alone else Evidence.OBJECT
        port = _PORT if datagram.source_port == _PORT else None
        for statement in dict.fromkeys(said for target in targets for said in _statements(target)):
            yield Announcement(*statement, evidence, port=port)
        if broken is not None:
            raise broken


def _statements(target: Target) -> Iterator[tuple[str, str]]:
    uuid = _UUID.fullmatch(target.address)
    if uuid is not None:
        yield "device_uuid", uuid[1].lower()
    types = {name for name in map(_type_name, target.types) if name}
    if types:
        yield "wsd_types", canonical(sorted(types))
    scopes = {clean(scope) for scope in target.scopes if _SCOPE.fullmatch(scope)}
    if scopes:
        yield "wsd_scopes", canonical(sorted(scopes))


def _type_name(qname: QName) -> str | None:
    """Return "dn:NetworkVideoTransmitter" where the namespace is a known one, else the local name alone.

    A sender chooses its prefixes freely, so that an unknown namespace's would only look like a known one.
    """
    namespace, local = qname
    if _NAME.fullmatch(local) is None:
        return None
    prefix = _prefixes().get(namespace) if namespace else None
    return f"{prefix}:{local}" if prefix else local
