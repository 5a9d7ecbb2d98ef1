"""LLDP and LLDP-MED, with scapy as an independent builder."""

from __future__ import annotations

import pytest
from scapy.contrib import lldp as scapy_lldp
from scapy.layers.l2 import Ether

from parsers.discovery.lldp import Lldp
from parsers.records import About, Datagram, Evidence
from tests.parsers.discovery.telling import seconds_for, tell, tell_every_way, tell_mutations, values

MAC = "00:1b:54:c2:57:02"
SWITCH = bytes(
    Ether(src=MAC, dst="01:80:c2:00:00:0e")
    / scapy_lldp.LLDPDUChassisID(subtype=4, id=MAC)
    / scapy_lldp.LLDPDUPortID(subtype=5, id=b"GigabitEthernet1/0/2")
    / scapy_lldp.LLDPDUTimeToLive(ttl=120)
    / scapy_lldp.LLDPDUPortDescription(description=b"uplink of CT 2")
    / scapy_lldp.LLDPDUSystemName(system_name=b"sw-radiology.example.org")
    / scapy_lldp.LLDPDUSystemDescription(description=b"H3C Comware Platform Software,\r\nRelease 1808P08")
    / scapy_lldp.LLDPDUSystemCapabilities(mac_bridge_available=1, router_available=1, mac_bridge_enabled=1)
    / scapy_lldp.LLDPDUManagementAddress(
        management_address_subtype=1, management_address=b"\x0a\x00\x00\x02", interface_number=7
    )
    / scapy_lldp.LLDPDUEndOfLLDPDU()
)[14:]


def tlv(kind: int, value: bytes) -> bytes:
    return (kind << 9 | len(value)).to_bytes(2, "big") + value


def med(subtype: int, value: bytes) -> bytes:
    return tlv(127, b"\x00\x12\xbb" + bytes([subtype]) + value)


# An IP phone with all of the inventory of ANSI/TIA-1057 10.2.6, a network policy and a location.
PHONE = (
    tlv(1, b"\x05\x01\xc0\xa8\x07\x09")
    + tlv(2, b"\x03\x00\x08\x5d\x10\x20\x30")
    + tlv(3, b"\x00\xb4")
    + tlv(7, b"\x00\x24\x00\x20")
    + med(1, b"\x00\x3f\x03")
    + med(2, b"\x01\x40\x65\x6e")
    + med(3, b"\x02location: ward 3")
    + med(5, b"67xx rev 2\0")
    + med(6, b"3.3.1.4305")
    + med(7, b"")
    + med(8, b"0B3A5C")
    + med(9, b"Aastra")
    + med(10, b"6757i")
    + med(11, b"INV 0815")
    + b"\0\0"
)


def test_a_switch() -> None:
    said = tell_every_way(Lldp, Datagram(SWITCH))
    assert {one.mac for one in said} == {"00:1b:54:c2:57:02"}  # stands in where the frame has none
    assert values(said) == {
        "hostname": "sw-radiology.example.org",
        "system_description": "H3C Comware Platform Software, Release 1808P08",
        "network_port": {"ChassisID": MAC, "PortID": "GigabitEthernet1/0/2"},  # its description is people's text
        "system_capabilities": ["bridge"],  # those enabled, not those there
        "management_address": "10.0.0.2",
    }
    assert {(one.evidence, one.about, one.port) for one in said} == {(Evidence.PEER, About.SENDER, None)}


def test_a_phone_and_its_inventory() -> None:
    said = values(tell_every_way(Lldp, Datagram(PHONE)))
    assert said == {
        "network_port": {"ChassisID": "192.168.7.9", "PortID": "00:08:5d:10:20:30"},
        "hardware_inventory": {
            "HardwareRevision": "67xx rev 2",
            "FirmwareRevision": "3.3.1.4305",
            "SerialNumber": "0B3A5C",
            "ManufacturerName": "Aastra",
            "ModelName": "6757i",
            "AssetID": "INV 0815",
        },
        "system_capabilities": ["telephone"],
    }


@pytest.mark.parametrize(
    ("subtype", "raw", "text"),
    [
        (1, b"Ethernet1", "Ethernet1"),
        (3, bytes.fromhex("0011223344ff"), "00:11:22:33:44:ff"),
        (3, b"\x00\x11", "\x00\x11".strip("\x00")),  # no MAC: read as text, of which nothing printable is left
        (4, b"\x02" + bytes.fromhex("20010db8000000000000000000000001"), "2001:db8::1"),
        (4, b"\x01\x00\x00\x00\x00", None),
        (6, b"\x00\xff\x80", "00:ff:80"),
        (7, "Büro".encode(), "Büro"),
        (7, b"12\0", "12"),
    ],
)
def test_port_ids(subtype: int, raw: bytes, text: str | None) -> None:
    said, reason = tell(Lldp, Datagram(tlv(1, b"\x04" + bytes(6)) + tlv(2, bytes([subtype]) + raw) + tlv(3, b"\0\1")))
    assert reason is None
    port = values(said)["network_port"]
    assert isinstance(port, dict)
    assert port.get("PortID") == (text if text and text.isprintable() else None)


def test_what_is_said_twice_counts_once() -> None:
    said, _ = tell(Lldp, Datagram(SWITCH[:-2] + tlv(5, b"other") + tlv(7, b"\0\x20\0\x20") + tlv(2, b"\x05Other")))
    assert values(said) == values(tell(Lldp, Datagram(SWITCH))[0])


@pytest.mark.parametrize(
    "payload", [b"", b"\x02", b"\x02\x00", tlv(2, b"\x05x"), tlv(127, b"\0\x12\xbb\x05x"), b"\x03\xff"]
)
def test_no_lldp(payload: bytes) -> None:
    assert not Lldp.probe(Datagram(payload))


def test_a_tlv_longer_than_the_frame() -> None:
    whole = tlv(1, b"\x04" + bytes(range(6))) + tlv(2, b"\x051/1")
    said, reason = tell(Lldp, Datagram(whole + b"\x0b\xffname"))
    assert reason == "TLV longer than the LLDPDU"
    assert values(said) == {"network_port": {"ChassisID": "00:01:02:03:04:05", "PortID": "1/1"}}


def test_thousands_of_tlvs() -> None:
    addresses = b"".join(tlv(8, b"\x05\x01" + n.to_bytes(4, "big") + bytes(6)) for n in range(1, 4000))
    for flood in (tlv(5, b"") * 32_000, tlv(5, b"n" * 511) * 127, addresses, med(5, b"x") * 9000):
        datagram = Datagram((SWITCH[:-2] + flood)[:65_536])
        said, _ = tell(Lldp, datagram)
        assert len(said) < 20
        assert seconds_for(Lldp, datagram) < 0.5


def test_mutations() -> None:
    tell_mutations(Lldp, [Datagram(SWITCH), Datagram(PHONE)], b"\0\x02\x04\x06\x10\xfe\xff\x01\x05\x1b")
