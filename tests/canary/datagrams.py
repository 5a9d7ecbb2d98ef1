"""One datagram or frame of each discovery protocol, marked wherever people's words stand."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.contrib.cdp import CDPMsgDeviceID, CDPMsgGeneric, CDPMsgPortID, CDPMsgSoftwareVersion, CDPv2_HDR
from scapy.contrib.lldp import (
    LLDPDUChassisID,
    LLDPDUEndOfLLDPDU,
    LLDPDUGenericOrganisationSpecific,
    LLDPDUPortDescription,
    LLDPDUPortID,
    LLDPDUSystemDescription,
    LLDPDUSystemName,
    LLDPDUTimeToLive,
)
from scapy.layers import dhcp6
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import LLC, SNAP, Dot3, Ether
from scapy.layers.netbios import (
    NBNS_ADD_ENTRY,
    NBNSHeader,
    NBNSNodeStatusResponse,
    NBNSNodeStatusResponseService,
    NBNSQueryResponse,
)
from scapy.layers.ntp import NTPHeader
from scapy.layers.smb import BRWS_HostAnnouncement
from scapy.layers.snmp import SNMPresponse, SNMPset
from scapy.packet import Packet, Raw

from tests.canary import KEPT, MAIL, MARK
from tests.parsers.discovery import test_mdns as mdns
from tests.parsers.discovery import test_netbios as netbios
from tests.parsers.discovery import test_snmp as snmp
from tests.parsers.discovery import test_wsdiscovery as wsd

MACS = "00:0c:29:aa:00:01", "00:0c:29:aa:00:02"
HOST, SERVER, PUBLIC = "10.77.0.1", "10.77.0.2", "81.2.69.160"


def frames() -> Iterator[bytes]:
    """Ethernet frames."""
    yield from (bytes(frame) for frame in _frames())


def _udp(source: int, destination: int, payload: bytes | Packet, to: str = SERVER) -> Packet:
    return Ether(src=MACS[0], dst=MACS[1]) / IP(src=HOST, dst=to) / UDP(sport=source, dport=destination) / payload


def _frames() -> Iterator[Packet]:
    yield _udp(68, 67, _dhcp())
    duid = dhcp6.DHCP6OptClientId(duid=dhcp6.DUID_LL(hwtype=1, lladdr=MACS[0]))
    said = dhcp6.DHCP6OptClientFQDN(fqdn=f"{KEPT}dhcp6.example") / dhcp6.DHCP6OptUserClass(
        userclassdata=[dhcp6.USER_CLASS_DATA(data=MARK.encode())]
    )
    request = dhcp6.DHCP6_Request() / duid / said
    yield Ether(src=MACS[0], dst=MACS[1]) / IPv6(src="fe80::1", dst="ff02::1:2") / UDP(sport=546, dport=547) / request
    # People ask for what they browse: names of public addresses, questions and other records are not kept.
    answers = [
        DNSRR(rrname=f"{KEPT}dns.example", type="A", rdata="10.77.0.9"),
        DNSRR(rrname=f"{MARK}.clinic.example", type="A", rdata=PUBLIC),
        DNSRR(rrname="h.example", type="TXT", rdata=[f"v=spf1 {MAIL}".encode()]),
    ]
    yield _udp(53, 50000, DNS(qr=1, qd=[DNSQR(qname=f"{MARK}.example")], an=answers))
    yield _udp(50000, 53, DNS(qd=[DNSQR(qname=f"{MARK}.example")]))
    instance = f"{MARK}'s printer._ipp._tcp.local"
    text = (b"ty=LaserJet", f"note={MARK}".encode(), f"adminurl=http://{MARK}".encode())
    announced = (
        mdns.srv(instance, f"{KEPT}mdns.local", 631),
        mdns.txt(instance, *text),
        mdns.a(f"{KEPT}mdns.local", HOST),
    )
    yield _udp(5353, 5353, mdns.message(mdns.ptr("_ipp._tcp.local", instance), additional=announced))
    answer = DNSRR(rrname=f"{KEPT}llmnr", type="A", rdata=HOST)
    yield _udp(5355, 5355, DNS(qr=1, qd=[DNSQR(qname=f"{KEPT}llmnr")], an=[answer]))
    yield _udp(50001, 5355, DNS(qd=[DNSQR(qname=MARK)]))
    yield from _netbios()
    yield _udp(1900, 1900, _ssdp(), "239.255.255.250")
    yield _udp(3702, 3702, _wsd(), "239.255.255.250")
    yield from _snmp()
    yield _udp(123, 123, NTPHeader(version=4, mode=4, stratum=2))
    for message in (
        f"<13>1 2026-09-01T10:00:00Z {KEPT}syslog app 1 - - {MARK} logged in",
        f"<38>Sep  1 10:00:00 {KEPT}syslog sshd[99]: Accepted password for {MARK}",
        f"<13>Sep  1 10:00:00 {MARK} viewed a study",
    ):
        yield _udp(514, 514, message.encode())
    yield Ether(src=MACS[0], dst="01:80:c2:00:00:0e") / _lldp()
    device = CDPMsgDeviceID(val=f"{KEPT}cdp".encode()) / CDPMsgPortID(iface=b"Gi1/0/1")
    version = CDPMsgSoftwareVersion(val=f"IOS, ask {MAIL}".encode())
    location = CDPMsgGeneric(type=0x17, val=f"\0{MARK}".encode())
    yield Dot3(src=MACS[0]) / LLC() / SNAP(OUI=0x0C, code=0x2000) / (CDPv2_HDR() / device / version / location)


def _dhcp() -> Packet:
    options = [
        *(("message-type", "request"), ("hostname", f"{KEPT}dhcp"), ("vendor_class_id", "MSFT 5.0")),
        *((77, MARK.encode()), (15, MARK.encode()), (90, MARK.encode()), (98, f"http://{MARK}".encode()), "end"),
    ]  # user class, domain, authentication, user authentication
    return BOOTP(chaddr=bytes.fromhex(MACS[0].replace(":", "")), sname=MARK.encode()) / DHCP(options=options)


def _netbios() -> Iterator[Packet]:
    for suffix in (0x00, 0x03):
        yield _udp(137, 137, netbios.registration(KEPT if suffix == 0 else MARK, suffix))
    yield _udp(137, 137, NBNSHeader(OPCODE=0, RESPONSE=1, ANCOUNT=1) / NBNSQueryResponse(
        RR_NAME=MARK, SUFFIX=netbios.encoded(3), ADDR_ENTRY=[NBNS_ADD_ENTRY(NB_ADDRESS=HOST)]))  # fmt: skip
    held = ((f"{KEPT}NB", 0x00), (f"{KEPT}NB", 0x20), (MARK, 0x03), (MARK, 0x00), (MARK, 0x01))
    rows = [
        NBNSNodeStatusResponseService(NETBIOS_NAME=name.ljust(15).encode(), SUFFIX=suffix, NAME_FLAGS=4)
        for name, suffix in held
    ]
    status = NBNSNodeStatusResponse(NODE_NAME=rows, NUM_NAMES=len(rows), RDLENGTH=47 + 18 * len(rows))
    yield _udp(137, 137, NBNSHeader(OPCODE=0, RESPONSE=1, ANCOUNT=1) / status)
    announced = BRWS_HostAnnouncement(ServerName=f"{KEPT}BR".encode(), ServerType=0x1003, Comment=MARK)
    yield _udp(138, 138, Raw(netbios.datagram(*netbios.mailslot(announced))))
    yield _udp(138, 138, Raw(netbios.datagram(*netbios.mailslot(Raw(MARK.encode()), "\\MAILSLOT\\MESSNGR"), source=3)))


def _ssdp() -> bytes:
    return (
        "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\n"
        f"USN: uuid:2fac1234-31f8-11b4-a222-08002b34c003::{MARK}\r\nSERVER: {KEPT}ssdp/1.0 UPnP/1.1\r\n"
        f"LOCATION: http://{MARK}:{MARK}@10.77.0.1/{MARK}\r\nX-User: {MARK}\r\n\r\n"
    ).encode()


def _wsd() -> bytes:
    scopes = (
        f"onvif://www.onvif.org/name/{KEPT}wsd onvif://www.onvif.org/location/{MARK} http://x/{MARK} "
        f"sdc.ctxt.loc:/sdc.ctxt.loc.detail/{MARK}?fac={MARK} sdc.ctxt.pat:/{MARK}"
    )
    hello = wsd.match("<d:Types>d:Device</d:Types>", scopes).replace("jdoe", MARK)
    return wsd.envelope(f"<d:Hello>{hello}</d:Hello>", prolog=f"<!-- {MARK} -->").payload


def _snmp() -> Iterator[Packet]:
    told = {
        snmp.SYS_DESCR: snmp.text(f"{KEPT}snmp, ask {MAIL}"),
        snmp.SYS_CONTACT: snmp.text(MAIL),
        snmp.SYS_LOCATION: snmp.text(MARK),
        "1.3.6.1.2.1.33.1.1.5.0": snmp.text(MARK),
        "1.3.6.1.2.1.43.5.1.1.16.1": snmp.text(MARK),
    }
    yield _udp(161, 50161, snmp.message(SNMPresponse, told, community=MARK))
    yield _udp(50161, 161, snmp.message(SNMPset, {snmp.SYS_CONTACT: snmp.text(MARK)}, version=0, community=MARK))
    engine, user = bytes.fromhex("80001f8880a9498e5e3a2c3043"), snmp.tlv(4, MARK.encode())
    usm = snmp.tlv(0x30, snmp.tlv(4, engine), b"\2\1\0\2\1\0", user, user, user)
    header = snmp.tlv(0x30, b"\2\1\1", b"\2\2\5\xc0", b"\4\1\0", b"\2\1\3")
    pdu = snmp.tlv(0xA2, b"\2\1\1\2\1\0\2\1\0", snmp.tlv(0x30, snmp.binding(snmp.SYS_CONTACT, 4, MARK.encode())))
    scoped = snmp.tlv(0x30, snmp.tlv(4, engine), user, pdu)
    yield _udp(161, 50161, snmp.tlv(0x30, b"\2\1\3", header, snmp.tlv(4, usm), scoped))


def _lldp() -> Packet:
    location = LLDPDUGenericOrganisationSpecific(org_code=0x0012BB, subtype=3, data=b"\2" + MARK.encode())
    return (
        LLDPDUChassisID(subtype=4, id=MACS[0])
        / LLDPDUPortID(subtype=5, id="Gi1/0/2")
        / LLDPDUTimeToLive(ttl=120)
        / LLDPDUPortDescription(description=f"desk of {MARK}")
        / LLDPDUSystemName(system_name=f"{KEPT}lldp")
        / LLDPDUSystemDescription(description=f"switch, ask <{MAIL}>")
        / location
        / LLDPDUEndOfLLDPDU()
    )
