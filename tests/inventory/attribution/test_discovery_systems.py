"""Operating systems, hardware and programs, from what hosts announce of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.inventory.attribution.scene import CANON, DCMTK, Host, Scene, rows_of

WINDOWS_7 = "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:52.0) Gecko/20100101 Firefox/52.0"
LINUX_SYN = "64:64240:1460:7:mss,sok,ts,nop,ws"
WINDOWS_SYN = "128:64240:1460:8:mss,nop,ws,nop,nop,sok"


def host(s: Scene, number: int = 1, **more: Any) -> Host:
    return s.host(f"10.0.0.{number}", f"00:11:22:00:00:0{number}", **more)


def judge(*said: tuple[str, str]) -> dict[str, Any]:
    s = Scene()
    one = host(s)
    for attribute, value in said:
        port = 22 if attribute == "ssh_software" else 80 if attribute == "http_server" else None
        s.say(one, attribute, value, "peer", port, protocol="x")
    return s.devices()["10.0.0.1"]


# -- Operating systems -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "system", "confidence"),
    [
        ([("os_version", "10.0.19045")], "Windows 10", "high"),
        ([("os_version", "6.1.7601")], "Windows 7 or Server 2008 R2", "high"),
        ([("os_version", "6.1.0")], None, None),  # Samba
        ([("os_version", "Windows 6.1")], None, None),  # Samba, or not
        ([("os_version", "Windows 10.0")], "Windows 10 or later", "high"),
        ([("dhcp_vendor_class", "MSFT 5.0")], "Windows", "medium"),
        ([("dhcp_vendor_class", "android-dhcp-7.1.1")], "Android 7.1.1", "medium"),
        ([("dhcp_parameter_list", "1,3,6,15,119,252")], "iOS or iPadOS", "low"),
        ([("ssh_software", "SSH-2.0-OpenSSH_8.4p1 Debian-5+deb11u1")], "Debian 11", "medium"),
        ([("http_server", "Apache/2.4.52 (Ubuntu)")], "Ubuntu", "low"),
        ([("tcp_syn", LINUX_SYN)], "Linux", "low"),
        ([("tcp_syn", "64:1024:1460:0:mss")], None, None),
        # The more exact value of the same family, even where it is less sure
        ([("dhcp_vendor_class", "MSFT 5.0"), ("http_user_agent", WINDOWS_7)], "Windows 7 or Server 2008 R2", "low"),
        ([("tcp_syn", LINUX_SYN), ("ssh_software", "OpenSSH_7.2p2 Ubuntu-4ubuntu2.2")], "Ubuntu", "medium"),
        ([("os_version", "10.0.14393"), ("os_version", "Windows Server 2016 Standard 14393")],
         "Windows Server 2016", "high"),
        ([("system_description", "Linux ris 5.10.0-9-amd64 #1 SMP Debian 5.10.70-1 (2021-09-30) x86_64"),
          ("ssh_software", "SSH-2.0-OpenSSH_8.4p1 Debian-5")], "Debian", "medium"),
        ([("system_description", "Linux ris 5.10.0-9-amd64 #1 SMP Debian 5.10.70-1 (2021-09-30) x86_64"),
          ("tcp_syn", LINUX_SYN)], "Linux 5.10", "high"),
    ],
)  # fmt: skip
def test_operating_system(said: list[tuple[str, str]], system: str | None, confidence: str | None) -> None:
    found = judge(*said)
    assert (found["operating_system"], found["confidence"].get("operating_system")) == (system, confidence)
    assert found["conflicts"] == []


@pytest.mark.parametrize(
    ("said", "system", "conflict"),
    [
        # The strongest evidence wins, and the other side is listed
        ([("os_version", "10.0.19045"), ("http_user_agent", WINDOWS_7)], "Windows 10",
         "Windows 10 vs Windows 7 or Server 2008 R2"),
        ([("http_user_agent", WINDOWS_7), ("tcp_syn", LINUX_SYN)], "Windows 7 or Server 2008 R2",
         "Linux vs Windows 7 or Server 2008 R2"),
        # As strong: nobody knows
        ([("os_version", "10.0.19045"), ("os_version", "6.1.7601")], None, "Windows 10 vs Windows 7 or Server 2008 R2"),
        ([("tcp_syn", LINUX_SYN), ("tcp_syn", WINDOWS_SYN)], None, "Linux vs Windows"),
        ([("os_version", "10.0.19045"), ("os_version", "6.1.7601"), ("dhcp_vendor_class", "MSFT 5.0")], None,
         "Windows 10 vs Windows 7 or Server 2008 R2"),
        # What refines must agree with itself
        ([("tcp_syn", LINUX_SYN), ("ssh_software", "OpenSSH_7.2p2 Ubuntu-4ubuntu2.2"),
          ("http_server", "Apache/2.4.52 (Debian)")], "Ubuntu", "Debian vs Ubuntu"),
    ],
)  # fmt: skip
def test_contradictions_are_listed(said: list[tuple[str, str]], system: str | None, conflict: str) -> None:
    found = judge(*said)
    assert found["operating_system"] == system
    assert found["conflicts"] == [f"operating_system: {conflict}"]


def test_refinements_that_disagree_leave_the_family() -> None:
    found = judge(
        ("system_description", "Linux x 5.10.0-9-amd64 #1 SMP"),
        ("ssh_software", "OpenSSH_7.2p2 Ubuntu-4ubuntu2.2"),
        ("ssh_software", "SSH-2.0-OpenSSH_8.4p1 Debian-5"),
    )
    assert found["operating_system"] == "Linux 5.10"


def test_a_server_behind_a_proxy_does_not_tell_the_proxys_system() -> None:
    s = Scene()
    client, proxy = host(s, 1), host(s, 2)
    s.flow(client, proxy, 80, "http")
    s.say(proxy, "http_server", "Apache/2.4.52 (Debian)", "peer", 80, protocol="http")
    s.say(proxy, "http_via", "1.1 proxy", "peer", 80, protocol="http")
    assert s.devices()["10.0.0.2"]["operating_system"] is None


def test_trap_forwarded_by_another_tells_nothing() -> None:
    s = Scene()
    s.say(
        host(s), "system_description", "Xerox WorkCentre 5665 v1 Multifunction System; ESS", "object", protocol="snmp"
    )
    found = s.devices()["10.0.0.1"]
    assert (found["role"], found["manufacturer"], found["manufacturer_model_name"]) == ("unknown", None, None)


# -- Hardware ----------------------------------------------------------------------------------------------------


def hardware(found: dict[str, Any]) -> tuple[Any, ...]:
    return (
        found["manufacturer"],
        found["manufacturer_model_name"],
        found["device_serial_number"],
        found["software_versions"],
    )


INVENTORY = {"ManufacturerName": "Mitel", "ModelName": "6867i", "SerialNumber": "0815", "FirmwareRevision": "4.2"}


@pytest.mark.parametrize(
    ("attribute", "value", "expected", "confidence"),
    [
        ("hardware_inventory", INVENTORY, ("Mitel", "6867i", "0815", ["4.2"]), "high"),
        ("hardware_inventory", INVENTORY | {"ManufacturerName": "Philips Medical Systems", "SerialNumber": "N/A"},
         ("Philips", "6867i", None, ["4.2"]), "high"),
        ("dhcp_vendor_class", "Mfg=Xerox;Typ=MFP;Mod=VersaLink C405;Ser=ABC123456;Loc=Print Room",
         ("Xerox", "VersaLink C405", "ABC123456", []), "medium"),
        ("printer_id", "HP LaserJet 4100 Series", ("HP", "LaserJet 4100", None, []), "medium"),
        ("printer_id", "Unheard of 4711", (None, "Unheard of 4711", None, []), None),
        ("printer_id", "MFG:Xerox;CMD:PCL;MDL:WorkCentre 7120;", ("Xerox", "WorkCentre 7120", None, []), "medium"),
        ("mdns_service", {"ServiceType": "_pdl-datastream._tcp", "Manufacturer": "Canon", "Model": "iR-ADV C3520"},
         ("Canon", "iR-ADV C3520", None, []), "medium"),
        # A computer may share any printer
        ("mdns_service", {"ServiceType": "_ipp._tcp", "Manufacturer": "Canon", "Model": "iR-ADV C3520"},
         (None, None, None, []), None),
        ("platform", "cisco WS-C3560G-24PS", ("Cisco", "WS-C3560G-24PS", None, []), "medium"),
        ("snmp_object_id", "1.3.6.1.4.1.3592.2.1.1.0", ("Dräger", None, None, []), "low"),
        ("snmp_object_id", "1.3.6.1.4.1.8072.3.2.10", (None, None, None, []), None),
        ("wsd_scopes", ["onvif://www.onvif.org/hardware/DS-2CD2043G2-I"], (None, "DS-2CD2043G2-I", None, []), None),
        ("astm_sender", {"SenderName": "H550", "Model": "Yumizen H550", "SerialNumber": "1234"},
         (None, "Yumizen H550", "1234", []), None),
        # Neither an SSH server's program nor a card's vendor is hardware
        ("ssh_software", "SSH-2.0-OpenSSH_5.9p1", (None, None, None, []), None),
    ],
)  # fmt: skip
def test_hardware(attribute: str, value: object, expected: tuple[Any, ...], confidence: str | None) -> None:
    s = Scene()
    s.say(host(s), attribute, value, protocol="x")
    found = s.devices()["10.0.0.1"]
    assert hardware(found) == expected
    assert found["confidence"].get("manufacturer") == confidence


def test_the_strongest_hardware_evidence_decides() -> None:
    s = Scene()
    phone = host(s)
    s.say(phone, "hardware_inventory", INVENTORY, protocol="lldp")
    s.say(phone, "snmp_object_id", "1.3.6.1.4.1.9.1.1", protocol="snmp")
    s.say(phone, "dhcp_vendor_class", "Polycom-VVX410", protocol="dhcp")
    assert hardware(s.devices()["10.0.0.1"]) == ("Mitel", "6867i", "0815", ["4.2"])


def test_a_server_of_many_printers_is_none_of_them() -> None:
    s = Scene()
    server = host(s)
    for model in ("LaserJet 1", "LaserJet 2"):
        s.say(server, "mdns_service", {"ServiceType": "_pdl-datastream._tcp", "Manufacturer": "HP", "Model": model},
              protocol="mdns")  # fmt: skip
    assert s.devices()["10.0.0.1"]["manufacturer_model_name"] is None


def test_the_computer_of_a_modality_does_not_name_the_modality() -> None:
    s = Scene()
    ct, pacs = host(s, 1, software=DCMTK), host(s, 2)
    s.say(ct, "scheduled_station", {"Modality": "CT"})
    s.send(ct, pacs, "CT1", "PACS", CANON)
    s.say(ct, "hardware_inventory", {"ManufacturerName": "HP", "ModelName": "Z840", "SerialNumber": "CZC1"},
          protocol="lldp")  # fmt: skip
    con = s.derive()
    (found,) = rows_of(con, "FROM device WHERE list_contains(ip_addresses, '10.0.0.1')")
    assert hardware(found) == ("Canon Medical Systems", "Aquilion ONE", "1CA1952201", ["V6.00ER006"])
    why = rows_of(con, "SELECT field, value, used FROM evidence WHERE wire LIKE '%Z840%' ORDER BY field")
    assert [(row["field"], row["value"], row["used"]) for row in why] == [
        ("device_serial_number", "CZC1", False),
        ("manufacturer", "HP", False),
        ("manufacturer_model_name", "Z840", False),
    ]


# -- Programs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("protocol", "port", "attribute", "value", "product", "version"),
    [
        ("ssh", 22, "ssh_software", "SSH-2.0-OpenSSH_8.4p1 Debian-5+deb11u1", "OpenSSH", "8.4p1"),
        ("ssh", 22, "ssh_software", "SSH-2.0-mystery", None, None),
        ("ftp", 21, "ftp_banner", "(vsFTPd 2.0.5)", "vsftpd", "2.0.5"),
        ("vnc", 5900, "vnc_version", "003.008", "RFB", "003.008"),
        ("smb", 445, "smb_dialect", "3.1.1", "SMB", "3.1.1"),
        ("snmp", 161, "snmp_version", "2c", "SNMP", "2c"),
    ],
)
def test_product_of_a_service(
    protocol: str, port: int, attribute: str, value: str, product: str | None, version: str | None
) -> None:
    s = Scene()
    client, server = host(s, 1), host(s, 2)
    s.flow(client, server, port, protocol)
    s.say(server, attribute, value, "peer", port, protocol=protocol)
    con = s.derive()
    (found,) = rows_of(con, "FROM device WHERE list_contains(ip_addresses, '10.0.0.2')")
    assert [(x["protocol"], x["product"], x["version"]) for x in found["services"]] == [(protocol, product, version)]
    why = rows_of(con, f"SELECT value FROM evidence WHERE field = 'services' AND wire = '{value}'")
    assert why == [{"value": f"{port}/{protocol}"}]


def test_every_value_leads_to_a_frame() -> None:
    s = Scene()
    one = host(s)
    for attribute, value in (
        ("hostname", "ct1"),
        ("os_version", "10.0.19045"),
        ("hardware_inventory", INVENTORY),
        ("system_capabilities", ["telephone"]),
        ("dhcp_vendor_class", "MSFT 5.0"),
    ):
        s.say(one, attribute, value, protocol="x")
    con = s.derive()
    assert rows_of(con, "FROM evidence WHERE used AND (capture <> 'scene.pcap' OR frame IS NULL)") == []
    fields = {row["field"] for row in rows_of(con, "SELECT DISTINCT field FROM evidence WHERE used")}
    assert {"hostnames", "operating_system", "manufacturer", "manufacturer_model_name", "role"} <= fields


def test_a_thousand_statements_are_bounded() -> None:
    s = Scene()
    client, noisy = host(s, 1), host(s, 2)
    s.flow(client, noisy, 22, "ssh")
    for n in range(300):
        s.say(noisy, "system_description", f"Linux x {n}.1 #1 SMP", protocol="snmp")
        s.say(noisy, "ssh_software", f"SSH-2.0-OpenSSH_{n}.1", "peer", 22, protocol="ssh")
        s.say(noisy, "hardware_inventory", {"ModelName": f"M{n}", "SoftwareRevision": f"{n}"}, protocol="lldp")
    con = s.derive()
    (found,) = rows_of(con, "FROM device WHERE list_contains(ip_addresses, '10.0.0.2')")
    assert found["manufacturer_model_name"] is None
    assert len(found["software_versions"]) <= 16
    (told,) = rows_of(con, "SELECT count(*) AS n FROM evidence")
    assert told["n"] < 200
