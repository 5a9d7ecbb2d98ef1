"""Record the cases of TLS, certificates and versions anew: `python -m tests.findings.record.versions [RULE...]`.

Needs root, OpenSSL, Orthanc, nginx, DCMTK, curl and tcpdump. What no old software is at hand for is said in its words.
"""

from __future__ import annotations

import base64
import json
import socketserver
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.cases.record.lab import Host, Lab, record
from tests.cases.record.objects import CANON_CT, write
from tests.conftest import ROOT
from tests.findings.record.certificates import Authority

NEEDED = (
    "dcmtk:echoscu",
    "orthanc:Orthanc",
    "nginx-light:nginx",
    "openssl",
    "curl",
    "tcpdump",
    "iproute2:ip",
    "ethtool",
)
OLD: Final = ("-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")  # what OpenSSL would rather not do any more

TELNET: Final = "\xff\xfd\x18"  # DO TERMINAL-TYPE (RFC 1091)


def say(host: Host, port: int, greeting: str = "", answer: str = "") -> None:
    """Let a server at `port` greet, and answer whatever it is asked."""
    words = json.dumps({"port": port, "greeting": greeting, "answer": answer})
    host.start(sys.executable, "-m", "tests.findings.record.versions", "serve", words)
    host.wait(port)


def headers(*lines: str, status: str = "200 OK") -> str:
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "Content-Length: 0", "Connection: close", "", ""))


def listen(client: Host, server: Host, port: int) -> None:
    """Connect, and hear what the server says first."""
    heard = f"exec 3<>/dev/tcp/{server.ip}/{port}; head -n1 <&3 >/dev/null; sleep 0.3"
    client.run("timeout", "2", "bash", "-c", heard, check=False)


def get(client: Host, server: Host, port: int, path: str = "/") -> None:
    client.run("curl", "-s", "--max-time", "5", f"http://{server.ip}:{port}{path}")


def tls(host: Host, port: int, certificate: Path, *options: str) -> None:
    """Let OpenSSL answer at `port` with a certificate, which stands in one file with its key."""
    host.start("openssl", "s_server", "-www", "-quiet", "-accept", port, "-cert", certificate, *options)
    host.wait(port)


