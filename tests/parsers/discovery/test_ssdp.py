"""SSDP announcements and answers, as UPnP devices send them."""

from __future__ import annotations

import pytest

from parsers.discovery.ssdp import Ssdp
from parsers.records import Announcement, Datagram, Evidence
from tests.parsers.discovery.telling import seconds_for, tell, tell_every_way, tell_mutations, values

UUID = "060b7353-fca6-4070-85f4-1fbfb9add62c"
DEVICE = "urn:schemas-upnp-org:device:Printer:1"
SERVER = "Linux/3.10 UPnP/1.0 ExamplePrinter/4.2"


def notify(nt: str = DEVICE, nts: str = "ssdp:alive", usn: str | None = None, more: str = "") -> Datagram:
    lines = [
        "NOTIFY * HTTP/1.1",
        "HOST: 239.255.255.250:1900",
        "CACHE-CONTROL: max-age=1800",
        "LOCATION: http://10.0.0.9:80/rootDesc.xml?user=jdoe",
        f"SERVER: {SERVER}",
        f"NT: {nt}",
        f"USN: {usn or f'uuid:{UUID}::{nt}'}",
        f"NTS: {nts}",
    ]
    return Datagram(("\r\n".join(lines) + "\r\n" + more + "\r\n").encode(), 40190, 1900)


ANSWER = Datagram(
    (
        "HTTP/1.1 200 OK\r\nST:urn:schemas-upnp-org:service:Layer3Forwarding:1\r\n"
        f"USN:uuid:{UUID.upper()}::urn:schemas-upnp-org:service:Layer3Forwarding:1\r\n"
        "EXT:\r\nServer: ipos/7.0 UPnP/1.0 TL-WDR3600/1.0\r\nLocation: http://10.0.0.1:1900/igd.xml\r\n\r\n"
    ).encode(),
    1900,
    50190,
)


def test_a_device_announces_itself() -> None:
    assert tell_every_way(Ssdp, notify()) == [
        Announcement("ssdp_server", SERVER, Evidence.PEER),
        Announcement("ssdp_device_type", DEVICE, Evidence.PEER),
        Announcement("device_uuid", UUID, Evidence.PEER),
    ]
    assert values(tell(Ssdp, notify(nts="ssdp:update"))[0])["device_uuid"] == UUID


def test_a_device_answers_a_search() -> None:
    assert tell_every_way(Ssdp, ANSWER) == [
        Announcement("ssdp_server", "ipos/7.0 UPnP/1.0 TL-WDR3600/1.0", Evidence.PEER, port=1900),
        Announcement("ssdp_device_type", "urn:schemas-upnp-org:service:Layer3Forwarding:1", Evidence.PEER, port=1900),
        Announcement("device_uuid", UUID, Evidence.PEER, port=1900),
    ]


@pytest.mark.parametrize(
    ("nt", "kind"),
    [
        ("upnp:rootdevice", None),
        (f"uuid:{UUID}", None),
        ("ssdp:all", None),
        ("urn:schemas-upnp-org:device:InternetGatewayDevice:2", True),
        ("urn:dial-multiscreen-org:service:dial:1", True),
        ("urn:Microsoft Windows Peer Name Resolution Protocol: V4:IPV6:LinkLocal", None),
        ("urn:x:device:" + "a" * 65 + ":1", None),
    ],
)
def test_types(nt: str, kind: bool | None) -> None:
    said = values(tell(Ssdp, notify(nt))[0])
    assert said.get("ssdp_device_type") == (nt if kind else None)
    assert said["ssdp_server"] == SERVER


@pytest.mark.parametrize(
    ("usn", "uuid"),
    [
        (f"uuid:{UUID}", UUID),
        (f"uuid:{UUID}::upnp:rootdevice", UUID),
        ("uuid:RINCON_000E58000001400::urn:x", "rincon_000e58000001400"),
        (f"urn:uuid:{UUID}", None),
        ("uuid:short::x", None),
        (f"uuid:{UUID}:x", None),
        ("uuid:Jane Doe of ward 3", None),
    ],
)
def test_uuids(usn: str, uuid: str | None) -> None:
    assert values(tell(Ssdp, notify(usn=usn))[0]).get("device_uuid") == uuid


@pytest.mark.parametrize(
    "datagram",
    [
        notify(nts="ssdp:byebye"),
        Datagram(
            b'M-SEARCH * HTTP/1.1\r\nMAN: "ssdp:discover"\r\nST: ssdp:all\r\nUSER-AGENT: Chrome/99 Windows\r\n\r\n'
        ),
        Datagram(b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n"),
    ],
)
def test_what_says_nothing(datagram: Datagram) -> None:
    assert Ssdp.probe(datagram)
    assert tell(Ssdp, datagram) == ([], None)


@pytest.mark.parametrize(
    "payload", [b"", b"NOTIFY /x HTTP/1.1\r\n", b"HTTP/1.1 404 Not Found\r\n", b"GET / HTTP/1.1\r\n", b"\0NOTIFY"]
)
def test_no_ssdp(payload: bytes) -> None:
    assert not Ssdp.probe(Datagram(payload, 1900, 1900))


def test_bare_line_feeds_and_headers_without_an_end() -> None:
    bare = Datagram(notify().payload.replace(b"\r\n", b"\n")[:-1], 40190, 1900)
    assert tell(Ssdp, bare) == tell(Ssdp, notify())
    said, reason = tell(Ssdp, bare._replace(payload=bare.payload + b"SERVER", cut=True))
    assert reason == "headers without an end"
    assert values(said)["device_uuid"] == UUID


def test_the_first_of_two_headers_counts() -> None:
    said = values(tell(Ssdp, notify(more="SERVER: other\r\nUSN: uuid:00000000-other\r\n"))[0])
    assert (said["ssdp_server"], said["device_uuid"]) == (SERVER, UUID)


@pytest.mark.parametrize("fill", [b"a", b":", b"\r", b"\n", b"\r\n", b"a:b\r\n", b"USN: uuid:\r\n", b"SERVER: ", b" "])
def test_64_kib(fill: bytes) -> None:
    for head in (notify().payload[:-2], b"HTTP/1.1 200 OK\r\nST: x\r\nSERVER: "):
        datagram = Datagram((head + fill * 65_536)[:65_535], 1900, 1900)
        assert len(tell(Ssdp, datagram)[0]) <= 3
        assert seconds_for(Ssdp, datagram) < 0.1


def test_mutations() -> None:
    tell_mutations(Ssdp, [notify(), ANSWER], b"\r\n: \0\x1buU\xff-")
