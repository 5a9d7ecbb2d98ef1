"""Cases of those who send what others made: archives, routers, proxies and workstations."""

from __future__ import annotations

from pathlib import Path

from tests.cases.record.lab import Host, Lab
from tests.cases.record.objects import (
    CANON_CT,
    CANON_SOFTWARE,
    CAPTURE,
    GE_CT,
    GE_CT_SOFTWARE,
    GE_SOFTWARE,
    GE_US,
    KEY_OBJECTS,
    REPORT,
    SEGMENTATION,
    SIEMENS_MR,
    SIEMENS_SOFTWARE,
    Equipment,
    study_of,
    write,
)

CT_IP, MR_IP, US_IP = "10.20.0.11", "10.20.0.12", "10.20.0.13"
ARCHIVE_IP, ROUTER_IP, OTHER_IP, READER_IP = "10.20.0.40", "10.20.0.45", "10.20.0.60", "10.20.0.71"

AUTOROUTING = """
function OnStoredInstance(instanceId, tags, metadata, origin)
  if origin["RequestOrigin"] ~= "Lua" then
    Delete(SendToModality(instanceId, "next"))
  end
end
"""


def archive_three_makers(lab: Lab, capture: Path) -> None:
    """CT, MR and ultrasound store to an Orthanc, which sends all of it to another archive and answers a reader."""
    ct, mr, us = lab.host(CT_IP), lab.host(MR_IP), lab.host(US_IP)
    archive, other, reader = lab.host(ARCHIVE_IP), lab.host(OTHER_IP), lab.host(READER_IP)
    archive.orthanc(lab.folder / "archive", "VNA1", {"other": ("OTHERPACS", OTHER_IP, 11112)})
    other.orthanc(lab.folder / "other", "OTHERPACS")
    senders = [(ct, "CT1", CANON_CT, CANON_SOFTWARE), (mr, "SKYRA", SIEMENS_MR, SIEMENS_SOFTWARE)]
    senders.append((us, "VIVID1", GE_US, GE_SOFTWARE))
    with lab.recorded(capture):
        for host, title, equipment, software in senders:
            files = write(lab.folder / title, equipment, 2)
            host.act("store", to=ARCHIVE_IP, port=11112, calling=title, called="VNA1", files=files, software=software)
        archive.forward("other")
        keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=LABPHI1", "-k", "StudyInstanceUID"]
        reader.run("findscu", "-S", "-aet", "READER", "-aec", "VNA1", *keys, ARCHIVE_IP, 11112)


def archive_one_maker(lab: Lab, capture: Path) -> None:
    """An Orthanc got the images of one CT yesterday; today it is only seen sending them on, and answering a query."""
    archive, other, reader = lab.host(ARCHIVE_IP), lab.host(OTHER_IP), lab.host(READER_IP)
    archive.orthanc(lab.folder / "archive", "VNA1", {"other": ("OTHERPACS", OTHER_IP, 104)})
    other.start("storescp", "-aet", "OTHERPACS", "-od", lab.folder, 104)
    other.wait(104)
    files = write(lab.folder / "ct", CANON_CT, 2)
    archive.act("store", to="127.0.0.1", port=11112, calling="CT1", called="VNA1", files=files)
    with lab.recorded(capture):
        archive.forward("other")
        keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=LABPHI1", "-k", "StudyInstanceUID"]
        reader.run("findscu", "-S", "-aet", "READER", "-aec", "VNA1", *keys, ARCHIVE_IP, 11112)


def _archive_alone(lab: Lab, capture: Path, equipment: Equipment, title: str, software: tuple[str, str]) -> None:
    archive, other = lab.host(ARCHIVE_IP), lab.host(OTHER_IP)
    other.orthanc(lab.folder / "other", "OTHERPACS")
    files = write(lab.folder / "images", equipment, 3)
    sending = {"to": OTHER_IP, "port": 11112, "calling": title, "called": "OTHERPACS"}
    with lab.recorded(capture):
        archive.act("store", files=files, software=software, **sending)


