"""Build the cases that take days, or several hosts to misbehave.

`python -m tests.findings.record.behaviour_on_paper [RULE...]`, with no more than Python.

Frames as `tests/hospital` builds them, the same bytes each time. DICOM, VNC, telnet, SNMP and ARP are as the standards
have them; of SMB, RDP and SSH just the first message of each end.
"""

from __future__ import annotations

import gzip
import random
import struct
import sys
import tempfile
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from scapy.layers.snmp import SNMP, SNMPget, SNMPresponse, SNMPvarbind

from tests.conftest import ROOT
from tests.degrade import Frame, write_pcap
from tests.hospital import dicom
from tests.hospital.hosts import MAKERS, SOP_CLASSES, TOOLKITS, Equipment, Host, Software
from tests.hospital.wire import Connection, Wire

DAY: Final = 86_400
BROADCAST: Final = "ff:ff:ff:ff:ff:ff"
RFB: Final = b"RFB 003.008\n"
# TPKT and X.224 with a request for, and the choice of, CredSSP (MS-RDPBCGR 2.2.1.1, 2.2.1.2).
RDP: Final = tuple(bytes.fromhex(f"0300001 30e{rest}".replace(" ", "")) for rest in (
    "e000000000000100080002000000", "d000001234000200080002000000",
))  # fmt: skip
SSH: Final = b"SSH-2.0-Service\r\n"


def host(kind: str, number: int, title: str = "", equipment: Equipment | None = None, port: int = 104) -> Host:
    """A host at 10.20.0.`number`; a modality's software is that of the maker of its equipment."""
    software = TOOLKITS[3]
    if equipment is not None:
        maker = next(m for m in MAKERS if m[0] == equipment.maker)
        software = Software(maker[0], f"{maker[2]}.1", maker[3][0])
    return Host(kind, f"10.20.0.{number}", f"00:1b:21:00:01:{number:02x}", title, software, equipment, port=port)


def scanner(number: int, title: str, maker: int, model: int, software: str = "1.0") -> Host:
    name, spellings, _, _, models = MAKERS[maker]
    product, modality = models[model]
    serial, sop_class = f"SN{number}", SOP_CLASSES[modality]
    made = Equipment(name, spellings[0], product, serial, title, modality, sop_class, (software,))
    return host("modality", number, title, made)


def archive() -> Host:
    return host("archive", 40, "VNA1", port=11112)


def talk(wire: Wire, client: Host, server: Host, port: int, *turns: tuple[str, bytes]) -> None:
    connection = Connection(wire, client, server, port)
    for who, data in turns:
        (connection.ask if who == "client" else connection.answer)(data)
    connection.close()


def datagram(wire: Wire, sender: Host, receiver: Host, ports: tuple[int, int], data: bytes) -> None:
    udp = struct.pack(">HHHH", *ports, 8 + len(data), 0) + data
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), wire.rng.randrange(65536), 0x4000, 64, 17, 0)
    addresses = ip_address(sender.ip).packed + ip_address(receiver.ip).packed
    wire.frame(receiver.mac, sender.mac, 0x0800, head + addresses + udp)


def claim(wire: Wire, mac: str, ip: str) -> None:
    """An ARP announcement."""
    wire.arp(Host("", ip, mac, "", TOOLKITS[3]))


def work(wire: Wire, modality: Host, target: Host, series: int) -> None:
    """A modality asks the worklist, makes images and stores them."""
    assert modality.equipment is not None
    dicom.find(wire, modality, target, dicom.WORKLIST, modality.equipment.modality)
    dicom.store(wire, modality, target, [dicom.picture(modality.equipment, series, n) for n in (1,)])


def page(status: str, *headers: str) -> bytes:
    lines = (f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "", "")
    return "\r\n".join(lines).encode()


