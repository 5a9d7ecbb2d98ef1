"""DHCPv6, built by scapy."""

from __future__ import annotations

import pytest
from scapy.layers import dhcp6
from scapy.packet import Packet

from parsers.discovery.dhcpv6 import Dhcpv6
from parsers.records import Announcement, Datagram
from tests.parsers.discovery.telling import statements, tell, tell_every_way

MAC = "00:1b:c5:01:02:03"
DUID = dhcp6.DUID_LLT(hwtype=1, timeval=0x1C39CF88, lladdr=MAC)
DUID_HEX = "000100011c39cf88001bc5010203"
TO_SERVER, TO_CLIENT = (546, 547), (547, 546)

OPTIONS = (
    dhcp6.DHCP6OptClientId(duid=DUID)
    / dhcp6.DHCP6OptOptReq(reqopts=[23, 24, 39])
    / dhcp6.DHCP6OptVendorClass(enterprisenum=311, vcdata=[dhcp6.VENDOR_CLASS_DATA(data=b"MSFT 5.0")])
    / dhcp6.DHCP6OptClientFQDN(fqdn="ct1.hospital.example")
)
SAID = [
    ("dhcp_vendor_class", "MSFT 5.0"),
    ("dhcp_parameter_list", "23,24,39"),
    ("dhcp_client_id", DUID_HEX),
    ("hostname", "ct1.hospital.example"),
]


def read(packet: Packet | bytes, ports: tuple[int, int] = TO_SERVER) -> list[Announcement]:
    return tell_every_way(Dhcpv6, Datagram(bytes(packet), *ports))


def relayed(message: Packet, times: int = 1, peer: str = "fe80::21b:c5ff:fe01:203", *options: Packet) -> Packet:
    for n in range(times):
        outer = dhcp6.DHCP6_RelayForward(hopcount=n, linkaddr="fd00:20::1", peeraddr=peer if not n else "fe80::99")
        for option in options if not n else ():
            outer /= option
        message = outer / dhcp6.DHCP6OptRelayMsg(message=message)
    return message


@pytest.mark.parametrize(
    "kind",
    [
        *(dhcp6.DHCP6_Solicit, dhcp6.DHCP6_Request, dhcp6.DHCP6_Confirm, dhcp6.DHCP6_Renew, dhcp6.DHCP6_Rebind),
        *(dhcp6.DHCP6_Release, dhcp6.DHCP6_Decline, dhcp6.DHCP6_InfoRequest),
    ],
)
def test_a_client(kind: type[Packet]) -> None:
    assert statements(read(kind(trid=1) / OPTIONS)) == [(*row, "peer", "SENDER", None, None) for row in SAID]


@pytest.mark.parametrize("kind", [dhcp6.DHCP6_Advertise, dhcp6.DHCP6_Reconf, dhcp6.DHCP6_Reply])
def test_a_server_says_nothing_of_itself(kind: type[Packet]) -> None:
    assert read(kind(trid=1) / dhcp6.DHCP6OptServerId(duid=DUID) / OPTIONS, TO_CLIENT) == []


@pytest.mark.parametrize("times", [1, 2, 8])
def test_a_client_behind_relay_agents(times: int) -> None:
    said = read(relayed(dhcp6.DHCP6_Solicit(trid=1) / OPTIONS, times), (547, 547))
    assert statements(said) == [(*row, "peer", "OTHER", "fe80::21b:c5ff:fe01:203", None) for row in SAID]


def test_a_client_whose_relay_agent_tells_its_mac() -> None:  # RFC 6939
    option = dhcp6.DHCP6OptClientLinkLayerAddr(lltype=1, clladdr=MAC)
    said = read(relayed(dhcp6.DHCP6_Solicit(trid=1) / OPTIONS, 2, "fe80::5", option), (547, 547))
    assert {(row.ip, row.mac) for row in said} == {("fe80::5", MAC)}


def test_relayed_too_often() -> None:
    payload = bytes(relayed(dhcp6.DHCP6_Solicit(trid=1) / OPTIONS, 9))
    assert tell(Dhcpv6, Datagram(payload, 547, 547)) == ([], "relayed too often")
    for _ in range(1000):
        payload = b"\x0c" + bytes(33) + b"\0\x09" + len(payload).to_bytes(2, "big") + payload
    assert tell(Dhcpv6, Datagram(payload, 547, 547)) == ([], "relayed too often")


def test_a_relayed_client_nobody_knows() -> None:
    assert read(relayed(dhcp6.DHCP6_Solicit(trid=1) / OPTIONS, 1, "::"), (547, 547)) == []


def lease(address: str, seconds: int) -> Packet:
    return dhcp6.DHCP6OptIAAddress(addr=address, preflft=seconds, validlft=seconds)


def test_a_lease_tells_whose_an_address_is() -> None:
    granted = dhcp6.DHCP6OptIA_NA(iaid=1, ianaopts=[lease("fd00:20::5", 600), lease("fd00:20::6", 0)])
    granted /= dhcp6.DHCP6OptIA_TA(iaid=2, iataopts=[lease("fd00:20::7", 600)])
    name = dhcp6.DHCP6OptClientFQDN(fqdn="ct1.hospital.example")
    reply = dhcp6.DHCP6_Reply(trid=1) / dhcp6.DHCP6OptClientId(duid=DUID) / granted / name
    expected = [
        (attribute, value, "claim", "OTHER", ip, None)
        for ip in ("fd00:20::5", "fd00:20::7")
        for attribute, value in (("dhcp_client_id", DUID_HEX), ("hostname", "ct1.hospital.example"))
    ]
    assert statements(read(reply, TO_CLIENT)) == expected
    answer = dhcp6.DHCP6_RelayReply(linkaddr="fd00:20::1", peeraddr="fe80::5") / dhcp6.DHCP6OptRelayMsg(message=reply)
    assert statements(read(answer, (547, 547))) == expected
    advertised = dhcp6.DHCP6_Advertise(trid=1) / dhcp6.DHCP6OptClientId(duid=DUID) / granted
    assert read(advertised, TO_CLIENT) == []


@pytest.mark.parametrize("tail", [b"\0", b"\0\x27\0", b"\0\x27\0\x09\1\3ct1"])
def test_an_option_that_is_too_long(tail: bytes) -> None:
    said, reason = tell(Dhcpv6, Datagram(bytes(dhcp6.DHCP6_Solicit(trid=1) / OPTIONS) + tail, *TO_SERVER))
    assert [(row.attribute, row.value) for row in said] == SAID and reason == "option reaches past the end"


def test_long_and_many_values_are_bounded() -> None:
    many = b"".join(b"\0\x10\0\x0a\0\0\1\x37\0\4" + b"%04d" % n for n in range(3000))
    payload = b"\1\0\0\1\0\1\4\0" + b"\xee" * 1024 + b"\0\6\4\0" + b"\0\x17" * 512 + many
    said, _ = tell(Dhcpv6, Datagram(payload, *TO_SERVER))
    values = {row.attribute: row.value for row in said}
    assert values["dhcp_client_id"] == "ee" * 128
    assert values["dhcp_parameter_list"] == ",".join(["23"] * 64)
    assert [row.value for row in said if row.attribute == "dhcp_vendor_class"] == [f"{n:04d}" for n in range(8)]


def test_what_is_no_dhcpv6() -> None:
    for payload in (b"", b"\1", b"\0" * 40, b"\x0e\0\0\1\0\1\0\1x", b"\1\0\0\1\0\1\xff\xffx", b"\x0c\0\0\1\0\1\0\1x"):
        assert not Dhcpv6.probe(Datagram(payload, *TO_SERVER))
