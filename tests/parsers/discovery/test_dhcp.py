"""DHCP for IPv4, built by scapy."""

from __future__ import annotations

import pytest
from scapy.layers.dhcp import BOOTP, DHCP

from parsers.discovery.dhcp import Dhcp
from parsers.records import Announcement, Datagram
from tests.parsers.discovery.telling import statements, tell, tell_every_way

MAC = "00:1b:c5:01:02:03"
TO_SERVER, TO_CLIENT = (68, 67), (67, 68)


def message(*options: object, **fields: object) -> bytes:
    built = {"op": 1, "chaddr": bytes.fromhex(MAC.replace(":", "")) + bytes(10), **fields}
    return bytes(BOOTP(**built) / DHCP(options=[*options, "end"]))


def read(payload: bytes, ports: tuple[int, int] = TO_SERVER) -> list[Announcement]:
    return tell_every_way(Dhcp, Datagram(payload, *ports))


DISCOVER = (
    ("message-type", "discover"),
    ("client_id", b"\1" + bytes.fromhex(MAC.replace(":", ""))),
    ("hostname", b"CT-ROOM1"),
    ("vendor_class_id", b"MSFT 5.0"),
    ("param_req_list", [1, 3, 6, 15, 31, 33]),
)
SAID = [
    ("dhcp_vendor_class", "MSFT 5.0"),
    ("dhcp_client_id", "01001bc5010203"),
    ("dhcp_parameter_list", "1,3,6,15,31,33"),
    ("hostname", "CT-ROOM1"),
]


def test_a_client_without_an_address() -> None:
    said = read(message(*DISCOVER))
    assert statements(said) == [(*row, "peer", "SENDER", None, MAC) for row in SAID]
    assert all(row.port is None for row in said)


def test_a_client_that_renews() -> None:
    request = (("message-type", "request"), *DISCOVER[1:])
    assert statements(read(message(*request, ciaddr="10.20.0.5"))) == [
        (*row, "peer", "SENDER", "10.20.0.5", MAC) for row in SAID
    ]


def test_a_client_behind_a_relay_agent() -> None:
    said = read(message(*DISCOVER, giaddr="10.20.0.1", hops=1), (67, 67))
    assert statements(said) == [(*row, "peer", "OTHER", None, MAC) for row in SAID]


def test_a_lease() -> None:
    ack = (("message-type", "ack"), ("server_id", "10.20.0.2"), ("hostname", b"ct-room1"), ("lease_time", 3600))
    said = read(message(*ack, op=2, yiaddr="10.20.0.5"), TO_CLIENT)
    assert statements(said) == [
        ("link_layer_address", MAC, "claim", "OTHER", "10.20.0.5", MAC),
        ("dhcp_server", "true", "peer", "SENDER", None, None),
        ("hostname", "ct-room1", "claim", "OTHER", "10.20.0.5", MAC),
    ]
    assert [row.port for row in said] == [None, 67, None]


@pytest.mark.parametrize("ports", [(67, 67), (67, 68)], ids=["to the agent", "to the client"])
def test_a_lease_through_a_relay_agent_is_the_identified_servers(ports: tuple[int, int]) -> None:
    ack = (("message-type", "ack"), ("server_id", "10.99.0.2"))
    said = read(message(*ack, op=2, yiaddr="10.20.0.5", giaddr="10.20.0.1"), ports)
    assert ("dhcp_server", "true", "claim", "OTHER", "10.99.0.2", None) in statements(said)
    assert [row.port for row in said if row.attribute == "dhcp_server"] == [67]
    overridden = message(ack[0], ("server_id", "10.20.0.1"), op=2, yiaddr="10.20.0.5", giaddr="10.20.0.1")  # RFC 5107
    assert [row.attribute for row in read(overridden, ports)] == ["link_layer_address"]


@pytest.mark.parametrize("kind", ["offer", "nak"])
def test_what_is_only_offered_or_refused_binds_nobody(kind: str) -> None:
    reply = (("message-type", kind), ("server_id", "10.20.0.2"), ("hostname", b"ct-room1"))
    said = read(message(*reply, op=2, yiaddr="10.20.0.5"), TO_CLIENT)
    assert statements(said) == [("hostname", "ct-room1", "claim", "OTHER", None, MAC)]


def test_an_answer_to_an_inform_leases_nothing() -> None:
    assert read(message(("message-type", "ack"), ("server_id", "10.20.0.2"), op=2, ciaddr="10.20.0.5"), TO_CLIENT) == []


def test_the_vendor_class_in_a_reply_is_what_the_server_takes_the_client_for() -> None:
    reply = (("message-type", "offer"), ("vendor_class_id", b"PXEClient"), ("param_req_list", [1, 3]))
    said = read(message(*reply, op=2, yiaddr="10.20.0.5"), TO_CLIENT)
    assert statements(said) == [("dhcp_vendor_class", "PXEClient", "claim", "OTHER", None, MAC)]


