"""NetBIOS name service, datagrams and browser announcements, built by scapy."""

from __future__ import annotations

import pytest
from scapy.layers.netbios import (
    NBNS_ADD_ENTRY,
    NBNSHeader,
    NBNSNodeStatusResponse,
    NBNSNodeStatusResponseService,
    NBNSQueryRequest,
    NBNSQueryResponse,
    NBNSRegistrationRequest,
    NBTDatagram,
)
from scapy.layers.smb import BRWS_HostAnnouncement, BRWS_LocalMasterAnnouncement, SMB_Header, SMBMailslot_Write
from scapy.packet import Packet, Raw

from parsers.discovery.browser import Browser
from parsers.discovery.nbns import Nbns
from parsers.discovery.netbios import decode_name
from parsers.malformed import Malformed
from parsers.records import Announcement, Datagram
from tests.parsers.discovery.telling import statements, tell, tell_every_way

NAMES, DATAGRAMS = (137, 137), (138, 138)
GROUP, LEAVING, CONFLICT = 0x80, 0x10, 0x08


def encoded(suffix: int) -> int:
    """A suffix as it stands in a name."""
    return 0x4141 + (suffix >> 4 << 8) + (suffix & 15)


def names(packet: Packet) -> list[Announcement]:
    return tell_every_way(Nbns, Datagram(bytes(packet), *NAMES))


def registration(name: str, suffix: int, group: bool = False, opcode: int = 5) -> Packet:
    request = NBNSRegistrationRequest(QUESTION_NAME=name, SUFFIX=encoded(suffix), G=int(group), NB_ADDRESS="10.20.0.5")
    return NBNSHeader(OPCODE=opcode, NM_FLAGS=0x11, QDCOUNT=1, ARCOUNT=1) / request


def peer(attribute: str, value: str) -> tuple[str, str, str, str, None, None]:
    return attribute, value, "peer", "SENDER", None, None


@pytest.mark.parametrize("opcode", [5, 8, 9, 15])
def test_a_registered_name(opcode: int) -> None:
    assert statements(names(registration("CTROOM1", 0, opcode=opcode))) == [peer("hostname", "CTROOM1")]


@pytest.mark.parametrize(
    ("name", "suffix", "group", "attribute"),
    [
        *(("CTROOM1", suffix, False, "hostname") for suffix in (0x00, 0x20)),
        *(("RADIOLOGY", suffix, True, "domain") for suffix in (0x00, 0x1C, 0x1E)),
        *(("RADIOLOGY", suffix, False, "domain") for suffix in (0x1B, 0x1D)),
        ("MARTIN", 0x03, False, None),
        *(("CTROOM1", suffix, False, None) for suffix in (0x01, 0x06, 0x1E, 0x1F, 0x21, 0xBE)),
        *(("RADIOLOGY", suffix, True, None) for suffix in (0x01, 0x03, 0x1B, 0x20)),
        ("\1\2__MSBROWSE__\2", 0x01, True, None),
        ("IS~CTROOM1", 0x00, False, None),
        ("INet~Services", 0x1C, True, None),
        ("*SMBSERVER", 0x20, False, None),
        ("               ", 0x00, False, None),
    ],
)
def test_the_suffix_tells_what_a_name_is_for(name: str, suffix: int, group: bool, attribute: str | None) -> None:
    assert statements(names(registration(name, suffix, group))) == ([peer(attribute, name)] if attribute else [])


@pytest.mark.parametrize("opcode", [6, 7])
def test_a_name_given_up_says_nothing(opcode: int) -> None:
    assert names(registration("CTROOM1", 0, opcode=opcode)) == []


def answer(suffix: int, *entries: Packet, **header: object) -> Packet:
    fields = {"RESPONSE": 1, "OPCODE": 0, "NM_FLAGS": 0x58, "QDCOUNT": 0, "ANCOUNT": 1, **header}
    return NBNSHeader(**fields) / NBNSQueryResponse(RR_NAME="PACS1", SUFFIX=encoded(suffix), ADDR_ENTRY=list(entries))


