"""DHCP (RFC 2131): what a client says of itself, and which address a server leased to which MAC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final, NamedTuple

from parsers.discovery.addresses import host_address, host_mac
from parsers.discovery.names import name_text, wire_name
from parsers.malformed import Malformed
from parsers.records import About, Announcement, Datagram, Evidence
from parsers.text import clean

_SERVER_PORT: Final = 67

_BOOTREPLY: Final = 2  # op (RFC 2131 2)
_ETHERNET: Final = b"\1\6"  # htype and hlen
_SNAME: Final = (44, 108)
_FILE: Final = (108, 236)
_OPTIONS_AT: Final = 240
_MAGIC_COOKIE: Final = b"\x63\x82\x53\x63"  # RFC 2131 3

_PAD, _END = 0, 255  # RFC 2132 3.1, 3.2
_HOST_NAME: Final = 12  # RFC 2132 3.14
_OVERLOAD: Final = 52  # RFC 2132 9.3
_MESSAGE_TYPE: Final = 53  # RFC 2132 9.6
_SERVER_IDENTIFIER: Final = 54  # RFC 2132 9.7
_PARAMETER_LIST: Final = 55  # RFC 2132 9.8
_VENDOR_CLASS: Final = 60  # RFC 2132 9.13
_CLIENT_IDENTIFIER: Final = 61  # RFC 2132 9.14
_CLIENT_FQDN: Final = 81  # RFC 4702 2
_READ: Final = frozenset(
    (
        *(_HOST_NAME, _OVERLOAD, _MESSAGE_TYPE, _SERVER_IDENTIFIER),
        *(_PARAMETER_LIST, _VENDOR_CLASS, _CLIENT_IDENTIFIER, _CLIENT_FQDN),
    )
)
_DHCPACK: Final = b"\5"
# None at all (BOOTP), DISCOVER, REQUEST, DECLINE, RELEASE, INFORM. Others can ask about somebody else (RFC 4388).
_FROM_CLIENT: Final = frozenset((b"", b"\1", b"\3", b"\4", b"\7", b"\x08"))
_FQDN_ENCODED: Final = 0x04  # E bit: the name is in DNS wire format, not in deprecated ASCII (RFC 4702 2.1)
_FQDN_NAME_AT: Final = 3

MAX_IDENTIFIER: Final = 128  # octets of a client identifier that are told
MAX_PARAMETERS: Final = 64  # codes of a parameter request list that are told


class Client(NamedTuple):
    """Whom statements about the client are about."""

    evidence: Evidence
    about: About
    ip: str | None = None
    mac: str | None = None

    def says(self, attribute: str, value: str) -> Iterator[Announcement]:
        """Yield the statement, unless its value is empty."""
        if value:
            yield Announcement(attribute, value, self.evidence, self.about, None, self.ip, self.mac)


class Dhcp:
    """Parser of DHCP for IPv4. BOOTP without options (RFC 951) names nothing, and is not read."""

    name: ClassVar[str] = "dhcp"
    ports: ClassVar[frozenset[int]] = frozenset((_SERVER_PORT, 68))

    @staticmethod
    def probe(datagram: Datagram) -> bool:
        """Say whether this is a BOOTP message with options."""
        payload = datagram.payload
        return payload[:1] in (b"\1", b"\2") and payload[_OPTIONS_AT - 4 : _OPTIONS_AT] == _MAGIC_COOKIE

    @staticmethod
    def read(datagram: Datagram) -> Iterator[Announcement]:
        """Yield what a client says, also through a relay agent, and what a server says of a client."""
        payload = datagram.payload
        options, fault = _read_options(payload)
        mac = host_mac(payload[28:34]) if payload[1:3] == _ETHERNET else None
        relay = host_address(payload[24:28])
        ip = host_address(payload[12:16])  # ciaddr
        kind = options.get(_MESSAGE_TYPE, b"")
        if payload[0] == _BOOTREPLY:
            leased = host_address(payload[16:20]) if kind == _DHCPACK else None
            if leased:
                yield from _lease(leased, mac)
                yield from _server(datagram.source_port, relay, host_address(options.get(_SERVER_IDENTIFIER, b"")))
            yield from _reply(Client(Evidence.CLAIM, About.OTHER, leased or ip, mac), options)
        elif kind in _FROM_CLIENT:
            about = About.OTHER if relay else About.SENDER
            yield from _client(Client(Evidence.PEER, about, ip, mac), options)
        if fault:
            raise fault


def _client(client: Client, options: dict[int, bytes]) -> Iterator[Announcement]:
    if client.about is About.OTHER and not (client.ip or client.mac):
        return  # nobody knows who
    yield from client.says("dhcp_vendor_class", clean(options.get(_VENDOR_CLASS, b"").partition(b"\0")[0]))
    yield from client.says("dhcp_client_id", options.get(_CLIENT_IDENTIFIER, b"")[:MAX_IDENTIFIER].hex())
    wanted = options.get(_PARAMETER_LIST, b"")[:MAX_PARAMETERS]
    yield from client.says("dhcp_parameter_list", ",".join(map(str, wanted)))
    yield from _names(client, options)


def _reply(client: Client, options: dict[int, bytes]) -> Iterator[Announcement]:
    """What a server repeats (RFC 6842) or decides about a client: also which vendor's it takes it for."""
    if client.ip or client.mac:
        yield from client.says("dhcp_vendor_class", clean(options.get(_VENDOR_CLASS, b"").partition(b"\0")[0]))
        yield from client.says("dhcp_client_id", options.get(_CLIENT_IDENTIFIER, b"")[:MAX_IDENTIFIER].hex())
        yield from _names(client, options)


