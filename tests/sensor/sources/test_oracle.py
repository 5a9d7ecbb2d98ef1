"""What we read is what Wireshark reads, from files that other tools wrote."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from scapy.layers.l2 import Ether
from scapy.utils import PcapNgWriter, PcapWriter

from sensor.sources.errors import NotACapture
from sensor.sources.files import open_capture
from tests.sensor.sources.captures import Row, packets, pcap, rows

WILD = Path(os.environ.get("MEDSPAN_WILD") or Path(__file__).parents[4] / "shared" / "captures" / "wild")

needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
needs_editcap = pytest.mark.skipif(not shutil.which("editcap"), reason="editcap is not installed")
needs_wild = pytest.mark.skipif(not WILD.is_dir(), reason="no folder of captures from the wild (MEDSPAN_WILD)")

SOUND = packets(50, 120, 1_234_567_000)


def tshark(path: Path) -> list[tuple[int, int, int, int]]:
    """(frame, time, wire, captured) of each frame, as Wireshark has them."""
    fields = ["frame.number", "frame.time_epoch", "frame.len", "frame.cap_len"]
    arguments = [argument for field in fields for argument in ("-e", field)]
    done = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-T", "fields", *arguments], capture_output=True, text=True, check=False
    )
    found = []
    for line in done.stdout.splitlines():
        frame, epoch, wire, captured = line.split("\t")
        seconds, ns = epoch.split(".")
        found.append((int(frame), int(seconds) * 10**9 + int(ns), int(wire), int(captured)))
    return found


def ours(path: Path) -> list[tuple[int, int, int, int]]:
    return [(row.frame, row.time, row.wire, len(row.data)) for row in rows(open_capture(path))]


@pytest.mark.parametrize("nano", [False, True])
@pytest.mark.parametrize("order", "<>")
def test_scapy_pcap(tmp_path: Path, nano: bool, order: str) -> None:
    path = tmp_path / "scapy"
    with PcapWriter(str(path), linktype=1, endianness=order, nano=nano) as writer:
        for row in SOUND:
            packet = Ether(row.data)
            packet.time, packet.wirelen = row.time / 10**9, row.wire
            writer.write(packet)
    found = rows(open_capture(path))
    assert [(row.frame, row.data, row.wire, row.link_type) for row in found] == [
        (row.frame, row.data, row.wire, 1) for row in SOUND
    ]
    assert all(abs(a.time - b.time) <= 1000 for a, b in zip(found, SOUND, strict=True))


def test_scapy_pcapng(tmp_path: Path) -> None:
    path = tmp_path / "scapy"
    with PcapNgWriter(str(path)) as writer:
        for row in SOUND:
            packet = Ether(row.data)
            packet.time = row.time / 10**9
            writer.write(packet)
    found = rows(open_capture(path))
    assert [(row.frame, row.data, row.link_type) for row in found] == [(row.frame, row.data, 1) for row in SOUND]
    assert all(abs(a.time - b.time) <= 1000 for a, b in zip(found, SOUND, strict=True))


@needs_editcap
@needs_tshark
@pytest.mark.parametrize("kind", ["pcap", "nsecpcap", "modpcap", "pcapng"])
@pytest.mark.parametrize("snap", [None, 60])
def test_editcap(tmp_path: Path, kind: str, snap: int | None) -> None:
    source, path = tmp_path / "source", tmp_path / kind
    source.write_bytes(pcap(SOUND))
    cut = ["-s", str(snap)] if snap else []
    subprocess.run(["editcap", "-F", kind, *cut, str(source), str(path)], check=True, capture_output=True)
    assert rows(open_capture(path)) == [row._replace(data=row.data[:snap]) for row in SOUND]
    assert ours(path) == tshark(path)


@needs_tshark
def test_odd_records_are_numbered_as_wireshark_does(tmp_path: Path) -> None:
    path = tmp_path / "odd"
    odd = [*SOUND[:3], Row(4, 0, b"x", 1), Row(5, 10**18, b"yz", 2), *packets(7)[5:], Row(8, 5 * 10**9, b"", 3)]
    path.write_bytes(pcap(odd))
    assert rows(open_capture(path)) == odd
    assert ours(path) == tshark(path)


@pytest.fixture(scope="module")
def wild() -> dict[str, tuple[int, str | None] | None]:
    """Frame count and error of thousands of real and broken captures; None where refused. Each takes under 1 s."""
    found: dict[str, tuple[int, str | None] | None] = {}
    for path in sorted(path for path in WILD.rglob("*") if path.is_file()):
        begun = time.monotonic()
        try:
            source = open_capture(path)
        except NotACapture:
            found[str(path)] = None
            continue
        found[str(path)] = (len(rows(source)), source.error)
        assert time.monotonic() - begun < 1, path
    return found


@needs_wild
def test_the_wild_is_read(wild: dict[str, tuple[int, str | None] | None]) -> None:
    assert {Path(name).suffix for name, result in wild.items() if result is None} <= {".snoop"}


@needs_wild
@pytest.mark.skipif(not shutil.which("capinfos"), reason="capinfos is not installed")
def test_the_wild_is_counted_as_wireshark_does(wild: dict[str, tuple[int, str | None] | None]) -> None:
    names = list(wild)
    counts: dict[str, int] = {}
    for at in range(0, len(names), 200):
        command = ["capinfos", "-T", "-r", "-M", "-c", *names[at : at + 200]]
        for line in subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines():
            name, count = line.rsplit("\t", 1)
            counts[name] = int(count)
    different = {name: result for name, count in counts.items() if (result := wild[name]) and result[0] != count}
    # a record of nothing but zeros is a frame for Wireshark, and not for us; we say how many there are
    assert [name for name, (_, error) in different.items() if "unusable packets" not in (error or "")] == []
    assert len(different) < 3
