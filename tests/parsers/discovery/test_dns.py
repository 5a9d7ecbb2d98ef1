"""DNS answers, built by scapy."""

from __future__ import annotations

import pytest
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRROPT, DNSRRSRV

from parsers.discovery.dns import Dns
from parsers.records import Datagram
from tests.parsers.discovery.telling import statements, tell, tell_every_way

PORTS = (53, 40000)


def answer(name: str, *answers: DNSRR, kind: str = "A", **header: object) -> bytes:
    return bytes(DNS(**{"qr": 1, "qd": [DNSQR(qname=name, qtype=kind)], "an": list(answers), **header}))


def named(payload: bytes) -> list[tuple[str, str | None]]:
    said = tell_every_way(Dns, Datagram(payload, *PORTS))
    assert {row[:1] + row[2:4] + row[5:] for row in statements(said)} <= {("dns_name", "claim", "OTHER", None)}
    assert all(row.port is None for row in said)
    return [(row.value, row.ip) for row in said]


def test_addresses_of_a_name() -> None:
    payload = answer(
        "PACS1.hospital.example",
        DNSRR(rrname="PACS1.hospital.example", type="A", rdata="10.20.0.5"),
        DNSRR(rrname="PACS1.hospital.example", type="A", rdata="10.20.0.6"),
        DNSRR(rrname="PACS1.hospital.example", type="AAAA", rdata="fd00:20::5"),
        ar=[DNSRROPT()],
    )
    assert named(payload) == [
        ("PACS1.hospital.example", "10.20.0.5"),
        ("PACS1.hospital.example", "10.20.0.6"),
        ("PACS1.hospital.example", "fd00:20::5"),
    ]


def test_a_chain_of_aliases_names_the_host_and_what_was_asked_for() -> None:
    payload = answer(
        "pacs.hospital.example",
        DNSRR(rrname="pacs.hospital.example", type="CNAME", rdata="PACS.dc.hospital.example"),
        DNSRR(rrname="pacs.dc.hospital.example", type="CNAME", rdata="srv7.hospital.example"),
        DNSRR(rrname="srv7.hospital.example", type="A", rdata="10.20.0.7"),
    )
    assert named(payload) == [("srv7.hospital.example", "10.20.0.7"), ("pacs.hospital.example", "10.20.0.7")]


def test_aliases_in_a_ring() -> None:
    ring = [("a.example", "b.example"), ("b.example", "a.example")]
    aliases = [DNSRR(rrname=name, type="CNAME", rdata=target) for name, target in ring]
    payload = answer("a.example", *aliases, DNSRR(rrname="a.example", type="A", rdata="10.0.0.1"))
    assert named(payload) == [("a.example", "10.0.0.1")]


def test_names_of_an_address() -> None:
    payload = answer(
        "5.0.20.10.in-addr.arpa",
        DNSRR(rrname="5.0.20.10.in-addr.arpa", type="PTR", rdata="ct1.hospital.example"),
        kind="PTR",
    )
    assert named(payload) == [("ct1.hospital.example", "10.20.0.5")]
    v6 = "5." + "0." * 23 + "0.2.0.0.0.0.d.f.ip6.arpa"
    payload = answer(v6, DNSRR(rrname=v6, type="PTR", rdata="ct1.hospital.example"), kind="PTR")
    assert named(payload) == [("ct1.hospital.example", "fd00:20::5")]


def test_names_of_an_address_in_a_delegated_part_of_a_network() -> None:  # RFC 2317 4
    payload = answer(
        "5.0.20.10.in-addr.arpa",
        DNSRR(rrname="5.0.20.10.in-addr.arpa", type="CNAME", rdata="5.0/25.0.20.10.in-addr.arpa"),
        DNSRR(rrname="5.0/25.0.20.10.in-addr.arpa", type="PTR", rdata="ct1.hospital.example"),
        kind="PTR",
    )
    assert named(payload) == [("ct1.hospital.example", "10.20.0.5")]


def test_the_hosts_of_a_service_are_in_the_additional_section() -> None:
    payload = answer(
        "_ldap._tcp.hospital.example",
        DNSRRSRV(rrname="_ldap._tcp.hospital.example", port=389, target="dc1.hospital.example"),
        kind="SRV",
        ns=[DNSRR(rrname="hospital.example", type="NS", rdata="ns.hospital.example")],
        ar=[DNSRR(rrname="dc1.hospital.example", type="A", rdata="10.20.0.2")],
    )
    assert named(payload) == [("dc1.hospital.example", "10.20.0.2")]


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "224.0.0.251", "255.255.255.255"])
def test_what_is_no_hosts_address_is_not_named(address: str) -> None:
    assert named(answer("blocked.example", DNSRR(rrname="blocked.example", type="A", rdata=address))) == []


@pytest.mark.parametrize("change", [{"qr": 0}, {"opcode": 5}, {"opcode": 2}, {"an": []}], ids=str)
def test_only_answers_say_something(change: dict[str, object]) -> None:
    record = DNSRR(rrname="ct1.example", type="A", rdata="10.0.0.1")
    assert named(answer("ct1.example", record)) == [("ct1.example", "10.0.0.1")]
    assert named(answer("ct1.example", record, **change)) == []


def test_other_classes_and_types_say_nothing() -> None:
    rows = [DNSRR(rrname="ct1.example", type="A", rclass=3, rdata="10.0.0.1")]
    rows += [DNSRR(rrname="ct1.example", type="TXT", rdata="10.0.0.1"), DNSRR(rrname=".", type="A", rdata="10.0.0.1")]
    assert named(answer("ct1.example", *rows)) == []


def test_an_answer_cut_short_says_what_it_has() -> None:
    payload = answer("a.example", *(DNSRR(rrname="a.example", type="A", rdata=f"10.0.0.{n}") for n in (1, 2)))
    said, fault = tell(Dns, Datagram(payload[:-3], *PORTS, cut=True))
    assert [row.ip for row in said] == ["10.0.0.1"] and fault == "record cut short"


def test_control_characters_are_cleaned() -> None:
    label = b"\x1b[2J\xe2\x80\xae\xffpacs"
    payload = b"\0\1\x84\0\0\0\0\1\0\0\0\0" + bytes([len(label)]) + label + b"\0\0\1\0\1\0\0\0\0\0\4\n\0\0\1"
    assert named(payload) == [("[2J \ufffdpacs", "10.0.0.1")]
