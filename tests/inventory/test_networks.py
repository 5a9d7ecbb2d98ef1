from __future__ import annotations

import csv
from importlib.resources import files
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.networks import Address, Networks, local_nets_in_force, named_in_force, settings_key

PUBLIC = ["8.8.8.8", "1.1.1.1", "192.0.0.9", "2606:4700::1111", "2a00:1450::1", "2001:4:112::1", "192.175.48.1"]
LOCAL = [
    *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1", "198.18.0.1"),
    *("fd00::1", "fe80::1", "fe80::1%eth0", "2001:db8::1", "192.0.2.1", "240.0.0.1", "192.0.0.8", "4000::1"),
]
NOBODY = [
    *("224.0.0.1", "239.255.255.250", "255.255.255.255", "0.0.0.0", "0.1.2.3", "127.0.0.1", "::", "::1"),
    *("ff02::1", "ff0e::1", "::ffff:224.0.0.1", "2002:e000:1::"),
]


@pytest.mark.parametrize(
    ("addresses", "public", "local"),
    [(PUBLIC, True, False), (LOCAL, False, True), (NOBODY, False, False)],
    ids=["public", "local", "nobody"],
)
def test_by_the_registries_alone(addresses: list[str], public: bool, local: bool) -> None:
    networks = Networks()
    for ip in addresses:
        family = ip_address(ip).version
        assert networks.classify(ip) == Address(public, local, public or local, family, public), ip
        assert networks.is_local(ip) is local


@pytest.mark.parametrize("text", ["", "x", "10.0.0", "10.0.0.256", "10.0.0.1/8", "010.0.0.1", "::g", "pacs.example"])
def test_what_is_no_address(text: str) -> None:
    assert Networks("0.0.0.0/0, ::/0").classify(text) == Address(False, False, False, None)


@pytest.mark.parametrize(
    ("wrapper", "public"),
    [
        ("::ffff:8.8.8.8", True),
        ("::ffff:10.0.0.1", False),
        ("2002:808:808::1", True),  # 6to4 of 8.8.8.8
        ("2002:a00:1::1", False),  # 6to4 of 10.0.0.1
        ("64:ff9b::8.8.8.8", True),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b:1::8.8.8.8", True),  # local-use translation, RFC 8215
        ("64:ff9b:1:fffe::10.0.0.1", False),
        ("64:ff9b:1:808:8:800::", False),  # 8.8.8.8 in the /48 form: where it is, nobody can tell
        ("2001:0:4136:e378:8000:63bf:f7f7:f7f7", True),  # Teredo client 8.8.8.8
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", False),  # Teredo client 10.0.0.1
    ],
)
def test_wrapped_ipv4(wrapper: str, public: bool) -> None:
    assert Networks().classify(wrapper) == Address(public, not public, True, 6, public)


@pytest.mark.parametrize(
    ("local_nets", "local", "public", "nobody"),
    [
        ("10.0.0.0/8, !10.0.10.0/24, 198.51.100.0/24", "10.0.9.255 198.51.100.1 192.168.1.1", "10.0.10.1 8.8.8.8", ""),
        ("!10.0.10.0/24, 10.0.0.0/8", "10.0.11.0", "10.0.10.1", ""),  # the longest prefix, in whatever order
        ("10.0.0.0/8, !10.0.0.0/8", "", "10.0.0.1", ""),  # of two equal ones, the last
        ("!10.0.0.0/8, 10.0.0.0/8", "10.0.0.1", "", ""),
        ("8.8.8.0/24,!8.8.8.8", "8.8.8.9", "8.8.8.8", ""),
        ("8.8.8.8/8", "8.255.0.1", "9.0.0.1", ""),  # host bits do not matter
        ("2001:db8::/32, 2a00::/16, !2a00:1::/32", "2a00:2::1", "2a00:1::1 2606::1", ""),
        ("0.0.0.0/0, ::/0", "8.8.8.8 2606::1", "", "224.0.0.1 127.0.0.1 ff02::1 255.255.255.255 ::1 0.0.0.0"),
        ("!0.0.0.0/0", "fd00::1", "10.0.0.1 8.8.8.8", "224.0.0.1"),
        ("64:ff9b::/96, 8.8.8.0/24", "64:ff9b::1.1.1.1 ::ffff:8.8.8.8 2002:808:808::1", "1.1.1.1 ::ffff:1.1.1.1", ""),
        ("", "10.0.0.1", "8.8.8.8", ""),
        (" , 8.0.0.0/8 , ", "8.8.8.8", "", ""),
        ("! 10.0.0.0/8", "", "10.0.0.1", ""),
    ],
)
def test_local_nets(local_nets: str, local: str, public: str, nobody: str) -> None:
    networks = Networks(local_nets)
    answers = {ip: networks.classify(ip)[:3] for ip in f"{local} {public} {nobody}".split()}
    assert answers == {
        **dict.fromkeys(local.split(), (False, True, True)),
        **dict.fromkeys(public.split(), (True, False, True)),
        **dict.fromkeys(nobody.split(), (False, False, False)),
    }


