"""Cases of what crosses the border of a site: `python -m tests.findings.record.exposure [RULE...]`.

Needs root, DCMTK, Orthanc, nginx, curl, OpenSSH, OpenSSL and tcpdump. The recorder stands on the site's side of its
router.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.cases.record.lab import Host, Lab, record
from tests.cases.record.objects import CANON_CT, write
from tests.conftest import ROOT

ROUTER_IP, CT_IP, ARCHIVE_IP, SILENT_IP = "10.20.0.1", "10.20.0.11", "10.20.0.40", "10.20.0.44"
ENGINE_IP, HIS_IP, WEB_IP, PC_IP = "10.20.0.42", "10.20.0.21", "10.20.0.80", "10.20.0.72"
OUTSIDE_IP, OTHER_IP = "81.2.69.160", "89.160.20.112"  # somebody's on the Internet
PARTNER_IP, TUNNELLED_IP = "175.16.199.20", "10.99.0.8"  # TeleRad's, and of a partner behind a VPN

NEEDED: Final = (
    *("dcmtk:storescu", "orthanc:Orthanc", "nginx-light:nginx", "curl", "tcpdump", "iproute2:ip", "ethtool"),
    *("openssh-server:sshd", "openssl"),
)
_NGINX: Final = """daemon off; pid {folder}/nginx.pid; error_log /dev/null; events {{}}
http {{ access_log off; server {{ listen 80; listen 443 ssl; ssl_certificate {folder}/cert.pem;
ssl_certificate_key {folder}/key.pem; root {folder}; }} }}"""


class Border:
    """A site's network, and hosts outside, behind its router."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._router = lab.host(ROUTER_IP)
        self._router.run("sysctl", "-qw", "net.ipv4.ip_forward=1")

    def inside(self, ip: str, routed: bool = True) -> Host:
        """A host of the site; one that is not `routed` cannot answer what comes from outside."""
        host = self.lab.host(ip)
        if routed:
            host.run("ip", "route", "add", "default", "via", ROUTER_IP)
        return host

    def outside(self, ip: str) -> Host:
        return self.lab.host(ip, behind=self._router)

    def web(self, host: Host, name: str) -> None:
        """Start nginx at ports 80 and 443, with a certificate for `name` of an authority."""
        folder = self.lab.folder / name
        folder.mkdir()
        folder.chmod(0o755)
        (folder / "index.html").write_text("<title>page</title>")
        _certificate(folder, name)
        (folder / "nginx.conf").write_text(_NGINX.format(folder=folder))
        host.start("nginx", "-c", folder / "nginx.conf")
        host.wait(443)

    def sshd(self, host: Host) -> None:
        folder = self.lab.folder / "sshd"
        folder.mkdir()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
        Path("/run/sshd").mkdir(exist_ok=True)  # where it locks itself up
        host.start("/usr/sbin/sshd", "-D", "-p", 22, "-h", folder / "key", "-f", "/dev/null")
        host.wait(22)


def _certificate(folder: Path, name: str) -> None:
    def openssl(*words: object) -> None:
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(
        *new, "-x509", "-days", 3650, "-subj", "/O=Example CA", "-keyout", folder / "ca.key", "-out", folder / "ca.pem"
    )
    openssl(*new, "-subj", f"/CN={name}", "-keyout", folder / "key.pem", "-out", folder / "cert.csr")
    (folder / "san").write_text(f"subjectAltName=DNS:{name}")
    signer = ("-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", 3000)
    openssl(
        "x509", "-req", "-in", folder / "cert.csr", *signer, "-extfile", folder / "san", "-out", folder / "cert.pem"
    )


def _try(host: Host, url: str) -> None:
    """Knock where nobody answers, or where it is refused."""
    host.run("curl", "-s", "-m", 2, url, check=False)


def _admission(number: int) -> str:
    return (
        f"MSH|^~\\&|HIS|CLINIC|ENGINE|CLINIC|20260301120000||ADT^A04^ADT_A01|HIS{number:04d}|P|2.5.1\n"
        "EVN|A04|20260301120000\nPID|1||LABPHI1^^^CLINIC^MR||LABPHI^PATIENT||19700101|F\nPV1|1|O"
    )


