"""Logins, communities, called titles and management: what is told of whom, and what is no more than a guess."""

from __future__ import annotations

from typing import Any, Final

from tests.inventory.attribution.scene import CANON, GE, Host, Scene, rows_of

OUTSIDE: Final = "8.8.8.8"
GE_SOFTWARE: Final = ("1.2.840.113619.6.391", "E95_203")
REFUSAL: Final = {"Outcome": "rejected", "Result": "rejected-permanent", "Source": "service-user"}


def found(scene: Scene, *rules: str) -> list[dict[str, Any]]:
    names = ", ".join(f"'{rule}'" for rule in rules)
    rows = rows_of(
        scene.derive(findings=True), f"FROM found WHERE rule IN ({names}) ORDER BY ip_address, port, rule, subject"
    )
    assert all(row["evidence"] for row in rows)
    return rows


def told(scene: Scene, *rules: str) -> list[tuple[Any, ...]]:
    return [(r["ip_address"], r["port"], r["peer"], r["subject"], r["severity"]) for r in found(scene, *rules)]


def host(scene: Scene, number: int) -> Host:
    return scene.host(f"10.0.0.{number}", f"00:11:22:00:00:{number:02x}")


def login(scene: Scene, client: Host, server: Host, port: int, kind: str, evidence: str = "claim", **more: Any) -> None:
    protocol = kind.partition("-")[0]
    scene.flow(client, server, port, protocol, **more)
    scene.say(server, "clear_credentials", kind, evidence, port, protocol=protocol)
    if protocol == "http":
        scene.say(client, "http_credentials", kind[5:], protocol="http")


def test_logins_in_clear() -> None:
    s = Scene()
    pc, other = host(s, 71), host(s, 72)
    login(s, pc, Host(OUTSIDE), 80, "http-basic")
    s.flow(other, Host(OUTSIDE), 80, "http")  # shows nothing
    for client in (pc, other):
        login(s, client, Host(OUTSIDE), 21, "ftp")  # of the two, who was it?
    for number in range(5):
        login(s, host(s, 80 + number), host(s, 40), 80, "http-basic")
    login(s, pc, host(s, 41), 80, "http-basic", established=False)
    login(s, pc, host(s, 42), 80, "http-basic", encrypted=True)
    login(s, host(s, 43), host(s, 43), 389, "ldap")  # crosses no network
    login(s, Host("127.0.0.1"), Host("127.0.0.1"), 389, "ldap")
    rows = found(s, "credentials-in-clear")
    assert [(r["ip_address"], r["port"], r["peer"], r["subject"], r["detail"]) for r in rows] == [
        ("10.0.0.40", 80, None, "http-basic", "HTTP Basic from 5 clients"),
        ("10.0.0.71", 80, OUTSIDE, "http-basic", "HTTP Basic to 8.8.8.8, outside"),
        (OUTSIDE, 21, None, "ftp", "FTP login to 8.8.8.8, outside"),
    ]
    assert [r["device_id"] is None for r in rows] == [False, False, True]


def test_logins_that_only_one_end_outside_shows() -> None:
    s = Scene()
    for number in (71, 72):
        login(s, host(s, number), Host(OUTSIDE), 21, "ftp")
    assert told(s, "credentials-in-clear") == [(OUTSIDE, 21, None, "ftp", None)]


def test_logins_that_a_proxy_passes_on() -> None:
    s = Scene()
    for proxy, kind in ((host(s, 41), "ftp"), (host(s, 42), "http-basic"), (Host(OUTSIDE), "http-basic")):
        login(s, host(s, 71), proxy, 3128, kind, "object")
        s.say(proxy, "default_credential", "Orthanc", "object", 3128, protocol="http")
    assert told(s, "credentials-in-clear", "default-credentials") == []


def test_communities() -> None:
    s = Scene()
    manager = host(s, 71)
    for number, kind, answered in ((41, "other", 1), (42, "default", 1), (43, "other", 0), (44, "default", 0)):
        agent, evidence = host(s, number), "peer" if answered else "claim"
        s.flow(manager, agent, 161, "snmp", "udp", established=bool(answered), packets_to_client=answered)
        for attribute, value in (("snmp_community", kind), ("clear_credentials", "snmp")):
            s.say(agent, attribute, value, evidence, 161, "udp", "snmp")
        if answered:
            s.say(agent, "snmp_version", "2c", "peer", 161, "udp", "snmp")
    rows = found(s, "credentials-in-clear", "snmp-default-community", "unencrypted-management")
    assert [(r["ip_address"], r["rule"]) for r in rows] == [
        ("10.0.0.41", "credentials-in-clear"),
        ("10.0.0.41", "unencrypted-management"),
        ("10.0.0.42", "snmp-default-community"),
        ("10.0.0.42", "unencrypted-management"),
    ]


