"""The recorded clinic, as the facts its traffic yields: three modalities, a VNA, a workstation, RIS, engine and EHR."""

from __future__ import annotations

from functools import cache
from typing import Any

from tests.inventory.attribution.scene import (
    CANON,
    CT,
    ECHO,
    GE,
    MR,
    SIEMENS,
    STUDY_FIND,
    STUDY_MOVE,
    US,
    WORKLIST,
    Scene,
    rows_of,
)

NET = "192.168.50."
BROWSER = "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36"


def clinic() -> Scene:
    s = Scene()
    ct = s.host(NET + "11", "00:00:39:c7:00:11")
    mr = s.host(NET + "12", "08:00:06:5d:00:12", software=("1.3.12.2.1107.5.2.19.45123", "MR_VE11C"))
    us = s.host(NET + "13", "00:16:98:00:00:13", software=("1.2.840.113619.6.391", "E95_203"))
    vna = s.host(NET + "40", "52:54:00:a0:00:40")
    ris = s.host(NET + "41", "52:54:00:a0:00:41")
    hub = s.host(NET + "42", "52:54:00:a0:00:42")
    ehr = s.host(NET + "43", "52:54:00:a0:00:43")
    rad = s.host(NET + "71", "d4:be:d9:00:00:71")
    web = s.host(NET + "72", "f0:92:1c:00:00:72")
    opinion = s.host("81.2.69.160", "00:1b:21:00:09:01")  # public, and yet it answers ARP in the recording
    portal = s.host("151.101.1.69", "00:1b:21:00:09:02")

    s.associate(ct, vna, 11112, "AQONE", "WRONGAE", accepted=False)
    s.associate(ct, vna, 11112, "AQONE", "VNA1")
    s.dimse(ct, vna, 11112, "C-ECHO", ECHO)
    s.say(vna, "scp_sop_classes", [ECHO], port=11112)
    s.associate(ct, ris, 105, "AQONE", "CLINMWL")
    s.say(ct, "scheduled_station", {"Modality": "CT"})
    s.dimse(ct, ris, 105, "C-FIND", WORKLIST)
    s.say(ris, "scp_sop_classes", [WORKLIST], port=105)
    for sender, title, equipment in ((ct, "AQONE", CANON), (mr, "SKYRA", SIEMENS), (us, "VIVID1", GE)):
        s.associate(sender, vna, 11112, title, "VNA1")
        s.say(sender, "scu_sop_classes", [CT, MR, US])
        s.say(vna, "scp_sop_classes", [CT, MR, US], port=11112)
        s.store(sender, vna, 11112, equipment, f"series of {title}")

    s.associate(rad, vna, 11112, "RAD1", "VNA1")
    s.dimse(rad, vna, 11112, "C-FIND", STUDY_FIND)
    s.say(rad, "move_destination", "RAD1")
    s.dimse(rad, vna, 11112, "C-MOVE", STUDY_MOVE)
    s.associate(vna, rad, 104, "VNA1", "RAD1")
    s.say(vna, "move_originator_ae_title", "RAD1")
    s.say(rad, "scp_sop_classes", [CT, MR], port=104)
    s.store(vna, rad, 104, CANON, "series of AQONE")
    s.associate(vna, opinion, 11112, "VNA1", "SECONDOP")
    s.store(vna, opinion, 11112, CANON, "series of AQONE")
    s.flows[-1]["clear_patient_data"] = True

    s.flow(web, vna, 8080, "http")
    s.say(web, "http_user_agent", BROWSER, protocol="http")
    s.say(web, "http_credentials", "basic", protocol="http")
    s.say(vna, "http_service", "orthanc-explorer", "claim", 8080, protocol="http")
    s.flow(web, ehr, 8081, "http")
    s.say(ehr, "http_server", "Jetty(9.4.48.v20220622)", "peer", 8081, protocol="http")
    s.say(ehr, "http_powered_by", "HAPI FHIR 6.4.0 REST Server", "peer", 8081, protocol="http")
    s.say(ehr, "http_software", {"name": "HAPI FHIR Server", "version": "6.4.0"}, "peer", 8081, protocol="http")
    for number in range(3):
        s.message(ehr, hub, "EPICADT", f"message {number}", "Epic Systems Corporation")
        s.message(hub, ris, "EPICADT", f"message {number}", "Epic Systems Corporation")
        s.say(hub, "hl7_sender", {"SendingApplication": "HUB"}, "object", 2575, protocol="hl7")
        s.say(ris, "hl7_sender", {"SendingApplication": "CLINRIS"}, "object", 2575, protocol="hl7")
    s.flow(web, portal, 443, "tls", encrypted=True, sni="portal.clinic.example")
    return s


@cache
def devices() -> dict[str, dict[str, Any]]:
    return clinic().devices()


def has(ip: str, **expected: object) -> None:
    device = devices()[NET + ip]
    assert {name: device[name] for name in expected} == expected


def test_hosts_of_the_site_are_the_only_devices() -> None:
    assert sorted(devices()) == sorted(NET + n for n in ("11", "12", "13", "40", "41", "42", "43", "71", "72"))
    assert not any(device["addressless"] for device in devices().values())


