"""Link-Local Multicast Name Resolution (RFC 4795): a host answers for its own names, and for no other's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.discovery import names
from parsers.discovery.addresses import reverse_address
from parsers.records import Announcement, Datagram, Evidence
from parsers.text import clean

_PORT: Final = 5355


class Llmnr:
    """Parser of LLMNR over UDP."""

    name: ClassVar[str] = "llmnr"
    ports: ClassVar[frozenset[int]] = frozenset((_PORT,))

    @staticmethod
    def probe(datagram: Datagram) -> bool:
        """Say whether this is a query or response, of exactly one question each (RFC 4795 2.1.1)."""
        payload = datagram.payload
        return names.is_message(payload) and not payload[2] & names.OPCODE >> 8 and payload[4:6] == b"\0\1"

    @staticmethod
    def read(datagram: Datagram) -> Iterator[Announcement]:
        """Yield the names of who responds. A query says nothing of who asks."""
        flags = names.message_flags(datagram.payload)
        if not flags & names.RESPONSE or flags & names.RESPONSE_CODE or datagram.source_port != _PORT:
            return
        message = names.read_message(datagram.payload)
        said: dict[str, None] = {}
        for record in message.answers:
            if record.record_class != names.INTERNET:
                continue
            if record.type in (names.A, names.AAAA):
                said[clean(record.name)] = None
            elif record.type == names.PTR and reverse_address(record.name):
                said[clean(record.target)] = None
        for value in filter(None, said):
            yield Announcement("hostname", value, Evidence.PEER, port=_PORT)
        if message.fault:
            raise message.fault