def test_the_holder_of_a_name() -> None:
    entries = [NBNS_ADD_ENTRY(G=0, NB_ADDRESS=f"10.20.0.{n}") for n in (7, 8)]
    assert statements(names(answer(0x20, *entries))) == [
        ("hostname", "PACS1", "claim", "OTHER", "10.20.0.7", None),
        ("hostname", "PACS1", "claim", "OTHER", "10.20.0.8", None),
    ]
    assert names(answer(0x1B, *entries)) == names(answer(0x03, *entries)) == []
    assert names(answer(0x20, NBNS_ADD_ENTRY(G=1, NB_ADDRESS="10.20.0.7"))) == []
    assert names(answer(0x20, NBNS_ADD_ENTRY(G=0, NB_ADDRESS="255.255.255.255"))) == []
    assert names(answer(0x20, *entries, RCODE=3)) == []
    many = [NBNS_ADD_ENTRY(G=0, NB_ADDRESS=f"10.20.{n >> 8}.{n & 255}") for n in range(1, 2000)]
    assert len(tell(Nbns, Datagram(bytes(answer(0x20, *many)), *NAMES))[0]) == 25


def test_a_query_says_nothing() -> None:
    assert names(NBNSHeader(OPCODE=0, QDCOUNT=1) / NBNSQueryRequest(QUESTION_NAME="PACS1", SUFFIX=encoded(0x20))) == []


def status(*held: tuple[str, int, int]) -> bytes:
    rows = [
        NBNSNodeStatusResponseService(NETBIOS_NAME=name.ljust(15), SUFFIX=n, NAME_FLAGS=f | 4) for name, n, f in held
    ]
    body = NBNSNodeStatusResponse(
        RR_NAME="*", NODE_NAME=rows, RDLENGTH=53 + 18 * len(rows), MAC_ADDRESS="00:1b:c5:1:2:3"
    )
    return bytes(NBNSHeader(RESPONSE=1, OPCODE=0, NM_FLAGS=0x40, QDCOUNT=0, ANCOUNT=1) / body)


@pytest.mark.parametrize(
    ("held", "hosts", "domains"),
    [
        ([("CTROOM1", 0, 0), ("RAD", 0, GROUP), ("CTROOM1", 0x20, 0), ("RAD", 0x1E, GROUP)], ["CTROOM1"], ["RAD"]),
        ([("CTROOM1", 0, 0), ("CTROOM1", 3, 0), ("MARTIN", 3, 0)], [], []),  # which of the two is the computer?
        ([("CTROOM1", 0, 0), ("CTROOM1", 3, 0), ("CTROOM1", 0x20, 0), ("MARTIN", 3, 0)], ["CTROOM1"], []),
        ([("CTROOM1", 0x20, 0), ("MARTIN", 3, 0), ("MARTIN", 0, 0)], ["CTROOM1"], []),
        ([("OLD", 0, LEAVING), ("TAKEN", 0, CONFLICT), ("CTROOM1", 0, 0)], ["CTROOM1"], []),
        ([("RAD", 0x1B, 0), ("RAD", 0x1D, 0), ("RAD", 0x1C, GROUP)], [], ["RAD"]),
        ([], [], []),
    ],
)
def test_the_names_a_node_lists(held: list[tuple[str, int, int]], hosts: list[str], domains: list[str]) -> None:
    said = tell_every_way(Nbns, Datagram(status(*held), *NAMES))
    assert [row[:3] for row in statements(said)] == [
        *(("hostname", name, "peer") for name in hosts),
        *(("domain", name, "peer") for name in domains),
    ]
    assert all(row.port == 137 and row.mac is None for row in said)


def test_a_node_status_of_wrong_length_says_what_it_has() -> None:
    payload = bytearray(status(("CTROOM1", 0x20, 0)))
    payload[12 + 34 + 10] = 200  # NUM_NAMES
    said, reason = tell(Nbns, Datagram(bytes(payload), *NAMES))
    assert ("hostname", "CTROOM1") in {(row.attribute, row.value) for row in said}
    assert reason == "node status cut short"


@pytest.mark.parametrize(
    "encoded_name", [b"", b"EDFE", b"Z" * 32, b"a" * 32, b"CA" * 16 + b"C", b"0" * 32, b"CA" * 15 + b"C."]
)
def test_what_is_no_netbios_name(encoded_name: bytes) -> None:
    with pytest.raises(Malformed):
        decode_name(encoded_name)


def test_names_in_a_scope() -> None:
    assert decode_name(b"EDFECA" + b"CA" * 12 + b"AA.scope.example").text == "CT"


def datagram(*payload: Packet, source: int = 0x00, target: int = 0x1D, kind: int = 0x11) -> bytes:
    head = NBTDatagram(
        *(),
        Type=kind,
        SourceIP="10.20.0.5",
        SourceName="CTROOM1",
        SUFFIX1=encoded(source),
        DestinationName="RADIOLOGY",
        SUFFIX2=encoded(target),
    )
    for layer in payload:
        head /= layer
    return bytes(head)