def dicom_reachable_from_public(lab: Lab, capture: Path) -> None:
    """An archive answers the Internet. Not found: refused, unanswered, of the site, and opened by the site."""
    border = Border(lab)
    archive, silent, ct = border.inside(ARCHIVE_IP), border.inside(SILENT_IP, routed=False), border.inside(CT_IP)
    stranger = border.outside(OUTSIDE_IP)
    archive.orthanc(lab.folder / "archive", "VNA1")
    stranger.serve("serve", 104, titles=["FAR"])
    silent.serve("serve", 104, titles=["QUIET"])
    with lab.recorded(capture):
        stranger.run("echoscu", "-aet", "STRANGER", "-aec", "VNA1", ARCHIVE_IP, 11112)
        stranger.run("echoscu", "-aet", "STRANGER", "-aec", "VNA1", ARCHIVE_IP, 104, check=False)  # refused
        stranger.run("echoscu", "-to", 2, "-aec", "QUIET", SILENT_IP, 104, check=False)  # never answered
        ct.run("echoscu", "-aet", "CT1", "-aec", "QUIET", SILENT_IP, 104)
        ct.run("echoscu", "-aet", "CT1", "-aec", "FAR", OUTSIDE_IP, 104)


def hl7_reachable_from_public(lab: Lab, capture: Path) -> None:
    """An interface engine takes messages from the Internet. Not found: one that only sends there."""
    border = Border(lab)
    engine, his, stranger = border.inside(ENGINE_IP), border.inside(HIS_IP), border.outside(OUTSIDE_IP)
    engine.serve("take_messages", 2575, application="ENGINE")
    stranger.serve("take_messages", 6661, application="FAR")
    with lab.recorded(capture):
        stranger.act("messages", to=ENGINE_IP, texts=[_admission(1)])
        his.act("messages", to=ENGINE_IP, texts=[_admission(2)])
        his.act("messages", to=OUTSIDE_IP, port=6661, texts=[_admission(3)])
        _try(stranger, f"http://{HIS_IP}:2575/")


def web_reachable_from_public(lab: Lab, capture: Path) -> None:
    """A web server answers the Internet. Not found: one of the site only, refused, and pages that the site looks at."""
    border = Border(lab)
    web, silent, pc = border.inside(WEB_IP), border.inside(SILENT_IP, routed=False), border.inside(PC_IP)
    stranger = border.outside(OUTSIDE_IP)
    border.web(web, "portal.clinic.example")
    border.web(silent, "intranet.clinic.example")
    border.web(stranger, "www.example.com")
    with lab.recorded(capture):
        stranger.run("curl", "-sf", f"http://{WEB_IP}/")
        stranger.run(
            "curl", "-sfk", "--resolve", f"portal.clinic.example:443:{WEB_IP}", "https://portal.clinic.example/"
        )
        _try(stranger, f"http://{WEB_IP}:8080/")
        _try(stranger, f"http://{SILENT_IP}/")
        pc.run("curl", "-sf", f"http://{SILENT_IP}/")
        pc.run("curl", "-sf", f"http://{OUTSIDE_IP}/")


