"""tshark as oracle of who answers: what it prints of names, banners and versions medspan finds, and no more.

`python -m tests.oracle.speakers FOLDER` compares all that are listed in speakers.txt, of which tests read some.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from parsers.text import clean
from tests.oracle.tshark import captures, dissect
from tests.reading import flows, observations, read

# tshark field -> what it should be found among
FIELDS = {
    "ssh.protocol": "ssh_software",
    "ntlmssp.challenge.target_name": "name",
    "ntlmssp.challenge.target_info.nb_computer_name": "name",
    "ntlmssp.challenge.target_info.nb_domain_name": "name",
    "ntlmssp.challenge.target_info.dns_computer_name": "name",
    "ntlmssp.challenge.target_info.dns_domain_name": "name",
    "ntlmssp.auth.hostname": "name",
    "nbss.calling_name": "name",
    "rdp.client.name": "name",
    "vnc.server_proto_ver": "vnc_version",
    "vnc.client_proto_ver": "vnc_version",
    "smb.native_os": "os_version",
    "ftp.response.arg": "banner",
    "smtp.rsp.parameter": "banner",
}
# Where else tshark shows what medspan tells; nothing of it has to be found.
WITNESSES = {
    "smb.server": "name",
    "smb.primary_domain": "name",
    "ntlmssp.negotiate.callingworkstation": "name",
    "smtp.req.parameter": "name",
    "smb.native_lanman": "os_version",
    "ntlmssp.version.build_number": "os_version",
}
GREETS = {"ftp.response.arg": "ftp.response.code", "smtp.rsp.parameter": "smtp.response.code"}  # where that is 220
OURS = {"hostname": "name", "domain": "name", "ftp_banner": "banner", "smtp_banner": "banner"}
PROTOCOLS = {"smb", "http", "dcerpc", "ldap", "rdp", "ssh", "vnc", "ftp", "smtp", "tds"}
# EHLO in one segment with a whole mail, an SSH server that says something else first, NTLM in a SASL bind.
UNSHOWN = re.compile(
    r"smtp-subject-windows\.pcap: name: .*|server-pre-banner-data\.pcap: ssh_software: .*9\.2p1 .*|"
    r"ntlm_synthetic\.pcap: name: sasltgt"
)
Values = dict[str, set[str]]
Ports = set[tuple[str, int]]  # at which a protocol is spoken, though Wireshark may expect another one there


def by_tshark(path: Path, ports: Ports) -> tuple[Values, Values]:
    """Return what has to be found, and all that is shown, both by kind and in lower case."""
    kinds = FIELDS | WITNESSES
    options = ["-Y", "tcp", "-o", "tcp.reassemble_out_of_order:TRUE"]
    for protocol, port in ports:
        options += ["-d", f"tcp.port=={port},{protocol}"]
    due: Values = defaultdict(set)
    shown: Values = defaultdict(set)
    for frame in dissect(path, [*GREETS.values(), *kinds], *options):
        for field in kinds.keys() & frame.keys():
            greets = field not in GREETS or frame.get(GREETS[field], [""])[0].startswith("220")
            for value in map(clean, frame[field]):
                if not value or value == "NULL":
                    continue
                value = value.lower().removesuffix("<00>")
                shown[kinds[field]].add(value)
                if field in FIELDS and greets:
                    due[FIELDS[field]].add(value)
    return due, shown


def by_medspan(path: Path) -> tuple[Values, Ports]:
    facts, _ = read(path)
    values: Values = defaultdict(set)
    for said in observations(facts):
        if said["protocol"] in PROTOCOLS:
            kind = OURS.get(str(said["attribute"]), str(said["attribute"]))
            values[kind].add(str(said["value"]).lower())
    told = {(str(flow["protocol"]), int(str(flow["server_port"] or 0))) for flow in flows(facts)}
    return values, {(protocol, port) for protocol, port in told if protocol in ("ssh", "smtp")}


def is_shown(kind: str, value: str, shown: set[str]) -> bool:
    if kind == "banner":  # told without the time in it
        return any(value in one for one in shown)
    if kind == "os_version":  # NativeOS, or Samba's NativeLanMan, or a build
        return value in shown or value[6:-1] in shown or value.rpartition(" ")[2] in shown
    return value in shown


def compare(folder: Path, names: list[str]) -> dict[str, tuple[set[str], set[str], set[str]]]:
    """Kind -> values both found, values only tshark found, values only medspan found; with the capture's name."""
    ours = {name: by_medspan(folder / name) for name in names}
    with ThreadPoolExecutor(2) as pool:
        printed = pool.map(lambda name: by_tshark(folder / name, ours[name][1]), names)
        theirs = dict(zip(names, printed, strict=True))
    found: Values = defaultdict(set)
    missed: Values = defaultdict(set)
    extra: Values = defaultdict(set)
    for name in names:
        (due, shown), mine = theirs[name], ours[name][0]
        for kind in {*FIELDS.values()}:
            label = f"{Path(name).name}: {kind}: "
            told = mine[kind]
            if kind == "banner":  # of a greeting of many lines one is told, without the time in it
                told = {one for one in due[kind] if any(banner in one for banner in told)}
                due[kind] = told or due[kind]
            if kind == "os_version" and any("samba" in one for one in mine[kind]):
                due[kind] -= {"unix", "windows 6.1"}  # told as Samba
            found[kind] |= {label + value for value in due[kind] & told}
            missed[kind] |= {label + value for value in due[kind] - told}
            unseen = {label + value for value in mine[kind] if not is_shown(kind, value, shown[kind])}
            extra[kind] |= {one for one in unseen if not UNSHOWN.fullmatch(one)}
    return {kind: (found[kind], missed[kind], extra[kind]) for kind in sorted({*FIELDS.values()})}


def print_compared(compared: dict[str, tuple[set[str], set[str], set[str]]]) -> None:
    for kind, (found, missed, extra) in compared.items():
        print(f"{kind}: both {len(found)}, only tshark {len(missed)}, only medspan {len(extra)}")
        print(*(f"  {value}" for value in sorted(missed | extra)), sep="\n")


def main(folder: Path) -> int:
    tested, others = captures("speakers.txt")
    compared = compare(folder, [*tested, *others])
    print_compared(compared)
    return any(extra or len(missed) > 0.02 * len(found) for found, missed, extra in compared.values())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
