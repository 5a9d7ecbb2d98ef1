"""The comparison of whole folders, on a few captures that say much."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.oracle.discovery import compare

CAPTURES = (
    "arkime+arkime/tests/pcap/nbns.pcap",
    "arkime+arkime/tests/pcap/ntlm_synthetic.pcap",
    "arkime+arkime/tests/pcap/ssh2.pcap",
    "the-tcpdump-group+tcpdump/tests/LLDP_and_CDP.pcap",
    "zeek+zeek/testing/btest/Traces/dhcp/dhcp.pcap",
    "zeek+zeek/testing/btest/Traces/http/100-continue.pcap",
)


def test_what_tshark_prints_is_found(tool: Callable[[str], str], wild: Path) -> None:
    tool("tshark")
    compared = compare(wild / name for name in CAPTURES)
    assert {
        kind: (found.missed, found.invented) for kind, found in compared.items() if found.missed or found.invented
    } == {}
    kinds = {kind for kind, found in compared.items() if found.both}
    assert {"DHCP host name", "LLDP system name", "CDP port", "NBNS name", "NTLM target", "SSH banner"} <= kinds
