from __future__ import annotations

import io

from inventory.dicom_ldap import Written, write_directory
from tests.inventory.attribution.scene import CANON, CT, ECHO, WORKLIST, Host, Scene
from tests.inventory.directory import Entry, judge, read_ldif, read_name

BASE = "dc=example,dc=org"
LITTLE, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
ONE, TWO = ("10.0.0.1", "02:00:00:00:00:01"), ("10.0.0.2", "02:00:00:00:00:02")


def directory(scene: Scene, base: str = BASE, site: str | None = None) -> tuple[list[Entry], Written]:
    file = io.StringIO()
    written = write_directory(scene.derive(), base, site, file)
    entries = read_ldif(file.getvalue())
    judge(entries, base)
    return entries, written


def of_kind(entries: list[Entry], kind: str) -> list[Entry]:
    return [entry for entry in entries if entry.kind == kind]


def clinic() -> Scene:
    scene = Scene()
    ct, pacs = scene.host(*ONE), scene.host(*TWO)
    scene.send(ct, pacs, "CT1", "PACS", CANON)
    scene.say(ct, "scu_sop_classes", [CT, WORKLIST])
    scene.say(pacs, "scp_sop_classes", [CT, ECHO], "peer", 104)
    scene.say(pacs, "transfer_syntaxes", [LITTLE, EXPLICIT], "peer", 104)
    return scene


def test_the_tree() -> None:
    entries, written = directory(clinic())
    assert written == Written(titles=2, left_out=0, shared=0)
    assert [entry.name for entry in entries[:3]] == [
        read_name(f"cn=DICOM Configuration,{BASE}"),
        read_name(f"cn=Devices,cn=DICOM Configuration,{BASE}"),
        read_name(f"cn=Unique AE Titles Registry,cn=DICOM Configuration,{BASE}"),
    ]
    assert {entry["dicomAETitle"] for entry in of_kind(entries, "dicomUniqueAETitle")} == {"CT1", "PACS"}
    assert {
        (c["dicomHostname"], *c.attributes.get("dicomPort", [])) for c in of_kind(entries, "dicomNetworkConnection")
    } == {
        ("10.0.0.1",),
        ("10.0.0.2", "104"),
    }


def test_devices_say_what_is_known_of_them() -> None:
    entries, _ = directory(clinic())
    ct = next(entry for entry in of_kind(entries, "dicomDevice") if "dicomStationName" in entry.attributes)
    assert {
        name: values for name, values in ct.attributes.items() if name not in ("objectClass", "dicomDeviceName")
    } == {
        "dicomInstalled": ["TRUE"],
        "dicomDescription": ["modality"],
        "dicomManufacturer": ["Canon Medical Systems"],
        "dicomManufacturerModelName": ["Aquilion ONE"],
        "dicomStationName": ["AQ1"],
        "dicomDeviceSerialNumber": ["1CA1952201"],
        "dicomInstitutionName": ["Example Clinic"],
        "dicomSoftwareVersion": ["V6.00ER006"],
        "dicomPrimaryDeviceType": ["CT"],
    }


def test_application_entities_and_their_capabilities() -> None:
    entries, _ = directory(clinic())
    entities = {entry["dicomAETitle"]: entry for entry in of_kind(entries, "dicomNetworkAE")}
    flags = {
        title: (entry["dicomAssociationInitiator"], entry["dicomAssociationAcceptor"])
        for title, entry in entities.items()
    }
    assert flags == {"CT1": ("TRUE", "FALSE"), "PACS": ("FALSE", "TRUE")}
    told = {
        (entry.name[1][1], entry["dicomTransferRole"], entry["dicomSOPClass"]): entry.attributes["dicomTransferSyntax"]
        for entry in of_kind(entries, "dicomTransferCapability")
    }
    assert told == {
        ("CT1", "SCU", CT): [LITTLE],  # what every implementation has: more is not told
        ("CT1", "SCU", WORKLIST): [LITTLE],
        ("PACS", "SCP", CT): [LITTLE, EXPLICIT],
        ("PACS", "SCP", ECHO): [LITTLE, EXPLICIT],
    }


