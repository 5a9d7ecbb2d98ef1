"""What is told of conversations with the outside, and what is found in them: scenes of facts."""

from __future__ import annotations

from typing import Any

from tests.inventory.attribution.scene import Host, Scene, rows_of

ARCHIVE, PC, OTHER = "10.0.0.40", "10.0.0.72", "10.0.0.73"
OUTSIDE = "81.2.69.160"


def exposures(s: Scene) -> list[dict[str, Any]]:
    return rows_of(s.derive(), "FROM exposure ORDER BY ip_addresses, direction, kind, remote_access, peers[1].ip")


def found(s: Scene) -> set[tuple[str, str, int | None, str | None]]:
    """The findings of the rules that look outside."""
    query = """
        SELECT rule, ip_address, port, peer, severity FROM finding
        WHERE regexp_matches(rule, 'public|internal') AND rule NOT LIKE 'certificate%'
    """
    return {
        (row["rule"], row["ip_address"], row["port"], row["peer"]) for row in rows_of(s.derive(findings=True), query)
    }


SAID = {  # by whoever is asked, in its protocol
    "dicom": ("implementation_class_uid", "1.2.276.0.7230010.3.0.3.6.7"),
    "hl7": ("hl7_acknowledgment_code", "AA"),
    "http": ("http_server", "nginx"),
    "rdp": ("rdp_security", "tls"),
    "ssh": ("ssh_software", "2.0-OpenSSH_9.2"),
    "telnet": ("telnet_banner", "login:"),
    "tls": ("tls_version", "TLS 1.3"),
    "vnc": ("vnc_version", "3.8"),
}


def ask(s: Scene, client: Host, server: Host, port: int, protocol: str, **more: Any) -> None:
    """A conversation in which the server says something about itself."""
    s.flow(client, server, port, protocol, **more)
    s.say(server, *SAID[protocol], "peer", port, protocol=protocol)


def scene() -> tuple[Scene, Host, Host, Host]:
    s = Scene()
    return s, s.host(ARCHIVE, "52:54:00:00:00:40"), s.host(PC, "52:54:00:00:00:72"), Host(OUTSIDE, "52:54:00:00:00:01")


def test_an_archive_that_answers_the_internet() -> None:
    s, archive, pc, outside = scene()
    s.associate(pc, archive, 11112, "PC", "VNA1")
    s.associate(outside, archive, 11112, "STRANGER", "VNA1")
    (row,) = exposures(s)
    assert (row["kind"], row["direction"], row["certainty"], row["expected"]) == ("service", "inbound", "high", False)
    assert row["services"] == [{"port": 11112, "transport": "tcp", "protocol": "dicom", "encrypted": False}]
    assert (row["peer_count"], row["peers"][0]["ip"], row["bytes_in"], row["bytes_out"]) == (1, OUTSIDE, 1000, 800)
    assert row["evidence"] == [{"capture": "scene.pcap", "frame": s.flows[1]["frame"]}]
    assert found(s) == {("dicom-reachable-from-public", ARCHIVE, 11112, None)}


def test_a_conversation_met_in_its_middle_accuses_nobody() -> None:
    s, archive, _, outside = scene()
    for port, protocol in enumerate(("dicom", "hl7", "tls", "astm", None), 40000):
        s.flow(outside, archive, port, protocol)
    assert [row["certainty"] for row in exposures(s)] == ["low"] * 5
    assert found(s) == set()


def test_a_port_that_answers_several_is_a_servers() -> None:
    s, archive, pc, outside = scene()
    ask(s, outside, archive, 11112, "dicom")
    s.flow(pc, archive, 11112, "dicom")
    assert found(s) == {("dicom-reachable-from-public", ARCHIVE, 11112, None)}


def test_what_was_only_tried_is_no_exposure() -> None:
    s, archive, pc, outside = scene()
    s.flow(outside, archive, 104, None, established=False)
    s.flow(outside, archive, 161, "snmp", "udp", established=False, packets_to_client=0)
    s.flow(pc, outside, 443, None, established=False)
    assert exposures(s) == []
    assert found(s) == set()
    assert {row["established"] for row in rows_of(s.derive(), "FROM conversation")} == {False}