def test_who_asks_for_somebody_else_says_nothing() -> None:  # RFC 4388 6.1
    assert read(message(("message-type", 10), *DISCOVER[1:], giaddr="10.20.0.1"), (67, 67)) == []


@pytest.mark.parametrize(
    "hardware", [{"htype": 6}, {"hlen": 16}, {"hlen": 0, "htype": 0}, {"chaddr": bytes(16)}, {"chaddr": b"\xff" * 16}]
)
def test_other_hardware_has_no_mac(hardware: dict[str, object]) -> None:
    assert statements(read(message(*DISCOVER, **hardware)))[3] == ("hostname", "CT-ROOM1", "peer", "SENDER", None, None)
    assert read(message(*DISCOVER, giaddr="10.20.0.1", **hardware)) == []
    lease = message(("message-type", "ack"), ("hostname", b"x"), op=2, yiaddr="10.20.0.5", **hardware)
    assert [row.attribute for row in read(lease, TO_CLIENT)] == ["dhcp_server", "hostname"]


@pytest.mark.parametrize(
    ("option", "name"),
    [
        (b"\0\0\0ct1.hospital.example", "ct1.hospital.example"),
        (b"\5\xff\xff\3ct1\x08hospital\7example\0", "ct1.hospital.example"),
        (b"\4\0\0\3ct1", "ct1"),
        (b"\1\0\0ct1.\0", "ct1"),
        (b"\1\0\0", None),
        (b"\1", None),
    ],
)
def test_qualified_names(option: bytes, name: str | None) -> None:  # RFC 4702
    said = read(message(("message-type", "request"), (81, option)))
    assert [(row.attribute, row.value) for row in said] == ([("hostname", name)] if name else [])


def test_a_broken_qualified_name_costs_nothing_else() -> None:
    said, reason = tell(Dhcp, Datagram(message(*DISCOVER, (81, b"\4\0\0\x0ect1")), *TO_SERVER))
    assert [(row.attribute, row.value) for row in said] == SAID[:3] and reason == "name cut short"


def test_equal_names_are_said_once() -> None:
    said = read(message(("message-type", "request"), ("hostname", b"ct1\0"), (81, b"\0\0\0ct1"), (81, b"")))
    assert [row.value for row in said] == ["ct1"]


def test_options_overloaded_into_the_fields_of_file_and_server_name() -> None:  # RFC 2132 9.3
    name, vendor = b"\x0c\x03CT1\xff", b"\x3c\x04ACME\xff"
    for overload, expected in ((1, {"CT1"}), (2, {"ACME"}), (3, {"CT1", "ACME"}), (0, set())):
        payload = message(
            ("message-type", "request"),
            (52, bytes([overload])),
            file=name.ljust(128, b"\0"),
            sname=vendor.ljust(64, b"\0"),
        )
        assert {row.value for row in read(payload)} == expected


def test_a_long_option_in_parts() -> None:  # RFC 3396
    parts = [("message-type", "request"), ("hostname", b"ct-"), ("vendor_class_id", b"AC"), ("hostname", b"room1")]
    said, _ = tell(Dhcp, Datagram(message(*parts, ("vendor_class_id", b"ME")), *TO_SERVER))
    assert {row.value for row in said} == {"ACME", "ct-room1"}


@pytest.mark.parametrize("tail", [b"\x0c", b"\x0c\x09CT1", b"\x0c\xff" + b"x" * 254])
def test_an_option_that_is_too_long(tail: bytes) -> None:
    payload = message(*DISCOVER)[:-1] + tail
    said, reason = tell(Dhcp, Datagram(payload, *TO_SERVER))
    assert [(row.attribute, row.value) for row in said] == SAID and reason == "option reaches past the end"


def test_long_values_are_bounded() -> None:
    said = read(
        message(("client_id", b"\xee" * 255), ("param_req_list", list(range(1, 255))), ("hostname", b"h" * 255))
    )
    values = {row.attribute: row.value for row in said}
    assert values["dhcp_client_id"] == "ee" * 128
    assert values["dhcp_parameter_list"] == ",".join(map(str, range(1, 65)))
    assert values["hostname"] == "h" * 255


def test_what_is_no_dhcp() -> None:
    good = message(*DISCOVER)
    for payload in (b"", good[:239], b"\3" + good[1:], good[:236] + b"\x63\x82\x53\x64" + good[240:]):
        assert not Dhcp.probe(Datagram(payload, *TO_SERVER))
    assert read(good[:240]) == []


def test_64_kib_of_options_take_little_time() -> None:
    head = message()[:240]
    for unit in (b"\x0c\x01x", b"\x0c\0", b"\0", b"\x3d\xff" + b"y" * 255, b"\x01\x00"):
        assert len(tell(Dhcp, Datagram(head + unit * (65000 // len(unit)), *TO_SERVER))[0]) <= 1
