"""What tshark sees in real captures, and what these parsers see in the same bytes: the counts are printed."""

from __future__ import annotations

import json
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from parsers.discovery.cdp import Cdp
from parsers.discovery.lldp import Lldp
from parsers.discovery.ntp import Ntp
from parsers.discovery.snmp import Snmp
from parsers.discovery.ssdp import Ssdp
from parsers.discovery.syslog import Syslog
from parsers.discovery.wsdiscovery import WsDiscovery
from parsers.protocol import DatagramParser
from parsers.records import Datagram, Evidence
from parsers.text import clean
from tests.parsers.discovery.telling import tell, values

ARKIME = "arkime+arkime/tests/pcap/"
PCAPPP = "seladb+PcapPlusPlus/Tests/"
TCPDUMP = "the-tcpdump-group+tcpdump/tests/"
ZEEK = "zeek+zeek/testing/btest/Traces/"
CAPTURES = (  # all of the collection in which tshark sees one of these protocols but NTP, and some with NTP
    *(
        f"{ARKIME}{name}.pcap"
        for name in ("SNMPv2c_get_requests", "arkime_synthetic", "gre-erspan", "mpls-basic", "ospf")
    ),
    *(f"{ARKIME}{name}.pcap" for name in ("snmpv3_synthetic", "wireshark-lldp")),
    f"{PCAPPP}Packet++Test/PacketExamples/IPv6UdpPacket.pcap",
    f"{PCAPPP}Packet++Test/PacketExamples/llc_vlan.pcap",
    f"{PCAPPP}Packet++Test/PacketExamples/Ntp.pcap",
    f"{PCAPPP}Pcap++Test/PcapExamples/VlanPackets.pcap",
    *(
        f"{TCPDUMP}{name}.pcap"
        for name in ("3560_CDP", "HDLC", "LLDP_and_CDP", "dcb_ets", "dcb_pfc", "dcb_qcn", "eapon1")
    ),
    *(f"{TCPDUMP}{name}.pcap" for name in ("erspan-type-i-4", "evb", "hoobr_safeputs", "lldp-app-priority")),
    *(f"{TCPDUMP}{name}.pcap" for name in ("lldp-infinite-loop-1", "lldp-infinite-loop-2", "lldp_8021_linkagg")),
    *(
        f"{TCPDUMP}{name}.pcap"
        for name in ("lldp_8023_mtu-oobr", "lldp_asan", "lldp_mgmt_addr_tlv_asan", "lldp_mudurl")
    ),
    *(f"{TCPDUMP}{name}.pcap" for name in ("ntp", "ntp-control", "ntp-mode7", "ntp-time", "snmp-heapoverflow-1")),
    *(f"{TCPDUMP}{name}.pcap" for name in ("snmp-heapoverflow-2", "syslog_udp", "various_gre")),
    f"{TCPDUMP}icmp-cksum-oobr-3.pcapng",
    *(
        f"{ZEEK}{name}.pcap"
        for name in ("cdp-v1", "igmp/home-multicast-short", "lldp", "dce-rpc/mapi", "ntp/ntp2", "raw_packets")
    ),
    *(f"{ZEEK}snmp/{name}.pcap" for name in ("snmp-crash-62790", "snmp-oid-subidentifier-too-long", "snmpv1_get")),
    *(f"{ZEEK}snmp/{name}.pcap" for name in ("snmpv1_get_short", "snmpv1_set", "snmpv1_trap", "snmpv2_get")),
    *(
        f"{ZEEK}snmp/{name}.pcap"
        for name in ("snmpv2_get_bulk", "snmpv2_get_next", "snmpv3_get_next", "snmpwalk-short")
    ),
    f"{ZEEK}snmp/leak_test.pcapng",
    f"{ZEEK}syslog-single-udp.pcap",
    f"{ZEEK}syslog-missing-pri.pcap",
)
PARSERS: dict[str, type[DatagramParser]] = {parser.name: parser for parser in (Lldp, Cdp, Ssdp, Snmp, Ntp, Syslog)}
OBJECTS = {
    "1.3.6.1.2.1.1.1.0": "system_description",
    "1.3.6.1.2.1.1.2.0": "snmp_object_id",
    "1.3.6.1.2.1.1.5.0": "hostname",
}
Tree = list[tuple[str, Any]]


def trees(tree: Tree) -> Iterator[Tree]:
    """Yield `tree` and all trees in it, in the order of the text. (JSON objects are read as lists of pairs.)"""
    yield tree
    for _, value in tree:
        for inner in value if isinstance(value, list) and value and isinstance(value[0], list) else [value]:
            if isinstance(inner, list) and inner and isinstance(inner[0], tuple):
                yield from trees(inner)


def fields(frame: Tree, *names: str) -> list[Any]:
    return [value for tree in trees(frame) for name, value in tree if name in names]


@pytest.fixture(scope="module")
def frames(
    wild: Path, tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[tuple[Datagram, Tree]]]:
    """Protocol -> its frames: the bytes tshark gives to its own dissector, and what it makes of them."""
    merged = tmp_path_factory.mktemp("oracle") / "all.pcapng"
    paths = [str(wild / name) for name in CAPTURES]
    subprocess.run([tool("mergecap"), "-a", "-w", str(merged), *paths], check=True, capture_output=True, timeout=60)
    command = [tool("tshark"), "-n", "-r", str(merged), "-Y", " or ".join(PARSERS), "-T", "json", "-x"]
    dissected = subprocess.run(command, check=True, capture_output=True, timeout=120).stdout
    out: dict[str, list[tuple[Datagram, Tree]]] = defaultdict(list)
    for frame in json.loads(dissected, object_pairs_hook=list):
        ports = [int((fields(frame, name) or ["0"])[-1]) for name in ("udp.srcport", "udp.dstport")]
        for name in PARSERS:
            for raw in fields(frame, f"{name}_raw")[:1]:
                out[name].append((Datagram(bytes.fromhex(raw[0]), *ports), frame))
    return out


