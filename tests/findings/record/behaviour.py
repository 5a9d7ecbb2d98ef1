"""Record the cases of logins, AE titles and strangers anew: `python -m tests.findings.record.behaviour [RULE...]`.

Needs root, Orthanc, DCMTK, curl and tcpdump. Of services for which no real software is at hand, both ends say their
lines. What takes days, or needs several hosts to misbehave, is in `behaviour_on_paper.py`.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Final

from pydicom import dcmread
from pynetdicom.pdu_primitives import UserIdentityNegotiation

from tests.cases.record.actors import associated, entity
from tests.cases.record.lab import Host, Lab, record
from tests.cases.record.objects import (
    CANON_CT,
    CANON_SOFTWARE,
    GE_SOFTWARE,
    GE_US,
    SIEMENS_MR,
    SIEMENS_SOFTWARE,
    write,
)
from tests.conftest import ROOT
from tests.images import write_orthanc_settings

MODULE: Final = "tests.findings.record.behaviour"
NEEDED: Final = ("dcmtk:storescu", "orthanc:Orthanc", "curl", "tcpdump", "iproute2:ip", "ethtool")
Turns = list[tuple[str, str]]  # who says it ("client" or "server"), and what

FTP: Final[Turns] = [
    ("server", "220 CT service FTP server\r\n"),
    ("client", "USER {user}\r\n"),
    ("server", "331 Password\r\n"),
    ("client", "PASS LABPHI9\r\n"),
    ("server", "230 Welcome\r\n"),
]
TELNET: Final[Turns] = [
    ("server", "\xff\xfd\x18\xff\xfb\x03"),
    ("client", "\xff\xfc\x18\xff\xfd\x03"),
    ("server", "VxWorks service console\r\nlogin: "),
    ("client", "service\r\n"),
    ("server", "password: "),
    ("client", "LABPHI9\r\n"),
    ("server", "\r\n-> "),
]


def converse(client: Host, server: Host, port: int, turns: Turns) -> None:
    """Let both say their lines on one connection."""
    words = {"ip": server.ip, "port": port, "turns": turns}
    heard = server.start(sys.executable, "-m", MODULE, "server", json.dumps(words))
    server.wait(port)
    client.run(sys.executable, "-m", MODULE, "client", json.dumps(words))
    heard.wait(10)


def say(part: str, ip: str, port: int, turns: Turns) -> None:
    if part == "client":
        connection = socket.create_connection((ip, port))
    else:
        with socket.create_server((ip, port)) as listening:
            connection, _ = listening.accept()
    with connection:
        for who, what in turns:
            data = what.encode("latin-1")
            if who == part:
                connection.sendall(data)
            else:
                connection.recv(len(data), socket.MSG_WAITALL)


def store_as(kind: int, to: str, called: str, files: list[str]) -> None:
    """Store with a User Identity of `kind` (PS3.7 D.3.3.7)."""
    ae = entity("CT1", list(CANON_SOFTWARE))
    identity = UserIdentityNegotiation()
    identity.user_identity_type, identity.primary_field = kind, b"LABPHI8"
    if kind == 2:
        identity.secondary_field = b"LABPHI9"
    objects = [dcmread(path) for path in files]
    ae.add_requested_context(objects[0].SOPClassUID, objects[0].file_meta.TransferSyntaxUID)
    association = associated(ae, to, 104, called, ext_neg=[identity])
    for item in objects:
        assert association.send_c_store(item).Status == 0
    association.release()


def guarded(host: Host, folder: Path, password: str) -> str:
    """Start an Orthanc with a login; return where."""
    users = {"AuthenticationEnabled": True, "RegisteredUsers": {"orthanc": password}}
    host.start("Orthanc", write_orthanc_settings(folder, **users))
    host.wait(8042)
    return f"http://{host.ip}:8042/patients"


def default_credentials(lab: Lab, capture: Path) -> None:
    """One Orthanc with the login of its manual, and one of which the password was changed, asked with both."""
    pc, first, second = lab.host("10.20.0.71"), lab.host("10.20.0.40"), lab.host("10.20.0.41")
    default, changed = guarded(first, lab.folder / "a", "orthanc"), guarded(second, lab.folder / "b", "LABPHI9")
    with lab.recorded(capture):
        for page in (default, changed):
            pc.run("curl", "-s", page)
            pc.run("curl", "-s", "-u", "orthanc:orthanc", page)
        pc.run("curl", "-sf", "-u", "orthanc:LABPHI9", changed)


def credentials_in_clear(lab: Lab, capture: Path) -> None:
    """Logins by HTTP Basic and bearer token, DICOM User Identity, FTP and telnet; and kinds that show no secret."""
    pc, ct = lab.host("10.20.0.71"), lab.host("10.20.0.11")
    guard, token, plain = lab.host("10.20.0.40"), lab.host("10.20.0.41"), lab.host("10.20.0.42")
    closed, open_ = lab.host("10.20.0.43"), lab.host("10.20.0.44")
    service, public, console = lab.host("10.20.0.45"), lab.host("10.20.0.46"), lab.host("10.20.0.47")
    page = guarded(guard, lab.folder / "guard", "LABPHI9")
    for host in (token, plain):
        host.orthanc(lab.folder / host.name, "VNA1")
    for host, title in ((closed, "VNA1"), (open_, "VNA2")):
        host.serve("serve", 104, titles=[title], stores=True)
    files = [str(path) for path in write(lab.folder / "ct", CANON_CT)]
    with lab.recorded(capture):
        pc.run("curl", "-sf", "-u", "orthanc:LABPHI9", page)
        pc.run("curl", "-sf", "-H", "Authorization: Bearer LABPHI9", f"http://{token.ip}:8042/patients")
        for header in ('Authorization: Digest username="LABPHI8", response="0"', "Cookie: JSESSIONID=LABPHI9"):
            pc.run("curl", "-sf", "-H", header, f"http://{plain.ip}:8042/patients")
        for kind, host, title in ((2, closed, "VNA1"), (1, open_, "VNA2")):
            words = {"kind": kind, "to": host.ip, "called": title, "files": files}
            ct.run(sys.executable, "-m", MODULE, "store", json.dumps(words))
        for user, host in (("service", service), ("anonymous", public)):
            converse(pc, host, 21, [(who, what.format(user=user)) for who, what in FTP])
        converse(pc, console, 23, TELNET)


def dicom_any_ae_accepted(lab: Lab, capture: Path) -> None:
    """Archives that take any title, one that minds its own, and one that is asked by two."""
    ct = lab.host("10.20.0.11")
    any_, several, strict, two = (lab.host(f"10.20.0.{number}") for number in (40, 41, 42, 43))
    for host, title in ((any_, "VNA1"), (several, "VNA2"), (strict, "VNA3"), (two, "CLINIC")):
        host.serve("serve", 104, titles=[title], stores=True, strict=host is strict)
    files = write(lab.folder / "ct", CANON_CT, 1)
    wanted = [(any_, "VNA1"), (any_, "ANY-SCP"), (strict, "VNA3"), (two, "CLINIC"), (two, "TEACHING")]
    wanted += [(several, title) for title in ("VNA2", "BACKUP", "RESEARCH")]
    with lab.recorded(capture):
        for host, title in wanted:
            ct.act("store", to=host.ip, calling="CT1", called=title, files=files, software=CANON_SOFTWARE)
        for title in ("ANY-SCP", "VNA1", "BACKUP"):
            ct.run("echoscu", "-aet", "CT1", "-aec", title, strict.ip, 104, check=False)


def ae_title_conflict(lab: Lab, capture: Path) -> None:
    """Two scanners called CT1, two archives called CLINPACS; tools by their own name; a proxy by a borrowed one."""
    ct, mr, us = (lab.host(f"10.20.0.{number}") for number in (11, 12, 13))
    archive, proxy, first, second = (lab.host(f"10.20.0.{number}") for number in (40, 42, 43, 44))
    archive.serve("serve", 104, titles=["VNA1"], stores=True)
    proxy.serve("serve", 104, titles=["PROXY"], stores=True, forward={"to": archive.ip, "port": 104, "called": "VNA1"})
    for host in (first, second):
        host.serve("serve", 104, titles=["CLINPACS"], stores=True)
    senders = (
        (ct, write(lab.folder / "ct", CANON_CT), CANON_SOFTWARE),
        (mr, write(lab.folder / "mr", SIEMENS_MR), SIEMENS_SOFTWARE),
        (us, write(lab.folder / "us", GE_US), GE_SOFTWARE),
    )
    with lab.recorded(capture):
        for host, files, software in (*senders[:2], *senders[:2]):
            host.act("store", to=archive.ip, calling="CT1", called="VNA1", files=files, software=software)
        for host, files, software in senders:
            host.act("store", to=archive.ip, calling="STORESCU", called="VNA1", files=files, software=software)
        for _ in range(2):
            us.act("store", to=proxy.ip, calling="VIVID1", called="PROXY", files=senders[2][1], software=GE_SOFTWARE)
        for host in (first, second, first, second):
            us.act("store", to=host.ip, calling="VIVID1", called="CLINPACS", files=senders[2][1], software=GE_SOFTWARE)


def unknown_device_speaks_dicom(lab: Lab, capture: Path) -> None:
    """A laptop echoes; so do a CT by its maker's software, and a host that is refused. A workstation queries."""
    ct, laptop, refused, reader = (lab.host(f"10.20.0.{number}") for number in (11, 66, 67, 71))
    archive = lab.host("10.20.0.40")
    archive.serve("serve", 104, titles=["VNA1"], stores=True, strict=True, queries=True)
    files = write(lab.folder / "ct", CANON_CT)
    with lab.recorded(capture):
        ct.act("store", to=archive.ip, calling="CT1", called="VNA1", files=files, software=CANON_SOFTWARE)
        laptop.run("echoscu", "-aet", "LAPTOP", "-aec", "VNA1", archive.ip, 104)
        refused.run("echoscu", "-aet", "LAPTOP2", "-aec", "GUESS", archive.ip, 104, check=False)
        query = ("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID", "-k", "StudyDate=19000101")
        reader.run("findscu", "-aet", "RAD1", "-aec", "VNA1", *query, archive.ip, 104)


CASES: Final = {
    case.__name__.replace("_", "-"): case
    for case in (
        default_credentials,
        credentials_in_clear,
        dicom_any_ae_accepted,
        ae_title_conflict,
        unknown_device_speaks_dicom,
    )
}


def main(names: list[str]) -> None:
    record(CASES, names, NEEDED, ROOT / "tests" / "findings")


if __name__ == "__main__":
    if sys.argv[1:2] == ["store"]:
        store_as(**json.loads(sys.argv[2]))
    elif sys.argv[1:2] in (["client"], ["server"]):
        say(sys.argv[1], **json.loads(sys.argv[2]))
    else:
        main(sys.argv[1:])