def archive_of_the_maker(lab: Lab, capture: Path) -> None:
    """A maker's archive (its software says so) sends the images of one scanner of that maker, and does nothing else."""
    _archive_alone(lab, capture, GE_CT, "AE_54", ("1.2.840.113619.6.94", "CENTRICITY_4.0"))


def limit_archive(lab: Lab, capture: Path) -> None:
    """As before, with nothing in the names of the software that tells an archive from a scanner."""
    _archive_alone(lab, capture, SIEMENS_MR, "AE_54", ("1.3.12.2.1107.5.99.1", "SIEMENS_X_1"))


def _route(lab: Lab, capture: Path, upstream: bool, title: str = "DCMROUTER") -> None:
    ct, router, archive = lab.host(CT_IP), lab.host(ROUTER_IP), lab.host(ARCHIVE_IP)
    archive.orthanc(lab.folder / "archive", "VNA1")
    (lab.folder / "route.lua").write_text(AUTOROUTING)
    next_hop = {"next": ("VNA1", ARCHIVE_IP, 11112)}
    router.orthanc(lab.folder / "router", title, next_hop, LuaScripts=[str(lab.folder / "route.lua")])
    files = write(lab.folder / "ct", CANON_CT, 3)
    sending = {"calling": "CT1", "called": title, "port": 11112, "files": files, "software": CANON_SOFTWARE}
    with lab.recorded(capture):
        if upstream:
            ct.act("store", to=ROUTER_IP, **sending)
        else:
            router.act("store", to="127.0.0.1", **sending)


def router_one_modality(lab: Lab, capture: Path) -> None:
    """A CT stores to an Orthanc that sends every image on at once and keeps none (its Lua autorouting)."""
    _route(lab, capture, upstream=True)


def router_modality_unseen(lab: Lab, capture: Path) -> None:
    """The same, where the sensor does not see the link between the CT and the router."""
    _route(lab, capture, upstream=False)


def router_general_software(lab: Lab, capture: Path) -> None:
    """A forwarder with an ordinary title, its modality unseen, that proposes to store every kind of object there is."""
    router, archive = lab.host(ROUTER_IP), lab.host(ARCHIVE_IP)
    archive.orthanc(lab.folder / "archive", "VNA1")
    files = write(lab.folder / "ct", CANON_CT, 2)
    with lab.recorded(capture):
        sending = {"calling": "RADSRV7", "called": "VNA1", "port": 11112, "files": files}
        router.act("offer_everything", to=ARCHIVE_IP, **sending)


def proxy_masquerade(lab: Lab, capture: Path) -> None:
    """A proxy takes a CT's and an MR's images and sends them on under the AE titles of their senders."""
    ct, mr, proxy, archive = lab.host(CT_IP), lab.host(MR_IP), lab.host(ROUTER_IP), lab.host(ARCHIVE_IP)
    archive.orthanc(lab.folder / "archive", "VNA1")
    proxy.serve(
        "serve", 104, titles=["PROXY"], stores=True, forward={"to": ARCHIVE_IP, "port": 11112, "called": "VNA1"}
    )
    with lab.recorded(capture):
        for host, title, equipment, software in (
            (ct, "AQ1", CANON_CT, CANON_SOFTWARE),
            (mr, "MRC45123", SIEMENS_MR, SIEMENS_SOFTWARE),
        ):
            files = write(lab.folder / title, equipment, 2)
            host.act("store", to=ROUTER_IP, calling=title, called="VNA1", files=files, software=software)


def limit_proxy(lab: Lab, capture: Path) -> None:
    """A proxy of one CT, the link between them unseen: it goes by the CT's own AE title, which is its station name."""
    proxy, archive = lab.host(ROUTER_IP), lab.host(ARCHIVE_IP)
    archive.orthanc(lab.folder / "archive", "VNA1")
    proxy.serve(
        "serve", 104, titles=["PROXY"], stores=True, forward={"to": ARCHIVE_IP, "port": 11112, "called": "VNA1"}
    )
    files = write(lab.folder / "ct", CANON_CT, 2)
    with lab.recorded(capture):
        proxy.act("store", to="127.0.0.1", calling="AQ1", called="VNA1", files=files, software=CANON_SOFTWARE)


