"""Discovery protocols, banners and names: what tshark prints of a capture against what medspan finds in it.

`python -m tests.oracle.discovery [CAPTURE | FOLDER]...` prints both counts for each protocol, and every difference.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree.ElementTree import iterparse

from parsers.text import clean
from sensor.sources.errors import CaptureError
from tests.oracle.tshark import Fields, dissect
from tests.reading import flows, observations, read

_SYSTEM: Final = {"1.3.6.1.2.1.1.1.0": "SNMP sysDescr", "1.3.6.1.2.1.1.5.0": "SNMP sysName"}  # RFC 3418
_NETBIOS = re.compile(r"(.*)<([0-9a-f]{2})>(?: .*)?")
# A QUIC version is refused first, and tshark keeps its keys; the authentication tag proves ours.
_DECRYPTED: Final = ("quic_vn.pcap",)


class Kind(NamedTuple):
    """One sort of value: tshark's fields that have it, further fields in which it may stand, and our statements."""

    fields: tuple[str, ...]
    also: tuple[str, ...]
    protocols: tuple[str, ...]
    attributes: tuple[str, ...]
    key: str = ""  # of a compound


_TARGETS = tuple(
    f"ntlmssp.challenge.target_info.{name}"
    for name in ("nb_computer_name", "nb_domain_name", "dns_computer_name", "dns_domain_name", "dns_tree_name")
)
KINDS: Final[dict[str, Kind]] = {
    "DHCP host name": Kind(("dhcp.option.hostname", "dhcp.fqdn.name"), (), ("dhcp",), ("hostname",)),
    "DHCP vendor class": Kind(("dhcp.option.vendor_class_id",), (), ("dhcp",), ("dhcp_vendor_class",)),
    "LLDP system name": Kind(("lldp.tlv.system.name",), (), ("lldp",), ("hostname",)),
    "LLDP port": Kind(
        ("lldp.port.id", "lldp.port.id.mac", "lldp.port.id.ip4"), (), ("lldp",), ("network_port",), "PortID"
    ),
    "CDP system name": Kind(("cdp.deviceid",), (), ("cdp",), ("hostname",)),
    "CDP port": Kind(("cdp.portid",), (), ("cdp",), ("network_port",), "PortID"),
    "NBNS name": Kind(("nbns.name", "nbns.netbios_name"), (), ("nbns",), ("hostname", "domain")),
    "SSDP server": Kind(("http.server",), (), ("ssdp",), ("ssdp_server",)),
    "SNMP sysDescr": Kind((), (), ("snmp",), ("system_description",)),
    "SNMP sysName": Kind((), (), ("snmp",), ("hostname",)),
    "NTLM target": Kind(
        ("ntlmssp.challenge.target_name",),
        (*_TARGETS, "ntlmssp.auth.hostname", "ntlmssp.auth.domain", "ntlmssp.negotiate.domain"),
        ("smb", "dcerpc", "http", "ldap", "tds"),
        ("hostname", "domain"),
    ),
    "SSH banner": Kind(("ssh.protocol",), (), ("ssh",), ("ssh_software",)),
    "TLS SNI": Kind(("tls.handshake.extensions_server_name",), (), ("tls",), ("sni",)),
    "HTTP Server": Kind(("http.server",), (), ("http",), ("http_server",)),
}
_CONTEXT: Final = ("udp.port", "nbns.flags.response", "nbns.flags.opcode", "nbns.name_flags.group", "snmp.name")
_FIELDS: Final = tuple(dict.fromkeys([*_CONTEXT, *(f for kind in KINDS.values() for f in kind.fields + kind.also)]))

Values = dict[str, set[str]]


class Compared(NamedTuple):
    """Values of one kind, each with its capture's name.

    `both` found it; `missed`: only tshark; `unprinted`: only medspan, and tshark finds its bytes in a frame when it is
    told to look for them (behind a gap, before it knew the protocol); `invented`: nobody else sees it.
    """

    both: set[str]
    missed: set[str]
    unprinted: set[str]
    invented: set[str]


def by_tshark(path: Path) -> tuple[Values, Values]:
    """Return what tshark prints of each kind, and what may stand for it besides."""
    said: Values = defaultdict(set)
    besides: Values = defaultdict(set)
    snmp = nbns = False
    for frame in dissect(path, _FIELDS):
        announced = "1900" in frame.get("udp.port", [])
        snmp |= any(name in _SYSTEM for name in frame.get("snmp.name", []))
        nbns |= "nbns.flags.opcode" in frame
        for name, kind in KINDS.items():
            if "http.server" in kind.fields and (name == "SSDP server") != announced:
                continue
            for field in kind.fields:
                said[name].update(_texts(name, frame, field))
            for field in kind.also:
                besides[name].update(_texts(name, frame, field))
    if snmp:
        _add_snmp(path, said)
    if nbns:
        _add_node_names(path, said)
    return said, besides


