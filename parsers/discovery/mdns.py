"""Multicast DNS (RFC 6762): hosts tell their own names, addresses and services (RFC 6763).

Gateways and sleep proxies repeat the answers of others. So an address is called by the name its record gives it, as a
claim, and the sender by a name only if the whole message speaks for one host.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final, NamedTuple

from parsers.discovery import names
from parsers.discovery.addresses import host_address, reverse_address
from parsers.discovery.services import services
from parsers.records import About, Announcement, Datagram, Evidence
from parsers.text import clean

_PORT: Final = 5353
_CACHE_FLUSH: Final = 0x8000  # top bit of the class: the responder alone holds this record (RFC 6762 10.2)
_MUST_BE_ZERO: Final = names.OPCODE | names.RESPONSE_CODE  # RFC 6762 18.3, 18.11


class _Addressed(NamedTuple):
    host: bytes
    ip: str
    unique: bool


class Mdns:
    """Parser of mDNS over UDP."""

    name: ClassVar[str] = "mdns"
    ports: ClassVar[frozenset[int]] = frozenset((_PORT,))

    @staticmethod
    def probe(datagram: Datagram) -> bool:
        """Say whether this is an mDNS query or response."""
        flags = names.message_flags(datagram.payload)
        return names.is_message(datagram.payload) and not flags & _MUST_BE_ZERO

    @staticmethod
    def read(datagram: Datagram) -> Iterator[Announcement]:
        """Yield host names and services of a response; those from another port than 5353 do not count (RFC 6762 6)."""
        if not names.message_flags(datagram.payload) & names.RESPONSE or datagram.source_port != _PORT:
            return
        message = names.read_message(datagram.payload)
        # A time to live of zero takes a record back (RFC 6762 10.1).
        records = [
            record
            for record in (*message.answers, *message.additionals)
            if record.record_class & ~_CACHE_FLUSH == names.INTERNET and record.time_to_live
        ]
        addressed = list(_addressed(records))
        own = {host.host.lower(): host.host for host in addressed if host.unique}
        own |= {record.target.lower(): record.target for record in records if record.type == names.SRV}
        for host in addressed:
            yield Announcement("hostname", clean(host.host), Evidence.CLAIM, About.OTHER, ip=host.ip)
        if len(own) == 1:
            for value in filter(None, map(clean, own.values())):
                yield Announcement("hostname", value, Evidence.PEER, port=_PORT)
        for target, value in services(records):
            if len(own) <= 1:
                yield Announcement("mdns_service", value, Evidence.PEER, port=_PORT)
                continue
            for host in addressed:
                if host.host.lower() == target:
                    yield Announcement("mdns_service", value, Evidence.CLAIM, About.OTHER, ip=host.ip)
        if message.fault:
            raise message.fault


def _addressed(records: list[names.Record]) -> Iterator[_Addressed]:
    """The hosts of the local domain to which the records give an address, or whose address they name."""
    for record in records:
        host, ip = b"", None
        if record.type in (names.A, names.AAAA):
            host, ip = record.name, host_address(record.data)
        elif record.type == names.PTR:
            host, ip = record.target, reverse_address(record.name)
        if ip is not None and host.lower().endswith(b".local"):
            yield _Addressed(host, ip, bool(record.record_class & _CACHE_FLUSH))