def test_a_scan_that_is_answered_reaches_what_is_known_to_answer_there() -> None:
    s, archive, pc, outside = scene()
    s.associate(pc, archive, 104, "PC", "VNA1")
    ask(s, pc, archive, 3389, "rdp")
    s.flow(outside, archive, 104, None)
    s.flow(outside, archive, 3389, None)
    assert found(s) == {
        ("dicom-reachable-from-public", ARCHIVE, 104, None),
        ("remote-access-from-public", ARCHIVE, 3389, None),
    }


def test_since_when_is_since_it_answered() -> None:
    s, archive, _, outside = scene()
    s.flow(outside, archive, 80, "http", established=False)
    s.flow(outside, archive, 80, "http")
    (row,) = exposures(s)
    assert row["first_seen"] == s.flows[1]["first_seen"]
    assert row["evidence"] == [{"capture": "scene.pcap", "frame": s.flows[1]["frame"]}]


def test_remote_access_from_outside() -> None:
    s, archive, _, outside = scene()
    told = [("ssh", 22, "ssh"), ("rdp", 3390, "rdp"), ("vnc", 5900, "vnc"), ("telnet", 2323, "telnet")]
    for protocol, port, _ in told:
        ask(s, outside, archive, port, protocol)
    s.flow(outside, archive, 3389, None)  # by the port alone
    s.flow(outside, archive, 500, None, "udp")
    s.flow(outside, archive, None, None, "esp")
    s.flow(outside, archive, 23, "http")  # the content has told what it is
    rows = exposures(s)
    assert {(row["services"][0]["port"], row["remote_access"], row["certainty"]) for row in rows} == {
        *((port, kind, "high") for _, port, kind in told),
        *((3389, "rdp", "low"), (500, "vpn (IPsec)", "low"), (None, "vpn (IPsec)", "high"), (23, None, "high")),
    }
    assert {row["kind"] for row in rows if row["remote_access"]} == {"remote_access"}
    assert {port for rule, _, port, _ in found(s) if rule.startswith("remote")} == {port for _, port, _ in told}


def test_remote_access_by_a_relay() -> None:
    s, _, pc, outside = scene()
    other = s.host(OTHER, "52:54:00:00:00:73")
    for name in ("router15.teamviewer.com", "relay-80e496c0.net.anydesk.com"):
        s.flow(pc, outside, 443, "tls", encrypted=True, sni=name)
    for number, name in enumerate(("www.teamviewer.com", "anydesk.com", "net.anydesk.com.example.org"), 1):
        s.flow(other, Host(f"8.8.8.{number}"), 443, "tls", encrypted=True, sni=name)
    rows = {tuple(row["ip_addresses"]): row for row in exposures(s)}
    assert rows[PC,]["remote_access"] in ("anydesk", "teamviewer")
    assert (rows[OTHER,]["remote_access"], rows[OTHER,]["peer_count"]) == (None, 3)
    assert found(s) == {("remote-access-from-public", PC, None, None)}


def test_ssh_out_of_the_site_is_listed_but_not_found() -> None:
    s, _, pc, outside = scene()
    s.flow(pc, outside, 22, "ssh", encrypted=True)
    assert [(row["kind"], row["remote_access"]) for row in exposures(s)] == [("remote_access", "ssh")]
    assert found(s) == set()


def test_names_and_whose_cloud_they_are() -> None:
    s, _, pc, _ = scene()
    certificates = {
        "8.8.8.1": {"subject": "CN=*.blob.core.windows.net,O=Microsoft Corporation"},
        "8.8.8.2": {"subject": "", "subject_alternative_names": ["*.blob.core.windows.net", "x.example"]},
    }
    for ip, certificate in certificates.items():
        s.flow(pc, Host(ip), 443, "tls", encrypted=True)
        s.say(Host(ip), "tls_certificate", certificate, "peer", 443, protocol="tls")
    names = {
        "8.8.4.1": ("bucket.s3.eu-central-1.amazonaws.com", "AWS"),
        "8.8.4.2": ("EC2.AMAZONAWS.COM, www.example.org", "AWS"),
        "8.8.4.3": ("amazonaws.com", "AWS"),
        "8.8.4.4": ("notamazonaws.com", None),
        "8.8.4.5": ("amazonaws.com.example.org", None),
    }
    for ip, (name, _) in names.items():
        s.flow(pc, Host(ip), 443, "tls", encrypted=True, sni=name)
    told = {row["server_ip"]: row for row in rows_of(s.derive(), "FROM conversation")}
    assert {told[ip]["certificate_name"] for ip in certificates} == {"*.blob.core.windows.net"}
    assert {told[ip]["cloud"] for ip in certificates} == {"Microsoft"}
    assert {ip: told[ip]["cloud"] for ip in names} == {ip: cloud for ip, (_, cloud) in names.items()}
    assert {row["organization"]: row["peer_count"] for row in exposures(s)} == {"Microsoft": 2, "AWS": 3, None: 2}