def _texts(kind: str, frame: Fields, field: str) -> Iterator[str]:
    for value in frame.get(field, []):
        text = clean(value.removesuffix("\\0"))
        if kind == "NBNS name":
            text = _owned(frame, text)
        if kind in ("DHCP host name", "NTLM target"):
            text = text.rstrip(".")
        if text:
            yield text


def _owned(frame: Fields, text: str) -> str:
    """A name that somebody registers or answers for, without its suffix; those of services and persons are left out."""
    decoded = _NETBIOS.fullmatch(text)
    asked = frame.get("nbns.flags.opcode") == ["0"] and frame.get("nbns.flags.response") in (["0"], ["False"])
    if decoded is None or asked or decoded[2] not in ("00", "20"):
        return ""
    return clean(decoded[1]) if "*" not in decoded[1] else ""  # a wildcard is nobody's name


def _add_snmp(path: Path, said: Values) -> None:
    """Values of sysDescr and sysName: PDML alone says which value is whose."""
    command = ["tshark", "-r", str(path), "-T", "pdml", "-Y", "snmp && !(snmp.data == 3)"]  # a SetRequest is a wish
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        name = ""
        for _, element in iterparse(process.stdout):
            if element.get("name") == "snmp.name":
                name = element.get("show", "")
            elif element.get("name") == "snmp.value.octets" and name in _SYSTEM:
                said[_SYSTEM[name]].update({clean(bytes.fromhex(element.get("value", "")))} - {""})


def _add_node_names(path: Path, said: Values) -> None:
    """Names in node status answers: tshark shows them as text only."""
    command = ["tshark", "-r", str(path), "-V", "-Y", "nbns.number_of_names"]
    printed = subprocess.run(command, capture_output=True, timeout=120, check=False).stdout
    names = re.findall(rb"Name: ([^*]{1,15}?) *<(?:00|20)>", printed)
    said["NBNS name"].update(map(clean, names))


def by_medspan(path: Path) -> Values:
    """Return what medspan finds of each kind."""
    facts, _ = read(path)
    said: Values = defaultdict(set)
    for row in observations(facts):
        protocol, attribute, value = (str(row[name]) for name in ("protocol", "attribute", "value"))
        for name, kind in KINDS.items():
            if protocol in kind.protocols and attribute in kind.attributes:
                text = json.loads(value).get(kind.key, "") if kind.key else value
                said[name].update({text} - {""})
    said["TLS SNI"].update(str(row["sni"]) for row in flows(facts) if row["sni"])
    return said


def compare(paths: Iterable[Path]) -> dict[str, Compared]:
    """Compare the captures at `paths`, by kind."""
    result = {name: Compared(set(), set(), set(), set()) for name in KINDS}
    paths = list(paths)
    with ThreadPoolExecutor(2) as pool:
        for path, (theirs, besides) in zip(paths, pool.map(by_tshark, paths), strict=True):
            try:
                ours = by_medspan(path)
            except CaptureError:
                continue
            for name, (both, missed, unprinted, invented) in result.items():
                their, our = theirs[name], ours[name]
                both.update(f"{path.name}: {value}" for value in their & our)
                missed.update(f"{path.name}: {value}" for value in their - our)
                for value in our - their - besides[name]:
                    (unprinted if _in_a_frame(path, value) else invented).add(f"{path.name}: {value}")
    return result


def _in_a_frame(path: Path, value: str) -> bool:
    if path.name in _DECRYPTED:
        return True
    forms = {value.encode(coding).hex(":") for coding in ("utf-8", "utf-16-le")}
    command = ["tshark", "-r", str(path), "-Y", " || ".join(f"frame contains {form}" for form in sorted(forms))]
    return bool(subprocess.run(command, capture_output=True, timeout=120, check=False).stdout)


def main() -> int:
    given = [Path(argument) for argument in sys.argv[1:]]
    paths = [path for one in given for path in (sorted(one.rglob("*")) if one.is_dir() else [one]) if path.is_file()]
    compared = compare(paths)
    for name, (_, missed, unprinted, invented) in compared.items():
        for words, values in (("only tshark", missed), ("unprinted", unprinted), ("INVENTED", invented)):
            for value in sorted(values):
                print(f"{words:12} {name}: {value}")
    print(f"{'':20} tshark  found   share  unprinted by tshark  invented")
    for name, (both, missed, unprinted, invented) in compared.items():
        printed = len(both) + len(missed)
        share = len(both) / max(printed, 1)
        print(f"{name:20} {printed:6} {len(both):6} {share:7.1%} {len(unprinted):20} {len(invented):9}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
