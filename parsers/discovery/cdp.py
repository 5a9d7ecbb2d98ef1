"""CDP, Cisco's discovery protocol, behind LLC/SNAP 00000c/2000.

Never published as a standard. Frame, TLVs and capabilities:
http://linux-ha.org/source-doc/assimilation/html/group__cdp__format.html; the newer TLVs, in Cisco's Nexus 9000 guide:
https://cisco.com/c/en/us/td/docs/switches/datacenter/nexus9000/sw/105x/config-guides/cisco-nexus-9000-series-nx-os-system-management-configuration-guide-release-105x/m-configuring-cdp-10x.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from parsers import ber
from parsers.discovery.neighbour import MAX_ADDRESSES, Neighbour, put, tell, words
from parsers.records import Announcement, Datagram
from parsers.text import clean

_HEADER: Final = 4  # version, time to live, checksum
_DEVICE_ID, _PORT_ID, _CAPABILITIES, _SYSTEM_OBJECT_ID = 0x01, 0x03, 0x04, 0x15
_ADDRESSES: Final = (0x02, 0x16)  # Addresses, Management Address
_TEXTS: Final = {0x05: "system_description", 0x06: "platform", 0x14: "hostname"}  # Version, Platform, SysName
_NLPID_IP: Final = b"\x01\x01\xcc"  # protocol type NLPID, 1 byte: ISO/IEC TR 9577 IP
_SNAP_IPV6: Final = b"\x02\x08\xaa\xaa\x03\x00\x00\x00\x86\xdd"  # protocol type 802.2, 8 bytes: EtherType IPv6
_CAPABILITY_WORDS: Final = {
    0x001: "router",
    0x002: "bridge",
    0x004: "source-route-bridge",
    0x008: "switch",
    0x010: "host",
    0x020: "igmp",
    0x040: "repeater",
    0x080: "telephone",
    0x100: "remotely-managed",
    0x400: "two-port-mac-relay",
}
_NAME_AND_OTHER: Final = re.compile(r"([^()]+)\(([^()]+)\)")
# https://www.cablesandkits.com/learning-center/cisco-manufacture-date-lookup
_CISCO_SERIAL: Final = re.compile(r"[A-Z]{3}\d{4}[0-9A-Z]{4}")
_MAC_OR_NUMBER: Final = re.compile(
    r"[0-9a-fA-F]{12}|(?:[0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}|(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}|\d+"
)


class Cdp:
    """Names, port and platform that a device announces of itself to its neighbour."""

    name: ClassVar[str] = "cdp"
    ports: ClassVar[frozenset[int]] = frozenset()

    @staticmethod
    def probe(datagram: Datagram) -> bool:
        """Say whether a CDP header of version 1 or 2 is followed by a TLV."""
        payload = datagram.payload
        return len(payload) >= _HEADER + 4 and payload[0] in (1, 2) and int.from_bytes(payload[6:8], "big") >= 4

    @staticmethod
    def read(datagram: Datagram) -> Iterator[Announcement]:
        """Yield what it says; raise `Malformed` behind it where a TLV has no possible length."""
        return tell(datagram.payload, _read_tlvs, "TLV shorter than its header or longer than the frame")


def _read_tlvs(payload: bytes, said: Neighbour) -> int | None:
    """Put all TLVs into `said`; return where the first broken one begins, None if all are whole."""
    at, end = _HEADER, len(payload)
    while at + 4 <= end:
        kind = int.from_bytes(payload[at : at + 2], "big")
        length = int.from_bytes(payload[at + 2 : at + 4], "big")
        if kind == length == 0:
            return None  # padding of a short frame
        if length < 4 or at + length > end:
            return at
        _read_tlv(kind, payload[at + 4 : at + length], said)
        at += length
    return at if any(payload[at:end]) else None


def _read_tlv(kind: int, value: bytes, said: Neighbour) -> None:
    if kind in _TEXTS:
        put(said.texts, _TEXTS[kind], value)
    elif kind == _DEVICE_ID:
        _device_id(clean(value.partition(b"\0")[0]), said)
    elif kind == _PORT_ID:
        put(said.port, "PortID", value)
    elif kind == _CAPABILITIES and len(value) == 4 and not said.capabilities:
        said.capabilities = words(int.from_bytes(value, "big"), _CAPABILITY_WORDS)
    elif kind in _ADDRESSES:
        _read_addresses(value, said)
    elif kind == _SYSTEM_OBJECT_ID and (oid := _object_id(value)):
        said.texts.setdefault("snmp_object_id", oid)


def _object_id(value: bytes) -> str | None:
    """Return sysObjectID, BER-encoded with its tag; None unless that is all there is."""
    if len(value) < 3 or value[0] != ber.OBJECT_IDENTIFIER or value[1] != len(value) - 2:
        return None
    return ber.oid_text(value[2:])


def _device_id(text: str, said: Neighbour) -> None:
    """Tell name and serial number apart: NX-OS sends name(serial), CatOS serial(name), others either, or a MAC."""
    pair = _NAME_AND_OTHER.fullmatch(text)
    parts = [part.strip() for part in pair.groups()] if pair else [text]
    serials = [part for part in parts if _CISCO_SERIAL.fullmatch(part)]
    names = [part for part in parts if part and part not in serials and not _MAC_OR_NUMBER.fullmatch(part)]
    alone = pair is None and "(" not in text
    if len(names) == 1 and (alone or len(serials) == 1):
        said.texts.setdefault("hostname", names[0])
    if len(serials) == 1:
        said.inventory.setdefault("SerialNumber", serials[0])


def _read_addresses(value: bytes, said: Neighbour) -> None:
    at = 4  # behind their number
    for _ in range(min(int.from_bytes(value[:4], "big"), MAX_ADDRESSES)):
        protocol_end = at + 2 + int.from_bytes(value[at + 1 : at + 2], "big")
        start = protocol_end + 2
        stop = start + int.from_bytes(value[protocol_end:start], "big")
        if stop > len(value):
            return
        if value[at:protocol_end] in (_NLPID_IP, _SNAP_IPV6):
            said.address(value[start:stop])
        at = stop
