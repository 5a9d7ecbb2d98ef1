"""LLMNR, built by scapy."""

from __future__ import annotations

import pytest
from scapy.layers.dns import DNSQR, DNSRR
from scapy.layers.llmnr import LLMNRQuery, LLMNRResponse

from parsers.discovery.llmnr import Llmnr
from parsers.records import Datagram
from tests.parsers.discovery.telling import statements, tell, tell_every_way

PORTS = (5355, 50000)
A = DNSRR(rrname="CT-Room1", type="A", rdata="10.20.0.5")
AAAA = DNSRR(rrname="CT-Room1", type="AAAA", rdata="fe80::5")
PTR = DNSRR(rrname="5.0.20.10.in-addr.arpa", type="PTR", rdata="CT-Room1")


def response(*answers: DNSRR, **header: object) -> bytes:
    return bytes(LLMNRResponse(**{"qd": [DNSQR(qname="CT-Room1")], "an": list(answers), **header}))


@pytest.mark.parametrize("answers", [(A,), (A, AAAA), (PTR,), (A, PTR)], ids=["A", "A and AAAA", "PTR", "A and PTR"])
def test_a_response_names_who_responds(answers: tuple[DNSRR, ...]) -> None:
    said = tell_every_way(Llmnr, Datagram(response(*answers), *PORTS))
    assert statements(said) == [("hostname", "CT-Room1", "peer", "SENDER", None, None)]
    assert said[0].port == 5355


def test_what_says_nothing() -> None:
    query = bytes(LLMNRQuery(qd=[DNSQR(qname="wpad")]))
    assert tell_every_way(Llmnr, Datagram(query, 50000, 5355)) == []
    for silent in (
        response(A, qr=0),
        response(A, rcode=3),
        response(DNSRR(rrname="CT-Room1", type="MX", rdata="x")),
        response(DNSRR(rrname="x.example", type="PTR", rdata="CT-Room1")),
        response(DNSRR(rrname="CT-Room1", type="A", rclass=3, rdata="10.0.0.1")),
    ):
        assert tell_every_way(Llmnr, Datagram(silent, *PORTS)) == []
    assert tell(Llmnr, Datagram(response(A), 50000, 5355)) == ([], None)


def test_what_is_no_llmnr() -> None:
    for header in ({"opcode": 2}, {"qd": []}, {"qd": [DNSQR(qname="a"), DNSQR(qname="b")]}):
        assert tell(Llmnr, Datagram(response(A, **header), *PORTS)) == ([], "probe")
