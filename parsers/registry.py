"""The protocols medspan reads, in the order in which a stream is offered to them."""

from __future__ import annotations

from typing import Final

from parsers.astm import Astm
from parsers.banners import Ftp, Smtp, Telnet
from parsers.dcerpc import DceRpc
from parsers.dicom import Dicom
from parsers.discovery.browser import Browser
from parsers.discovery.cdp import Cdp
from parsers.discovery.dhcp import Dhcp
from parsers.discovery.dhcpv6 import Dhcpv6
from parsers.discovery.dns import Dns
from parsers.discovery.lldp import Lldp
from parsers.discovery.llmnr import Llmnr
from parsers.discovery.mdns import Mdns
from parsers.discovery.nbns import Nbns
from parsers.discovery.ntp import Ntp
from parsers.discovery.snmp import Snmp
from parsers.discovery.ssdp import Ssdp
from parsers.discovery.syslog import Syslog
from parsers.discovery.wsdiscovery import WsDiscovery
from parsers.hl7 import Hl7
from parsers.http import Http
from parsers.ldap import Ldap
from parsers.printing import Pjl
from parsers.protocol import DatagramParser, Parser
from parsers.rdp import Rdp
from parsers.smb import Smb
from parsers.socks import Socks
from parsers.ssh import Ssh
from parsers.starttls import MySql, PostgreSql
from parsers.tds import Tds
from parsers.tls import Tls
from parsers.vnc import Vnc

PARSERS: Final[tuple[type[Parser], ...]] = (
    Dicom, Hl7, Http, Tls, Smb, Rdp, Ldap, DceRpc, Ssh, Ftp, Smtp, Telnet, Vnc, Astm, Pjl, Socks,
    PostgreSql, MySql, Tds,
)  # fmt: skip

# UDP datagrams, in the order in which those that share a port are tried.
DATAGRAMS: Final[tuple[type[DatagramParser], ...]] = (
    Dhcp, Dhcpv6, Dns, Mdns, Llmnr, Nbns, Browser, Ssdp, WsDiscovery, Snmp, Ntp, Syslog,
)  # fmt: skip

# Link-layer frames that are no IP, by EtherType or SNAP protocol id.
FRAMES: Final[dict[int, type[DatagramParser]]] = {0x88CC: Lldp, 0x2000: Cdp}