def workstation_derived(lab: Lab, capture: Path) -> None:
    """A workstation stores what it derived from an MR's images: SEG, SR, KO, a secondary capture, and a
    presentation state made by DCMTK. All keep the Manufacturer of the scanner, as copies of its header do."""
    reader, archive = lab.host(READER_IP), lab.host(ARCHIVE_IP)
    archive.orthanc(lab.folder / "archive", "VNA1")
    folder, (source,) = lab.folder / "derived", write(lab.folder / "mr", SIEMENS_MR)
    for kind, modality in ((SEGMENTATION, "SEG"), (REPORT, "SR"), (KEY_OBJECTS, "KO"), (CAPTURE, "MR")):
        derived = {"SOPClassUID": kind, "Modality": modality, "ImageType": ["DERIVED", "SECONDARY"]}
        write(folder, SIEMENS_MR | derived)
    reader.run("dcmpsmk", source, folder / "pr.dcm")
    with lab.recorded(capture):
        reader.run("dcmsend", "-aet", "READER", "-aec", "VNA1", ARCHIVE_IP, 11112, "+sd", folder)


def get_objects_back(lab: Lab, capture: Path) -> None:
    """A workstation fetches a study with C-GET (DCMTK): the objects come back on the association that it opened."""
    reader, archive = lab.host(READER_IP), lab.host(ARCHIVE_IP)
    archive.orthanc(lab.folder / "archive", "VNA1")
    files = write(lab.folder / "ct", CANON_CT, 2)
    archive.act("store", to="127.0.0.1", port=11112, calling="CT1", called="VNA1", files=files)
    with lab.recorded(capture):
        _get(reader, lab.folder, study_of(files[0]))


def _get(reader: Host, folder: Path, study: str) -> None:
    (folder / "got").mkdir()
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}"]
    reader.run("getscu", "-S", "-aet", "READER", "-aec", "VNA1", "-od", folder / "got", *keys, ARCHIVE_IP, 11112)
    assert list((folder / "got").iterdir()), "nothing came back"


def manufacturer_rewritten(lab: Lab, capture: Path) -> None:
    """Software has put its own name behind the scanner's Manufacturer, and sends the image (DCMTK)."""
    reader, archive = lab.host(READER_IP), lab.host(ARCHIVE_IP)
    archive.orthanc(lab.folder / "archive", "VNA1")
    write(lab.folder / "mr", SIEMENS_MR | {"Manufacturer": "SIEMENS / MIM Software"}, 2)
    with lab.recorded(capture):
        reader.run("dcmsend", "-aet", "PREP", "-aec", "VNA1", ARCHIVE_IP, 11112, "+sd", lab.folder / "mr")


def maker_and_toolkit(lab: Lab, capture: Path) -> None:
    """A CT whose Implementation Class UID is its maker's and whose version name is a toolkit's; and a sender of
    its images, later, whose software is another maker's."""
    ct, gateway, archive = lab.host(CT_IP), lab.host(ROUTER_IP), lab.host(ARCHIVE_IP)
    archive.orthanc(lab.folder / "archive", "VNA1")
    files = write(lab.folder / "ct", GE_CT, 2)
    sending = {"to": ARCHIVE_IP, "port": 11112, "called": "VNA1"}
    with lab.recorded(capture):
        software = (GE_CT_SOFTWARE[0], "MergeCOM3_410")
        ct.act("store", calling="REVO1", files=files, software=software, **sending)
        again = write(lab.folder / "again", GE_CT, 1)
        software = ("1.3.46.670589.11.0.0.51.4.56.1", "OFFIS_DCMTK_367")
        gateway.act("store", calling="ISITE", files=again, software=software, **sending)


CASES = (
    archive_three_makers,
    archive_one_maker,
    archive_of_the_maker,
    limit_archive,
    router_one_modality,
    router_modality_unseen,
    router_general_software,
    proxy_masquerade,
    limit_proxy,
    workstation_derived,
    get_objects_back,
    manufacturer_rewritten,
    maker_and_toolkit,
)