def test_modalities_own_what_they_send() -> None:
    has(
        "11",
        role="modality",
        roles=["modality"],
        modalities=["CT"],
        manufacturer="Canon Medical Systems",
        manufacturer_model_name="Aquilion ONE",
        device_serial_number="1CA1952201",
        software_versions=["V6.00ER006"],
        station_name="AQ1",
        institution_name="Example Clinic",
        ae_titles=["AQONE"],
        toolkits=["OFFIS DCMTK 3.6.7"],
        mac_addresses=["00:00:39:c7:00:11"],
        mac_vendor="Maker of 00:00:39",
        services=[],
        conflicts=[],
    )
    assert devices()[NET + "11"]["confidence"]["device_serial_number"] == "high"  # it asks the worklist
    has(
        "12",
        role="modality",
        modalities=["MR"],
        manufacturer="Siemens Healthineers",
        manufacturer_model_name="Skyra",
        device_serial_number="45123",
        station_name="MRC45123",
        ae_titles=["SKYRA"],
        implementation_class_uids=["1.3.12.2.1107.5.2.19.45123"],
        toolkits=[],
        conflicts=[],
    )
    confidence = devices()[NET + "12"]["confidence"]
    assert (confidence["manufacturer"], confidence["device_serial_number"]) == ("high", "medium")
    has(
        "13",
        role="modality",
        modalities=["US"],
        manufacturer="GE HealthCare",
        manufacturer_model_name="Vivid E95",
        device_serial_number="VE95-001234",
        software_versions=["203.66", "EchoPAC"],
        station_name="VIVIDE95-1",
        ae_titles=["VIVID1"],
    )


def test_archive_and_workstation_inherit_nothing() -> None:
    nothing: dict[str, object] = {
        "modalities": [],
        "manufacturer": None,
        "manufacturer_model_name": None,
        "device_serial_number": None,
        "software_versions": [],
        "station_name": None,
        "institution_name": None,
        "conflicts": [],
    }
    has("40", role="archive", ae_titles=["VNA1"], public_peers=["81.2.69.160"], **nothing)
    has("71", role="workstation", roles=["workstation"], ae_titles=["RAD1"], **nothing)
    assert [(s["port"], s["protocol"], s["product"]) for s in devices()[NET + "40"]["services"]] == [
        (8080, "http", "Orthanc"),
        (11112, "dicom", None),
    ]


def test_worklist_engine_and_ehr() -> None:
    has("41", role="worklist", roles=["hl7_receiver", "worklist"], ae_titles=["CLINMWL"], manufacturer=None)
    has("42", role="hl7_engine", roles=["hl7_engine"], manufacturer=None)
    has("43", role="hl7_sender", roles=["hl7_sender", "web_server"], manufacturer="Epic Systems")
    (service,) = devices()[NET + "43"]["services"]
    assert service == {
        "port": 8081,
        "transport": "tcp",
        "protocol": "http",
        "encrypted": False,
        "product": "HAPI FHIR Server",
        "version": "6.4.0",
    }
    has("72", role="client", operating_system="Windows 7 or Server 2008 R2", public_peers=["151.101.1.69"])


def test_public_conversations() -> None:
    con = clinic().derive()
    flows = rows_of(con, "FROM conversation WHERE client_public OR server_public ORDER BY server_ip")
    names = [
        "client_ip",
        "server_ip",
        "server_port",
        "protocol",
        "direction",
        "clear_patient_data",
        "sni",
        "server_device_id",
    ]
    assert [tuple(flow[name] for name in names) for flow in flows] == [
        (NET + "72", "151.101.1.69", 443, "tls", "outbound", False, "portal.clinic.example", None),
        (NET + "40", "81.2.69.160", 11112, "dicom", "outbound", True, None, None),
    ]


def test_every_value_leads_to_a_frame() -> None:
    con = clinic().derive()
    assert rows_of(con, "FROM evidence WHERE used AND (capture <> 'scene.pcap' OR frame IS NULL)") == []
    serial = rows_of(
        con,
        "SELECT value, class, used, reason FROM evidence JOIN device USING (device_id)"
        f" WHERE field = 'device_serial_number' AND list_contains(ip_addresses, '{NET}40')",
    )
    assert serial == [
        {
            "value": "1CA1952201",
            "class": "object",
            "used": False,
            "reason": "it accepts objects, so what it sends may be others'",
        }
    ]
    wrong = rows_of(con, "SELECT used, reason FROM evidence WHERE value = 'WRONGAE' ORDER BY reason")
    assert wrong == [
        {"used": False, "reason": "it rejected associations for it"},
        {"used": False, "reason": "others called it so; that alone proves nothing"},
    ]


def test_device_keys() -> None:
    con = clinic().derive()
    keys = rows_of(con, "SELECT kind, key FROM device_key JOIN device USING (device_id) WHERE role = 'archive'")
    kinds = sorted((row["kind"], row["key"]) for row in keys if row["kind"] != "id")
    assert kinds == [("ae_title", "VNA1"), ("ip", NET + "40"), ("mac", "52:54:00:a0:00:40")]
    assert len(keys) == 5  # and two ids: by MAC and by address
