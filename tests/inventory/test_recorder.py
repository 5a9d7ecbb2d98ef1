from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import recorder as module
from inventory.community_id import community_id
from inventory.recorder import FLOW_COLUMNS, OBSERVATION_COLUMNS, Recorder
from parsers.attributes import ATTRIBUTES
from parsers.records import Endpoint, Evidence, FlowRecord

CT = Endpoint("100", "00:11:22:33:44:55", "10.0.0.7", None, "tcp")
FLOW = FlowRecord(
    vlan="100",
    client_ip="128.232.110.120",
    client_port=34855,
    client_mac="00:11:22:33:44:55",
    server_ip="66.35.250.204",
    server_port=80,
    server_mac="00:11:22:33:44:66",
    transport="tcp",
    protocol="http",
    encrypted=False,
    established=True,
    clear_patient_data=False,
    sni=None,
    first_seen=2_000,
    last_seen=3_000,
    connections=1,
    packets_to_server=5,
    packets_to_client=4,
    bytes_to_server=500,
    bytes_to_client=400,
    frame=12,
)


def recorder() -> Recorder:
    return Recorder("north", "core-1", "cafe")


@pytest.mark.parametrize(
    ("transport", "a", "port_a", "b", "port_b", "expected"),
    [  # baseline of https://github.com/corelight/community-id-spec (seed 0)
        ("tcp", "128.232.110.120", 34855, "66.35.250.204", 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        ("udp", "192.168.1.52", 54585, "8.8.8.8", 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
        ("sctp", "192.168.170.8", 7, "192.168.170.56", 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="),
        ("arp", "10.0.0.1", 0, "10.0.0.2", 0, None),
        ("tcp", "10.0.0.1", 1, "fe80::1", 1, None),
        ("tcp", "not an address", 1, "fe80::1", 1, None),
    ],
)
def test_community_id(transport: str, a: str, port_a: int, b: str, port_b: int, expected: str | None) -> None:
    assert community_id(transport, a, port_a, b, port_b) == expected
    assert community_id(transport, b, port_b, a, port_a) == expected


def test_repeated_observations_are_one_fact() -> None:
    r = recorder()
    for time, frame in ((50, 7), (90, 9), (20, 3), (60, 8)):
        r.observe(CT, "dicom", "calling_ae_title", "CT1", Evidence.PEER, time, frame)
    assert r.pending == 1
    facts = r.drain()
    assert (facts.site, facts.sensor, facts.capture, facts.flows, facts.caps_hit) == ("north", "core-1", "cafe", [], 0)
    expected = ("100", "00:11:22:33:44:55", "10.0.0.7", None, "tcp", "dicom", "calling_ae_title", "CT1", "peer")
    assert facts.observations == [(*expected, 20, 90, 4, 3)]
    assert len(OBSERVATION_COLUMNS) == len(facts.observations[0])
    assert r.pending == 0
    assert r.drain().observations == []


def test_facts_differ_by_every_part_of_their_key() -> None:
    r = recorder()
    for endpoint in (CT, CT._replace(port=104), CT._replace(vlan=None), CT._replace(ip="10.0.0.8")):
        for protocol in ("dicom", "hl7"):
            for value in ("A", "B"):
                for evidence in (Evidence.PEER, Evidence.OBJECT):
                    r.observe(endpoint, protocol, "calling_ae_title", value, evidence, 1, 1)
    assert r.pending == 4 * 2 * 2 * 2
    assert len(set(r.drain().observations)) == 32


@pytest.mark.parametrize("attribute", ["patient_name", "PatientID", "", "sni", "clear_patient_data"])
def test_what_is_not_on_the_allow_list_is_refused(attribute: str) -> None:
    r = recorder()
    with pytest.raises(KeyError):
        r.observe(CT, "dicom", attribute, "x", Evidence.PEER, 1, 1)
    assert r.pending == 0


def test_every_allowed_attribute_is_taken() -> None:
    r = recorder()
    for attribute in ATTRIBUTES.keys() - {"sni", "clear_patient_data"}:
        r.observe(CT, "dicom", attribute, "x", Evidence.PEER, 1, 1)
    assert r.pending == len(ATTRIBUTES) - 2


def test_values_of_one_attribute_are_capped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VALUES", 3)
    r = recorder()
    for i in range(5):
        r.observe(CT, "hl7", "hl7_sent_message", str(i), Evidence.PEER, i, i)
    r.observe(CT, "hl7", "hl7_version", "2.5", Evidence.PEER, 9, 9)
    r.observe(CT._replace(ip="10.0.0.8"), "hl7", "hl7_sent_message", "4", Evidence.PEER, 9, 9)
    r.observe(CT, "hl7", "hl7_sent_message", "2", Evidence.PEER, 9, 9)  # known: goes on being counted
    facts = r.drain()
    assert facts.caps_hit == 2
    assert [(row[2], row[7], row[11]) for row in facts.observations] == [
        *(("10.0.0.7", "0", 1), ("10.0.0.7", "1", 1), ("10.0.0.7", "2", 2)),
        *(("10.0.0.7", "2.5", 1), ("10.0.0.8", "4", 1)),
    ]
    r.observe(CT, "hl7", "hl7_sent_message", "4", Evidence.PEER, 1, 1)
    assert r.drain().caps_hit == 0


def test_all_facts_are_capped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FACTS", 2)
    r = recorder()
    for i in range(4):
        r.observe(CT._replace(port=i), "dicom", "calling_ae_title", "A", Evidence.PEER, i, i)
        r.flow(FLOW._replace(server_port=i))
    r.flow(FLOW._replace(server_port=1))
    assert r.pending == 4
    facts = r.drain()
    assert facts.caps_hit == 4
    assert [row[list(FLOW_COLUMNS).index("connections")] for row in facts.flows] == [1, 2]


def test_flows_of_one_conversation_add_up() -> None:
    r = recorder()
    r.flow(FLOW._replace(client_port=40_000, first_seen=2_500, last_seen=9_000, frame=20))
    r.flow(FLOW)  # earlier: its frame and Community ID are those of the conversation
    r.flow(FLOW._replace(client_port=40_001, first_seen=4_000, last_seen=5_000, connections=0, frame=30))
    facts = r.drain()
    assert [dict(zip(FLOW_COLUMNS, row, strict=True)) for row in facts.flows] == [
        {
            "vlan": "100",
            "client_ip": "128.232.110.120",
            "client_mac": "00:11:22:33:44:55",
            "server_ip": "66.35.250.204",
            "server_mac": "00:11:22:33:44:66",
            "server_port": 80,
            "transport": "tcp",
            "protocol": "http",
            "encrypted": False,
            "established": True,
            "clear_patient_data": False,
            "sni": None,
            "first_seen": 2_000,
            "last_seen": 9_000,
            "connections": 2,
            "packets_to_server": 15,
            "packets_to_client": 12,
            "bytes_to_server": 1_500,
            "bytes_to_client": 1_200,
            "frame": 12,
            "community_id": "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
        }
    ]


@pytest.mark.parametrize(
    "change",
    [
        *({"vlan": None}, {"client_ip": "10.0.0.1"}, {"client_mac": None}, {"server_ip": "10.0.0.1"}),
        *({"server_mac": None}, {"server_port": 81}, {"transport": "udp"}, {"protocol": None}, {"encrypted": True}),
        *({"established": False}, {"clear_patient_data": True}, {"sni": "pacs.example"}),
    ],
)
def test_conversations_differ_by_every_part_of_their_key(change: dict[str, object]) -> None:
    r = recorder()
    r.flow(FLOW)
    r.flow(FLOW._replace(**change))
    assert r.pending == 2


def test_facts_can_be_sent_to_another_process() -> None:
    r = recorder()
    r.observe(CT, "dicom", "calling_ae_title", "CT1", Evidence.PEER, 1, 1)
    r.flow(FLOW)
    facts = r.drain()
    assert pickle.loads(pickle.dumps(facts)) == facts


@given(
    st.lists(
        st.tuples(st.integers(0, 10**18), st.integers(1, 10**6)), min_size=1, max_size=20, unique_by=lambda s: s[0]
    )
)
def test_the_order_of_sightings_does_not_matter(sightings: list[tuple[int, int]]) -> None:
    r = recorder()
    for time, frame in sightings:
        r.observe(CT, "dicom", "calling_ae_title", "CT1", Evidence.PEER, time, frame)
    first, last = min(sightings), max(sightings)
    assert r.drain().observations[0][9:] == (first[0], last[0], len(sightings), first[1])