def _names(client: Client, options: dict[int, bytes]) -> Iterator[Announcement]:
    said = [name_text(options.get(_HOST_NAME, b""))]
    qualified = options.get(_CLIENT_FQDN, b"")
    name = qualified[_FQDN_NAME_AT:]
    if name:
        said.append(clean(wire_name(name)) if qualified[0] & _FQDN_ENCODED else name_text(name))
    for value in dict.fromkeys(said):
        yield from client.says("hostname", value)


def _lease(ip: str, mac: str | None) -> Iterator[Announcement]:
    if mac:
        yield Announcement("link_layer_address", mac, Evidence.CLAIM, About.OTHER, ip=ip, mac=mac)


def _server(source_port: int, relay: str | None, identifier: str | None) -> Iterator[Announcement]:
    """Who leased. Behind a relay agent the identifier tells, unless the agent put its own there (RFC 5107 4)."""
    if relay is None and source_port == _SERVER_PORT:
        yield Announcement("dhcp_server", "true", Evidence.PEER, port=_SERVER_PORT)
    elif relay and identifier and identifier != relay:
        yield Announcement("dhcp_server", "true", Evidence.CLAIM, About.OTHER, _SERVER_PORT, identifier)


def _read_options(payload: bytes) -> tuple[dict[int, bytes], Malformed | None]:
    """Return code -> data of the options that are read here, those split into several joined (RFC 3396 7)."""
    found: dict[int, list[bytes]] = {}
    fault = _collect(payload, _OPTIONS_AT, len(payload), found)
    overload = found.get(_OVERLOAD, [b""])[0]
    for bit, field in ((1, _FILE), (2, _SNAME)):  # in this order (RFC 3396 5)
        if overload and overload[0] & bit:
            fault = fault or _collect(payload, *field, found)
    return {code: b"".join(parts) for code, parts in found.items()}, fault


def _collect(payload: bytes, at: int, end: int, found: dict[int, list[bytes]]) -> Malformed | None:
    while at < end:
        code = payload[at]
        if code == _PAD:
            at += 1
            continue
        if code == _END:
            return None
        start = at + 2
        if start > end or (at := start + payload[start - 1]) > end:
            return Malformed("option reaches past the end", start - 2)
        if code in _READ:
            found.setdefault(code, []).append(payload[start:at])
    return None
