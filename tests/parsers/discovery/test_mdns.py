"""mDNS and DNS-SD, built by scapy."""

from __future__ import annotations

import json

import pytest
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRSRV

from parsers.discovery.mdns import Mdns
from parsers.discovery.services import service_type
from parsers.records import Announcement, Datagram
from tests.parsers.discovery.telling import statements, tell, tell_every_way

PORTS = (5353, 5353)
FLUSH = {"rclass": 1, "cacheflush": 1}


def message(*answers: DNSRR, additional: tuple[DNSRR, ...] = (), **header: object) -> bytes:
    return bytes(DNS(**{"qr": 1, "aa": 1, "qd": [], "an": list(answers), "ar": list(additional), **header}))


def a(host: str, address: str, **fields: object) -> DNSRR:
    kind = "AAAA" if ":" in address else "A"
    return DNSRR(**{"rrname": host, "type": kind, **FLUSH, "ttl": 120, "rdata": address, **fields})


def ptr(name: str, target: str) -> DNSRR:
    return DNSRR(rrname=name, type="PTR", ttl=4500, rdata=target)


def srv(instance: str, target: str, port: int) -> DNSRR:
    return DNSRRSRV(rrname=instance, **FLUSH, ttl=120, port=port, target=target)


def txt(instance: str, *strings: bytes) -> DNSRR:
    return DNSRR(rrname=instance, type="TXT", **FLUSH, ttl=4500, rdata=list(strings))


def read(payload: bytes) -> list[Announcement]:
    return tell_every_way(Mdns, Datagram(payload, *PORTS))


def services(said: list[Announcement]) -> list[dict[str, str]]:
    return [json.loads(row.value) for row in said if row.attribute == "mdns_service"]


def test_a_host_tells_its_addresses() -> None:
    said = read(message(a("CT-Room1.local", "10.20.0.5"), a("CT-Room1.local", "fe80::5")))
    assert statements(said) == [
        ("hostname", "CT-Room1.local", "claim", "OTHER", "10.20.0.5", None),
        ("hostname", "CT-Room1.local", "claim", "OTHER", "fe80::5", None),
        ("hostname", "CT-Room1.local", "peer", "SENDER", None, None),
    ]
    assert [row.port for row in said] == [None, None, 5353]


def test_a_printer() -> None:
    instance = "Dr. Canary's printer._ipp._tcp.local"
    payload = message(
        ptr("_ipp._tcp.local", instance),
        additional=(
            srv(instance, "PRT7.local", 631),
            txt(
                instance,
                *(b"txtvers=1", b"note=Canary on ward 3", b"ty=ACME LaserJet 4250", b"TY=second", b"product=(LJ4250)"),
                *(b"usb_MFG=ACME", b"usb_MDL=LaserJet 4250", b"adminurl=http://canary", b"pdl", b""),
            ),
            a("prt7.local", "10.20.0.9"),
        ),
    )
    said = read(payload)
    model = '{"Manufacturer":"ACME","Model":"LaserJet 4250","Port":"631","ServiceType":"_ipp._tcp"}'
    assert statements(said) == [
        ("hostname", "prt7.local", "claim", "OTHER", "10.20.0.9", None),
        ("hostname", "PRT7.local", "peer", "SENDER", None, None),
        ("mdns_service", model, "peer", "SENDER", None, None),
    ]
    assert "anary" not in repr(said)


@pytest.mark.parametrize(
    ("kind", "strings", "expected"),
    [
        ("_ipp._tcp", (b"ty=ACME LJ",), {"Model": "ACME LJ"}),
        ("_ipp._tcp", (b"product=(ACME LJ)",), {"Model": "ACME LJ"}),
        ("_ipp._tcp", (b"ty=", b"product=()"), {}),
        ("_device-info._tcp", (b"model=MacBookPro9,2", b"osxvers=17"), {"Model": "MacBookPro9,2", "Version": "17"}),
        ("_raop._tcp", (b"am=AppleTV3,1", b"md=0,1,2", b"vs=150.33"), {"Model": "AppleTV3,1"}),
        ("_raop._tcp", (b"md=0,1,2",), {}),
        ("_googlecast._tcp", (b"md=Chromecast", b"fn=Canary's TV", b"am=x"), {"Model": "Chromecast"}),
        ("_hap._tcp", (b"md=Hue bridge",), {"Model": "Hue bridge"}),
        ("_airplay._tcp", (b"manufacturer=ACME", b"model=X1"), {"Manufacturer": "ACME", "Model": "X1"}),
        ("_x._udp", (b"vers=4.0.0", b"mfg=ACME"), {"Manufacturer": "ACME", "Version": "4.0.0"}),
        ("_x._tcp", (b"model=A\x1b[2J\xff",), {"Model": "A [2J\ufffd"}),
    ],
)
def test_device_keys(kind: str, strings: tuple[bytes, ...], expected: dict[str, str]) -> None:
    said = read(message(txt(f"thing.{kind}.local", *strings)))
    assert services(said) == [{"ServiceType": kind, **expected}]
    assert "anary" not in repr(said)


