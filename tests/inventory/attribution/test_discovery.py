"""Host names, and the kinds of devices beside imaging, from what hosts announce of themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.inventory.attribution.scene import CANON, NOON, Host, Scene, rows_of

MAC = "00:11:22:00:00:0"


def host(s: Scene, number: int = 1, site: str = "clinic") -> Host:
    return s.host(f"10.0.0.{number}", f"{MAC}{number}", site=site)


def tell(s: Scene, at: Host, attribute: str, value: object, protocol: str, **more: Any) -> None:
    s.say(at, attribute, value, protocol=protocol, transport="udp", **more)


def device(s: Scene, ip: str = "10.0.0.1") -> dict[str, Any]:
    return s.devices()[ip]


# -- Host names --------------------------------------------------------------------------------------------------


def test_short_name_is_folded_into_the_full_one() -> None:
    s = Scene()
    ct = host(s)
    tell(s, ct, "hostname", "CT1", "nbns")
    tell(s, ct, "hostname", "ct1.local", "mdns")
    tell(s, ct, "hostname", "ct1.clinic.example", "dhcp")
    found = device(s)
    assert found["hostnames"] == ["ct1.clinic.example"]
    assert found["confidence"]["hostnames"] == "high"
    assert found["conflicts"] == []


@pytest.mark.parametrize(
    ("protocol", "confidence"),
    [("dhcp", "high"), ("lldp", "high"), ("smb", "high"), ("mdns", "medium"), ("nbns", "medium"), ("llmnr", "medium")],
)
def test_how_sure_a_name_is(protocol: str, confidence: str) -> None:
    s = Scene()
    tell(s, host(s), "hostname", "WS-07", protocol)
    found = device(s)
    assert (found["hostnames"], found["confidence"]["hostnames"]) == (["WS-07"], confidence)


def test_netbios_cuts_names() -> None:
    s = Scene()
    ws = host(s)
    tell(s, ws, "hostname", "RADIOLOGY-WORKS", "nbns")
    tell(s, ws, "hostname", "radiology-workstation-3", "dhcp")
    assert device(s)["hostnames"] == ["radiology-workstation-3"]


def test_dns_names_an_address_but_not_a_pool() -> None:
    s = Scene()
    one, many = host(s, 1), host(s, 2)
    tell(s, one, "dns_name", "pacs.clinic.example", "dns", evidence="claim")
    for n in range(4):
        tell(s, many, "dns_name", f"site{n}.clinic.example", "dns", evidence="claim")
    found = s.devices()
    assert found["10.0.0.1"]["hostnames"] == ["pacs.clinic.example"]
    assert found["10.0.0.1"]["confidence"]["hostnames"] == "low"
    assert found["10.0.0.2"]["hostnames"] == []


def test_syslog_names_its_sender_unless_it_relays() -> None:
    s = Scene()
    alone, relay, known, other = (host(s, n) for n in (1, 2, 3, 4))
    tell(s, alone, "syslog_hostname", "ris", "syslog", evidence="object")
    tell(s, relay, "syslog_hostname", "web1", "syslog", evidence="object")
    tell(s, relay, "syslog_hostname", "web2", "syslog", evidence="object")
    tell(s, known, "hostname", "pacs", "dhcp")
    tell(s, other, "syslog_hostname", "PACS", "syslog", evidence="object")
    found = s.devices()
    assert {ip[-1]: d["hostnames"] for ip, d in found.items()} == {"1": ["ris"], "2": [], "3": ["pacs"], "4": []}
    why = rows_of(s.derive(), "SELECT DISTINCT reason FROM evidence WHERE field = 'hostnames' AND NOT used")
    assert why == [{"reason": "it passes on messages of others"}]


@pytest.mark.parametrize("name", ["localhost", "localhost.localdomain", "10.1.2.3", "fe80::1", "(none)"[1:-1], "."])
def test_what_is_no_name(name: str) -> None:
    s = Scene()
    tell(s, host(s), "hostname", name, "dhcp")
    assert device(s)["hostnames"] == []


def test_a_thousand_names_are_bounded_and_counted() -> None:
    s = Scene()
    noisy = host(s)
    tell(s, noisy, "hostname", "real-one", "dhcp")
    for n in range(1000):
        tell(s, noisy, "hostname", f"spoofed-{n}", "mdns")
    found = device(s)
    assert len(found["hostnames"]) == 16
    assert "real-one" in found["hostnames"]
    assert found["conflicts"] == ["hostnames: it has 1001 names, the best are listed"]
    (told,) = rows_of(s.derive(), "SELECT count(*) AS n FROM evidence WHERE field = 'hostnames'")
    assert told["n"] <= 128


def test_one_name_on_two_hosts_is_a_conflict_only_at_the_same_time() -> None:
    s = Scene()
    first, second, third = (host(s, n) for n in (1, 2, 3))
    tell(s, first, "hostname", "ws1", "dhcp")
    tell(s, second, "hostname", "WS1", "dhcp")
    s.observations[-1]["first_seen"] = s.observations[-2]["first_seen"]
    tell(s, third, "hostname", "ws1", "dhcp")
    s.observations[-1] |= {"first_seen": NOON + timedelta(days=2), "last_seen": NOON + timedelta(days=3)}
    found = s.devices()
    ids = {ip: d["device_id"] for ip, d in found.items()}
    users = sorted(set(ids.values()) - {ids["10.0.0.1"]})
    assert found["10.0.0.1"]["conflicts"] == [f"hostnames: ws1 is used by {', '.join(users)}, too"]
    assert found["10.0.0.2"]["conflicts"] != []
    assert found["10.0.0.3"]["conflicts"] == []


def test_the_same_name_at_two_sites_is_no_conflict() -> None:
    s = Scene()
    for n, site in ((1, "north"), (2, "south")):
        tell(s, host(s, n, site), "hostname", "ct1", "dhcp")
    assert [d["conflicts"] for d in s.devices().values()] == [[], []]


def test_a_device_without_an_address_has_a_name() -> None:
    s = Scene()
    switch = Host(None, f"{MAC}9")
    s.say(switch, "hostname", "sw-3", protocol="lldp", transport="link")
    s.say(switch, "system_capabilities", ["bridge", "router"], protocol="lldp", transport="link")
    (found,) = s.devices().values()
    assert (found["hostnames"], found["role"], found["ip_addresses"]) == (["sw-3"], "network", [])


# -- Kinds of devices --------------------------------------------------------------------------------------------

KINDS = [
    ("system_capabilities", ["bridge", "telephone"], "lldp", "phone", "high"),
    ("system_capabilities", ["router"], "cdp", "network", "high"),
    ("system_capabilities", ["bridge"], "lldp", "network", "medium"),
    ("system_capabilities", ["station-only"], "lldp", "unknown", "low"),
    ("dhcp_vendor_class", "Polycom-VVX410", "dhcp", "phone", "medium"),
    ("dhcp_parameter_list", "1,66,6,3,15,150,35", "dhcp", "phone", "low"),
    ("printer_id", "HP LaserJet 4100 Series", "pjl", "printer", "high"),
    ("printer_id", "A model nobody knows", "pjl", "printer", "high"),
    ("mdns_service", {"ServiceType": "_pdl-datastream._tcp", "Port": "9100"}, "mdns", "printer", "medium"),
    ("mdns_service", {"ServiceType": "_ipp._tcp", "Port": "631"}, "mdns", "printer", "low"),
    ("mdns_service", {"ServiceType": "_workstation._tcp"}, "mdns", "unknown", "low"),
    ("wsd_types", ["dn:NetworkVideoTransmitter", "tds:Device"], "ws-discovery", "camera", "high"),
    ("wsd_scopes", ["sdc.cdc.type:///69965", "sdc.mds.pkp:1.2.840.10004.20701.1.1"], "ws-discovery", "patient_monitor",
     "high"),
    ("wsd_scopes", ["sdc.cdc.type:///69985"], "ws-discovery", "infusion_pump", "high"),
    ("snmp_object_id", "1.3.6.1.4.1.850.1", "snmp", "ups", "low"),
    ("snmp_object_id", "1.3.6.1.4.1.8501.1", "snmp", "unknown", "low"),
    ("snmp_object_id", "1.3.6.1.4.1.6361.4.2", "snmp", "building", "low"),
    ("ssdp_device_type", "urn:schemas-upnp-org:device:InternetGatewayDevice:1", "ssdp", "network", "medium"),
    ("astm_record_types", ["H", "L", "O", "P", "R"], "astm", "analyser", "medium"),
    ("astm_record_types", ["H", "L", "Q"], "astm", "analyser", "medium"),
    ("astm_record_types", ["H", "L", "O", "P"], "astm", "information_system", "medium"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "value", "protocol", "role", "confidence"), KINDS)
def test_kind(attribute: str, value: object, protocol: str, role: str, confidence: str) -> None:
    s = Scene()
    s.say(host(s), attribute, value, protocol=protocol)
    con = s.derive()
    (found,) = rows_of(con, "FROM device")
    assert (found["role"], found["roles"], found["confidence"]["role"]) == (role, [role], confidence)
    if role != "unknown":
        (why,) = rows_of(con, "SELECT frame, used, reason FROM evidence WHERE field = 'role'")
        assert why["frame"] == 2
        assert why["used"]
        assert why["reason"].startswith(role.replace("_", " "))


def test_imaging_goes_before_other_kinds() -> None:
    s = Scene()
    ct, pacs = host(s, 1), host(s, 2)
    s.say(ct, "scheduled_station", {"Modality": "CT"})
    s.send(ct, pacs, "CT1", "PACS", CANON)
    s.say(ct, "system_capabilities", ["telephone"], protocol="lldp")
    found = device(s)
    assert (found["role"], found["roles"]) == ("modality", ["modality", "phone"])


def test_one_role_shown_twice_is_one_role() -> None:
    s = Scene()
    printer = host(s)
    s.say(printer, "printer_id", "HP LaserJet 4100 Series", protocol="pjl")
    s.say(printer, "mdns_service", {"ServiceType": "_ipp._tcp"}, protocol="mdns")
    s.say(printer, "dhcp_vendor_class", "HP Printer", protocol="dhcp")
    con = s.derive()
    (found,) = rows_of(con, "FROM device")
    assert (found["role"], found["roles"], found["confidence"]["role"]) == ("printer", ["printer"], "high")
    assert len(rows_of(con, "FROM evidence WHERE field = 'role'")) == 3


@pytest.mark.parametrize(
    ("types", "roles"),
    [
        (["ADT^A01", "SIU^S12"], ["hl7_sender", "information_system"]),
        (["ORM^O01"], ["hl7_sender", "information_system"]),
        (["OUL^R22"], ["analyser", "hl7_sender"]),
        (["ORU^R01"], ["hl7_sender"]),
    ],
)
def test_messages_tell_systems_and_analysers(types: list[str], roles: list[str]) -> None:
    s = Scene()
    sender, engine = host(s, 1), host(s, 2)
    for number, name in enumerate(types):
        s.message(sender, engine, "APP", f"m{number}")
        s.say(sender, "hl7_message_type", name, protocol="hl7")
    found = device(s)
    assert found["roles"] == roles
    assert found["role"] == next((role for role in roles if role != "hl7_sender"), "hl7_sender")


def test_an_engine_is_no_information_system() -> None:
    s = Scene()
    his, engine, ris = (host(s, n) for n in (1, 2, 3))
    for number in range(3):
        s.message(his, engine, "HIS", f"m{number}")
        s.message(engine, ris, "HIS", f"m{number}")
    for sender in (his, engine):
        s.say(sender, "hl7_message_type", "ADT^A01", protocol="hl7")
    found = s.devices()
    assert found["10.0.0.1"]["role"] == "information_system"
    assert found["10.0.0.2"]["roles"] == ["hl7_engine"]


def test_devices_behind_a_gateway_have_their_kind() -> None:
    s = Scene()
    gateway, ehr = host(s, 1), host(s, 2)
    s.message(gateway, ehr, "GATEWAY", "m1")
    for name, kind in (("PUMP-1", "69985^MDC_DEV_PUMP_INFUS_MDS^MDC"), ("BED-2", "69965"), ("VENT-3", "70667")):
        equipment = {"EntityIdentifier": name, "DeviceType": kind, "Field": "OBX-18"}
        s.say(gateway, "hl7_equipment", equipment, "object", protocol="hl7")
    found = s.devices()
    kinds = {name: found[name]["role"] for name in ("PUMP-1", "BED-2", "VENT-3")}
    assert kinds == {"PUMP-1": "infusion_pump", "BED-2": "patient_monitor", "VENT-3": "unknown"}
    assert found["10.0.0.1"]["roles"] == ["hl7_sender"]
    assert all(found[name]["modalities"] == [] and found[name]["addressless"] for name in kinds)
    assert found["PUMP-1"]["confidence"]["role"] == "medium"
