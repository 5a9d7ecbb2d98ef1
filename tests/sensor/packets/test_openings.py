"""SYN fingerprints: what scapy built, what tshark sees in real captures, and what broken options leave."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether

from sensor.packets.decode import decode
from sensor.packets.openings import openings, signature
from sensor.sources.files import open_capture
from tests.sensor.frames import batch

ETH = Ether(src="00:00:39:c7:00:11", dst="52:54:00:a0:00:40")
LINUX = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (7, 0)), ("NOP", None), ("WScale", 7)]
WINDOWS = [("MSS", 1460), ("NOP", None), ("WScale", 8), ("NOP", None), ("NOP", None), ("SAckOK", b"")]
NAMES = {"0": "eol", "1": "nop", "2": "mss", "3": "ws", "4": "sok", "5": "sack", "8": "ts"}


def signatures(*frames: bytes) -> list[str]:
    found = openings(decode(batch(list(frames)), Counter()))
    return [signature(*pair) for pair in zip(found.header.tolist(), found.layout.tolist(), strict=True)]


def syn(options: object = LINUX, ttl: int = 64, window: int = 64240, flags: str = "S") -> bytes:
    return bytes(ETH / IP(ttl=ttl) / TCP(flags=flags, window=window, options=options))


def test_systems() -> None:
    frames = [
        syn(),
        syn(WINDOWS, 128, 65535),
        bytes(ETH / Dot1Q(vlan=7) / IPv6(hlim=61) / TCP(flags="SA", window=65160, options=LINUX)),
        syn([], 255, 4128),
        syn(flags="A"),
        syn(flags="R"),
        syn(flags="SF"),
    ]
    assert signatures(*frames) == [
        "64:64240:1460:7:mss,sok,ts,nop,ws",
        "128:65535:1460:8:mss,nop,ws,nop,nop,sok",
        "64:65160:1460:7:mss,sok,ts,nop,ws",
        "255:4128:0:0:",
    ]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"\x02\x04\x05\xb4", "1460:0:mss"),
        (b"\x02\x00\x05\xb4", "0:0:mss"),  # a length of nothing ends the list
        (b"\x02\xff\x05\xb4", "0:0:mss"),  # and so does one past the header
        (b"\x02\x03\x05\x01", "0:0:mss,nop"),  # an MSS of another length is none
        (b"\x01\x01\x01\x02", "0:0:nop,nop,nop,mss"),
        (b"\x01" * 40, "0:0:" + ",".join(["nop"] * 15)),
        (b"\xfe\x04aa\x00\x02\x04\x05", "0:0:?,eol"),
    ],
)
def test_broken_options(raw: bytes, expected: str) -> None:
    tcp = bytearray(bytes(TCP(flags="S")))
    tcp[12] = (20 + len(raw)) // 4 << 4
    assert signatures(bytes(ETH / IP(ttl=60, proto=6) / (bytes(tcp) + raw))) == [f"64:8192:{expected}"]


@given(st.binary(min_size=0, max_size=60))
def test_anything_behind_the_ports(rest: bytes) -> None:
    frame = bytes(ETH / IP(proto=6) / (b"\x04\x00\x00\x50" + rest))
    assert len(signatures(frame, syn())) in (1, 2)


def test_a_cut_header_says_nothing() -> None:
    frame = syn()
    assert [len(openings(decode(batch([frame], snaplen=n), Counter())).rows) for n in (len(frame) - 1, len(frame))] == [
        0,
        1,
    ]


def test_tshark_sees_the_same(tool: Callable[[str], str], wild: Path) -> None:
    seen = 0
    for path in sorted(wild.glob("zeek+zeek/testing/btest/Traces/http/*.pcap"))[:16]:
        ours = []
        source = open_capture(path)
        for one in source:
            found = openings(decode(one, Counter()))
            ours += [signature(*pair) for pair in zip(found.header.tolist(), found.layout.tolist(), strict=True)]
        source.close()
        fields = [
            "ip.ttl",
            "ipv6.hlim",
            "tcp.window_size_value",
            "tcp.options.mss_val",
            "tcp.options.wscale.shift",
            "tcp.option_kind",
        ]
        command = [tool("tshark"), "-r", str(path), "-Y", "tcp.flags & 7 == 2 && !icmp", "-T", "fields"]
        printed = subprocess.run([*command, *(a for f in fields for a in ("-e", f))], capture_output=True, text=True)
        theirs = []
        for line in printed.stdout.splitlines():
            ttl, hlim, window, mss, scale, kinds = line.split("\t")
            initial = next(limit for limit in (32, 64, 128, 255) if limit >= int(ttl or hlim))
            names = ",".join(NAMES.get(kind, "?") for kind in kinds.split(",") if kind).replace("eol,eol", "eol")
            theirs.append(f"{initial}:{window}:{mss or 0}:{scale or 0}:{names}")
        assert ours == theirs, path.name
        seen += len(ours)
    assert seen > 20
