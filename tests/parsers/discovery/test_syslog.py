"""Syslog: the examples of the RFCs, util-linux logger, and text that only looks like a header."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable

import pytest

from parsers.discovery.syslog import Syslog
from parsers.records import About, Announcement, Datagram, Evidence
from tests.parsers.discovery.telling import seconds_for, tell, tell_every_way, tell_mutations


def names(host: str | None, application: str | None) -> list[Announcement]:
    said = (("syslog_hostname", host), ("syslog_application", application))
    return [Announcement(name, value, Evidence.OBJECT, About.SENDER) for name, value in said if value]


def datagram(text: str | bytes) -> Datagram:
    return Datagram(text if isinstance(text, bytes) else text.encode(), 40514, 514)


@pytest.mark.parametrize(
    ("text", "host", "application"),
    [
        # RFC 5424 6.5
        (
            "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed",
            "mymachine.example.com",
            "su",
        ),
        ("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time", "192.0.2.1", "myproc"),
        (
            '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3"]',
            "mymachine.example.com",
            "evntslog",
        ),
        ("<14>1 - - orthanc 12 - - started", None, "orthanc"),
        ("<14>1 - 2001:db8::1 - 12 - - started", "2001:db8::1", None),
        ("<14>1 - pacs_1 sshd[77] 12 - - x", "pacs_1", "sshd"),
        # RFC 3164, and the form that rsyslog forwards
        ("<38>Oct  1 22:14:15 mr-scanner sshd[4711]: Accepted publickey", "mr-scanner", "sshd"),
        ("<4>Oct 11 22:14:15 10.1.2.3 kernel: eth0: link up", "10.1.2.3", "kernel"),
        ("<85>Oct 21 06:55:08 rtr01 sudo:    admin : TTY=unknown", "rtr01", "sudo"),
        ("<188>Oct 21 06:56:18 rtr01 Rib: %OSPF-4-OSPF_ADJACENCY_TEARDOWN: NGB 172", "rtr01", "Rib"),
        ("<30>2013-09-12T19:16:34.457849+04:00 ris1 systemd[1]: Started", "ris1", "systemd"),
        ("<30>Oct 11 2021 22:14:15 asa-1 cron[12]: x", "asa-1", "cron"),
    ],
)
def test_headers(text: str, host: str | None, application: str | None) -> None:
    assert tell_every_way(Syslog, datagram(text), trailer=b" text") == names(host, application)


@pytest.mark.parametrize(
    "text",
    [
        "<13>Oct 11 22:14:15 sshd[4711]: no host name",
        "<13>Oct 11 22:14:15 last message repeated 3 times",
        "<13>Oct 11 22:14:15 Patient Doe: discharged",
        "<13>Oct 11 22:14:15 Doe^Jane 1971: x",
        "<13>Oct 11 22:14:15 %ASA-6-302013: Built outbound TCP connection",
        "<189>29: *Mar  1 18:46:11.123: %SYS-5-CONFIG_I: Configured from console by jdoe",
        "<13>Oct 32 22:14:15",
        "<13>Foo 11 22:14:15 host sshd[1]: x",
        "<13>sshd[12]: text",
        "<13>",
        "<13>1 2003-10-11 host app 1 - - x",
        "<13>1 2003-10-11T22:14:15Z host app",
        "<13>2 - host app 1 - - x",
    ],
)
def test_what_is_no_header_says_nothing(text: str) -> None:
    assert Syslog.probe(datagram(text))
    assert tell(Syslog, datagram(text)) == ([], None)


@pytest.mark.parametrize(
    "host", ["-", "1234", "Doe^Jane", "a" * 256, "a,b", "host.", "-host", "ho\u00dft", "12.34", "host:1"]
)
def test_what_is_no_host_name(host: str) -> None:
    for text in (f"<13>1 - {host} app 1 - - x", f"<13>Oct 11 22:14:15 {host} app[1]: x"):
        assert [one for one in tell(Syslog, datagram(text))[0] if one.attribute == "syslog_hostname"] == []


@pytest.mark.parametrize("payload", [b"", b"<", b"<13", b"<192>x", b"<1234>x", b"<>x", b"<-1>", b"13>x", b"<x>"])
def test_no_syslog(payload: bytes) -> None:
    assert not Syslog.probe(datagram(payload))


@pytest.mark.parametrize("form", ["--rfc5424", "--rfc3164"])
def test_logger(tool: Callable[[str], str], form: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        port = receiver.getsockname()[1]
        command = [
            tool("logger"),
            "-n",
            "127.0.0.1",
            "-P",
            str(port),
            "-d",
            form,
            "--id=77",
            "-t",
            "modality",
            "Jane Doe",
        ]
        subprocess.run(command, check=True, timeout=10)
        payload = receiver.recv(4096)
    host = socket.gethostname() if form == "--rfc5424" else socket.gethostname().partition(".")[0]
    assert tell(Syslog, datagram(payload)) == (names(host, "modality"), None)


@pytest.mark.parametrize("fill", [b"a", b" ", b"1", b"<13>", b"a ", b"[", b"-", b"\xff", b"1 - ", b"Oct 11 22:14:15 "])
def test_linear_time(fill: bytes) -> None:
    for head in (b"<13>", b"<13>1 - ", b"<13>1 - host app ", b"<13>Oct 11 22:14:15 ", b"<13>Oct 11 22:14:15 host "):
        assert seconds_for(Syslog, datagram((head + fill * 65_536)[:65_535])) < 0.1


def test_mutations() -> None:
    seeds = [
        "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - x",
        "<38>Oct  1 22:14:15 mr-scanner sshd[4711]: Accepted",
        "<188>Oct 21 06:56:18 rtr01 Rib: %OSPF-4-OSPF_ADJACENCY_TEARDOWN: NGB 172",
    ]
    tell_mutations(Syslog, [datagram(seed) for seed in seeds], b"<>1 -[]:%\0\x1b\xffTZ.")