def test_names_of_hosts_behind_a_proxy_are_none_of_its_own() -> None:
    s, _, pc, _ = scene()
    proxy, socks, server = Host("8.8.8.1"), Host("8.8.8.2"), Host("8.8.8.3")
    for host, port in ((proxy, 3128), (socks, 1080)):
        s.say(host, "tls_version", "TLS 1.2", "object", port, protocol="tls")
    s.say(proxy, "http_server", "nginx", "peer", 443, protocol="http")  # to a request in clear
    for host, port in ((proxy, 3128), (proxy, 443), (socks, 1080), (server, 443)):
        s.flow(pc, host, port, "tls", encrypted=True)
        s.say(host, "tls_certificate", {"subject": "CN=x.blob.core.windows.net"}, "peer", port, protocol="tls")
    told = {(row["server_ip"], row["server_port"]): row for row in rows_of(s.derive(), "FROM conversation")}
    assert {key for key, row in told.items() if row["certificate_name"]} == {(proxy.ip, 443), (server.ip, 443)}
    assert {key for key, row in told.items() if row["cloud"]} == {(proxy.ip, 443), (server.ip, 443)}


def test_peers_are_summed_and_patient_data_in_clear_stands_out() -> None:
    s, _, pc, outside = scene()
    for number in range(1, 8):
        s.flow(pc, Host(f"8.8.8.{number}"), 443, "tls", encrypted=True, bytes_to_server=number)
    s.flow(pc, outside, 104, "dicom", clear_patient_data=True)
    clear, rest = sorted(exposures(s), key=lambda row: not row["clear_patient_data"])
    assert (clear["peer_count"], clear["peers"][0]["ip"]) == (1, OUTSIDE)
    assert (rest["peer_count"], rest["bytes_out"], len(rest["evidence"])) == (7, 28, 5)
    assert [peer["ip"] for peer in rest["peers"]] == [f"8.8.8.{number}" for number in range(7, 2, -1)]


def test_partners_are_expected_but_listed() -> None:
    s, archive, pc, outside = scene()
    near, far = Host("10.99.0.8", "52:54:00:00:00:01"), Host("89.160.20.112", "52:54:00:00:00:01")
    s.named = {"partner": {"Tunnel": "10.99.0.0/16", "TeleRad": "89.160.20.112"}, "own": {"PACS": "10.0.0.40"}}
    for partner in (near, far):
        s.associate(partner, archive, 104, "PARTNER", "VNA1")
        s.flow(pc, partner, 104, "dicom", clear_patient_data=True)
    ask(s, partner, archive, 22, "ssh")
    assert {row["expected"] for row in exposures(s)} == {True}
    assert {row["organization"] for row in exposures(s) if row["direction"] == "outbound"} == {"Tunnel", "TeleRad"}
    assert [row["networks"] for row in exposures(s) if row["direction"] == "inbound"] == [["PACS"]] * 2
    assert {row["partner"] for row in rows_of(s.derive(), "FROM conversation")} == {"Tunnel", "TeleRad"}
    assert found(s) == {  # in a tunnel it is the site's own affair; on the Internet it is everybody's
        ("patient-data-in-clear-internal", PC, None, None),
        ("patient-data-in-clear-to-public", PC, 104, "89.160.20.112"),
    }
    ask(s, outside, archive, 22, "ssh")
    assert [row["expected"] for row in exposures(s) if row["remote_access"]] == [False]
    assert ("remote-access-from-public", ARCHIVE, 22, None) in found(s)


