"""HL7 engines and gateways, HTTP servers and the proxies in front of them."""

from __future__ import annotations

import pytest

from tests.inventory.attribution.scene import Host, Scene, rows_of


def hosts(s: Scene, count: int) -> list[Host]:
    return [s.host(f"10.0.0.{n + 1}", f"00:11:22:00:00:0{n + 1}") for n in range(count)]


def test_engine_passes_on_what_came_in() -> None:
    s = Scene()
    ehr, engine, ris = hosts(s, 3)
    for name in ("m1", "m2"):
        s.message(ehr, engine, "EPICADT", name, "Epic Systems Corporation")
        s.message(engine, ris, "EPICADT", name, "Epic Systems Corporation")
    found = s.devices()
    assert {ip: (d["roles"], d["manufacturer"]) for ip, d in found.items()} == {
        "10.0.0.1": (["hl7_sender"], "Epic Systems"),
        "10.0.0.2": (["hl7_engine"], None),
        "10.0.0.3": (["hl7_receiver"], None),
    }
    assert found["10.0.0.1"]["confidence"]["manufacturer"] == "medium"


def test_engine_fans_in_three_applications() -> None:
    s = Scene()
    engine, ris = hosts(s, 2)
    for number, application in enumerate(("LAB", "ADT", "PHARMACY")):
        s.message(engine, ris, application, f"m{number}", "Epic Systems Corporation")
    device = s.devices()["10.0.0.1"]
    assert (device["role"], device["confidence"]["role"], device["manufacturer"]) == ("hl7_engine", "medium", None)


def test_echo_is_no_relay() -> None:
    s = Scene()
    sender, receiver = hosts(s, 2)
    s.message(sender, receiver, "LAB", "m1")
    s.say(receiver, "hl7_sent_message", "m1", "peer", 2575, protocol="hl7")  # on the same connection
    s.say(sender, "hl7_received_message", "m1", "peer", None, protocol="hl7")
    assert {ip: d["roles"] for ip, d in s.devices().items()} == {
        "10.0.0.1": ["hl7_sender"],
        "10.0.0.2": ["hl7_receiver"],
    }


def test_one_chance_match_among_many_is_no_relay() -> None:
    s = Scene()
    host, other = hosts(s, 2)
    for number in range(5):
        s.message(host, other, "LAB", f"m{number}")
    s.message(other, host, "ORDERS", "m0")
    assert s.devices()["10.0.0.1"]["roles"] == ["hl7_receiver", "hl7_sender"]


def test_gateway_with_three_pumps() -> None:
    s = Scene()
    gateway, ehr = hosts(s, 2)
    s.message(gateway, ehr, "ALARIS_GW", "m1")
    for n in (1, 2, 3):
        pump = {
            "EntityIdentifier": f"ALARIS-8100-{n}",
            "NamespaceID": "CareFusion",
            "UniversalID": f"0003B1000000000{n}",
        }
        s.say(
            gateway, "hl7_equipment", pump | {"UniversalIDType": "EUI-64", "Field": "OBX-18"}, "object", protocol="hl7"
        )
    found = s.devices()
    assert (found["10.0.0.1"]["role"], found["10.0.0.1"]["manufacturer"]) == ("hl7_sender", None)
    assert found["10.0.0.1"]["station_name"] is None
    pumps = [found[f"ALARIS-8100-{n}"] for n in (1, 2, 3)]
    assert [(d["role"], d["manufacturer"], d["addressless"], d["modalities"]) for d in pumps] == [
        ("unknown", "BD", True, [])
    ] * 3
    assert len(found) == 5


def test_two_software_vendors_name_no_maker() -> None:
    s = Scene()
    sender, receiver = hosts(s, 2)
    s.message(sender, receiver, "A", "m1", "Epic Systems Corporation")
    s.message(sender, receiver, "A", "m2", "Cerner")
    assert s.devices()["10.0.0.1"]["manufacturer"] is None


@pytest.mark.parametrize("sign", [("http_via", "1.1 proxy"), ("http_server", "nginx/1.22.1")])
def test_product_behind_a_proxy_is_not_the_peer(sign: tuple[str, str]) -> None:
    s = Scene()
    client, proxy = hosts(s, 2)
    s.flow(client, proxy, 80, "http")
    s.say(proxy, "http_service", "orthanc-rest", "claim", 80, protocol="http")
    s.say(proxy, *sign, port=80, protocol="http")
    con = s.derive()
    (service,) = rows_of(con, "FROM device WHERE role = 'web_server'")[0]["services"]
    assert service["product"] == ("nginx" if sign[0] == "http_server" else None)
    told = rows_of(con, "SELECT used, reason FROM evidence WHERE field = 'services' AND wire = 'orthanc-rest'")
    assert told == [{"used": False, "reason": "Orthanc is behind a proxy: another host's"}]


def test_operating_system_of_a_browser_but_not_of_a_proxy() -> None:
    s = Scene()
    client, server, proxy, several = hosts(s, 4)
    windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:109.0) Gecko/20100101 Firefox/115.0"
    mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:109.0) Gecko/20100101 Firefox/115.0"
    for host in (client, proxy, several):
        s.flow(host, server, 80, "http")
        s.say(host, "http_user_agent", windows, protocol="http")
    s.say(proxy, "http_forwarded_for", "10.0.0.99", protocol="http")
    s.say(several, "http_user_agent", mac, protocol="http")
    found = s.devices()
    assert found["10.0.0.1"]["operating_system"] == "Windows 10 or later"
    assert found["10.0.0.1"]["confidence"]["operating_system"] == "low"
    assert found["10.0.0.3"]["operating_system"] is None
    assert found["10.0.0.4"]["operating_system"] is None
    assert found["10.0.0.4"]["conflicts"] == ["operating_system: Windows 10 or later vs macOS"]


def test_services_are_ports_that_answered() -> None:
    s = Scene()
    client, server = hosts(s, 2)
    s.flow(client, server, 443, "tls", encrypted=True)
    s.flow(client, server, 443, None)  # a connection on which nothing was said
    s.flow(client, server, 5000, None)
    s.flow(client, server, 5001, None, established=False)
    services = [(x["port"], x["protocol"], x["encrypted"]) for x in s.devices()["10.0.0.2"]["services"]]
    assert services == [(443, "tls", True), (5000, None, False)]