def mailslot(announcement: Packet, name: str = "\\MAILSLOT\\BROWSE") -> tuple[Packet, Packet]:
    return SMB_Header(Command=0x25), SMBMailslot_Write(Name=name, Buffer=[("Data", announcement)])


def host(server_type: int = 0x1003, major: int = 6, minor: int = 1, name: bytes = b"CTROOM1") -> Packet:
    return BRWS_HostAnnouncement(
        ServerName=name, OSVersionMajor=major, OSVersionMinor=minor, ServerType=server_type, Comment="Canary's desk"
    )


def browse(payload: bytes) -> list[Announcement]:
    return tell_every_way(Browser, Datagram(payload, *DATAGRAMS))


HOSTNAME = peer("hostname", "CTROOM1")
DOMAIN = peer("domain", "RADIOLOGY")
WINDOWS_7 = peer("os_version", "Windows 6.1")


@pytest.mark.parametrize("kind", [0x10, 0x11, 0x12])
def test_a_host_announcement(kind: int) -> None:
    said = browse(datagram(*mailslot(host()), kind=kind))
    assert statements(said) == [HOSTNAME, DOMAIN, WINDOWS_7]
    assert "anary" not in repr(said) and all(row.port is None for row in said)


def test_a_local_master_announcement() -> None:
    announcement = BRWS_LocalMasterAnnouncement(
        ServerName=b"CTROOM1", OSVersionMajor=10, OSVersionMinor=0, ServerType=0x1003
    )
    said = statements(browse(datagram(*mailslot(announcement), target=0x1E)))
    assert said == [HOSTNAME, peer("os_version", "Windows 10.0")]


def test_a_domain_announcement() -> None:
    data = b"\x0c\0\0\0\0\0" + b"RADIOLOGY".ljust(16, b"\0") + b"\3\x0a\0\x10\0\x80\x0f\1\x55\xaaMASTER\0"
    assert statements(browse(datagram(*mailslot(Raw(data)), target=0x01))) == [HOSTNAME, DOMAIN]


@pytest.mark.parametrize("server_type", [0x0000_9A03, 0x0000_0003, 0x0000_1043, 0x0020_0003])
def test_samba_and_others_are_not_windows(server_type: int) -> None:
    assert statements(browse(datagram(*mailslot(host(server_type))))) == [HOSTNAME, DOMAIN]


def test_another_name_in_the_announcement() -> None:
    said = statements(browse(datagram(*mailslot(host(name=b"CTROOM1-LONGER\0!")))))
    assert [row[1] for row in said if row[0] == "hostname"] == ["CTROOM1", "CTROOM1-LONGER"]


@pytest.mark.parametrize(
    "payload",
    [
        datagram(),
        datagram(Raw(b"anything")),
        datagram(*mailslot(host(), "\\MAILSLOT\\NET\\NETLOGON")),
        datagram(*mailslot(Raw(b"\x02\0CTROOM1\0"))),
        datagram(*mailslot(Raw(b"\x08\1\0\0\0\0"))),
    ],
    ids=["nothing", "no SMB", "other mailslot", "announcement request", "election"],
)
def test_any_datagram_names_its_sender(payload: bytes) -> None:
    assert statements(browse(payload)) == [HOSTNAME]


def test_a_user_and_a_group_are_not_the_sender() -> None:
    for suffix in (0x03, 0x1D, 0x1B, 0x1E):
        assert browse(datagram(source=suffix)) == []


def test_broken_announcements() -> None:
    short = datagram(*mailslot(Raw(b"\1" + bytes(20))))
    assert tell(Browser, Datagram(short, *DATAGRAMS))[1] == "browser announcement cut short"
    whole = datagram(*mailslot(host()))
    at = whole.index(b"\xffSMB")
    inside = whole[: at + 57] + b"\0\0" + whole[at + 59 :]  # DataOffset
    said, reason = tell(Browser, Datagram(inside, *DATAGRAMS))
    assert statements(said) == [HOSTNAME] and reason == "mailslot data where its header is"
    for payload in (b"", whole[:14], b"\x13" + whole[1:], b"\x14" + whole[1:], whole[:14] + b"\x21" + whole[15:]):
        assert tell(Browser, Datagram(payload, *DATAGRAMS)) == ([], "probe")