def test_a_title_of_two_devices_is_registered_once_and_told_of() -> None:
    scene = clinic()
    scene.associate(scene.host("10.0.0.3", "02:00:00:00:00:03"), scene.host(*TWO), 104, "CT1", "PACS")
    entries, written = directory(scene)
    assert written == Written(titles=3, left_out=0, shared=1)
    assert [e["dicomAETitle"] for e in of_kind(entries, "dicomUniqueAETitle")].count("CT1") == 1
    assert [e["dicomAETitle"] for e in of_kind(entries, "dicomNetworkAE")].count("CT1") == 2


def test_outside_and_rejected_titles() -> None:
    scene = clinic()
    pacs = scene.host(*TWO)
    scene.associate(pacs, Host("81.2.69.160", "02:00:00:00:00:fe"), 11112, "PACS", "SECONDOP")
    scene.associate(scene.host(*ONE), pacs, 104, "CT1", "WRONG", accepted=False)
    entries, written = directory(scene)
    assert written.titles == 3
    names = {entry["dicomAETitle"]: entry.name[1][1] for entry in of_kind(entries, "dicomNetworkAE")}
    assert names["SECONDOP"] == "clinic 81.2.69.160"
    assert "WRONG" not in names
    assert (
        "TRUE"
        in next(e for e in entries if e.name[0] == ("dicomAETitle", "PACS") and e.kind == "dicomNetworkAE")[
            "dicomAssociationInitiator"
        ]
    )


def test_only_one_site() -> None:
    scene = clinic()
    scene.associate(scene.host(*ONE, site="south"), scene.host(*TWO, site="south"), 104, "CT9", "PACS9")
    entries, _ = directory(scene, site="south")
    assert {entry["dicomAETitle"] for entry in of_kind(entries, "dicomNetworkAE")} == {"CT9", "PACS9"}
    assert len(of_kind(directory(scene)[0], "dicomNetworkAE")) == 4


def test_hostile_titles() -> None:
    titles = [
        "A\\,dc=evil", " CT", "#CT", "CT,cn=x", 'a"b', "<file:///etc/passwd", ": x", "dn: cn=evil", "x" * 256, "+=;<>",
        "a  b", "a b", "é", "\ufffd\ufffd", " ",
    ]  # fmt: skip
    scene = Scene()
    pacs = scene.host(*TWO)
    for number, title in enumerate(titles):
        scene.associate(scene.host(f"10.0.1.{number}", f"02:00:00:00:01:{number:02x}"), pacs, 104, title, "PACS")
    entries, written = directory(scene)
    assert {e["dicomAETitle"] for e in of_kind(entries, "dicomNetworkAE")} == {
        t for t in titles if t.isascii() and t.strip()
    } | {"PACS"}
    assert written == Written(titles=len(titles) - 3 + 1, left_out=3, shared=1)  # "a b" is "a  b" to a directory


def test_hostile_identifiers_and_attributes() -> None:
    scene = Scene()
    ct, pacs = scene.host(*ONE), scene.host(*TWO)
    hostile = CANON | {
        "Manufacturer": "Evil\u00a0Corp: <x>",
        "StationName": " #station,dc=evil",
        "SoftwareVersions": ["V1", "v1", "V 1", "V  1"],
    }
    scene.send(ct, pacs, "CT1", "PACS", hostile)
    scene.say(ct, "scu_sop_classes", ["1.2.3", "01.2", "1..2", ".", "9.9", "1.2.840.10008.5.1.4.1.1.2", "1" * 64])
    scene.say(pacs, "transfer_syntaxes", ["x"], "peer", 104)
    scene.say(pacs, "scp_sop_classes", [CT], "peer", 104)
    entries, _ = directory(scene)
    told = {entry["dicomSOPClass"] for entry in of_kind(entries, "dicomTransferCapability")}
    assert told == {"1.2.3", CT}
    ct_entry = next(entry for entry in of_kind(entries, "dicomDevice") if "dicomStationName" in entry.attributes)
    assert ct_entry["dicomStationName"] == " #station,dc=evil"
    assert len(ct_entry.attributes["dicomSoftwareVersion"]) == 2  # by a directory's way of comparing


def test_an_empty_inventory() -> None:
    entries, written = directory(Scene(), base="o=Sometown Hospital")
    assert (len(entries), written) == (3, Written(0, 0, 0))
