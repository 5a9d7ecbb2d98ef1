"""DNS answers: which names a name server gives to addresses. What is asked says nothing of who asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from parsers.discovery import names
from parsers.discovery.addresses import host_address, reverse_address
from parsers.records import About, Announcement, Datagram, Evidence
from parsers.text import clean


class Dns:
    """Parser of DNS over UDP (RFC 1035)."""

    name: ClassVar[str] = "dns"
    ports: ClassVar[frozenset[int]] = frozenset((53,))

    @staticmethod
    def probe(datagram: Datagram) -> bool:
        """Say whether this is a DNS message, a query or any other."""
        return names.is_message(datagram.payload)

    @staticmethod
    def read(datagram: Datagram) -> Iterator[Announcement]:
        """Yield the names of the addresses in a response to a standard query."""
        if names.message_flags(datagram.payload) & (names.RESPONSE | names.OPCODE) != names.RESPONSE:
            return
        message = names.read_message(datagram.payload)
        aliases = {record.target.lower(): record.name for record in message.answers if record.type == names.CNAME}
        for record in (*message.answers, *message.additionals):
            if record.record_class != names.INTERNET:
                continue
            said: tuple[bytes, ...]
            if record.type in (names.A, names.AAAA):
                ip, said = host_address(record.data), (record.name, _asked(record.name, aliases))
            elif record.type == names.PTR:
                ip, said = reverse_address(_asked(record.name, aliases)), (record.target,)  # RFC 2317 has aliases, too
            else:
                continue
            if ip is not None:
                yield from _named(ip, said)
        if message.fault:
            raise message.fault


def _asked(name: bytes, aliases: dict[bytes, bytes]) -> bytes:
    """Follow the chain of aliases from its end, `name`, back to the name that was asked for (RFC 1034 3.6.2)."""
    for _ in aliases:
        alias = aliases.get(name.lower())
        if alias is None:
            break
        name = alias
    return name


def _named(ip: str, said: Iterable[bytes]) -> Iterator[Announcement]:
    for name in dict.fromkeys(said):
        value = clean(name)
        if value:
            yield Announcement("dns_name", value, Evidence.CLAIM, About.OTHER, ip=ip)
