"""tshark's view of the datagrams of a capture: which names, classes and leases it prints for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from parsers.discovery.addresses import host_address
from parsers.text import clean
from tests.oracle import tshark
from tests.oracle.tshark import Fields

Fact = tuple[str, str, str | None]  # attribute, value, address where the parser tells one

FIELDS = (
    *("frame.protocols", "frame.len", "frame.cap_len", "udp.srcport", "udp.dstport", "udp.payload"),
    *("dhcp.type", "dhcp.option.dhcp", "dhcp.option.hostname", "dhcp.option.vendor_class_id", "dhcp.fqdn.name"),
    *("dhcp.option.request_list_item", "dhcp.hw.mac_addr", "dhcp.ip.your", "dhcp.ip.relay"),
    *("dhcpv6.msgtype", "dhcpv6.client_domain", "dhcpv6.vendorclass.data"),
    *("dns.flags.response", "dns.flags.opcode", "dns.flags.rcode", "dns.resp.name", "dns.resp.type", "dns.resp.ttl"),
    *("dns.a", "dns.aaaa", "dns.cname", "dns.ptr.domain_name", "dns.srv.target", "dns.srv.port", "dns.txt"),
    *("nbns.flags.response", "nbns.flags.opcode", "nbns.type", "nbns.name", "nbns.netbios_name", "nbns.addr"),
    *("nbns.nb_flags.group", "nbns.name_flags.group"),
    *("nbdgm.source_name", "nbdgm.destination_name", "browser.command", "browser.server"),
    *("browser.os_major", "browser.os_minor"),
)
_FILTER = "udp and (dhcp or dhcpv6 or dns or mdns or llmnr or nbns or nbdgm) and not icmp and not icmpv6"


def dissect(capture: Path) -> list[Fields]:
    """Return the fields of each datagram of `capture` that has a name, a class or a lease in it."""
    return list(tshark.dissect(capture, FIELDS, "-Y", _FILTER))


def expected(protocol: str, row: Fields) -> set[Fact]:
    """What a parser has to say of the datagram of `row`, going by what tshark prints."""
    facts = _EXPECTED[protocol](row)
    return {(attribute, text, ip) for attribute, value, ip in facts if (text := clean(value).rstrip(". "))}


def printed(row: Fields) -> set[str]:
    """Every text tshark prints for the datagram, NetBIOS names without their suffix."""
    values = {clean(value) for values in row.values() for value in values}
    values |= {value.rpartition("<")[0] for value in values} | {clean(name(value)[0]) for value in values}
    return values | {value.rstrip(". ") for value in values}


def name(text: str) -> tuple[str, int]:
    """Split "PACS1<20> (Server service)"; the suffix is -1 where there is none."""
    before, _, behind = text.partition(" (")[0].rpartition("<")
    return (before, int(behind[:2], 16)) if behind[2:3] == ">" else (text, -1)


def _first(row: Fields, field: str) -> str:
    return row.get(field, [""])[0]


def _dhcp(row: Fields) -> Iterator[Fact]:
    kind = _first(row, "dhcp.option.dhcp")
    from_client = _first(row, "dhcp.type") == "1" and kind in ("", "1", "3", "4", "7", "8")
    if from_client or _first(row, "dhcp.type") == "2":
        for field in ("dhcp.option.hostname", "dhcp.fqdn.name"):
            yield "hostname", _first(row, field), None
    if from_client:
        yield "dhcp_vendor_class", _first(row, "dhcp.option.vendor_class_id"), None
        yield "dhcp_parameter_list", ",".join(row.get("dhcp.option.request_list_item", [])[:64]), None
    leased = _first(row, "dhcp.ip.your")
    if kind == "5" and leased not in ("", "0.0.0.0"):
        yield "link_layer_address", _first(row, "dhcp.hw.mac_addr"), leased


def _dhcpv6(row: Fields) -> Iterator[Fact]:
    if row["dhcpv6.msgtype"][-1] in ("1", "3", "4", "5", "6", "8", "9", "11"):
        yield "hostname", _first(row, "dhcpv6.client_domain"), None
        for value in row.get("dhcpv6.vendorclass.data", []):
            yield "dhcp_vendor_class", value, None


def _addressed(row: Fields) -> Iterator[tuple[str, str, str]]:
    """(owner, address, time to live) of each address record."""
    addresses = {"1": iter(row.get("dns.a", [])), "28": iter(row.get("dns.aaaa", []))}
    owners, lives = iter(row.get("dns.resp.name", [])), iter(row.get("dns.resp.ttl", []))
    for kind in row.get("dns.resp.type", []):
        owner = next(owners, "") if kind != "33" else ""  # tshark prints the owner of an SRV record in parts,
        live = next(lives, "") if kind != "41" else ""  # and no time to live of an OPT record, which has none
        address = next(addresses.get(kind, iter(())), None)
        if address and _is_hosts(address):
            yield owner, address, live


def _is_hosts(address: str) -> bool:
    packed = bytes(map(int, address.split("."))) if ":" not in address else b"\xfe" * 16
    return host_address(packed) is not None and address not in ("::", "::1")


def _responds(row: Fields) -> bool:
    return _first(row, "dns.flags.response") == "1" and _first(row, "dns.flags.opcode") == "0"


def _dns(row: Fields) -> Iterator[Fact]:
    if _responds(row):
        for owner, address, _ in _addressed(row):
            yield "dns_name", owner, address


def _mdns(row: Fields) -> Iterator[Fact]:
    if _responds(row) and _first(row, "udp.srcport") == "5353":
        for owner, address, live in _addressed(row):
            if live != "0" and owner.endswith(".local"):
                yield "hostname", owner, address


def _llmnr(row: Fields) -> Iterator[Fact]:
    if _responds(row) and _first(row, "dns.flags.rcode") == "0":
        for owner, _, _ in _addressed(row):
            yield "hostname", owner, None
        for target in row.get("dns.ptr.domain_name", []):
            yield "hostname", target, None


def _netbios(text: str, suffix: int, group: bool, ip: str | None = None) -> Iterator[Fact]:
    if not group and suffix in (0x00, 0x20):
        yield "hostname", text, ip
    elif ip is None and suffix in ((0x00, 0x1C, 0x1E) if group else (0x1B, 0x1D)):
        yield "domain", text, None


def _nbns(row: Fields) -> Iterator[Fact]:
    response, opcode = _first(row, "nbns.flags.response") == "1", _first(row, "nbns.flags.opcode")
    if not response and opcode in ("5", "8", "9", "15"):
        yield from _netbios(*name(row["nbns.name"][-1]), _first(row, "nbns.nb_flags.group") == "1")
    elif response and opcode == "0" and _first(row, "nbns.type") == "32":
        for address in row.get("nbns.addr", []):
            yield from _netbios(*name(row["nbns.name"][0]), _first(row, "nbns.nb_flags.group") == "1", address)
    elif response and opcode == "0":
        for text, group in zip(row.get("nbns.netbios_name", []), row.get("nbns.name_flags.group", []), strict=False):
            yield "domain" if group == "1" else "hostname", text, None


def _browser(row: Fields) -> Iterator[Fact]:
    yield from _netbios(*name(_first(row, "nbdgm.source_name")), False)
    command = _first(row, "browser.command")
    if command in ("0x01", "0x0c", "0x0f"):
        yield "domain" if command == "0x0c" else "hostname", _first(row, "browser.server"), None


_EXPECTED: dict[str, Callable[[Fields], Iterator[Fact]]] = {
    "dhcp": _dhcp,
    "dhcpv6": _dhcpv6,
    "dns": _dns,
    "mdns": _mdns,
    "llmnr": _llmnr,
    "nbns": _nbns,
    "browser": _browser,
}
