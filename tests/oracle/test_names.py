"""Over real captures: what tshark prints of names, classes and leases is found, and nothing that it does not see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from parsers.discovery.browser import Browser
from parsers.discovery.dhcp import Dhcp
from parsers.discovery.dhcpv6 import Dhcpv6
from parsers.discovery.dns import Dns
from parsers.discovery.llmnr import Llmnr
from parsers.discovery.mdns import Mdns
from parsers.discovery.nbns import Nbns
from parsers.protocol import DatagramParser
from parsers.records import Announcement, Datagram
from tests.oracle.names import Fields, dissect, expected, name, printed
from tests.parsers.discovery.telling import tell

PARSERS: tuple[type[DatagramParser], ...] = (Dhcp, Dhcpv6, Dns, Mdns, Llmnr, Nbns, Browser)

# The captures in which these protocols say most; capture -> at least so many different facts are in it.
CAPTURES = {
    "arkime+arkime/tests/pcap/nbns.pcap": 4,
    "arkime+arkime/tests/pcap/ipv6-gtp6.pcap": 15,
    "arkime+arkime/tests/pcap/wireshark-dhcp.pcap": 2,
    "arkime+arkime/tests/pcap/arkime_synthetic.pcap": 15,
    "arkime+arkime/tests/pcap/dns-wiresharkrepo.pcap": 10,
    "seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/DnsPackets.pcap": 522,
    "seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/solaris.snoop": 12,
    "the-tcpdump-group+tcpdump/tests/eapon1.pcap": 7,
    "the-tcpdump-group+tcpdump/tests/dhcp-rfc4388.pcap": 3,
    "the-tcpdump-group+tcpdump/tests/dhcpv6-mud.pcap": 2,
    "zeek+zeek/testing/btest/Traces/dhcp/dhcp.pcap": 2,
    "zeek+zeek/testing/btest/Traces/dns-edns-ecs.pcap": 114,
    "zeek+zeek/testing/btest/Traces/dns/mdns.pcap": 3,
    "zeek+zeek/testing/btest/Traces/erspan.pcap": 2,
    "zeek+zeek/testing/btest/Traces/smb/smb_v2_only_non_zero_reserved1.pcap": 4,
    "zeek+zeek/testing/btest/Traces/tunnels/Teredo.pcap": 13,
    "zeek+zeek/testing/btest/Traces/var-services-std-ports.pcap": 118,
}


def said_of(row: Fields) -> tuple[str, list[Announcement]]:
    """The protocol of a datagram, and what its parser says of it; "" where none is meant to read it."""
    if "udp.payload" not in row:
        return "", []
    payload = bytes.fromhex(row["udp.payload"][-1])  # the innermost, where it is in a tunnel
    ports = int(row["udp.srcport"][-1]), int(row["udp.dstport"][-1])
    for parser in PARSERS:
        if parser.ports & set(ports):
            said, reason = tell(parser, Datagram(payload, *ports, row["frame.len"] != row["frame.cap_len"]))
            return "" if reason == "probe" else parser.name, said
    return "", []


def compare(rows: Iterable[Fields]) -> tuple[Counter[tuple[str, str]], list[object]]:
    """Count the facts found and missed by protocol, each once; list what was missed, and what tshark does not see."""
    count: Counter[tuple[str, str]] = Counter()
    wrong: list[object] = []
    seen: set[object] = set()
    for row in rows:
        protocol, said = said_of(row)
        if not protocol:
            continue
        facts = {(one.attribute, one.value, one.ip) for one in said}
        anywhere = {(attribute, value, None) for attribute, value, _ in facts}
        for fact in expected(protocol, row):
            if (protocol, fact) in seen:
                continue
            seen.add((protocol, fact))
            found = fact in facts or (fact[2] is None and fact in anywhere)
            count[protocol, "found" if found else "missed"] += 1
            if not found:
                wrong.append(("missed", protocol, fact))
        texts = printed(row)
        for one in said:
            if one.attribute in ("hostname", "domain", "dns_name", "dhcp_vendor_class") and one.value not in texts:
                wrong.append(("invented", protocol, one))
                count[protocol, "invented"] += 1
            if one.attribute == "os_version":
                assert one.value == f"Windows {row['browser.os_major'][0]}.{row['browser.os_minor'][0]}"
    return count, wrong


@pytest.mark.parametrize("capture", CAPTURES)
def test_capture(wild: Path, tool: Callable[[str], str], capture: str) -> None:
    tool("tshark")
    count, wrong = compare(dissect(wild / capture))
    assert wrong == []
    assert sum(count.values()) >= CAPTURES[capture]


def test_a_user_who_is_logged_on_is_not_named(wild: Path, tool: Callable[[str], str]) -> None:
    tool("tshark")
    rows = dissect(wild / "arkime+arkime/tests/pcap/nbns.pcap")
    users = {name(text)[0] for row in rows for text in row.get("nbns.name", []) if name(text)[1] == 3} - {"MDJR98"}
    assert len(users) == 1
    assert not users & {one.value for row in rows for one in said_of(row)[1]}