@pytest.mark.parametrize(
    "bad", ["10.0.0.0/33", "intern", "!", "10.0.0.0/8; 11.0.0.0/8", "10.0.0.0/8 11.0.0.0/8", "!!10.0.0.0/8"]
)
def test_local_nets_that_cannot_be_read(bad: str) -> None:
    with pytest.raises(ValueError, match="is not a network such as") as error:
        Networks(f"192.168.0.0/16, {bad}")
    assert len(str(error.value).splitlines()) == 1


NAMED = {
    "own": {"DMZ": "198.51.100.0/24, 81.2.69.0/24", "campus": "10.0.0.0/8"},
    "partner": {"TeleRad": "10.99.0.0/16, 89.160.20.112", "Cloud PACS": "2a00:1450::/32"},
}


@pytest.mark.parametrize(
    ("ip", "public", "globally_reachable", "partner", "network"),
    [
        ("198.51.100.7", False, False, None, "DMZ"),
        ("81.2.69.160", False, True, None, "DMZ"),
        ("10.1.2.3", False, False, None, "campus"),
        ("10.99.1.2", True, False, "TeleRad", None),  # expected, but not here
        ("10.99.7.1", False, False, None, None),  # local_nets has the longer prefix
        ("89.160.20.112", True, True, "TeleRad", None),
        ("89.160.20.113", True, True, None, None),
        ("::ffff:10.99.1.2", True, False, "TeleRad", None),
        ("64:ff9b::89.160.20.112", True, True, "TeleRad", None),
        ("2a00:1450::5", True, True, "Cloud PACS", None),
        ("100.64.3.4", True, False, None, "carrier-grade NAT (RFC 6598)"),
        ("100.100.3.4", False, False, None, None),
        ("2002:6440:0001::1", True, False, None, "carrier-grade NAT (RFC 6598)"),  # 6to4 of 100.64.0.1
        ("224.0.0.1", False, False, None, None),
    ],
)
def test_named_networks(
    ip: str, public: bool, globally_reachable: bool, partner: str | None, network: str | None
) -> None:
    kind = Networks("10.99.7.0/24, 100.100.0.0/16", NAMED).classify(ip)
    assert (kind.public, kind.globally_reachable, kind.partner, kind.network) == (
        *(public, globally_reachable, partner, network),
    )


def test_of_equal_prefixes_the_last_named_decides() -> None:
    networks = Networks("10.0.0.0/8", {"partner": {"P": "10.0.0.0/8"}, "own": {"O": "10.0.0.0/8"}})
    assert networks.classify("10.0.0.1").partner == "P"
    assert Networks("10.0.0.0/8", {"own": {"O": "10.0.0.0/8"}}).classify("10.0.0.1").network == "O"


@pytest.mark.parametrize("bad", ["10.0.0.0/33", "!10.0.0.0/8", "vpn"])
def test_named_networks_that_cannot_be_read(bad: str) -> None:
    with pytest.raises(ValueError, match=r"is not a network such as 10\.99\.0\.0/16"):
        Networks(None, {"partner": {"TeleRad": bad}})


def test_which_networks_are_in_force() -> None:
    remembered = {"configured_local_nets": "10.0.0.0/8", "configured_networks": '{"partner": {"P": "10.1.0.0/16"}}'}
    assert local_nets_in_force(remembered, None) == "10.0.0.0/8"
    assert named_in_force(remembered, None) == {"partner": {"P": "10.1.0.0/16"}}
    assert named_in_force(remembered, {}) == {}  # struck out
    assert named_in_force({}, None) == {}


def test_the_key_of_settings() -> None:
    keys = [
        settings_key(None, {}),
        settings_key("10.0.0.0/8", {}),
        settings_key(None, NAMED),
        settings_key(None, {"own": NAMED["own"]}),
        settings_key(None, {"partner": NAMED["own"]}),
        settings_key(None, {"own": dict(reversed(NAMED["own"].items()))}),  # of equal prefixes the last decides
    ]
    assert len(set(keys)) == len(keys)
    assert settings_key("", {"own": {}}) == settings_key(None, {})
    assert settings_key(None, dict(reversed(NAMED.items()))) == settings_key(None, NAMED)


def test_the_registry_table() -> None:
    with files("inventory").joinpath("knowledge/special_networks.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    networks = [ip_network(row["network"]) for row in rows]  # strict: no host bits
    assert len(set(networks)) == len(rows) == 56
    for row in rows:
        assert row["source"].startswith("https://www.iana.org/assignments/")
        assert {row["globally_reachable"], row["unicast"]} <= {"true", "false"}
        assert row["rfc"].startswith("RFC")
        assert (row["globally_reachable"], row["unicast"]) != ("true", "false")


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_an_address_is_one_thing(address: IPv4Address | IPv6Address) -> None:
    kind = Networks().classify(str(address))
    assert kind.family == address.version
    assert [kind.public, kind.local, not kind.unicast].count(True) == 1
    assert kind.public == kind.globally_reachable or kind.network == "carrier-grade NAT (RFC 6598)"
    if address.is_private and address.version == 4 and kind.unicast:
        assert kind.local
    if address.is_multicast or address.is_loopback or address.is_unspecified:
        assert not kind.unicast
