"""tshark as oracle: what it prints of DICOM, HL7, HTTP and TLS on captures that have them, medspan finds, too.

`python -m tests.oracle.imaging FOLDER` compares all that are listed in imaging.txt, of which tests read some.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from parsers.text import clean
from tests.oracle.tshark import captures, dissect
from tests.reading import flows, observations, read

# tshark field -> our attribute
FIELDS = {
    "dicom.assoc.ae.calling": "calling_ae_title",
    "dicom.assoc.ae.called": "called_ae_title",
    "dicom.userinfo.uid": "implementation_class_uid",
    "dicom.userinfo.version": "implementation_version_name",
    "hl7.message.type": "hl7_message_type",
    "hl7.field": "hl7_msh",  # every field of every segment: those of MSH-3 to MSH-6 must be among them
    "http.server": "http_server",
    "http.user_agent": "http_user_agent",
    "tls.handshake.extensions_server_name": "sni",
}
DECODE_AS = ("-d", "tcp.port==6661,hl7", "-d", "tcp.port==2575,hl7", "-o", "tcp.reassemble_out_of_order:TRUE")
UNREAD = {  # what hides there, and is not read
    "adb_synthetic.pcap": "TLS in the Android Debug Bridge",
    "arkime_synthetic.pcap": "DCE/RPC over HTTP",
    "sctp-www.pcap": "SCTP",
    "AH-IPcomp-IPv4.pcap": "IPComp",
    "AH-IPcomp-IPv6.pcap": "IPComp",
    "gre-aruba.pcap": "802.11 in GRE",
    "gtp1_gn_normal_incl_fragmentation.pcap": "IP fragments in GTP",
    "raw_packets.pcap": "SSDP: told as such",
}
Values = dict[str, set[str]]
Compared = tuple[set[str], set[str], set[str]]


def by_tshark(path: Path) -> Values:
    values: Values = defaultdict(set)
    for frame in dissect(path, FIELDS, *DECODE_AS):
        for field, cells in frame.items():
            values[FIELDS[field]].update(text for value in cells if (text := clean(value)))
    return values


def by_medspan(path: Path) -> Values:
    facts, _ = read(path)
    values: Values = defaultdict(set)
    for row in observations(facts):
        attribute, value = str(row["attribute"]), str(row["value"])
        if attribute == "hl7_message_type":
            value = value.partition("^")[0]  # tshark shows MSH-9.1 alone
        elif attribute in ("hl7_sender", "hl7_receiver"):
            values["hl7_msh"].update(json.loads(value).values())
        values[attribute].add(value)
    values["sni"].update(str(row["sni"]) for row in flows(facts) if row["sni"])
    return values


def compare(paths: list[Path]) -> dict[str, Compared]:
    """Attribute -> values both found, values only tshark found, values only medspan found; with the capture's name."""
    with ThreadPoolExecutor(2) as pool:
        theirs = list(pool.map(by_tshark, paths))
    result: dict[str, Compared] = {name: (set(), set(), set()) for name in FIELDS.values()}
    for path, their in zip(paths, theirs, strict=True):
        ours = by_medspan(path)
        their["hl7_msh"] &= ours["hl7_msh"]
        ours["hl7_msh"].discard("")
        for attribute, (both, missed, extra) in result.items():
            a, b = their[attribute], ours[attribute]
            for group, values in ((both, a & b), (missed, a - b), (extra, b - a)):
                group.update(f"{path.name}: {value}" for value in values)
    return result


def missed_values(missed: set[str]) -> set[str]:
    """Those that should have been found."""
    return {value for value in missed if value.partition(": ")[0] not in UNREAD}


def main(folder: Path) -> int:
    tested, others = captures("imaging.txt")
    compared = compare([folder / name for name in (*tested, *others)])
    for attribute, (both, missed, extra) in compared.items():
        print(f"{attribute}: both {len(both)}, only tshark {len(missed)}, only medspan {len(extra)}")
        print(*(f"  only tshark  {value}" for value in sorted(missed_values(missed))), sep="\n")
    return any(missed_values(missed) for _, missed, _ in compared.values())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
