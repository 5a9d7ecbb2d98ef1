"""What is not known well enough to be called a violation."""

from __future__ import annotations

import pytest

from tests.inventory.policy.network import BASE, CT, ONLY, PACS, PC, Network, allow, imaging


@pytest.fixture
def network() -> Network:
    return imaging()


@pytest.mark.parametrize(
    ("roles", "confidence", "verdict"),
    [
        (["archive"], "low", None),  # what it may be is allowed
        (["printer"], "low", "uncertain"),  # it may be something else
        (["client"], "low", "uncertain"),
        (["unknown"], "low", "uncertain"),
        ([], "low", "uncertain"),
        (["printer"], "medium", "violation"),
        (["web_server", "hl7_receiver"], "high", "uncertain"),  # of what that is the server, was not seen
    ],
)
def test_who_the_other_end_is_is_not_sure(
    network: Network, roles: list[str], confidence: str, verdict: str | None
) -> None:
    other = network.device("10.1.0.9", *roles, confidence=confidence)
    network.talk(CT, other, 104, "dicom")
    assert [row[0] for row in network.verdicts(BASE)] == ([verdict] if verdict else [])
    network.talk(CT, other, 445, "smb")  # this no rule allows, whoever it is
    assert ("violation", 445) in [row[::5] for row in network.verdicts(BASE)] or not roles


def test_an_address_that_nobody_is_known_for(network: Network) -> None:
    network.talk(CT, network.nobody("10.1.0.77"), 104, "dicom")
    assert [row[:3] for row in network.verdicts(BASE)] == [("uncertain", ONLY, "the role of an end is not sure")]


def test_a_role_of_low_confidence_accuses_nobody(network: Network) -> None:
    maybe = network.device("10.1.0.9", "modality", confidence="low")
    network.talk(maybe, PC, 445, "smb")
    assert network.verdicts(BASE) == [("uncertain", ONLY, "the role of an end is not sure", maybe, PC, 445)]
    network.talk(maybe, PACS, 445, "smb")  # but with a known archive nobody may do that
    assert [row[:2] for row in network.verdicts(BASE)] == [
        ("violation", "archive: only what is allowed"),
        ("uncertain", ONLY),
    ]


def test_not_recognised(network: Network) -> None:
    network.talk(CT, PACS, 104, None)
    assert [row[:3] for row in network.verdicts(BASE)] == [("uncertain", ONLY, "its protocol was not recognised")]
    network.talk(CT, PC, 104, None)  # whatever it is, it is allowed with nobody like that
    assert [row[0] for row in network.verdicts(BASE)] == ["violation", "uncertain"]


def test_not_recognised_where_others_were(network: Network) -> None:
    network.talk(CT, PACS, 104, None)
    network.talk(network.device("10.1.0.8", "modality"), PACS, 104, "dicom")
    assert network.verdicts(BASE) == []
    network.talk(CT, PACS, 23, None)
    network.talk(CT, PACS, 23, "telnet")  # the same two, and told once
    assert [row[5] for row in network.verdicts(BASE)] == [23]


@pytest.mark.parametrize(
    ("port", "verdict"), [(50_000, "uncertain"), (1_045, "uncertain"), (4_242, "violation"), (11_112, "violation")]
)
def test_met_in_the_middle_the_client_may_be_the_server(network: Network, port: int, verdict: str) -> None:
    network.talk(PACS, CT, port, "dicom")
    network.talk(PACS, CT, port, "smb")  # which is allowed neither way
    found = network.check(BASE).deviations.rows
    assert {(row["protocol"], row["verdict"]) for row in found} == {("dicom", verdict), ("smb", "violation")}


def test_a_high_port_excuses_nothing_else(network: Network) -> None:
    network.talk(CT, PACS, 50_000, "dicom")
    assert [row[0] for row in network.verdicts(allow(protocol='["104/tcp dicom"]'))] == ["violation"]