def ask(client: Host, server: Host, port: int, *options: str) -> None:
    """Ask OpenSSL for a page, trusting anybody."""
    to = " ".join(("-connect", f"{server.ip}:{port}", *options))
    said = client.run("bash", "-c", f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 5 openssl s_client -quiet {to}")
    assert "200 ok" in said, said


def outside(lab: Lab, inside: list[Host], *ips: str) -> list[Host]:
    """Hosts on the Internet, behind the router of the hosts `inside`."""
    router = lab.host(f"{inside[0].ip.rsplit('.', 1)[0]}.1")
    router.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    for host in inside:
        host.run("ip", "route", "add", "default", "via", router.ip)
    return [lab.host(ip, behind=router) for ip in ips]


def weak_tls(lab: Lab, capture: Path) -> None:
    """Four weak servers; one that could choose weak things and does not, one with TLS 1.3, one on the Internet."""
    pacs, small, plain, export, good, newest, station = (
        lab.host(f"10.60.1.{last}") for last in (10, 11, 12, 13, 14, 15, 71)
    )
    (cloud,) = outside(lab, [pacs, station], "81.2.69.144")
    authority = Authority(lab.folder)
    strong = authority.issue("strong")
    tls(pacs, 2762, strong, "-tls1", *OLD)
    tls(small, 2762, authority.issue("small", bits=1024), "-tls1_2", *OLD)
    tls(plain, 443, strong, "-tls1_2", "-cipher", "NULL-SHA256:@SECLEVEL=0")
    tls(export, 443, strong, "-tls1_1", "-cipher", "aNULL:@SECLEVEL=0")
    tls(good, 443, strong, "-tls1_2")
    tls(newest, 443, strong, "-tls1_3")
    tls(cloud, 443, authority.issue("cloud", bits=1024), "-tls1", *OLD)
    everything = ("-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    with lab.recorded(capture):
        for server, port in ((pacs, 2762), (small, 2762), (plain, 443), (export, 443), (good, 443), (newest, 443)):
            ask(station, server, port, *everything)
        ask(station, cloud, 443, *everything)


def certificate_expired(lab: Lab, capture: Path) -> None:
    """One that expired, one that will tomorrow, one that was renewed meanwhile, and one of a server on the Internet."""
    late, soon, renewed, station = (lab.host(f"10.60.2.{last}") for last in (10, 11, 12, 71))
    (cloud,) = outside(lab, [station], "81.2.69.144")
    authority = Authority(lab.folder)
    tls(late, 2762, authority.issue("late.example", until=-30), "-tls1_2")
    tls(soon, 443, authority.issue("soon.example", until=1), "-tls1_2")
    tls(renewed, 443, authority.issue("renewed.example", until=-2), "-tls1_2")
    tls(cloud, 443, authority.issue("cloud.example", until=-90), "-tls1_2")
    with lab.recorded(capture):
        for server, port in ((late, 2762), (soon, 443), (renewed, 443), (cloud, 443)):
            ask(station, server, port)
        renewed.started[0].terminate()
        renewed.started[0].wait()
        tls(renewed, 443, authority.issue("renewed.example", until=300), "-tls1_2")
        ask(station, renewed, 443)


def certificate_self_signed_public(lab: Lab, capture: Path) -> None:
    """Self-signed towards the Internet, and within the site only; of an authority; a scanner's and a PC's servers."""
    portal, inner, proper, scanner, archive, pc = (lab.host(f"10.60.3.{last}") for last in (10, 11, 12, 21, 40, 71))
    home, cloud = outside(lab, [portal, proper, scanner, pc], "81.2.69.144", "81.2.69.160")
    authority = Authority(lab.folder)
    tls(portal, 443, authority.issue("portal.example", alone=True), "-tls1_2")
    tls(inner, 443, authority.issue("inner.example", alone=True), "-tls1_2")
    tls(proper, 443, authority.issue("proper.example"), "-tls1_2")
    tls(cloud, 443, authority.issue("cloud.example", alone=True), "-tls1_2")
    archive.serve("serve", 104, titles=["VNA1"], stores=True)
    with lab.recorded(capture):
        ask(home, portal, 443)
        ask(home, proper, 443)
        ask(pc, inner, 443)
        ask(pc, cloud, 443)
        scanner.act("store", to=archive.ip, calling="AQONE", called="VNA1", files=write(lab.folder / "ct", CANON_CT))
        ask(scanner, cloud, 443)


def windows(major: int, minor: int, build: int) -> str:
    """An answer in which a server introduces itself in NTLM, as IIS does ([MS-NLMP] 2.2.1.2)."""
    flags = 0x02008201  # NEGOTIATE_VERSION, EXTENDED... of a challenge, NTLM, UNICODE
    challenge = (
        b"NTLMSSP\0" + struct.pack("<IHHI", 2, 0, 0, 56) + struct.pack("<I8s8xHHI", flags, b"challeng", 0, 0, 56)
    )
    challenge += struct.pack("<BBH3xB", major, minor, build, 15)
    told = base64.b64encode(challenge).decode()
    return headers(f"WWW-Authenticate: NTLM {told}", status="401 Unauthorized")


def end_of_life_os(lab: Lab, capture: Path) -> None:
    """Windows by NTLM and others by their greetings: ended, sold on, supported, and not told exactly."""
    hosts = [lab.host(f"10.60.4.{last}") for last in range(10, 19)]
    seven, twelve, ten, ltsc, new, debian, ubuntu, centos, vague = hosts
    station = lab.host("10.60.4.71")
    for host, version in (
        (seven, (6, 1, 7601)),
        (twelve, (6, 3, 9600)),
        (ten, (10, 0, 19045)),
        (ltsc, (10, 0, 19044)),
        (new, (10, 0, 20348)),
    ):
        say(host, 80, answer=windows(*version))
    say(debian, 22, "SSH-2.0-OpenSSH_6.7p1 Debian-5+deb8u8\r\n")
    say(ubuntu, 23, TELNET + "Ubuntu 24.04.1 LTS\r\n")
    say(centos, 23, TELNET + "CentOS release 5.9 (Final)\r\n")
    say(vague, 80, answer=headers("Server: Microsoft-HTTPAPI/2.0"))
    with lab.recorded(capture):
        for host in hosts:
            if host in (debian, ubuntu, centos):
                listen(station, host, 22 if host is debian else 23)
            else:
                get(station, host, 80)


def end_of_life_software(lab: Lab, capture: Path) -> None:
    """What is surely out of support, what perhaps, what a distribution supports, and what is told in part only."""
    hosts = [lab.host(f"10.60.5.{last}") for last in range(10, 17)]
    servers = (
        "Microsoft-IIS/6.0",
        "Apache/2.2.34 (Win32)",
        "Jetty(9.2.14.v20151106)",
        "Apache/2.2.15 (CentOS)",
        "Apache/2",
        "nginx/1.29.5",
        "Microsoft-IIS/10.0",
    )
    station = lab.host("10.60.5.71")
    for host, server in zip(hosts, servers, strict=True):
        say(host, 80, answer=headers(f"Server: {server}"))
    with lab.recorded(capture):
        for host in hosts:
            get(station, host, 80)


def known_vulnerability(lab: Lab, capture: Path) -> None:
    """Orthanc, nginx and DCMTK as they are, and greetings of others: affected, mended, packed, or not told exactly."""
    archive, web, receiver, *others = (lab.host(f"10.60.6.{last}") for last in range(10, 19))
    station = lab.host("10.60.6.71")
    archive.orthanc(lab.folder / "orthanc", "VNA1", HttpPort=8042, RemoteAccessAllowed=True)
    (lab.folder / "nginx.conf").write_text(
        f"daemon off; pid {lab.folder}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; server {{ listen 80; return 204; }} }}\n"
    )
    web.start("nginx", "-c", lab.folder / "nginx.conf")
    web.wait(80)
    receiver.start("storescp", "-od", lab.folder, 104)
    receiver.wait(104)
    servu, mended, packed, exact, iis, vague = others
    say(servu, 21, "220 Serv-U FTP Server v15.1 ready...\r\n")
    say(mended, 21, "220 Serv-U FTP Server v15.4.2 ready...\r\n")
    say(packed, 22, "SSH-2.0-OpenSSH_8.7p1 Debian-5+deb11u3\r\n")
    say(exact, 21, "220 (vsFTPd 2.3.4)\r\n")
    say(iis, 80, answer=headers("Server: Microsoft-IIS/6.0", "X-Powered-By: ASP.NET"))
    say(vague, 80, answer=headers("Server: Apache/2.4"))
    with lab.recorded(capture):
        get(station, archive, 8042, "/system")
        station.run("echoscu", "-aec", "VNA1", archive.ip, 11112)
        station.run("echoscu", receiver.ip, 104)
        get(station, web, 80)
        for host, port in ((servu, 21), (mended, 21), (packed, 22), (exact, 21)):
            listen(station, host, port)
        get(station, iis, 80)
        get(station, vague, 80)


CASES: Final[dict[str, Callable[[Lab, Path], None]]] = {
    case.__name__.replace("_", "-"): case
    for case in (
        weak_tls,
        certificate_expired,
        certificate_self_signed_public,
        end_of_life_os,
        end_of_life_software,
        known_vulnerability,
    )
}


def serve(port: int, greeting: str, answer: str) -> None:
    """Greet whoever connects, and answer his first words."""

    class Speaker(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(greeting.encode("latin-1"))
            if self.request.recv(4096) and answer:
                self.request.sendall(answer.encode())

    with socketserver.ThreadingTCPServer(("", port), Speaker) as server:
        server.serve_forever()


def main(names: list[str]) -> None:
    if names[:1] == ["serve"]:
        serve(**json.loads(names[1]))
    record(CASES, names, NEEDED, ROOT / "tests" / "findings")


if __name__ == "__main__":
    main(sys.argv[1:])
