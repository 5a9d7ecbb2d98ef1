"""tshark as oracle: what it prints of DICOM, HL7, HTTP and TLS on captures that have them, medspan finds, too."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from inventory.recorder import OBSERVATION_COLUMNS
from parsers.text import clean
from tests.conftest import CLINIC, ROOT
from tests.test_wild import read

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
# Captures whose HTTP or TLS lies in layers and protocols that medspan does not open: other link types (802.11, ARCnet,
# NFLOG), IPComp, AYIYA, GRE and GTP over UDP, 802.11 in GRE, SCTP, QUIC, SOCKS, SSDP, STARTTLS of other protocols.
OUT_OF_SCOPE = re.compile(
    "80211|arcnet|nflog|IPcomp|ayiya|gre-over-udp|gtp|gre-aruba|sctp|quic|http3|chromium|firefox|handshake|retry|zerortt|"
    "socks|raw_packets|starttls|auth-tls|psql|adb_synthetic|arkime_synthetic"
)
Values = dict[str, set[str]]
ATTRIBUTE, VALUE = map(list(OBSERVATION_COLUMNS).index, ("attribute", "value"))
CAPTURES = (ROOT / "tests" / "cases" / "oracle.txt").read_text().split("\n")[:-1]


def by_tshark(tshark: str, path: Path) -> Values:
    command = [tshark, "-r", str(path), "-T", "fields", "-E", "aggregator=\x1f", "-d", "tcp.port==6661,hl7"]
    command += ["-d", "tcp.port==2575,hl7"]
    command += ["-o", "tcp.reassemble_out_of_order:TRUE"]
    for field in FIELDS:
        command += ["-e", field]
    printed = subprocess.run(command, capture_output=True, timeout=120, check=False).stdout
    values: Values = defaultdict(set)
    for line in printed.decode("utf-8", "replace").split("\n"):
        for attribute, cell in zip(FIELDS.values(), line.split("\t"), strict=False):
            values[attribute].update(text for value in cell.split("\x1f") if (text := clean(value)))
    return values


def by_medspan(path: Path) -> Values:
    facts, _ = read(path)
    values: Values = defaultdict(set)
    for row in facts.observations:
        attribute, value = str(row[ATTRIBUTE]), str(row[VALUE])
        if attribute == "hl7_message_type":
            value = value.partition("^")[0]  # tshark shows MSH-9.1 alone
        elif attribute in ("hl7_sender", "hl7_receiver"):
            attribute, value = "hl7_msh", ""
            values[attribute].update(json.loads(str(row[VALUE])).values())
        values[attribute].add(value)
    values["sni"].update(str(row[11]) for row in facts.flows if row[11])
    return values


def compare(paths: list[Path], tshark: str) -> dict[str, tuple[set[str], set[str], set[str]]]:
    """Attribute -> values both found, values only tshark found, values only medspan found; with the capture's name."""
    with ThreadPoolExecutor(2) as pool:
        theirs = list(pool.map(lambda path: by_tshark(tshark, path), paths))
    result: dict[str, tuple[set[str], set[str], set[str]]] = {name: (set(), set(), set()) for name in FIELDS.values()}
    for path, their in zip(paths, theirs, strict=True):
        ours = by_medspan(path)
        their["hl7_msh"] &= ours["hl7_msh"]
        ours["hl7_msh"].discard("")
        for attribute, (both, missed, extra) in result.items():
            a, b = their[attribute], ours[attribute]
            for group, values in ((both, a & b), (missed, a - b), (extra, b - a)):
                group.update(f"{path.name}: {value}" for value in values)
    return result


def test_clinic(tool: Callable[[str], str]) -> None:
    for attribute, (both, missed, extra) in compare([CLINIC], tool("tshark")).items():
        assert both, attribute
        assert not missed
        assert not extra


def test_wild(tool: Callable[[str], str], wild: Path) -> None:
    tshark = tool("tshark")
    captures = [wild / name for name in CAPTURES if not OUT_OF_SCOPE.search(Path(name).name)]
    for attribute, (both, missed, extra) in compare(captures, tshark).items():
        print(f"{attribute}: both {len(both)}, only tshark {len(missed)}, only medspan {len(extra)}")
        print(*(f"  only medspan  {value}" for value in sorted(extra)), sep="\n")
        assert both
        assert not missed, attribute
