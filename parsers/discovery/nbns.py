"""NetBIOS name service (RFC 1002 4.2): names a host registers, answers for, or lists as its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.discovery import names
from parsers.discovery.addresses import host_address
from parsers.discovery.names import Message
from parsers.discovery.netbios import ENCODED_LENGTH, NetbiosName, computers, decode_name, plain_name
from parsers.malformed import Malformed
from parsers.records import About, Announcement, Datagram, Evidence

_PORT: Final = 137

# OPCODE (RFC 1002 4.2.1.1; 9 is what 4.2.4 shows for a refresh; 15 registers a multihomed host: [MS-NBTE])
_QUERY: Final = 0
_REGISTRATION: Final = frozenset((5, 8, 9, 15))
_OPCODES: Final = _REGISTRATION | {_QUERY, 6, 7}  # release, wait for acknowledgement

_NB: Final = 0x20  # RR_TYPE (RFC 1002 4.2.1.3)
_NBSTAT: Final = 0x21
_GROUP: Final = 0x80  # first octet of NB_FLAGS and NAME_FLAGS (RFC 1002 4.2.1.3, 4.2.18)
_LEAVING: Final = 0x18  # being deregistered, in conflict
_ADDRESS_ENTRY: Final = 6  # NB_FLAGS and NB_ADDRESS
_MAX_ADDRESSES: Final = 25  # taken of one name
_NODE_NAME: Final = 18  # name and NAME_FLAGS


class Nbns:
    """Parser of NBNS over UDP."""

    name: ClassVar[str] = "nbns"
    ports: ClassVar[frozenset[int]] = frozenset((_PORT,))

    @staticmethod
    def probe(datagram: Datagram) -> bool:
        """Say whether this is a name service message: all begin with an encoded name."""
        payload = datagram.payload
        return (
            names.is_message(payload)
            and payload[names.HEADER_LENGTH] == ENCODED_LENGTH
            and (payload[2] & names.OPCODE >> 8) >> 3 in _OPCODES
        )

    @staticmethod
    def read(datagram: Datagram) -> Iterator[Announcement]:
        """Yield the names the sender registers or lists, and those it says others hold. Queries say nothing."""
        flags = names.message_flags(datagram.payload)
        opcode = (flags & names.OPCODE) >> 11
        if not flags & names.RESPONSE and opcode in _REGISTRATION:
            message = names.read_message(datagram.payload, {})
            yield from _registered(message)
        elif flags & names.RESPONSE and opcode == _QUERY and not flags & names.RESPONSE_CODE:
            message = names.read_message(datagram.payload, {})
            yield from _answered(message)
        else:
            return
        if message.fault:
            raise message.fault


def _registered(message: Message) -> Iterator[Announcement]:
    """RFC 1002 4.2.2, 4.2.4: the name the sender wants to hold, or goes on to hold."""
    for record in message.additionals:
        if record.type == _NB and len(record.data) >= 2:
            name = decode_name(record.name, bool(record.data[0] & _GROUP))
            if name.computer or name.domain:
                yield Announcement("hostname" if name.computer else "domain", name.text, Evidence.PEER)


def _answered(message: Message) -> Iterator[Announcement]:
    for record in message.answers:
        if record.type == _NB:
            yield from _holders(decode_name(record.name), record.data)
        elif record.type == _NBSTAT:
            held = _listed(record.data)
            for text in dict.fromkeys(name.text for name in computers(held)):
                yield Announcement("hostname", text, Evidence.PEER, port=_PORT)
            for text in dict.fromkeys(name.text for name in held if name.domain):
                yield Announcement("domain", text, Evidence.PEER, port=_PORT)
            if len(record.data) < 1 + record.data[0] * _NODE_NAME:
                raise Malformed("node status cut short")


def _holders(name: NetbiosName, data: bytes) -> Iterator[Announcement]:
    """RFC 1002 4.2.13: the addresses of a name; those of a group say nothing of it."""
    if not name.computer:
        return
    for at in range(0, min(len(data), _MAX_ADDRESSES * _ADDRESS_ENTRY), _ADDRESS_ENTRY):
        ip = host_address(data[at + 2 : at + _ADDRESS_ENTRY])
        if ip is not None and not data[at] & _GROUP:
            yield Announcement("hostname", name.text, Evidence.CLAIM, About.OTHER, ip=ip)


def _listed(data: bytes) -> list[NetbiosName]:
    """RFC 1002 4.2.18: the names a node holds, as far as they are there. The statistics behind them are not read."""
    if not data:
        raise Malformed("node status cut short")
    held = []
    for at in range(1, min(1 + data[0] * _NODE_NAME, len(data) - _NODE_NAME + 1), _NODE_NAME):
        flags = data[at + 16]
        if not flags & _LEAVING:
            held.append(plain_name(data[at : at + 16], bool(flags & _GROUP)))
    return held