def lldp(frame: Tree) -> Iterator[tuple[str, str]]:
    for field, attribute in (("lldp.tlv.system.name", "hostname"), ("lldp.tlv.system.desc", "system_description")):
        yield from ((attribute, value) for value in fields(frame, field))
    yield from (("PortID", value) for value in fields(frame, "lldp.port.id", "lldp.port.id.mac", "lldp.port.id.ip4"))


def cdp(frame: Tree) -> Iterator[tuple[str, str]]:
    for field, attribute in (("cdp.deviceid", "hostname"), ("cdp.platform", "platform"), ("cdp.portid", "PortID")):
        yield from ((attribute, value) for value in fields(frame, field))
    yield "system_description", "\n".join(fields(frame, "cdp.software_version"))  # a field a line


def ssdp(frame: Tree) -> Iterator[tuple[str, str]]:
    yield from (("ssdp_server", value) for value in fields(frame, "http.server"))


def snmp(frame: Tree) -> Iterator[tuple[str, str]]:
    if fields(frame, "snmp.set_request_element"):
        return  # what a manager wishes an agent to be called
    for tree in trees(frame):
        node = dict(tree)
        attribute = OBJECTS.get(node.get("snmp.name", ""))
        if attribute and "snmp.value.oid" in node:
            yield attribute, node["snmp.value.oid"]
        elif attribute and "snmp.value.octets" in node:
            yield attribute, bytes.fromhex(node["snmp.value.octets"].replace(":", "")).decode()
    for flags in fields(frame, "snmp.msgFlags"):
        if not int(flags.replace(":", ""), 16) & 4:
            yield from (
                ("snmp_engine_id", engine.replace(":", "")) for engine in fields(frame, "snmp.msgAuthoritativeEngineID")
            )


def ntp(frame: Tree) -> Iterator[tuple[str, str]]:
    number = {
        name: int((fields(frame, f"ntp.{name}") or ["0"])[0], 0) for name in ("flags.mode", "flags.li", "stratum")
    }
    if number["flags.mode"] in (4, 5) and number["flags.li"] != 3 and 1 <= number["stratum"] <= 15:
        yield "ntp_server", str(number["stratum"])


def syslog(frame: Tree) -> Iterator[tuple[str, str]]:
    yield from (("syslog_hostname", value) for value in fields(frame, "syslog.hostname"))


# Least numbers of values, so that an oracle that prints nothing is noticed; syslog is read more strictly on purpose.
@pytest.mark.parametrize(
    ("oracle", "least", "share"),
    [(lldp, 100, 0.98), (cdp, 90, 0.98), (ssdp, 12, 0.98), (snmp, 20, 0.98), (ntp, 15, 0.98), (syslog, 8, 0.85)],
)
def test_against_tshark(
    frames: dict[str, list[tuple[Datagram, Tree]]],
    oracle: Callable[[Tree], Iterator[tuple[str, str]]],
    least: int,
    share: float,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = oracle.__name__
    count: Counter[str] = Counter()
    for datagram, frame in frames[name]:
        printed = {(attribute, clean(value.rstrip("\0"))) for attribute, value in oracle(frame)}
        printed = {(attribute, value) for attribute, value in printed if value}
        told = values(tell(PARSERS[name], datagram)[0])
        port = told.pop("network_port", {})
        assert isinstance(port, dict)
        said = {(attribute, value) for attribute, value in [*told.items(), *port.items()] if isinstance(value, str)}
        compared = {attribute for attribute, _ in printed} | {
            "hostname",
            "ssdp_server",
            "syslog_hostname",
            "ntp_server",
        }
        extra = {(attribute, value) for attribute, value in said if attribute in compared} - printed
        assert not extra, "tshark does not see it"
        count["datagrams"] += 1
        count["printed"] += len(printed)
        count["found"] += len(printed & said)
    with capsys.disabled():
        print(f"\n{name}: {dict(count)}")
    assert count["printed"] >= least
    assert count["found"] >= share * count["printed"]


def test_windows_says_hello_and_bye(wild: Path, tool: Callable[[str], str]) -> None:
    """tshark reassembles the IPv6 fragments; it has no dissector of its own for what is in them."""
    path = wild / f"{PCAPPP}Pcap++Test/PcapExamples/ip6_fragments.pcap"
    command = [tool("tshark"), "-n", "-r", str(path), "-Y", "udp.port == 3702", "-T", "fields", "-e", "udp.payload"]
    payloads = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split()
    said = [tell(WsDiscovery, Datagram(bytes.fromhex(payload), 60245, 3702)) for payload in payloads]
    assert [reason for _, reason in said] == [None, None]
    assert [values(one) for one, _ in said] == [
        {"device_uuid": "a53efa68-1d42-4990-8ae3-69cca9ed94ee", "wsd_types": ["pub:Computer", "wsdp:Device"]},
        {},
    ]
    assert {one.evidence for one in said[0][0]} == {Evidence.PEER}