def remote_access_from_public(lab: Lab, capture: Path) -> None:
    """SSH from the Internet, and a relay of AnyDesk's. Not found: SSH within and out of the site, AnyDesk's pages."""
    border = Border(lab)
    server, ct, pc = border.inside(WEB_IP), border.inside(SILENT_IP), border.inside(PC_IP)
    stranger, relay = border.outside(OUTSIDE_IP), border.outside(OTHER_IP)
    border.sshd(server)
    border.web(relay, "anydesk.com")
    stranger.start("/usr/sbin/sshd", "-D", "-p", 2222, "-h", lab.folder / "sshd" / "key", "-f", "/dev/null")
    stranger.wait(2222)
    ask = ("ssh", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes")
    with lab.recorded(capture):
        stranger.run(*ask, f"nobody@{WEB_IP}", check=False)
        pc.run(*ask, f"nobody@{WEB_IP}", check=False)
        pc.run(*ask, "-p", 2222, f"nobody@{OUTSIDE_IP}", check=False)
        pc.run("curl", "-sk", "--resolve", f"anydesk.com:443:{OTHER_IP}", "https://anydesk.com/")
        name = "relay-80e496c0.net.anydesk.com"
        ct.run("curl", "-sk", "--resolve", f"{name}:443:{OTHER_IP}", f"https://{name}/", check=False)


def patient_data_in_clear_to_public(lab: Lab, capture: Path) -> None:
    """Images to the Internet and to a partner there. Not found: one behind a VPN, C-ECHO, within the site."""
    border = Border(lab)
    ct, archive, pc = border.inside(CT_IP), border.inside(ARCHIVE_IP), border.inside(PC_IP)
    peers = [border.outside(ip) for ip in (OUTSIDE_IP, PARTNER_IP, TUNNELLED_IP)]
    for host in (archive, *peers):
        host.serve("serve", 11112, titles=["FAR"], stores=True)
    files = write(lab.folder / "ct", CANON_CT, 1)
    with lab.recorded(capture):
        for host in (archive, *peers):
            ct.act("store", to=host.ip, port=11112, calling="CT1", called="FAR", files=files)
        pc.run("echoscu", "-aet", "PC", "-aec", "FAR", OUTSIDE_IP, 11112)


def patient_data_in_clear_internal(lab: Lab, capture: Path) -> None:
    """Images and messages within the site. Not found: a C-ECHO."""
    border = Border(lab)
    ct, archive = border.inside(CT_IP), border.inside(ARCHIVE_IP)
    engine, his, pc = border.inside(ENGINE_IP), border.inside(HIS_IP), border.inside(PC_IP)
    archive.serve("serve", 11112, titles=["VNA1"], stores=True)
    pc.serve("serve", 104, titles=["PC"])
    engine.serve("take_messages", 2575, application="ENGINE")
    files = write(lab.folder / "ct", CANON_CT, 1)
    with lab.recorded(capture):
        ct.act("store", to=ARCHIVE_IP, port=11112, calling="CT1", called="VNA1", files=files)
        his.act("messages", to=ENGINE_IP, texts=[_admission(1)])
        ct.run("echoscu", "-aet", "CT1", "-aec", "PC", PC_IP, 104)


def imaging_device_talks_to_public(lab: Lab, capture: Path) -> None:
    """A scanner fetches from the Internet. Not found: a PC that does, a scanner that nobody answered, and a partner."""
    border = Border(lab)
    ct, archive, pc = border.inside(CT_IP), border.inside(ARCHIVE_IP), border.inside(PC_IP)
    stranger, partner = border.outside(OUTSIDE_IP), border.outside(PARTNER_IP)
    archive.serve("serve", 11112, titles=["VNA1"], stores=True)
    border.web(stranger, "updates.example.com")
    border.web(partner, "service.maker.example")
    files = write(lab.folder / "ct", CANON_CT, 2)

    def fetch(host: Host, name: str, ip: str) -> None:
        host.run("curl", "-sfk", "--resolve", f"{name}:443:{ip}", f"https://{name}/")

    with lab.recorded(capture):
        ct.act("store", to=ARCHIVE_IP, port=11112, calling="CT1", called="VNA1", files=files)
        fetch(ct, "updates.example.com", OUTSIDE_IP)
        fetch(ct, "telemetry.example.com", OUTSIDE_IP)
        fetch(ct, "service.maker.example", PARTNER_IP)
        fetch(pc, "updates.example.com", OUTSIDE_IP)
        _try(ct, f"http://{OTHER_IP}/")


CASES: Final = {
    case.__name__.replace("_", "-"): case
    for case in (
        dicom_reachable_from_public,
        hl7_reachable_from_public,
        imaging_device_talks_to_public,
        patient_data_in_clear_internal,
        patient_data_in_clear_to_public,
        remote_access_from_public,
        web_reachable_from_public,
    )
}


def main(names: list[str]) -> None:
    record(CASES, names, NEEDED, ROOT / "tests" / "findings")


if __name__ == "__main__":
    main(sys.argv[1:])
