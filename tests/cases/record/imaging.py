"""Cases of those who make images, and of the names they go by."""

from __future__ import annotations

import time
from pathlib import Path

from tests.cases.record.lab import Lab, tool
from tests.cases.record.objects import (
    CANON_CT,
    CANON_SOFTWARE,
    CAPTURE,
    GE_SOFTWARE,
    GE_US,
    SIEMENS_MR,
    SIEMENS_SOFTWARE,
    write,
)

CT_IP, MR_IP, ARCHIVE_IP, RIS_IP = "10.20.0.11", "10.20.0.12", "10.20.0.40", "10.20.0.41"

# Spellings met in public image collections (tests/inventory/idc_manufacturers.csv) and in makers' documents.
GE_SPELLINGS = (
    *("GE", "GEHC", "GE Healthcare", "GE HEALTHCARE", "GE Medical Systems", "GE MEDICAL SYSTEMS", "GEMS"),
    *("GE Healthcare Technologies", "G.E. Medical Systems", "GE Vingmed Ultrasound", "GE Ultrasound"),
    *("GE Medical Systems Kretztechnik", "General Electric"),
)


def modality_worklist_mpps(lab: Lab, capture: Path) -> None:
    """A CT asks its worklist (DCMTK), reports what it performs (MPPS), and stores to an Orthanc."""
    ct, archive, ris = lab.host(CT_IP), lab.host(ARCHIVE_IP), lab.host(RIS_IP)
    archive.orthanc(lab.folder / "archive", "VNA1")
    ris.serve("serve", 106, titles=["RIS"], schedules=["CT"], tracks=True)
    files = write(lab.folder / "ct", CANON_CT, 2)
    names = ("Modality", "Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "SoftwareVersions")
    step = {name: CANON_CT[name] for name in names} | {"PerformedStationName": "AQ1"}
    sender = {"calling": "CT1", "software": CANON_SOFTWARE}
    with lab.recorded(capture):
        ct.act("worklist", to=RIS_IP, port=106, called="RIS", modality="CT", **sender)
        ct.act("perform", to=RIS_IP, port=106, called="RIS", step=step, **sender)
        ct.act("store", to=ARCHIVE_IP, port=11112, called="VNA1", files=files, **sender)


def commitment_reverse(lab: Lab, capture: Path) -> None:
    """An MR asks an Orthanc to commit to its images; the answer comes on an association that the archive opens."""
    mr, archive = lab.host(MR_IP), lab.host(ARCHIVE_IP)
    archive.orthanc(lab.folder / "archive", "VNA1", {"mr": ("SKYRA", MR_IP, 104)})
    files = write(lab.folder / "mr", SIEMENS_MR, 2)
    sending = {"to": ARCHIVE_IP, "port": 11112, "calling": "SKYRA", "called": "VNA1", "software": SIEMENS_SOFTWARE}
    with lab.recorded(capture):
        mr.act("store", files=files, **sending)
        mr.act("commit", files=files, **sending)


def titles_many_and_shared(lab: Lab, capture: Path) -> None:
    """A dcmqrscp answers to five AE titles on one port; two hosts go by the one title CT1."""
    ct, other, archive = lab.host(CT_IP), lab.host(MR_IP), lab.host(ARCHIVE_IP)
    titles = ["PACS1", "PACS2", "TEACHING", "RESEARCH", "MAMMO"]
    lines = ["NetworkTCPPort = 104", "MaxPDUSize = 16384", "MaxAssociations = 16", "HostTable BEGIN", "HostTable END"]
    lines += ["VendorTable BEGIN", "VendorTable END", "AETable BEGIN"]
    for title in titles:
        (lab.folder / title).mkdir()
        lines.append(f"{title} {lab.folder / title} RW (200, 1024mb) ANY")
    (lab.folder / "dcmqrscp.cfg").write_text("\n".join([*lines, "AETable END", ""]))
    archive.start("dcmqrscp", "-c", lab.folder / "dcmqrscp.cfg")
    archive.wait(104)
    first, second = write(lab.folder / "ct", CANON_CT, 1), write(lab.folder / "mr", SIEMENS_MR, 1)
    with lab.recorded(capture):
        for title in titles:
            ct.run("echoscu", "-aet", "CT1", "-aec", title, ARCHIVE_IP, 104)
        ct.act("store", to=ARCHIVE_IP, calling="CT1", called="PACS1", files=first, software=CANON_SOFTWARE)
        other.act("store", to=ARCHIVE_IP, calling="CT1", called="MAMMO", files=second, software=SIEMENS_SOFTWARE)


def associations_refused(lab: Lab, capture: Path) -> None:
    """An Orthanc that minds its title rejects one call, a storescp refuses everything, and a sender aborts."""
    ct, archive, closed = lab.host(CT_IP), lab.host(ARCHIVE_IP), lab.host(RIS_IP)
    archive.orthanc(lab.folder / "archive", "VNA1", DicomCheckCalledAet=True)
    closed.start("storescp", "--refuse", "-aet", "CLOSED", "-od", lab.folder, 104)
    closed.wait(104)
    with lab.recorded(capture):
        ct.run("echoscu", "-aet", "CT1", "-aec", "WRONGAE", ARCHIVE_IP, 11112, check=False)
        ct.run("echoscu", "-aet", "CT1", "-aec", "CLOSED", RIS_IP, 104, check=False)
        ct.run("echoscu", "--abort", "-aet", "CT1", "-aec", "VNA1", ARCHIVE_IP, 11112)


def ge_spellings(lab: Lab, capture: Path) -> None:
    """Thirteen ultrasound scanners of one maker, each spelling its name another way."""
    archive = lab.host(ARCHIVE_IP)
    archive.orthanc(lab.folder / "archive", "VNA1")
    hosts = [lab.host(f"10.20.0.{110 + number}") for number in range(len(GE_SPELLINGS))]
    with lab.recorded(capture):
        for number, (host, spelling) in enumerate(zip(hosts, GE_SPELLINGS, strict=True)):
            named = {
                "Manufacturer": spelling,
                "DeviceSerialNumber": f"US{7000 + number}",
                "StationName": f"US-{number}",
            }
            files = write(lab.folder / f"us{number}", GE_US | named)
            sending = {"to": ARCHIVE_IP, "port": 11112, "calling": f"ECHO{number}", "called": "VNA1"}
            host.act("store", files=files, software=GE_SOFTWARE, **sending)


def title_blank(lab: Lab, capture: Path) -> None:
    """An ultrasound that calls itself nothing but blanks, and whose images have no station name."""
    us, archive = lab.host(CT_IP), lab.host(ARCHIVE_IP)
    archive.serve("serve", 104, titles=["VNA1"], stores=True, lenient=True)
    files = write(lab.folder / "us", GE_US | {"StationName": ""})
    with lab.recorded(capture):
        us.act("store", to=ARCHIVE_IP, calling=" ", called="VNA1", files=files, software=GE_SOFTWARE)


def captures_of_others(lab: Lab, capture: Path) -> None:
    """A CT stores its images, and secondary captures that its console printed from another maker's MR."""
    ct, archive, ris = lab.host(CT_IP), lab.host(ARCHIVE_IP), lab.host(RIS_IP)
    archive.orthanc(lab.folder / "archive", "VNA1")
    ris.serve("serve", 105, titles=["RIS"], schedules=["CT"])
    other = {"SOPClassUID": CAPTURE, "Modality": "OT", "ImageType": ["DERIVED", "SECONDARY"]}
    files = [*write(lab.folder / "ct", CANON_CT, 2), *write(lab.folder / "sc", SIEMENS_MR | other)]
    sender = {"calling": "CT1", "software": CANON_SOFTWARE}
    with lab.recorded(capture):
        ct.act("worklist", to=RIS_IP, called="RIS", modality="CT", **sender)
        ct.act("store", to=ARCHIVE_IP, port=11112, called="VNA1", files=files, **sender)


def toolkit_alone(lab: Lab, capture: Path) -> None:
    """A CT whose software is a common toolkit (DCMTK) and that is seen storing only."""
    ct, archive = lab.host(CT_IP), lab.host(ARCHIVE_IP)
    archive.start("storescp", "-aet", "VNA1", "-od", lab.folder, 104)
    archive.wait(104)
    write(lab.folder / "ct", CANON_CT, 3)
    with lab.recorded(capture):
        ct.run("dcmsend", "-aet", "CTROOM2", "-aec", "VNA1", ARCHIVE_IP, 104, "+sd", lab.folder / "ct")


def software_upgrade(lab: Lab, capture: Path) -> None:
    """An MR stores with one software version, is upgraded, and stores with the next."""
    mr, archive, ris = lab.host(MR_IP), lab.host(ARCHIVE_IP), lab.host(RIS_IP)
    archive.orthanc(lab.folder / "archive", "VNA1")
    ris.serve("serve", 105, titles=["RIS"], schedules=["MR"])
    with lab.recorded(capture):
        for version, name in (("syngo MR E11", "MR_VE11C"), ("syngo MR XA30", "MR_VXA30")):
            files = write(lab.folder / name, SIEMENS_MR | {"SoftwareVersions": version})
            sender = {"calling": "SKYRA", "software": (SIEMENS_SOFTWARE[0], name)}
            mr.act("worklist", to=RIS_IP, called="RIS", modality="MR", **sender)
            mr.act("store", to=ARCHIVE_IP, port=11112, called="VNA1", files=files, **sender)
            time.sleep(1)


def nat_two_devices(lab: Lab, capture: Path) -> None:
    """A CT and an MR behind one address: a gateway translates (nftables), and the archive sees only the gateway."""
    tool("nftables:nft")
    gateway, archive = lab.host("10.20.0.30"), lab.host(ARCHIVE_IP)
    ct = lab.host("192.168.77.11", behind=gateway)
    mr = lab.host("192.168.77.12", behind=gateway)
    gateway.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    gateway.run("nft", "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }")
    gateway.run("nft", "add rule ip nat post oifname eth0 masquerade")
    archive.orthanc(lab.folder / "archive", "VNA1")
    with lab.recorded(capture):
        for _ in range(2):
            for host, title, equipment, software in (
                (ct, "AQ1", CANON_CT, CANON_SOFTWARE),
                (mr, "SKYRA", SIEMENS_MR, SIEMENS_SOFTWARE),
            ):
                files = write(lab.folder / title, equipment)[:1]
                sending = {"to": ARCHIVE_IP, "port": 11112, "calling": title, "called": "VNA1"}
                host.act("store", files=files, software=software, **sending)


CASES = (
    modality_worklist_mpps,
    commitment_reverse,
    titles_many_and_shared,
    associations_refused,
    ge_spellings,
    title_blank,
    captures_of_others,
    toolkit_alone,
    software_upgrade,
    nat_two_devices,
)
