from __future__ import annotations

from typing import Any

import pytest

from tests.inventory.policy.network import BASE, CT, ONLY, PACS, PC, Network, allow, imaging, percentages

SERVICES = BASE + '[policy.services]\nmodality = ["dicom", "8080/tcp"]\narchive = []\n'


@pytest.fixture
def network() -> Network:
    return imaging()


def test_what_is_allowed_conforms(network: Network) -> None:
    network.talk(CT, PACS, 104, "dicom")
    check = network.check(BASE)
    assert check.deviations.rows == []
    assert percentages(check.score.rows) == {
        ("north", "images"): 100,
        ("north", ONLY): 100,
        ("north", "archive: only what is allowed"): 100,
        ("north", None): 100,
    }


@pytest.mark.parametrize(
    ("client", "server", "port", "protocol", "expected"),
    [
        (PACS, CT, 104, "dicom", ("archive: only what is allowed", "not with each other")),  # the other way round
        (CT, PACS, 445, "smb", (ONLY, "not on this protocol or port")),
        (CT, PC, 104, "dicom", (ONLY, "not with each other")),
        (PC, CT, 3389, "rdp", (ONLY, "not with each other")),
        (CT, PACS, 2762, "tls", (ONLY, "not on this protocol or port")),
        (PC, PC, 80, "http", None),  # of no role that the policy names
    ],
)
def test_what_is_not_allowed_is_a_violation(
    network: Network, client: str, server: str, port: int, protocol: str, expected: tuple[str, str] | None
) -> None:
    network.talk(client, server, port, protocol)
    assert network.verdicts(BASE) == ([("violation", *expected, client, server, port)] if expected else [])


def test_who_is_told_of_it(network: Network) -> None:
    network.talk(CT, network.outside("81.2.69.160"), 104, "dicom", clear=True, connections=3)
    (row,) = network.check(BASE).deviations.rows
    assert row == {
        "site": "north",
        "verdict": "violation",
        "rule": ONLY,
        "reason": "not with each other",
        "client_ip": CT,
        "client_public": False,
        "client_device_id": f"d-north-{CT}",
        "client_roles": ["modality"],
        "server_ip": "81.2.69.160",
        "server_public": True,
        "server_device_id": None,
        "server_roles": [],
        "server_port": 104,
        "transport": "tcp",
        "protocol": "dicom",
        "encrypted": False,
        "clear_patient_data": True,
        "connections": 3,
        **dict.fromkeys(("first_seen", "last_seen"), "2026-03-02T12:01:00.000000Z"),
        "evidence": [{"capture": "ward.pcap", "frame": 1}],
    }


@pytest.mark.parametrize(
    "more",
    [
        {"port": 104, "protocol": "dicom", "established": False},  # only tried
        {"port": 53, "protocol": "dns", "transport": "udp"},
        {"port": None, "protocol": None, "transport": "icmp"},
    ],
)
def test_what_is_not_judged(network: Network, more: dict[str, Any]) -> None:
    network.talk(CT, PC, **more)
    network.talk(CT, network.outside("224.0.0.251"), 5353, "http", transport="udp")
    assert network.verdicts(BASE) == []
    outside = network.outside("8.8.8.8")
    network.talk(CT, outside, **more)  # what leaves the site is no infrastructure
    assert len(network.verdicts(BASE)) == more.get("established", True)


def test_infrastructure_as_the_site_has_it(network: Network) -> None:
    network.talk(CT, PC, 53, "dns", transport="udp")
    network.talk(CT, PC, 9100, "http")
    assert [
        row[5] for row in network.verdicts(BASE.replace("]\n[", ']\ninfrastructure = ["9100/tcp http"]\n[', 1))
    ] == [53]


@pytest.mark.parametrize(
    ("policy", "conforms"),
    [
        (allow(to='["any"]'), {"inside"}),
        (allow(to='["public"]'), {"public", "partner"}),
        (allow(to='["partner"]'), {"partner"}),
        (allow(to='["partner:TeleRad"]'), {"partner"}),
        (allow(to='["81.2.69.160"]'), {"public"}),
        (allow(to='["own:DMZ"]'), {"dmz"}),
        (allow(to='["any", "public"]', site='["south"]'), set()),
        (allow(to='["any", "public"]', site='["south", "north"]'), {"inside", "public", "partner"}),
        (allow(**{"from": '["10.1.0.1"]', "to": '["any"]'}), {"inside"}),
    ],
)
def test_ends(network: Network, policy: str, conforms: set[str]) -> None:
    ends = {
        PC: {"inside"},
        network.device("10.9.0.1", "printer"): {"inside", "dmz"},
        network.outside("81.2.69.160"): {"public"},
        network.outside("10.99.0.1"): {"partner"},
    }
    for ip in ends:
        network.talk(CT, ip, 104, "dicom")
    assert {row[4] for row in network.verdicts(policy)} == {ip for ip, kinds in ends.items() if not kinds & conforms}


