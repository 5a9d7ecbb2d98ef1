"""Cases of HL7 engines and gateways, and of a web proxy."""

from __future__ import annotations

from pathlib import Path

from tests.cases.record.lab import Lab
from tests.cases.record.objects import CANON_CT, write

HIS_IP, LAB_IP, PHARMACY_IP, ENGINE_IP = "10.20.0.21", "10.20.0.22", "10.20.0.23", "10.20.0.42"
RIS_IP, EHR_IP = "10.20.0.41", "10.20.0.43"
PROXY_IP, ARCHIVE_IP, VIEWER_IP, READER_IP = "10.20.0.80", "10.20.0.40", "10.20.0.81", "10.20.0.71"


def _admission(application: str, number: int, vendor: str) -> str:
    return (
        f"MSH|^~\\&|{application}|CLINIC|ENGINE|CLINIC|20260301120000||ADT^A04^ADT_A01|{application}{number:04d}|P|2.5.1\n"
        f"SFT|{vendor}|11.2|{application}|1\nEVN|A04|20260301120000\n"
        "PID|1||LABPHI1^^^CLINIC^MR||LABPHI^PATIENT||19700101|F\nPV1|1|O"
    )


def engine_fans(lab: Lab, capture: Path) -> None:
    """Three applications send to an interface engine, which passes every message on to two others."""
    engine, ris, ehr = lab.host(ENGINE_IP), lab.host(RIS_IP), lab.host(EHR_IP)
    senders = (("HIS", "Epic Systems Corporation"), ("LAB", "Sunquest"), ("PHARM", "Cerner Corporation"))
    hosts = [lab.host(ip) for ip in (HIS_IP, LAB_IP, PHARMACY_IP)]
    ris.serve("take_messages", 2575, application="RIS")
    ehr.serve("take_messages", 2575, application="EHR")
    engine.serve("take_messages", 2575, application="ENGINE", forward=[[RIS_IP, 2575], [EHR_IP, 2575]])
    with lab.recorded(capture):
        for host, (application, vendor) in zip(hosts, senders, strict=True):
            host.act("messages", to=ENGINE_IP, texts=[_admission(application, n, vendor) for n in (1, 2)])


def engine_fan_out_only(lab: Lab, capture: Path) -> None:
    """The same engine, of which only the sending side is seen."""
    engine, ris = lab.host(ENGINE_IP), lab.host(RIS_IP)
    ris.serve("take_messages", 2575, application="RIS")
    senders = (("HIS", "Epic Systems Corporation"), ("LAB", "Sunquest"), ("PHARM", "Cerner Corporation"))
    with lab.recorded(capture):
        engine.act("messages", to=RIS_IP, texts=[_admission(name, 1, vendor) for name, vendor in senders])


def gateway_three_pumps(lab: Lab, capture: Path) -> None:
    """A gateway reports for three infusion pumps, each named in OBX-18 by its EUI-64 (IHE PCD-01)."""
    gateway, ehr = lab.host(ENGINE_IP), lab.host(EHR_IP)
    ehr.serve("take_messages", 2575, application="EHR")
    texts = [
        f"MSH|^~\\&|ALARIS_GW|CLINIC|EHR|CLINIC|20260301120000||ORU^R01^ORU_R01|GW{number:04d}|P|2.6\n"
        "PID|1||LABPHI1^^^CLINIC^MR||LABPHI^PATIENT\nOBR|1|||PUMP|||20260301120000\n"
        f"OBX|1|NM|158017^MDC_FLOW_FLUID^MDC||{number}|mL/h|||||F|||20260301120000||||"
        f"ALARIS-8100-{number:04d}^CareFusion^0003B100000000{number:02X}^EUI-64"
        for number in (1, 2, 3)
    ]
    with lab.recorded(capture):
        gateway.act("messages", to=EHR_IP, texts=texts * 2)


NGINX = """daemon off; pid {folder}/nginx.pid; error_log /dev/null; events {{}}
http {{ access_log off; server {{ listen 80; {locations} }} }}"""


def nginx_in_front(lab: Lab, capture: Path) -> None:
    """nginx passes requests on to an Orthanc and to a viewer; a reader talks to nginx only."""
    proxy, archive, viewer = lab.host(PROXY_IP), lab.host(ARCHIVE_IP), lab.host(VIEWER_IP)
    reader = lab.host(READER_IP)
    archive.orthanc(lab.folder / "archive", "VNA1", Plugins=["/usr/share/orthanc/plugins/libOrthancDicomWeb.so"])
    files = write(lab.folder / "ct", CANON_CT, 1)
    archive.act("store", to="127.0.0.1", port=11112, calling="CT1", called="VNA1", files=files)
    pages, front = lab.folder / "pages", lab.folder / "front"
    for folder in (lab.folder, pages, front, pages / "viewer"):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    (pages / "viewer" / "app-config.js").write_text("window.config = {};")
    (pages / "viewer" / "index.html").write_text("<title>OHIF Viewer</title>")
    static, passed = pages / "nginx.conf", front / "nginx.conf"
    static.write_text(NGINX.format(folder=pages, locations=f"root {pages};"))
    locations = f"location /viewer/ {{ proxy_pass http://{VIEWER_IP}; }}"
    locations += (
        f" location / {{ proxy_pass http://{ARCHIVE_IP}:8042; proxy_set_header X-Forwarded-For $remote_addr; }}"
    )
    passed.write_text(NGINX.format(folder=front, locations=locations))
    viewer.start("nginx", "-c", static)
    proxy.start("nginx", "-c", passed)
    viewer.wait(80)
    proxy.wait(80)
    with lab.recorded(capture):
        for path in ("viewer/index.html", "viewer/app-config.js", "system", "dicom-web/studies", "app/explorer.html"):
            reader.run("curl", "-sf", f"http://{PROXY_IP}/{path}")


CASES = (engine_fans, engine_fan_out_only, gateway_three_pumps, nginx_in_front)
