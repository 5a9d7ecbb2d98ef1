"""Known vulnerabilities and ends of support: who is told of what, and who surely not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.inventory.attribution.scene import NOON, Host, Scene, rows_of

Found = dict[tuple[str, str], tuple[str | None, str]]  # (address, subject) -> severity and detail


def serve(scene: Scene, ip: str, *answers: str, port: int = 80) -> Host:
    """A host that answers with `answers` at `port`, one after the other; a Server header where nothing is named."""
    host = scene.host(ip, f"00:11:22:33:44:{int(ip.rsplit('.', 1)[1]):02x}")
    client = scene.host("10.9.9.9", "00:11:22:33:55:99")
    for answer in answers:
        attribute, _, value = answer.rpartition("|")
        protocol = (attribute or "http_server").partition("_")[0]
        scene.flow(client, host, port, protocol)
        scene.say(host, attribute or "http_server", value, port=port, protocol=protocol)
    return host


def found(scene: Scene, rule: str) -> Found:
    rows: list[dict[str, Any]] = rows_of(
        scene.derive(findings=True), f"FROM found WHERE rule = '{rule}' ORDER BY finding_id"
    )
    assert all(row["evidence"] for row in rows)
    return {(row["ip_address"], row["subject"]): (row["severity"], row["detail"]) for row in rows}


@pytest.fixture(scope="module")
def servers() -> Scene:
    scene = Scene()
    serve(scene, "10.0.0.1", "Apache/2.4.49 (Win64)")
    serve(scene, "10.0.0.2", "Apache/2.4.49 (Unix)")
    serve(scene, "10.0.0.3", "Apache/2.4.49 (Ubuntu)")
    serve(scene, "10.0.0.4", "Apache/2.4")
    serve(scene, "10.0.0.5", "Microsoft-IIS/6.0", "http_via|1.1 proxy")
    serve(scene, "10.0.0.6", "Microsoft-IIS/6.0", "Microsoft-IIS/10.0")
    packed = serve(scene, "10.0.0.7", "nginx/1.14.0")
    scene.say(packed, "ssh_software", "2.0-OpenSSH_8.4p1 Debian-5+deb11u3", port=22, protocol="ssh")
    serve(scene, "10.0.0.8", "telnet_banner|MikroTik v6.41.4 (stable)", port=23)
    serve(scene, "10.0.0.9", "telnet_banner|MikroTik v6.40.9 (bugfix)", port=23)
    serve(scene, "10.0.0.10", "http_powered_by|PHP/7.4.33")
    serve(scene, "10.0.0.11", "http_powered_by|PHP/7.4.3-4ubuntu2.18")
    return scene


def test_only_what_is_surely_affected(servers: Scene) -> None:
    told = found(servers, "known-vulnerability")
    assert {key: severity for key, (severity, _) in told.items() if key[0] == "10.0.0.1"} == {
        ("10.0.0.1", "CVE-2021-41773"): "high",
        ("10.0.0.1", "CVE-2021-42013"): "critical",
        ("10.0.0.1", "CVE-2023-25690"): "critical",
    }
    unsure = [one for key, one in told.items() if key[0] == "10.0.0.2"]
    assert len(unsure) == 3
    assert all(severity == "medium" and "unless it was mended" in detail for severity, detail in unsure)
    assert told["10.0.0.8", "CVE-2018-14847"][0] == "critical"
    assert {ip for ip, _ in told} == {"10.0.0.1", "10.0.0.2", "10.0.0.8"}


def test_support_that_surely_ended(servers: Scene) -> None:
    told = found(servers, "end-of-life-software")
    assert set(told) == {("10.0.0.10", "PHP")}
    assert told["10.0.0.10", "PHP"] == (
        "low",
        "PHP 7.4.33: support ended by 2022-11-28; unless a distribution or its maker supports it",
    )


def test_of_a_toolkit_where_it_answers() -> None:
    scene = Scene()
    dcmtk = ("1.2.276.0.7230010.3.0.3.6.6", "OFFIS_DCMTK_366")
    client, server, orthanc = (scene.host(f"10.0.0.{n}", f"00:11:22:33:44:{n:02x}", software=dcmtk) for n in (1, 2, 3))
    scene.associate(client, server, 104, "A", "B")
    scene.associate(client, orthanc, 4242, "A", "O")
    scene.flow(client, orthanc, 8042, "http")
    scene.say(orthanc, "http_software", {"name": "Orthanc", "version": "1.12.10"}, port=8042, protocol="http")
    told = found(scene, "known-vulnerability")
    assert ("10.0.0.2", "CVE-2022-2119") in told
    assert all(severity in ("low", "medium") for severity, _ in told.values())
    assert {subject[:8] for ip, subject in told if ip == "10.0.0.3"} == {"CVE-2026"}
    assert "10.0.0.1" not in {ip for ip, _ in told}


def test_an_engine_passes_on_the_segments_of_others() -> None:
    scene = Scene()
    ris, engine, receiver = (scene.host(f"10.0.0.{n}", f"00:11:22:33:44:{n:02x}") for n in (1, 2, 3))
    segment = {
        "SoftwareVendorOrganization": "NextGen",
        "SoftwareProductName": "Mirth Connect",
        "SoftwareCertifiedVersion": "4.3.0",
    }
    for sender, to in ((ris, engine), (engine, receiver)):
        for number in range(3):
            scene.message(sender, to, "RIS", f"message-{number}")
            scene.say(sender, "hl7_software", segment, "object", protocol="hl7")
    assert set(found(scene, "known-vulnerability")) == {
        ("10.0.0.1", "CVE-2023-37679"),
        ("10.0.0.1", "CVE-2023-43208"),
    }


def test_systems() -> None:
    scene = Scene()
    words = {
        "10.0.0.1": ("os_version", "Windows 5.1 build 2600"),
        "10.0.0.2": ("os_version", "Windows 10.0 build 19044"),  # perhaps one with long support
        "10.0.0.3": ("os_version", "Windows 10.0 build 19045"),
        "10.0.0.4": ("http_user_agent", "Mozilla/5.0 (Windows NT 5.1; rv:52.0) Gecko/20100101 Firefox/52.0"),
        "10.0.0.5": ("tcp_syn", "128:8192:1460:8:mss,nop,ws,nop,nop,sok"),
        "10.0.0.6": ("os_version", "Windows Server 2012 R2 Standard 9600"),
        "10.0.0.7": ("os_version", "Windows Server 2019 Standard 17763"),
    }
    for number, (ip, (attribute, value)) in enumerate(words.items()):
        scene.say(scene.host(ip, f"00:11:22:33:44:{number:02x}"), attribute, value, protocol="smb")
    upgraded = scene.host("10.0.0.8", "00:11:22:33:44:88")
    scene.say(upgraded, "os_version", "Windows 10.0 build 18363", protocol="smb")
    scene.say(upgraded, "os_version", "Windows 10.0 build 19044", protocol="smb")
    told = found(scene, "end-of-life-os")
    assert {ip: severity for (ip, _), (severity, _) in told.items()} == {
        "10.0.0.1": None,
        "10.0.0.3": "medium",
        "10.0.0.6": "medium",
    }


def test_support_that_ended_later_than_it_was_seen() -> None:
    scene = Scene()
    serve(scene, "10.0.0.1", "Apache/2.2.34 (Win32)")
    for row in (*scene.observations, *scene.flows):
        row["first_seen"] -= timedelta(days=3652)  # 2016
        row["last_seen"] -= timedelta(days=3652)
    assert NOON.year == 2026
    assert found(scene, "end-of-life-software") == {}