@pytest.mark.parametrize(
    ("protocol", "conforming"),
    [
        ('["dicom"]', {(104, "dicom"), (11112, "dicom")}),
        ('["104/tcp"]', {(104, "dicom")}),
        ('["11112/tcp dicom", "443/tcp tls"]', {(11112, "dicom"), (443, "tls")}),
        ('["443/udp"]', set()),
        ('["tcp"]', {(104, "dicom"), (11112, "dicom"), (443, "tls"), (22, "ssh")}),
        ('["any"]', {(104, "dicom"), (11112, "dicom"), (443, "tls"), (22, "ssh")}),
        ('["dicom"]\nencrypted = "required"', {(443, "tls")}),
        ('["any"]\nencrypted = "required"', {(443, "tls"), (22, "ssh")}),
        ('["2762/tcp dicom"]\nencrypted = "required"', set()),
    ],
)
def test_traffic(network: Network, protocol: str, conforming: set[tuple[int, str]]) -> None:
    spoken = {(104, "dicom"), (11112, "dicom"), (443, "tls"), (22, "ssh")}
    for port, name in sorted(spoken):
        network.talk(CT, PACS, port, name)
    found = network.check(allow(protocol=protocol)).deviations.rows
    assert {(row["server_port"], row["protocol"]) for row in found} == spoken - conforming
    assert {row["verdict"] for row in found} <= {"violation"}


def test_in_clear_where_encryption_is_required(network: Network) -> None:
    network.talk(CT, PACS, 104, "dicom")
    network.talk(CT, PACS, 2762, "tls")
    policy = allow(encrypted='"required"')
    assert network.verdicts(policy) == [("violation", "images", "not encrypted", CT, PACS, 104)]
    assert percentages(network.check(policy).score.rows)["north", "images"] == 50


def test_a_role_that_only_says_what_it_does_can_be_judged(network: Network) -> None:
    network.talk(PC, network.device("10.1.0.9", "web_server"), 445, "smb")
    policy = BASE.replace('"archive"]', '"web_server"]', 1) + '[policy.services]\nweb_server = ["http"]'
    assert [row[:2] for row in network.verdicts(policy)] == [
        ("violation", "web_server: only what is allowed"),
        ("violation", "web_server: services"),
    ]


def test_what_it_was_seen_doing_makes_it_no_other(network: Network) -> None:
    network.device("10.1.0.9", "client")
    network.device("10.1.0.8", "web_server")
    network.talk("10.1.0.9", PACS, 80, "http")
    network.talk(CT, "10.1.0.8", 80, "http")
    policy = allow(**{"from": '["client", "modality"]', "to": '["web_server"]', "protocol": '["http"]'})
    assert [row[3:5] for row in network.verdicts(policy)] == [("10.1.0.9", PACS)]


def test_services(network: Network) -> None:
    network.talk(PC, CT, 104, "dicom")
    network.talk(PC, CT, 8080, "http")
    network.talk(PC, CT, 80, "http")
    network.talk(PC, CT, 5900, None)
    network.talk(PC, CT, 53, "dns")
    network.talk(PC, PACS, 104, "dicom")
    network.talk(CT, PC, 22, "ssh")  # a role that services do not name
    network.talk(PC, network.device("10.1.0.9", "modality", confidence="low"), 80, "http")
    found = [row for row in network.verdicts(SERVICES) if row[1].endswith("services")]
    assert found == [
        ("violation", "archive: services", "not to be offered", None, PACS, 104),
        ("violation", "modality: services", "not to be offered", None, CT, 80),
        ("uncertain", "modality: services", "its protocol was not recognised", None, CT, 5900),
        ("uncertain", "modality: services", "the role of an end is not sure", None, "10.1.0.9", 80),
    ]


def test_every_site_by_the_same_rules(network: Network) -> None:
    network.talk(CT, PACS, 104, "dicom")
    network.device(CT, "modality", site="south")  # the same private addresses, of others
    network.device(PACS, "printer", site="south")
    for port in (104, 105, 106):
        network.talk(CT, PACS, port, "dicom", site="south")
    policy = (
        BASE
        + '[[policy.allow]]\nname = "south only"\nsite = ["south"]\n'
        + ('from = ["modality"]\nto = ["printer"]\nprotocol = ["106/tcp"]\n')
    )
    check = network.check(policy)
    assert {(row["site"], row["server_port"]) for row in check.deviations.rows} == {("south", 104), ("south", 105)}
    assert percentages(check.score.rows) == {
        ("north", "images"): 100,
        ("north", ONLY): 100,
        ("north", "archive: only what is allowed"): 100,
        ("north", None): 100,
        ("south", "images"): None,
        ("south", "south only"): 100,
        ("south", ONLY): 33.3,
        ("south", "archive: only what is allowed"): None,
        ("south", None): 33.3,
    }
    assert network.verdicts(policy, "north") == []
    assert {row["site"] for row in network.check(policy, "south").score.rows} == {"south"}