def test_patient_data_in_clear_either_way() -> None:
    s, archive, pc, outside = scene()
    s.flow(outside, archive, 80, "http", clear_patient_data=True)
    s.flow(pc, Host("100.64.0.9"), 2575, "hl7", clear_patient_data=True)  # a carrier's NAT is not the site's
    s.flow(pc, archive, 80, "http", clear_patient_data=True)
    s.flow(Host(OUTSIDE), Host("8.8.8.8"), 2575, "hl7", clear_patient_data=True)  # no device of the site
    assert {one for one in found(s) if one[0].startswith("patient")} == {
        ("patient-data-in-clear-internal", ARCHIVE, None, None),
        ("patient-data-in-clear-to-public", ARCHIVE, 80, OUTSIDE),
        ("patient-data-in-clear-to-public", PC, None, "100.64.0.9"),  # nothing tells who opened these
        ("patient-data-in-clear-to-public", OUTSIDE, None, "8.8.8.8"),
    }
    networks = {row["server_ip"]: row["network"] for row in rows_of(s.derive(), "FROM conversation")}
    assert networks["100.64.0.9"] == "carrier-grade NAT (RFC 6598)"


def test_who_opened_a_conversation_outwards_may_be_only_likely() -> None:
    s, archive, pc, _ = scene()
    s.flow(archive, Host("52.1.2.3"), 1045, "dicom", clear_patient_data=True)
    asked = Host("8.8.8.8")
    s.associate(pc, asked, 11112, "PC", "FAR")
    s.flow(pc, asked, 11112, "dicom", clear_patient_data=True)
    s.flow(pc, Host("8.8.4.4"), 8443, "tls", encrypted=True, sni="vendor.com")
    told = {(row["peers"][0]["ip"], row["certainty"]) for row in exposures(s)}
    assert told == {("52.1.2.3", "low"), ("8.8.8.8", "high"), ("8.8.4.4", "high")}
    query = "SELECT port, peer, title FROM finding WHERE rule = 'patient-data-in-clear-to-public' ORDER BY peer"
    rows = [tuple(row.values()) for row in rows_of(s.derive(findings=True), query)]
    assert [row[:2] for row in rows] == [(None, "52.1.2.3"), (11112, "8.8.8.8")]
    assert [title.endswith(end) for (*_, title), end in zip(rows, ("with 52.1.2.3", "to 8.8.8.8"), strict=True)] == [
        True,
        True,
    ]


def test_a_stranger_is_not_listed_under_a_partners_name() -> None:
    s, _, pc, _ = scene()
    s.named = {"partner": {"TeleRad": "89.160.20.112"}, "own": {}}
    for ip in ("89.160.20.112", "45.9.9.9"):
        s.flow(pc, Host(ip), 22, "ssh", encrypted=True)
    told = {(row["organization"], row["expected"], row["peer_count"], row["peers"][0]["ip"]) for row in exposures(s)}
    assert told == {("TeleRad", True, 1, "89.160.20.112"), (None, False, 1, "45.9.9.9")}


def test_web_servers() -> None:
    s, archive, pc, outside = scene()
    ask(s, outside, archive, 80, "http")
    ask(s, outside, archive, 993, "tls", encrypted=True)  # mail, perhaps
    ask(s, outside, archive, 443, "tls", encrypted=True)
    ask(s, outside, pc, 9001, "tls", encrypted=True)
    s.say(pc, "tls_alpn", "h2", "peer", 9001, protocol="tls")
    ports = [(ip, port) for rule, ip, port, _ in found(s) if rule == "web-reachable-from-public"]
    assert sorted(ports) == [(ARCHIVE, 80), (ARCHIVE, 443), (PC, 9001)]


def test_what_a_scanner_says_to_whatever_answers() -> None:
    s, archive, _, outside = scene()
    for port, protocol in enumerate(SAID, 500):
        s.flow(outside, archive, port, protocol)
    assert found(s) == set()
    assert {row["remote_access"] for row in exposures(s)} == {None}
