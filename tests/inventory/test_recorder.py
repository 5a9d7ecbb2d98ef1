from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import recorder as module
from inventory.community_id import community_id
from inventory.networks import Networks
from inventory.recorder import FLOW_COLUMNS, OBSERVATION_COLUMNS, Facts, Recorder
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
    assert (facts.site, facts.sensor, facts.capture, facts.flows) == ("north", "core-1", "cafe", [])
    assert not facts.caps
    expected = ("100", "00:11:22:33:44:55", "10.0.0.7", None, "tcp", None, "dicom", "calling_ae_title", "CT1", "peer")
    assert facts.observations == [(*expected, 20, 90, 4, 3)]
    assert len(OBSERVATION_COLUMNS) == len(facts.observations[0])
    assert r.pending == 0
    assert r.drain().observations == []


def test_facts_differ_by_every_part_of_their_key() -> None:
    r = recorder()
    others = (CT._replace(port=104), CT._replace(vlan=None), CT._replace(ip="10.0.0.8"), CT._replace(speaker="1.2 CT1"))
    for endpoint in (CT, *others):
        for protocol in ("dicom", "hl7"):
            for value in ("A", "B"):
                for evidence in (Evidence.PEER, Evidence.OBJECT):
                    r.observe(endpoint, protocol, "calling_ae_title", value, evidence, 1, 1)
    assert r.pending == 5 * 2 * 2 * 2
    assert len(set(r.drain().observations)) == 40


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


def test_names_of_what_people_look_up_are_not_taken() -> None:
    r = Recorder("north", "core-1", "cafe", Networks("198.51.100.0/24, !10.99.0.0/16"))
    for ip in ("10.0.0.9", "fd00::9", "198.51.100.9", "10.99.0.9", "81.2.69.160", "2001:67c::1", "64:ff9b::808:808"):
        r.observe(Endpoint(None, None, ip, None, "udp"), "dns", "dns_name", f"name of {ip}", Evidence.CLAIM, 1, 1)
        r.observe(Endpoint(None, None, ip, 80, "tcp"), "http", "http_server", "nginx", Evidence.PEER, 1, 1)
    facts = r.drain()
    named = [row[2] for row in facts.observations if row[7] == "dns_name"]
    assert (named, len(facts.observations), facts.caps.total()) == (["10.0.0.9", "fd00::9", "198.51.100.9"], 10, 0)


def test_values_of_one_attribute_are_capped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VALUES", 3)
    r = recorder()
    for i in range(5):
        r.observe(CT, "hl7", "hl7_sent_message", str(i), Evidence.PEER, i, i)
    r.observe(CT, "hl7", "hl7_version", "2.5", Evidence.PEER, 9, 9)
    r.observe(CT._replace(ip="10.0.0.8"), "hl7", "hl7_sent_message", "4", Evidence.PEER, 9, 9)
    r.observe(CT, "hl7", "hl7_sent_message", "2", Evidence.PEER, 9, 9)  # known: goes on being counted
    facts = r.drain()
    assert facts.caps.total() == 2
    assert [(row[2], row[8], row[12]) for row in facts.observations] == [
        *(("10.0.0.7", "0", 1), ("10.0.0.7", "1", 1), ("10.0.0.7", "2", 2)),
        *(("10.0.0.7", "2.5", 1), ("10.0.0.8", "4", 1)),
    ]
    r.observe(CT, "hl7", "hl7_sent_message", "4", Evidence.PEER, 1, 1)
    assert r.drain().caps.total() == 0


def test_all_facts_are_capped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FACTS", 2)
    r = recorder()
    for i in range(4):
        r.observe(CT._replace(port=i), "dicom", "calling_ae_title", "A", Evidence.PEER, i, i)
        r.flow(FLOW._replace(server_port=i))
    r.flow(FLOW._replace(server_port=1))
    assert r.pending == 4
    facts = r.drain()
    assert facts.caps.total() == 4
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
    assert r.drain().observations[0][10:] == (first[0], last[0], len(sightings), first[1])


A, B = "00:11:22:33:44:0a", "00:11:22:33:44:0b"


def hold(r: Recorder, mac: str, time: int, ip: str = "10.0.0.7", vlan: str | None = "100") -> None:
    r.observe(Endpoint(vlan, mac, ip, None, "arp"), "arp", "link_layer_address", mac, Evidence.PEER, time, time)


