"""CDP, with scapy as an independent builder."""

from __future__ import annotations

import pytest
from scapy.contrib import cdp as scapy_cdp

from parsers.discovery.cdp import Cdp
from parsers.records import About, Datagram, Evidence
from tests.parsers.discovery.telling import seconds_for, tell, tell_every_way, tell_mutations, values

VERSION = b"Cisco IOS Software, C3560 Software (C3560-ADVIPSERVICESK9-M), Version 12.2(25)SEB4, RELEASE SOFTWARE (fc1)"


def tlv(kind: int, value: bytes) -> bytes:
    return kind.to_bytes(2, "big") + (4 + len(value)).to_bytes(2, "big") + value


def frame(*tlvs: bytes, version: int = 2) -> Datagram:
    return Datagram(bytes([version, 180, 0, 0]) + b"".join(tlvs))


SWITCH = Datagram(
    bytes(
        scapy_cdp.CDPv2_HDR(
            msg=[
                scapy_cdp.CDPMsgDeviceID(val=b"sw-ct.example.org"),
                scapy_cdp.CDPMsgSoftwareVersion(val=VERSION + b"\nCopyright (c) 1986-2005 by Cisco Systems, Inc."),
                scapy_cdp.CDPMsgPlatform(val=b"cisco WS-C3560G-24PS"),
                scapy_cdp.CDPMsgAddr(naddr=1, addr=[scapy_cdp.CDPAddrRecordIPv4(addr="192.168.0.1")]),
                scapy_cdp.CDPMsgPortID(iface=b"GigabitEthernet0/5"),
                scapy_cdp.CDPMsgCapabilities(cap=0x28),
                scapy_cdp.CDPMsgMgmtAddr(naddr=1, addr=[scapy_cdp.CDPAddrRecordIPv4(addr="10.9.8.7")]),
                scapy_cdp.CDPMsgGeneric(type=0x17, val=b"\0ward 3"),
            ]
        )
    )
)
NEXUS = frame(
    tlv(0x01, b"n7k-core.example.org(JAF1422ABCD)"),
    tlv(0x14, b"n7k-core"),
    tlv(0x15, bytes.fromhex("060a2b06010401090c030103")),
    tlv(0x02, b"\0\0\0\1" + b"\x02\x08\xaa\xaa\x03\0\0\0\x86\xdd\x00\x10" + bytes.fromhex("fe80" + "00" * 13 + "01")),
    tlv(0x03, b"mgmt0"),
)


def test_a_switch() -> None:
    said = tell_every_way(Cdp, SWITCH, trailer=b"\0\0\0")
    assert values(said) == {
        "hostname": "sw-ct.example.org",
        "system_description": VERSION.decode() + " Copyright (c) 1986-2005 by Cisco Systems, Inc.",
        "platform": "cisco WS-C3560G-24PS",
        "network_port": {"PortID": "GigabitEthernet0/5"},
        "system_capabilities": ["igmp", "switch"],
        "management_address": ["192.168.0.1", "10.9.8.7"],
    }
    assert {(one.evidence, one.about, one.port) for one in said} == {(Evidence.PEER, About.SENDER, None)}


def test_a_name_with_a_serial_number() -> None:
    assert values(tell_every_way(Cdp, NEXUS, trailer=b"\0")) == {
        "hostname": "n7k-core.example.org",
        "hardware_inventory": {"SerialNumber": "JAF1422ABCD"},
        "snmp_object_id": "1.3.6.1.4.1.9.12.3.1.3",
        "management_address": "fe80::1",
        "network_port": {"PortID": "mgmt0"},
    }


@pytest.mark.parametrize(
    ("device_id", "hostname", "serial"),
    [
        (b"R1", "R1", None),
        (b"SEP001122334455", "SEP001122334455", None),
        (b"TBA04191234(cat6k-core)", "cat6k-core", "TBA04191234"),
        (b"FOX0627A001", None, "FOX0627A001"),
        (b"cat(dog)", None, None),  # which is the name?
        (b"FOX0627A001(SAL09295XYZ)", None, None),
        (b"core(FOX0627A001", None, None),
        (b"001122334455", None, None),
        (b"0011.2233.4455", None, None),
        (b"00:11:22:33:44:55", None, None),
        (b"069003275", None, None),
        (b"", None, None),
        (b"\0\0", None, None),
    ],
)
def test_device_ids(device_id: bytes, hostname: str | None, serial: str | None) -> None:
    said, reason = tell(Cdp, frame(tlv(1, device_id), version=1))
    assert reason is None
    assert values(said).get("hostname") == hostname
    assert values(said).get("hardware_inventory") == ({"SerialNumber": serial} if serial else None)


@pytest.mark.parametrize(
    "payload",
    [b"", bytes(8), b"\x02\xb4\0\0", b"\x03\xb4\0\0\0\1\0\6R1", b"\x02\xb4\0\0\0\1\0\3R", b"\x02\xb4\0\0\0\1\0"],
)
def test_no_cdp(payload: bytes) -> None:
    assert not Cdp.probe(Datagram(payload))


@pytest.mark.parametrize("broken", [b"\0\x06\0\x03x", b"\0\x06\xff\xffcisco", b"\0\x06\0\0"])
def test_impossible_lengths(broken: bytes) -> None:
    said, reason = tell(Cdp, frame(tlv(1, b"R1"), broken, tlv(6, b"not read")))
    assert reason == "TLV shorter than its header or longer than the frame"
    assert values(said) == {"hostname": "R1"}


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff\xff\xff\xff",
        b"\0\0\0\1\x01\xff",
        b"\0\0\0\1\x01\x01\xcc\xff\xff\x0a\0\0\1",
        b"\0\0\0\1\x01\x01\xcc\0\4\0\0\0\0",
    ],
)
def test_addresses_that_are_none(value: bytes) -> None:
    assert values(tell(Cdp, frame(tlv(1, b"R1"), tlv(2, value)))[0]) == {"hostname": "R1"}


def test_thousands_of_tlvs_and_addresses() -> None:
    many = b"".join(b"\x01\x01\xcc\0\4" + n.to_bytes(4, "big") for n in range(1, 7000))
    for flood in (
        tlv(6, b"") * 16_000,
        tlv(5, b"v" * 4000) * 16,
        tlv(2, b"\0\0\xff\xff" + many),
        tlv(2, bytes(9)) * 5000,
    ):
        datagram = frame(tlv(1, b"R1"), flood)
        said, _ = tell(Cdp, datagram)
        assert len(said) < 20
        assert seconds_for(Cdp, datagram) < 0.5


def test_mutations() -> None:
    tell_mutations(Cdp, [SWITCH, NEXUS], b"\0\1\2\3\4\5\6\x14\x15\x16\xff()")
