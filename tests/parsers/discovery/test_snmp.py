"""SNMP v1, v2c and v3, with scapy as an independent builder where it has the protocol."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest
from scapy.asn1.asn1 import ASN1_INTEGER, ASN1_NULL, ASN1_OID, ASN1_STRING
from scapy.layers import snmp as scapy_snmp

from parsers import ber
from parsers.discovery.snmp import Snmp, community_kind
from parsers.malformed import Malformed
from parsers.records import About, Announcement, Datagram, Evidence
from tests.parsers.discovery.telling import seconds_for, tell, tell_every_way, tell_mutations, values

SYS_DESCR, SYS_OBJECT_ID, SYS_NAME = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.1.5.0"
SYS_CONTACT, SYS_LOCATION = "1.3.6.1.2.1.1.4.0", "1.3.6.1.2.1.1.6.0"
MANAGER, AGENT, TRAPS = 50161, 161, 162


def message(pdu: type, variables: dict[str, object], version: int = 1, community: str = "public") -> bytes:
    bindings = [scapy_snmp.SNMPvarbind(oid=ASN1_OID(name), value=value) for name, value in variables.items()]
    return bytes(scapy_snmp.SNMP(version=version, community=community, PDU=pdu(id=7, varbindlist=bindings)))


def response(variables: dict[str, object], version: int = 1, community: str = "public") -> Datagram:
    return Datagram(message(scapy_snmp.SNMPresponse, variables, version, community), AGENT, MANAGER)


def text(value: str) -> ASN1_STRING:
    return ASN1_STRING(value.encode())


def tlv(tag: int, *contents: bytes) -> bytes:
    """BER with the length in one byte, or in two where it takes more."""
    content = b"".join(contents)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    return bytes([tag, 0x82]) + len(content).to_bytes(2, "big") + content


def binding(name: str, tag: int, value: bytes) -> bytes:
    return tlv(0x30, tlv(0x06, ber.oid_content(name)), tlv(tag, value))


ENGINE = bytes.fromhex("80001f8880a9498e5e3a2c3043")


def v3(pdu: int, *bindings: bytes, flags: int = 0, context: bytes = ENGINE, engine: bytes = ENGINE) -> bytes:
    security = tlv(0x30, tlv(4, engine), tlv(2, b"\1"), tlv(2, b"\2"), tlv(4, b"JaneDoe"), tlv(4), tlv(4))
    inner = tlv(pdu, tlv(2, b"\7"), tlv(2, b"\0"), tlv(2, b"\0"), tlv(0x30, *bindings))
    data = tlv(0x30, tlv(4, context), tlv(4, b""), inner) if not flags & 2 else tlv(4, b"\xaa" * 60)
    header = tlv(0x30, tlv(2, b"\1\2"), tlv(2, b"\0\xff\xe3"), tlv(4, bytes([flags])), tlv(2, b"\3"))
    return tlv(0x30, tlv(2, b"\3"), header, tlv(4, security), data)


def test_an_agent_describes_itself() -> None:
    variables = {
        SYS_DESCR: text("Cisco IOS Software, C2960 Software\r\nCopyright (c) 1986-2010"),
        SYS_OBJECT_ID: ASN1_OID("1.3.6.1.4.1.9.1.716"),
        SYS_CONTACT: text("Dr. Jane Doe"),
        SYS_NAME: text("sw-mri"),
        SYS_LOCATION: text("ward 3"),
    }
    said = tell_every_way(Snmp, response(variables))
    assert values(said) == {
        "snmp_version": "2c",
        "snmp_community": "default",
        "clear_credentials": "snmp",
        "system_description": "Cisco IOS Software, C2960 Software Copyright (c) 1986-2010",
        "snmp_object_id": "1.3.6.1.4.1.9.1.716",
        "hostname": "sw-mri",
    }
    assert {(one.evidence, one.about, one.port) for one in said} == {(Evidence.PEER, About.SENDER, AGENT)}


@pytest.mark.parametrize("pdu", [scapy_snmp.SNMPget, scapy_snmp.SNMPnext, scapy_snmp.SNMPset, scapy_snmp.SNMPbulk])
def test_a_request_claims_what_the_agent_lets_in(pdu: type) -> None:
    sent = message(pdu, {SYS_NAME: text("a wish")}, version=0, community="s3cret-of-ours")
    said = tell_every_way(Snmp, Datagram(sent, MANAGER, AGENT))
    assert said == [
        Announcement("snmp_community", "other", Evidence.CLAIM, About.RECEIVER, AGENT),
        Announcement("clear_credentials", "snmp", Evidence.CLAIM, About.RECEIVER, AGENT),
    ]
    assert "s3cret" not in repr(said)


def test_a_trap_may_be_anothers() -> None:
    sent = Datagram(message(scapy_snmp.SNMPtrapv2, {SYS_NAME: text("ups-2")}), MANAGER, TRAPS)
    assert tell_every_way(Snmp, sent) == [Announcement("hostname", "ups-2", Evidence.OBJECT)]
    assert tell(Snmp, sent._replace(destination_port=AGENT)) == ([], None)


def test_a_response_to_an_inform_is_an_echo() -> None:
    echo = response({SYS_NAME: text("ups-2")})._replace(source_port=TRAPS)
    assert tell(Snmp, echo) == ([], None)


def test_a_ups_and_an_entity() -> None:
    ups = {
        "1.3.6.1.2.1.33.1.1.1.0": text("APC"),
        "1.3.6.1.2.1.33.1.1.2.0": text("Smart-UPS 1500\0"),
        "1.3.6.1.2.1.33.1.1.3.0": text("UPS 08.3"),
        "1.3.6.1.2.1.33.1.1.5.0": text("name by a person"),
    }
    entity = {f"1.3.6.1.2.1.47.1.1.1.1.{column}.1": text(value) for column, value in ((11, "FOC1"), (13, "WS-C2960"))}
    other = {f"1.3.6.1.2.1.47.1.1.1.1.{column}.2": text(value) for column, value in ((11, "PSU"), (13, "PWR"))}
    said = values(tell_every_way(Snmp, response({**ups, **entity, **other})))
    assert said["hardware_inventory"] == [
        {"SerialNumber": "FOC1", "ModelName": "WS-C2960"},
        {"ManufacturerName": "APC", "ModelName": "Smart-UPS 1500", "SoftwareRevision": "UPS 08.3"},
    ]


@pytest.mark.parametrize(("physical_class", "whole"), [(3, True), (11, True), (9, False), (10, False)])
def test_an_entity_that_is_a_part(physical_class: int, whole: bool) -> None:
    said = values(
        tell(
            Snmp,
            response(
                {
                    "1.3.6.1.2.1.47.1.1.1.1.5.1": ASN1_INTEGER(physical_class),
                    "1.3.6.1.2.1.47.1.1.1.1.13.1": text("WS-X4748"),
                }
            ),
        )[0]
    )
    assert said.get("hardware_inventory") == ({"ModelName": "WS-X4748"} if whole else None)


@pytest.mark.parametrize(
    ("beside", "printer"),
    [
        ({"1.3.6.1.2.1.25.3.2.1.2.1": ASN1_OID("1.3.6.1.2.1.25.3.1.5")}, True),
        ({"1.3.6.1.2.1.43.10.2.1.4.1.1": ASN1_INTEGER(12345)}, True),
        ({"1.3.6.1.2.1.43.10.2.1.4.1.1": ASN1_NULL(0)}, False),
        ({"1.3.6.1.2.1.25.3.2.1.2.1": ASN1_OID("1.3.6.1.2.1.25.3.1.3")}, False),
        ({}, False),
    ],
)
def test_a_printer_is_one_only_where_it_says_so(beside: dict[str, object], printer: bool) -> None:
    described = {"1.3.6.1.2.1.25.3.2.1.3.1": text("HP LaserJet M607"), **beside}
    assert values(tell(Snmp, response(described))[0]).get("printer_id") == ("HP LaserJet M607" if printer else None)


def test_a_printers_serial_number() -> None:
    said = values(tell(Snmp, response({"1.3.6.1.2.1.43.5.1.1.17.1": text("CNBCJ1")}))[0])
    assert said["hardware_inventory"] == {"SerialNumber": "CNBCJ1"}


def test_version_3_names_its_engine() -> None:
    name = binding(SYS_NAME, 4, b"archive-1")
    said = tell_every_way(Snmp, Datagram(v3(0xA2, name), AGENT, MANAGER))
    assert said == [
        Announcement("snmp_engine_id", ENGINE.hex(), Evidence.PEER, port=AGENT),
        Announcement("snmp_version", "3", Evidence.PEER, port=AGENT),
        Announcement("hostname", "archive-1", Evidence.PEER, port=AGENT),
    ]
    proxied, _ = tell(Snmp, Datagram(v3(0xA2, name, context=b"\x80other engine"), AGENT, MANAGER))
    assert Announcement("hostname", "archive-1", Evidence.OBJECT, port=AGENT) in proxied
    report, _ = tell(Snmp, Datagram(v3(0xA8, binding("1.3.6.1.6.3.15.1.1.4.0", 0x41, b"\1")), AGENT, MANAGER))
    assert [one.attribute for one in report] == ["snmp_engine_id", "snmp_version"]


def test_version_3_encrypted() -> None:
    answer = Datagram(v3(0xA2, flags=3), AGENT, MANAGER)
    assert [one.attribute for one in tell_every_way(Snmp, answer)] == ["snmp_engine_id", "snmp_version"]
    asked = Datagram(v3(0xA0, flags=7), MANAGER, AGENT)
    assert tell_every_way(Snmp, asked) == []
    trap, _ = tell(Snmp, Datagram(v3(0xA7, flags=3), MANAGER, TRAPS))
    assert trap == [Announcement("snmp_engine_id", ENGINE.hex(), Evidence.PEER)]
    assert tell(Snmp, Datagram(v3(0xA6, flags=7), MANAGER, TRAPS)) == (
        [],
        None,
    )  # an Inform names the receiver's engine
    for engine in (b"", b"\x80\0\0\1", bytes(33)):
        assert all(
            one.attribute != "snmp_engine_id"
            for one in tell(Snmp, Datagram(v3(0xA2, engine=engine), AGENT, MANAGER))[0]
        )
    assert "JaneDoe" not in repr((trap, tell(Snmp, answer)))


def _communities() -> list[dict[str, str]]:
    table = files("parsers.discovery").joinpath("snmp_communities.csv").read_text("utf-8")
    return list(csv.DictReader(table.splitlines()))


@pytest.mark.parametrize("row", _communities(), ids=lambda row: row["community"])
def test_row_of_default_communities(row: dict[str, str]) -> None:
    assert row["product"] and row["source"].startswith(("https://", "http://"))
    said, reason = tell(Snmp, Datagram(bytes.fromhex(row["example"]), MANAGER, AGENT))
    assert reason is None
    assert values(said)["snmp_community"] == "default"
    assert bytes([4, len(row["community"])]) + row["community"].encode() in bytes.fromhex(row["example"])


def test_communities() -> None:
    rows = [row["community"] for row in _communities()]
    assert len(set(rows)) == len(rows)
    assert community_kind(b"public@10") == "default"  # Cisco's community@vlan
    assert {community_kind(kind) for kind in (b"", b"publi", b"public ", b"\xff", b"x" * 60_000)} == {"other"}


@pytest.mark.parametrize(
    ("oid", "content"),
    [
        ("1.3.6.1.4.1.9.1.716", "2b06010401090185 4c"),
        ("2.999.3", "883703"),
        ("0.0", "00"),
        ("1.3.4294967295", "2b8fffffff7f"),
    ],
)
def test_object_identifiers(oid: str, content: str) -> None:
    raw = bytes.fromhex(content)
    assert ber.oid_text(raw) == oid
    assert ber.oid_content(oid) == raw


@pytest.mark.parametrize("content", ["", "80", "2b86", "2b" + "ff" * 5 + "7f", "2b9fffffff7f", "2b" + "01" * 640])
def test_broken_object_identifiers(content: str) -> None:
    assert ber.oid_text(bytes.fromhex(content)) is None


@pytest.mark.parametrize(
    "header", ["", "30", "3080", "3085", "308500000000", "30ff" + "ff" * 127, "3084ffffff", "3082ff"]
)
def test_impossible_headers(header: str) -> None:
    data = bytes.fromhex(header)
    with pytest.raises(Malformed):
        ber.element(data, 0, len(data))
    assert not Snmp.probe(Datagram(data + b"\0" * 2 if header == "3080" else data, AGENT, MANAGER))


def deep(levels: int, indefinite: bool) -> bytes:
    if indefinite:
        return b"\x30\x80" * levels
    out = b""
    for _ in range(levels):
        out = tlv(0x30, out) if len(out) < 65_000 else out
    return out


@pytest.mark.parametrize("indefinite", [True, False])
def test_sequences_nested_ten_thousand_deep(indefinite: bool) -> None:
    nested = deep(10_000, indefinite)
    head = tlv(2, b"\1") + tlv(4, b"public")
    for payload in (
        nested,
        tlv(0x30, head, nested),
        tlv(0x30, head, b"\xa2\x82\xff\xff", nested),
        tlv(0x30, head, tlv(0xA2, tlv(2, b"\1"), tlv(2, b"\0"), tlv(2, b"\0"), nested)),
        tlv(0x30, tlv(2, b"\3"), nested),
        tlv(0x30, tlv(2, b"\3"), tlv(0x30, nested)),
    ):
        datagram = Datagram(payload[:65_535], AGENT, MANAGER)
        said, reason = tell(Snmp, datagram)
        assert reason is not None and len(said) <= 3
        assert seconds_for(Snmp, datagram) < 0.3


def test_64_kib_of_variables_and_of_one_value() -> None:
    name = binding(SYS_NAME, 4, b"n")
    for bindings in (
        name * 3600,
        binding(SYS_DESCR, 4, b"d" * 65_000),
        binding("1.3.6.1", 5, b"") * 5000,
        b"\x30\0" * 32_000,
    ):
        pdu = tlv(0xA2, tlv(2, b"\1"), tlv(2, b"\0"), tlv(2, b"\0"), tlv(0x30, bindings))
        datagram = Datagram(tlv(0x30, tlv(2, b"\1"), tlv(4, b"public"), pdu), AGENT, MANAGER)
        said, _ = tell(Snmp, datagram)
        assert 3 <= len(said) <= 5
        assert seconds_for(Snmp, datagram) < 0.5


def test_mutations() -> None:
    seeds = [
        response({SYS_DESCR: text("Linux"), SYS_OBJECT_ID: ASN1_OID("1.3.6.1.4.1.8072.3.2.10"), SYS_NAME: text("a")}),
        Datagram(message(scapy_snmp.SNMPget, {SYS_DESCR: ASN1_NULL(0)}), MANAGER, AGENT),
        Datagram(v3(0xA2, binding(SYS_NAME, 4, b"archive-1")), AGENT, MANAGER),
        Datagram(v3(0xA7, flags=3), MANAGER, TRAPS),
    ]
    tell_mutations(Snmp, seeds, b"\0\1\2\4\5\6\x30\x80\x81\x82\x84\xa0\xa2\xa7\xff")