def titles(facts: Facts) -> list[tuple[object, ...]]:
    """(first seen, last seen, count) of the titles told."""
    return sorted(row[10:13] for row in facts.observations if row[7] == "calling_ae_title")


@pytest.mark.parametrize("claims", [((A, 10), (B, 50), (B, 60)), ((B, 50), (A, 10), (B, 60))])
def test_what_is_said_before_and_after_an_address_changes_hands_are_two_facts(claims: list[tuple[str, int]]) -> None:
    r = recorder()
    for mac, time in claims:
        hold(r, mac, time)
    for time in (20, 80, 30, 50, 110, 49):
        r.observe(CT, "dicom", "calling_ae_title", "CT1", Evidence.PEER, time, time)
    for start in (15, 90, 25):
        for ip, other in (("10.0.0.7", "10.0.0.8"), ("10.0.0.8", "10.0.0.7")):
            r.flow(FLOW._replace(client_ip=ip, server_ip=other, first_seen=start, last_seen=start + 1))
    facts = r.drain()
    assert titles(facts) == [(20, 49, 3), (50, 110, 3)]
    columns = list(FLOW_COLUMNS)
    times = sorted((row[columns.index("first_seen")], row[columns.index("last_seen")]) for row in facts.flows)
    assert times == [(15, 26), (15, 26), (90, 91), (90, 91)]
    assert all(len(row) == len(FLOW_COLUMNS) for row in facts.flows)


def test_who_holds_an_address_is_remembered_from_one_drain_to_the_next() -> None:
    r = recorder()
    hold(r, A, 10)
    r.drain()
    r.observe(CT, "dicom", "calling_ae_title", "CT1", Evidence.PEER, 20, 20)
    hold(r, B, 30)
    r.observe(CT, "dicom", "calling_ae_title", "CT1", Evidence.PEER, 40, 40)
    assert titles(r.drain()) == [(20, 20, 1), (40, 40, 1)]


def test_one_address_in_two_vlans_does_not_change_hands() -> None:
    r = recorder()
    for time in range(0, 100, 10):
        hold(r, A, time, vlan="1")
        hold(r, B, time, vlan="2")
        r.observe(CT, "dicom", "calling_ae_title", "CT1", Evidence.PEER, time, time)
    facts = r.drain()
    assert (titles(facts), len(facts.observations), facts.caps.total()) == ([(0, 90, 10)], 3, 0)


def test_an_address_that_everybody_claims_is_capped_and_counted() -> None:
    r = recorder()
    for time in range(1000):
        hold(r, f"02:00:00:00:{time >> 8:02x}:{time & 255:02x}", time)
    facts = r.drain()
    assert (len(facts.observations), facts.caps.total()) == (module.MAX_TURNS + 1, 1000 - module.MAX_TURNS - 1)


def test_two_who_claim_one_address_in_turn_are_capped_and_counted() -> None:
    r = recorder()
    for time in range(100):
        hold(r, (A, B)[time % 2], time)
    facts = r.drain()
    assert len(facts.observations) <= module.MAX_TURNS + 1
    assert sum(int(str(row[12])) for row in facts.observations) + facts.caps.total() == 100


@pytest.mark.parametrize("drains", [1, 3])
def test_a_mac_that_claims_every_address_is_capped_and_counted(drains: int) -> None:
    r = recorder()
    for drain in range(drains):
        for n in range(1000):
            hold(r, A, n, ip=f"10.0.{n >> 8}.{n & 255}")
        facts = r.drain()
        assert (len(facts.observations), facts.caps.total()) == (module.MAX_HELD, 1000 - module.MAX_HELD), drain


def test_a_flood_of_addresses_is_capped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ADDRESSES", 100)
    r = recorder()
    for _ in range(3):  # as long as the flood goes on, however often it is drained
        for n in range(150):
            hold(r, f"02:00:00:00:00:{n:02x}", n, ip=f"10.0.0.{n}")
        facts = r.drain()
        assert (len(facts.observations), facts.caps) == (100, {"claims of an address": 50})
    hold(r, "02:00:00:00:01:00", 2 * module.FORGOTTEN_AFTER, ip="10.0.1.0")
    assert len(r.drain().observations) == 1
