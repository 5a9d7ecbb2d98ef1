"""The comparison of who answers on real captures, and what it does not compare."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.oracle.speakers import compare, print_compared
from tests.oracle.tshark import captures
from tests.reading import flows, observations, read


def test_wild(tool: Callable[[str], str], wild: Path) -> None:
    tool("tshark")
    tested, _ = captures("speakers.txt")
    compared = compare(wild, tested)
    print_compared(compared)
    for kind, (found, missed, extra) in compared.items():
        assert len(found) > 5 or kind == "vnc_version"
        assert len(missed) <= 0.02 * len(found)
        assert not extra


def test_into_tls(wild: Path) -> None:
    """Behind STARTTLS and the like it is the TLS parser that reads on, in the same connection."""
    for name in ("tls/smtp-starttls.pcap", "ftp/ftp-auth-tls.pcap", "rdp/rdp-to-ssl.pcap"):
        facts, sensor = read(wild / "zeek+zeek" / "testing" / "btest" / "Traces" / name)
        assert "tls_version" in {row["attribute"] for row in observations(facts)}
        assert {flow["protocol"] for flow in flows(facts) if flow["encrypted"]} == {"tls"}
        assert not sensor.health.parser_errors


def test_ssh_counts_as_encrypted(wild: Path) -> None:
    facts, _ = read(wild / "arkime+arkime" / "tests" / "pcap" / "ssh2.pcap")
    assert {flow["encrypted"] for flow in flows(facts) if flow["protocol"] == "ssh"} == {True}