def test_a_list_of_service_types() -> None:
    kinds = ("_http._tcp", "_dicom._tcp", "_http._tcp")
    rows = [ptr("_services._dns-sd._udp.local", f"{kind}.local") for kind in kinds]
    assert services(read(message(*rows))) == [{"ServiceType": "_http._tcp"}, {"ServiceType": "_dicom._tcp"}]
    assert services(read(message(*rows, srv("x._http._tcp.local", "ct1.local", 80)))) == [
        {"ServiceType": "_dicom._tcp"},
        {"ServiceType": "_http._tcp", "Port": "80"},
    ]


def test_a_subtype() -> None:
    said = read(message(ptr("_printer._sub._http._tcp.local", "x._http._tcp.local")))
    assert services(said) == [{"ServiceType": "_http._tcp"}]


def test_who_speaks_for_two_hosts_is_neither() -> None:
    rows = [srv("x._http._tcp.local", "ct1.local", 80), srv("y._http._tcp.local", "mr1.local", 8080)]
    rows += [a("ct1.local", "10.20.0.5"), a("mr1.local", "10.20.0.6"), ptr("_ssh._tcp.local", "z._ssh._tcp.local")]
    assert statements(read(message(*rows))) == [
        ("hostname", "ct1.local", "claim", "OTHER", "10.20.0.5", None),
        ("hostname", "mr1.local", "claim", "OTHER", "10.20.0.6", None),
        ("mdns_service", '{"Port":"80","ServiceType":"_http._tcp"}', "claim", "OTHER", "10.20.0.5", None),
        ("mdns_service", '{"Port":"8080","ServiceType":"_http._tcp"}', "claim", "OTHER", "10.20.0.6", None),
    ]


def test_a_record_that_others_may_hold_too_names_the_address_alone() -> None:
    said = read(message(a("ct1.local", "10.20.0.5", cacheflush=0)))
    assert statements(said) == [("hostname", "ct1.local", "claim", "OTHER", "10.20.0.5", None)]


def test_an_address_tells_its_name() -> None:
    said = read(message(DNSRR(rrname="5.0.20.10.in-addr.arpa", type="PTR", **FLUSH, ttl=120, rdata="ct1.local")))
    assert statements(said) == [
        ("hostname", "ct1.local", "claim", "OTHER", "10.20.0.5", None),
        ("hostname", "ct1.local", "peer", "SENDER", None, None),
    ]


@pytest.mark.parametrize(
    "record",
    [
        a("ct1.local", "10.20.0.5", ttl=0),
        a("ct1.hospital.example", "10.20.0.5"),
        a("ct1.local", "10.20.0.5", rclass=3),
        a("local", "10.20.0.5"),
        a("ct1.local", "127.0.0.1"),
        ptr("_http._tcp.hospital.example", "x._http._tcp.hospital.example"),
        txt("x._http._tcp.local.example", b"model=x"),
    ],
    ids=repr,
)
def test_what_says_nothing(record: DNSRR) -> None:
    assert read(message(record)) == []


def test_queries_and_their_known_answers_say_nothing() -> None:
    rows = (a("ct1.local", "10.20.0.5"),)
    assert read(message(*rows, qr=0, qd=[DNSQR(qname="ct1.local")])) == []
    assert tell(Mdns, Datagram(message(*rows), 40000, 5353)) == ([], None)  # RFC 6762 6
    for header in ({"opcode": 4}, {"rcode": 3}):
        assert tell(Mdns, Datagram(message(*rows, **header), *PORTS)) == ([], "probe")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"x._ipp._tcp.local", "_ipp._tcp"),
        (b"_ipp._tcp.local", "_ipp._tcp"),
        (b"_printer._sub._ipp._TCP.Local", "_ipp._TCP"),
        *(
            (name, None)
            for name in (b"", b"local", b"_tcp.local", b"._tcp.local", b"_._tcp.local", b"x._y._sctp.local")
        ),
        *((name, None) for name in (b"x.ipp._tcp.local", b"x._i\x1bp._tcp.local", b"x._ipp._tcp.example")),
    ],
)
def test_service_types(name: bytes, kind: str | None) -> None:
    assert service_type(name) == kind


def test_a_thousand_names_in_one_message_are_bounded() -> None:
    payload = message(*(a(f"h{n}.local", f"10.20.{n // 250}.{n % 250 + 1}") for n in range(1000)))
    said, reason = tell(Mdns, Datagram(payload, *PORTS))
    assert reason == "too many records"
    assert {(row.about.name, row.value) for row in said} == {("OTHER", f"h{n}.local") for n in range(64)}


def test_a_record_of_64_kib_of_strings_takes_little_time() -> None:
    for unit in (b"\0", b"\1=", b"\x07model=x", b"\xff"):
        data = unit * (60000 // len(unit))
        payload = (
            b"\0\0\x84\0\0\0\0\1\0\0\0\0\1x\2_x\4_tcp\5local\0\0\x10\0\1\0\0\0\x78"
            + len(data).to_bytes(2, "big")
            + data
        )
        assert len(tell(Mdns, Datagram(payload, *PORTS))[0]) == 1
