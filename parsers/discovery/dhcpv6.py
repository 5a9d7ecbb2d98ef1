"""DHCPv6 (RFC 8415): what a client says of itself, and which client a server leased an address to.

A server cannot be told from a relay agent, which hands its replies on unchanged, so none is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.discovery.addresses import host_address, host_mac
from parsers.discovery.dhcp import MAX_IDENTIFIER, MAX_PARAMETERS, Client
from parsers.discovery.names import wire_name
from parsers.malformed import Malformed
from parsers.records import About, Announcement, Datagram, Evidence
from parsers.text import clean

# Message types (RFC 8415 7.3)
_FROM_CLIENT: Final = frozenset((1, 3, 4, 5, 6, 8, 9, 11))
_REPLY: Final = 7
_RELAYED: Final = frozenset((12, 13))  # RELAY-FORW, RELAY-REPL
_LAST_TYPE: Final = 13
_OPTIONS_AT: Final = 4
_RELAYED_OPTIONS_AT: Final = 34
_PEER_ADDRESS: Final = slice(18, 34)  # RFC 8415 9
_HOP_COUNT_LIMIT: Final = 8  # RFC 8415 7.6

# Options (RFC 8415 21)
_CLIENT_IDENTIFIER: Final = 1
_IA_NA, _IA_TA = 3, 4
_IA_ADDRESS: Final = 5
_OPTION_REQUEST: Final = 6
_RELAY_MESSAGE: Final = 9
_VENDOR_CLASS: Final = 16
_CLIENT_FQDN: Final = 39  # RFC 4704 4
_CLIENT_LINK_LAYER: Final = 79  # RFC 6939 4
_READ: Final = frozenset(
    (
        *(_CLIENT_IDENTIFIER, _IA_NA, _IA_TA, _IA_ADDRESS, _OPTION_REQUEST),
        *(_RELAY_MESSAGE, _VENDOR_CLASS, _CLIENT_FQDN, _CLIENT_LINK_LAYER),
    )
)
_ADDRESSES_AT: Final = {_IA_NA: 12, _IA_TA: 4}  # where the options of an identity association begin
_ETHERNET: Final = b"\0\1"
_MAX_OF_AN_OPTION: Final = 8  # times that one option is read in a message

_Options = dict[int, list[bytes]]


class Dhcpv6:
    """Parser of DHCPv6."""

    name: ClassVar[str] = "dhcpv6"
    ports: ClassVar[frozenset[int]] = frozenset((546, 547))

    @staticmethod
    def probe(datagram: Datagram) -> bool:
        """Say whether this is a message of a known type whose first option, if there is one, fits in it."""
        payload = datagram.payload
        if not payload or not 1 <= payload[0] <= _LAST_TYPE:
            return False
        at = _RELAYED_OPTIONS_AT if payload[0] in _RELAYED else _OPTIONS_AT
        fits = at + 4 + int.from_bytes(payload[at + 2 : at + 4], "big") <= len(payload)
        return len(payload) == at or fits or (datagram.cut and len(payload) > _OPTIONS_AT)

    @staticmethod
    def read(datagram: Datagram) -> Iterator[Announcement]:
        """Yield what a client says, also through relay agents, and to whom a server leased which address."""
        message = datagram.payload
        client = Client(Evidence.PEER, About.SENDER)
        fault: Malformed | None = None
        for _ in range(_HOP_COUNT_LIMIT):
            if not message or message[0] not in _RELAYED:
                break
            options, broken = _read_options(message, _RELAYED_OPTIONS_AT)
            fault = fault or broken
            link = _first(options, _CLIENT_LINK_LAYER)
            mac = host_mac(link[2:]) if link[:2] == _ETHERNET else None
            client = Client(Evidence.PEER, About.OTHER, host_address(message[_PEER_ADDRESS]), mac)
            message = _first(options, _RELAY_MESSAGE)
        if message and message[0] in _RELAYED:
            raise Malformed("relayed too often")
        options, broken = _read_options(message, _OPTIONS_AT)
        yield from _read_message(message[:1], options, client)
        fault = fault or broken
        if fault:
            raise fault


def _read_message(kind: bytes, options: _Options, client: Client) -> Iterator[Announcement]:
    if kind and kind[0] in _FROM_CLIENT:
        if client.about is About.SENDER or client.ip or client.mac:
            yield from _client(client, options)
    elif kind and kind[0] == _REPLY:
        for ip in _leased(options):
            yield from _identity(Client(Evidence.CLAIM, About.OTHER, ip), options)


def _client(client: Client, options: _Options) -> Iterator[Announcement]:
    for data in options.get(_VENDOR_CLASS, ()):
        yield from client.says("dhcp_vendor_class", clean(_vendor_class(data)))
    wanted = _first(options, _OPTION_REQUEST)
    codes = [int.from_bytes(wanted[at : at + 2], "big") for at in range(0, min(len(wanted), 2 * MAX_PARAMETERS), 2)]
    yield from client.says("dhcp_parameter_list", ",".join(map(str, codes)))
    yield from _identity(client, options)


def _identity(client: Client, options: _Options) -> Iterator[Announcement]:
    yield from client.says("dhcp_client_id", _first(options, _CLIENT_IDENTIFIER)[:MAX_IDENTIFIER].hex())
    name = _first(options, _CLIENT_FQDN)[1:]  # behind the flags
    if name:
        yield from client.says("hostname", clean(wire_name(name)))


def _vendor_class(data: bytes) -> bytes:
    """The first string of a vendor class, behind the enterprise number (RFC 8415 21.16)."""
    return data[6 : 6 + int.from_bytes(data[4:6], "big")].partition(b"\0")[0]


def _leased(options: _Options) -> Iterator[str]:
    for kind, at in _ADDRESSES_AT.items():
        for association in options.get(kind, ()):
            inner, _ = _read_options(association, at)
            for data in inner.get(_IA_ADDRESS, ()):
                ip = host_address(data[:16])
                if ip and any(data[20:24]):  # valid-lifetime: none left of an address given back (RFC 8415 21.6)
                    yield ip


def _first(options: _Options, code: int) -> bytes:
    return options.get(code, (b"",))[0]


def _read_options(data: bytes, at: int) -> tuple[_Options, Malformed | None]:
    found: _Options = {}
    while at < len(data):
        start = at + 4
        code = int.from_bytes(data[at : at + 2], "big")
        end = start + int.from_bytes(data[at + 2 : start], "big")
        if start > len(data) or end > len(data):
            return found, Malformed("option reaches past the end", at)
        if code in _READ and len(kept := found.setdefault(code, [])) < _MAX_OF_AN_OPTION:
            kept.append(data[start:end])
        at = end
    return found, None
