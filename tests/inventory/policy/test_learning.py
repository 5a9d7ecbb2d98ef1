from __future__ import annotations

import tomllib
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.errors import InventoryError
from tests.inventory.policy.network import NOON, Network, read, uncommented

CT, MR, PACS, PC = "10.1.0.1", "10.1.0.4", "10.1.0.2", "10.1.0.3"
ROLES = [
    *(["modality"], ["archive", "web_server"], ["archive", "worklist", "hl7_receiver"], ["workstation"]),
    *(["client"], ["unknown"], ["web_server", "file_server"], []),
]
ADDRESSES = [f"10.1.0.{number}" for number in range(8)]
OUTSIDE = ["81.2.69.160", "9.9.9.9", "2001:db8:ffff::1", "10.99.0.1"]


@pytest.fixture
def network() -> Network:
    network = Network()
    network.device(CT, "modality")
    network.device(MR, "modality")
    network.device(PACS, "archive", "web_server")
    network.device(PC, "client")
    network.talk(CT, PACS, 104, "dicom", connections=2)
    network.talk(MR, PACS, 104, "dicom")
    network.talk(PC, PACS, 443, "tls")
    network.talk(PC, PACS, 80, "http")
    network.talk(PACS, network.outside("81.2.69.160"), 104, "dicom", clear=True)
    network.talk(PC, PC, 445, "smb")  # of nobody whom a policy judges
    return network


def test_what_was_seen_is_proposed(network: Network) -> None:
    policy = tomllib.loads(network.learn())["policy"]
    assert policy["roles"] == ["archive", "modality"]
    assert policy["allow"] == [
        {"name": "client to archive", "from": ["client"], "to": ["archive"], "protocol": ["http", "tls"]},
        {"name": "modality to archive", "from": ["modality"], "to": ["archive"], "protocol": ["dicom"]},
    ]
    assert policy["services"] == {"archive": ["dicom", "http", "tls"], "modality": []}


def test_each_line_says_on_what_it_rests(network: Network) -> None:
    lines = network.learn().splitlines()
    assert lines[0] == "# Proposed by `medspan policy learn` from 5 conversations"
    assert '    "dicom",  # 2 clients, 1 server, 3 connections' in lines
    assert '    "tls",  # 1 client, 1 server, 1 connection: seen once, look at this' in lines


def test_the_public_is_left_to_a_person(network: Network) -> None:
    learned = network.learn()
    assert "81.2.69.160" not in str(tomllib.loads(learned))
    assert [row[0::4] for row in network.verdicts(learned)] == [("violation", "81.2.69.160")]
    assert "# patient data in clear: 1 client, 1 server, 1 connection: seen once, look at this" in learned
    assert tomllib.loads(uncommented(learned))["policy"]["allow"][-1] == {
        "name": "archive to public: dicom",
        "from": ["archive"],
        "to": ["81.2.69.160"],
        "protocol": ["dicom"],
    }
    assert network.verdicts(uncommented(learned)) == []


def test_many_public_addresses_are_one_line(network: Network) -> None:
    for number in range(30):
        network.talk(network.outside(f"198.51.100.{number}"), PACS, 443, "tls")
    learned = uncommented(network.learn())
    assert "198.51.100" not in learned
    (rule,) = [rule for rule in tomllib.loads(learned)["policy"]["allow"] if rule["from"] == ["public"]]
    assert rule["encrypted"] == "required"
    assert network.verdicts(learned) == []


def test_a_partner_is_expected(network: Network) -> None:
    network.talk(PACS, network.outside("10.99.0.1"), 443, "tls")
    policy = tomllib.loads(network.learn())["policy"]
    assert {
        "name": "archive to partner:TeleRad",
        "from": ["archive"],
        "to": ["partner:TeleRad"],
        "protocol": ["tls"],
        "encrypted": "required",
    } in policy["allow"]


def test_ports_where_nothing_was_recognised(network: Network) -> None:
    network.talk(CT, MR, 4000, None)
    for port in range(5000, 5009):
        network.talk(CT, PACS, port, None)
    learned = network.learn()
    rules = {rule["name"]: rule["protocol"] for rule in tomllib.loads(learned)["policy"]["allow"]}
    assert rules["modality to modality"] == ["4000/tcp"]
    assert rules["modality to archive"] == ["dicom", "tcp"]
    assert "more than 8 ports, nothing recognised, look at this" in learned


def test_at_how_many_sites(network: Network) -> None:
    network.device(CT, "modality", site="south")
    network.device(PACS, "archive", site="south")
    network.talk(CT, PACS, 104, "dicom", site="south")
    learned = network.learn()
    assert '"dicom",  # 3 clients, 2 servers, 4 connections, at 2 of 2 sites' in learned
    assert '"http",  # 1 client, 1 server, 1 connection, at 1 of 2 sites: seen once, look at this' in learned
    assert "client to archive" not in network.learn(site="south")


def test_a_quiet_period(network: Network) -> None:
    def rules(**period: timedelta) -> list[str]:
        learned = network.learn(**{name: NOON + after for name, after in period.items()})
        return [rule["name"] for rule in tomllib.loads(learned)["policy"]["allow"]]

    assert rules(until=timedelta(minutes=3)) == ["modality to archive"]
    assert rules(since=timedelta(minutes=3)) == ["client to archive"]
    with pytest.raises(InventoryError, match=r"^nothing to learn from"):
        rules(since=timedelta(minutes=7))


def test_nobody_to_learn_from() -> None:
    network = Network()
    network.talk(network.device(PC, "client"), network.device(CT, "unknown"), 80, "http")
    with pytest.raises(InventoryError, match=r"^nothing to learn from"):
        network.learn()


@st.composite
def networks(draw: st.DrawFn) -> Network:
    network = Network()
    for site in draw(st.sampled_from([["north"], ["north", "south"]])):
        for ip in ADDRESSES:
            roles = draw(st.sampled_from(ROLES))
            network.device(ip, *roles, site=site, confidence=draw(st.sampled_from(["high", "high", "low"])))
        ends = [*ADDRESSES, *OUTSIDE, "10.1.0.99"]
        for _ in range(draw(st.integers(0, 25))):
            network.talk(
                draw(st.sampled_from(ends)),
                draw(st.sampled_from(ends)),
                draw(st.sampled_from([22, 104, 443, 11112, 40_000, 50_000])),
                draw(st.sampled_from(["dicom", "tls", "http", "ssh", "dns", None, None])),
                site=site,
                transport=draw(st.sampled_from(["tcp", "tcp", "udp"])),
            )
    for ip in OUTSIDE:
        network.outside(ip)
    network.nobody("10.1.0.99")
    network.talk(ADDRESSES[0], network.device("10.1.0.8", "archive"), 104, "dicom")
    return network


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks())
def test_what_was_learned_allows_what_it_was_learned_from(network: Network) -> None:
    learned = network.learn()
    left = network.check(read(learned)).deviations.rows
    assert all(row["client_public"] or row["server_public"] for row in left if row["verdict"] == "violation")
    allowed = network.check(read(uncommented(learned)))
    assert [row for row in allowed.deviations.rows if row["verdict"] == "violation"] == []
