"""SNMP: what an agent answers about itself, and whether it is asked with a community that everybody knows."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import ClassVar, Final

from parsers.discovery.snmp_message import REQUESTS, Message, Pdu, is_snmp, read_message, variables
from parsers.discovery.snmp_objects import describe, settle
from parsers.malformed import Malformed
from parsers.records import About, Announcement, Datagram, Evidence

_AGENT: Final = 161  # RFC 3417 3: agents listen here, and for notifications at 162
_NOTIFICATIONS: Final = 162
_ENGINE_ID: Final = range(5, 33)  # bytes: RFC 3411 5, SnmpEngineID


@cache
def _default_communities() -> frozenset[bytes]:
    table = files(__package__).joinpath("snmp_communities.csv").read_text("utf-8")
    return frozenset(row["community"].encode() for row in csv.DictReader(table.splitlines()))


def community_kind(community: bytes) -> str:
    """Return "default" for a community that products ship with, else "other"."""
    # Cisco's agents are asked with community@vlan, too: https://blog.csdn.net/wzwind/article/details/3856195
    return "default" if community.partition(b"@")[0] in _default_communities() else "other"


class Snmp:
    """Agents' answers, notifications, and the requests that agents get."""

    name: ClassVar[str] = "snmp"
    ports: ClassVar[frozenset[int]] = frozenset({_AGENT, _NOTIFICATIONS})

    @staticmethod
    def probe(datagram: Datagram) -> bool:
        """Say whether it begins like an SNMP message of a version there is."""
        return is_snmp(datagram.payload)

    @staticmethod
    def read(datagram: Datagram) -> Iterator[Announcement]:
        """Yield what it says of the agent; raise `Malformed` behind it where the message is broken."""
        message = read_message(datagram.payload)
        answers = datagram.source_port == _AGENT and datagram.destination_port != _NOTIFICATIONS
        if message.version == "3":
            yield from _engine(message, answers)
            if answers and message.pdu in (Pdu.RESPONSE, Pdu.REPORT, None) and not message.reportable:
                yield Announcement("snmp_version", message.version, Evidence.PEER, port=_AGENT)
        elif message.pdu in REQUESTS and datagram.destination_port == _AGENT:
            yield from _community(message, Evidence.CLAIM, About.RECEIVER)
        elif message.pdu == Pdu.RESPONSE and answers:
            yield Announcement("snmp_version", message.version, Evidence.PEER, port=_AGENT)
            yield from _community(message, Evidence.PEER, About.SENDER)
        if message.pdu == Pdu.RESPONSE and answers:
            # Responses to an Inform, which come from port 162, only repeat what the other end said.
            yield from _objects(
                datagram.payload, message, Evidence.OBJECT if message.proxied else Evidence.PEER, _AGENT
            )
        elif message.pdu in (Pdu.TRAP, Pdu.INFORM) and datagram.destination_port == _NOTIFICATIONS:
            yield from _objects(datagram.payload, message, Evidence.OBJECT, None)  # they are often forwarded


def _engine(message: Message, answers: bool) -> Iterator[Announcement]:
    """The engine named is the receiver's in all that it must answer (RFC 3412 6.4), else the sender's."""
    if not message.reportable and len(message.engine) in _ENGINE_ID:
        port = _AGENT if answers else None
        yield Announcement("snmp_engine_id", message.engine.hex(), Evidence.PEER, port=port)


def _community(message: Message, evidence: Evidence, about: About) -> Iterator[Announcement]:
    yield Announcement("snmp_community", community_kind(message.community), evidence, about, _AGENT)
    yield Announcement("clear_credentials", "snmp", evidence, about, _AGENT)


def _objects(payload: bytes, message: Message, evidence: Evidence, port: int | None) -> Iterator[Announcement]:
    said: dict[str, str] = {}
    parts: dict[str, str] = {}
    broken = None
    try:
        describe(variables(payload, message), said, parts)
    except Malformed as malformed:
        broken = malformed
    for attribute, value in (*said.items(), *settle(parts)):
        yield Announcement(attribute, value, evidence, port=port)
    if broken is not None:
        raise broken
