"""LLDP (IEEE 802.1AB-2016) and the inventory of LLDP-MED (ANSI/TIA-1057), behind EtherType 0x88CC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.discovery.addresses import host_address
from parsers.discovery.neighbour import Neighbour, put, tell, words
from parsers.records import Announcement, Datagram
from parsers.text import clean

_END, _CHASSIS_ID, _PORT_ID = 0, 1, 2  # IEEE 802.1AB-2016 table 8-1
_SYSTEM_CAPABILITIES, _MANAGEMENT_ADDRESS, _ORGANIZATIONAL = 7, 8, 127
_TEXTS: Final = {5: "hostname", 6: "system_description"}  # System Name, System Description
_ID_KEYS: Final = {_CHASSIS_ID: "ChassisID", _PORT_ID: "PortID"}
# The subtypes that hold a MAC and a network address: IEEE 802.1AB-2016 tables 8-2 and 8-3.
_MAC_SUBTYPE: Final = {_CHASSIS_ID: 4, _PORT_ID: 3}
_NETWORK_SUBTYPE: Final = {_CHASSIS_ID: 5, _PORT_ID: 4}
_IP_FAMILIES: Final = (1, 2)  # IANA Address Family Numbers: IPv4, IPv6
_CAPABILITIES: Final = {  # IEEE 802.1AB-2016 table 8-4
    0x001: "other",
    0x002: "repeater",
    0x004: "bridge",
    0x008: "wlan-access-point",
    0x010: "router",
    0x020: "telephone",
    0x040: "docsis-cable-device",
    0x080: "station-only",
    0x100: "c-vlan",
    0x200: "s-vlan",
    0x400: "two-port-mac-relay",
}
_MED: Final = b"\x00\x12\xbb"  # OUI of TIA: ANSI/TIA-1057 10.2
_INVENTORY: Final = {  # ANSI/TIA-1057 10.2.6, by subtype
    5: "HardwareRevision",
    6: "FirmwareRevision",
    7: "SoftwareRevision",
    8: "SerialNumber",
    9: "ManufacturerName",
    10: "ModelName",
    11: "AssetID",
}


class Lldp:
    """Names, ports and inventory that a device announces of itself to its neighbour."""

    name: ClassVar[str] = "lldp"
    ports: ClassVar[frozenset[int]] = frozenset()

    @staticmethod
    def probe(datagram: Datagram) -> bool:
        """Say whether the payload begins with a Chassis ID, as every LLDPDU does (8.2)."""
        head = datagram.payload[:2]
        return len(head) == 2 and head[0] >> 1 == _CHASSIS_ID and 2 <= _length(head, 0) <= 256

    @staticmethod
    def read(datagram: Datagram) -> Iterator[Announcement]:
        """Yield what it says; raise `Malformed` behind it where a TLV is longer than what is there."""
        return tell(datagram.payload, _read_tlvs, "TLV longer than the LLDPDU")


def _length(payload: bytes, at: int) -> int:
    return (payload[at] & 1) << 8 | payload[at + 1]


def _read_tlvs(payload: bytes, said: Neighbour) -> int | None:
    """Put all TLVs into `said`; return where the first broken one begins, None if all are whole."""
    at, end = 0, len(payload)
    while at + 2 <= end:
        kind, start = payload[at] >> 1, at + 2
        stop = start + _length(payload, at)
        if stop > end:
            return at
        if kind == _END:
            return None
        _read_tlv(kind, payload[start:stop], said)
        at = stop
    return at if at < end else None


def _read_tlv(kind: int, value: bytes, said: Neighbour) -> None:
    if kind in _TEXTS:
        put(said.texts, _TEXTS[kind], value)
    elif kind in _ID_KEYS:
        identifier = _identifier(kind, value)
        if identifier:
            said.port.setdefault(_ID_KEYS[kind], identifier)
    elif kind == _SYSTEM_CAPABILITIES and len(value) >= 4 and not said.capabilities:
        said.capabilities = words(int.from_bytes(value[2:4], "big"), _CAPABILITIES)
    elif kind == _MANAGEMENT_ADDRESS and len(value) >= 2 and value[1] in _IP_FAMILIES:
        if value[0] < len(value):  # 8.5.9.2: the length counts the subtype
            said.address(value[2 : 1 + value[0]])
    elif kind == _ORGANIZATIONAL and value.startswith(_MED) and len(value) > 3 and value[3] in _INVENTORY:
        put(said.inventory, _INVENTORY[value[3]], value[4:])


def _identifier(kind: int, value: bytes) -> str | None:
    """Return a chassis or port id as text, as its subtype says it is to be read (8.5.2, 8.5.3)."""
    subtype, raw = value[:1], value[1:]
    if subtype == bytes([_MAC_SUBTYPE[kind]]) and len(raw) == 6:
        return raw.hex(":")
    if subtype == bytes([_NETWORK_SUBTYPE[kind]]) and raw[:1] in (b"\x01", b"\x02"):
        return host_address(raw[1:])
    raw = raw.rstrip(b"\0")
    try:
        return clean(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return raw[:32].hex(":")  # circuit ids and local ones may be binary