def test_a_default_login_that_was_not_asked_for_is_less() -> None:
    s = Scene()
    for number in (40, 41):
        server = host(s, number)
        s.flow(host(s, 71), server, 8042, "http")
        s.say(server, "default_credential", "Orthanc", "claim", 8042, protocol="http")
        if number == 40:
            s.say(server, "http_authenticate", 'Basic realm="Orthanc Secure Area"', "peer", 8042, protocol="http")
    assert told(s, "default-credentials") == [
        ("10.0.0.40", 8042, None, "Orthanc", None),
        ("10.0.0.41", 8042, None, "Orthanc", "medium"),
    ]


def test_called_titles() -> None:
    wrong = "called-ae-title-not-recognized"
    cases: tuple[tuple[list[str], str | None, str | None, bool], ...] = (
        (["VNA1", "ANY-SCP"], None, None, True),
        (["ANY-SCP"], None, None, True),
        (["VNA1", "vna1", "Vna1"], None, None, False),
        (["VNA1", "VNA2"], None, None, False),
        (["VNA1", "VNA2", "VNA3"], None, "low", True),
        (["VNA1", "VNA2", "VNA3"], wrong, None, False),
        (["VNA1", "ANY-SCP"], wrong, None, False),
        (["VNA1", "ANY-SCP"], "calling-ae-title-not-recognized", None, True),
    )
    s = Scene()
    ct = host(s, 11)
    for number, (titles, reason, _, _) in enumerate(cases, 40):
        archive = host(s, number)
        for title in titles:
            s.send(ct, archive, "CT1", title, CANON)
        if reason:
            s.say(archive, "association", REFUSAL | {"Reason": reason}, "peer", 104)
    assert told(s, "dicom-any-ae-accepted") == [
        (f"10.0.0.{number}", 104, None, "", severity)
        for number, (_, _, severity, expected) in enumerate(cases, 40)
        if expected
    ]


def test_ways_to_manage_a_device() -> None:
    cases = (
        ("vnc_security", "vencrypt", "peer", False),
        ("vnc_security", "vnc", "peer", True),
        ("http_authenticate", 'Basic realm="APC Management Card"', "peer", True),
        ("http_authenticate", 'Digest realm="Router setup"', "peer", True),
        ("http_authenticate", 'Basic realm="Router setup"', "object", False),  # of what is behind a proxy
        ("http_authenticate", 'Basic realm="Radiology"', "peer", False),
        ("http_authenticate", "Negotiate", "peer", False),
        ("http_service", "tomcat-manager", "peer", True),
        ("http_service", "tomcat-manager", "claim", False),
        ("http_service", "dicomweb-qido", "peer", False),
    )
    s = Scene()
    for number, (attribute, value, evidence, _) in enumerate(cases, 40):
        protocol = attribute.partition("_")[0]
        for server, encrypted in ((host(s, number), False), (host(s, number + 100), True)):
            s.flow(host(s, 11), server, 80, protocol, encrypted=encrypted)
            s.say(server, attribute, value, evidence, 80, protocol=protocol)
    assert told(s, "unencrypted-management") == [
        (f"10.0.0.{number}", 80, None, attribute.partition("_")[0], None)
        for number, (attribute, _, _, expected) in enumerate(cases, 40)
        if expected
    ]


def test_an_unknown_device_has_no_maker_and_no_role() -> None:
    s = Scene()
    archive = host(s, 40)
    for number, software in ((66, Host("").software), (67, GE_SOFTWARE), (68, ("1.2.3.4.5.6", ""))):
        client = host(s, number)
        client.software = software
        s.associate(client, archive, 104, f"AE{number}", "VNA1")
        s.say(client, "scu_sop_classes", ["1.2.840.10008.1.1"])
    s.send(host(s, 11), archive, "US1", "VNA1", GE)
    s.associate(host(s, 69), archive, 104, "AE69", "GUESS", accepted=False)
    assert [ip for ip, *_ in told(s, "unknown-device-speaks-dicom")] == ["10.0.0.66", "10.0.0.68"]