def ask(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: device\r\n\r\n".encode()


def unencrypted_management(wire: Wire) -> None:
    """VNC with and without a password, a switch's and an Orthanc's pages, telnet; VNC over TLS, an intranet's pages."""
    pc = host("client", 71)
    for number, offered, chosen in ((11, b"\1\1", b"\1"), (12, b"\1\2", b"\2"), (13, b"\2\2\x13", b"\x13")):
        turns = (("server", RFB), ("client", RFB), ("server", offered), ("client", chosen), ("server", bytes(16)))
        talk(wire, pc, host("modality", number), 5900, *turns)
    for number, realm in ((21, "level_15_access"), (22, "Intranet")):
        challenge = page("401 Unauthorized", f'WWW-Authenticate: Basic realm="{realm}"')
        talk(wire, pc, host("network", number), 80, ("client", ask("/")), ("server", challenge))
    for number, path in ((40, "/app/explorer.html"), (41, "/index.html")):
        talk(wire, pc, host("archive", number), 8042, ("client", ask(path)), ("server", page("200 OK")))
    greeting = b"\xff\xfd\x18\xff\xfb\x03VxWorks service console\r\nlogin: "
    talk(wire, pc, host("modality", 14), 23, ("server", greeting), ("client", b"\xff\xfc\x18\xff\xfd\x03"))


def snmp_default_community(wire: Wire) -> None:
    """Agents that answer to `public`, to a community of their own, and to none."""
    manager = host("client", 71)
    for number, community, answers in ((11, "public", True), (12, "LABPHI9", True), (13, "public", False)):
        agent, name = host("network", number), [SNMPvarbind(oid="1.3.6.1.2.1.1.3.0")]
        question = SNMP(community=community, PDU=SNMPget(id=number, varbindlist=name))
        datagram(wire, manager, agent, (40000 + number, 161), bytes(question))
        if answers:
            answer = SNMP(community=community, PDU=SNMPresponse(id=number, varbindlist=name))
            datagram(wire, agent, manager, (161, 40000 + number), bytes(answer))


def address_conflict(wire: Wire) -> None:
    """Two hosts claim 10.20.0.9 in turn. A lease that goes on, a cluster over and back, VRRP, twin cards: none."""
    first, second, router = "00:1b:21:00:0a:01", "00:60:b0:00:0b:01", "00:00:5e:00:01:05"
    for _ in range(3):
        for mac in (first, second):
            claim(wire, mac, "10.20.0.9")
            wire.pause(20)
    for mac, ip, pause in (
        *(("00:1b:21:00:0a:02", "10.20.0.20", 5000), ("00:60:b0:00:0b:02", "10.20.0.20", 5000)),
        *(("00:1b:21:00:0a:03", "10.20.0.21", 60), ("00:60:b0:00:0b:03", "10.20.0.21", 600)),
        *(("00:1b:21:00:0a:03", "10.20.0.21", 60), ("00:1b:21:00:0a:04", "10.20.0.1", 1)),
        *((router, "10.20.0.1", 1), ("00:1b:21:00:0a:04", "10.20.0.1", 1), (router, "10.20.0.1", 1)),
        *((f"00:1b:21:00:0c:0{1 + turn % 2}", "10.20.0.30", 5) for turn in range(6)),
    ):
        claim(wire, mac, ip)
        wire.pause(pause)


def modality_talks_to_unexpected_peer(wire: Wire) -> None:
    """A CT operates an MR, and is operated by a PC; it does its work, and administration operates all."""
    ct, mr, us, store = scanner(11, "CT1", 0, 0), scanner(12, "MR1", 1, 1), scanner(13, "US1", 2, 2), archive()
    pc, admin, files = host("client", 71), host("client", 72), host("file_server", 50)
    for series, modality in enumerate((ct, mr, us), 1):
        work(wire, modality, store, series)
    vnc = (("server", RFB), ("client", RFB), ("server", b"\1\2"), ("client", b"\2"))
    talk(wire, ct, mr, 5900, *vnc)
    talk(wire, pc, ct, 3389, ("client", RDP[0]), ("server", RDP[1]))
    for modality in (ct, mr, us):
        talk(wire, admin, modality, 22, ("server", SSH), ("client", SSH))
    smb = struct.pack(">I", 37) + b"\xfeSMB" + bytes.fromhex("4000" + "00" * 10 + "0000" + "00" * 17)
    talk(wire, ct, files, 445, ("client", smb), ("server", smb))
    talk(wire, ct, store, 22, ("server", SSH), ("client", SSH))


def new_device(wire: Wire) -> None:
    """Two scanners for twelve days, then a third, and a telephone with a made-up MAC."""
    ct, mr, us, store = scanner(11, "CT1", 0, 0), scanner(12, "MR1", 1, 1), scanner(13, "US1", 2, 2), archive()
    phone = Host("client", "10.20.0.90", "02:1b:21:00:01:90", "", TOOLKITS[3])
    for day in range(14):
        for number, modality in enumerate((ct, mr, us)[: 2 + (day >= 12)]):
            work(wire, modality, store, day * 10 + number)
        if day == 12:
            talk(wire, phone, store, 8042, ("client", ask("/")), ("server", page("200 OK")))
        wire.pause(DAY)


def device_gone(wire: Wire) -> None:
    """Three scanners; one is gone after ten days, one is used once a week only."""
    ct, mr, us, store = scanner(11, "CT1", 0, 0), scanner(12, "MR1", 1, 1), scanner(13, "US1", 2, 2), archive()
    for day in range(30):
        for number, modality in enumerate((ct, mr, us)):
            if (modality is ct) or (modality is mr and day < 10) or (modality is us and day % 7 == 1):
                work(wire, modality, store, day * 10 + number)
        dicom.find(wire, host("workstation", 72, "RAD1"), store)
        claim(wire, "00:1b:21:00:01:48", "10.20.0.72")
        talk(wire, host("workstation", 72, "RAD1"), store, 8000 + day, ("client", ask("/")), ("server", page("200 OK")))
        wire.pause(DAY)


def software_changed(wire: Wire) -> None:
    """An MR is upgraded; an US tells two programs' versions in turn."""
    store = archive()
    for day in range(4):
        work(wire, scanner(12, "MR1", 0, 1, "syngo MR E11" if day < 2 else "syngo MR XA30"), store, day * 10)
        work(wire, scanner(13, "US1", 2, 2, "EPIQ 9.0" if day % 2 else "EPIQ 7.0"), store, day * 10 + 1)
        wire.pause(3600)


CASES: Final[dict[str, Callable[[Wire], None]]] = {
    case.__name__.replace("_", "-"): case
    for case in (
        *(unencrypted_management, snmp_default_community, address_conflict, modality_talks_to_unexpected_peer),
        *(new_device, device_gone, software_changed),
    )
}


def main(names: list[str]) -> None:
    for name in names or CASES:
        wire = Wire(random.Random(name))
        CASES[name](wire)
        frames = [Frame(at // 1000, data, len(data)) for at, data in zip(wire.times, wire.frames, strict=True)]
        folder = ROOT / "tests" / "findings" / name
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            plain = Path(scratch) / "capture.pcap"
            write_pcap(plain, frames)
            (folder / "capture.pcap.gz").write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
        print(f"{name}: {(folder / 'capture.pcap.gz').stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
