"""The captures that are measured: made once, kept in the folder that is given."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.degrade import Frame, read_pcap, write_pcap
from tests.images import write_orthanc_settings, write_series
from tests.network import ARCHIVE, SCANNER, Network


def bulk(folder: Path, slices: int = 300) -> Path:
    """Record a CT series of 512 x 512 slices being stored, at full speed: DCMTK's storescu to Orthanc. Needs root."""
    path = folder / f"bulk{slices}.pcap"
    if path.exists():
        return path
    series, database = folder / "series", folder / "orthanc"
    for old in (series, database):
        shutil.rmtree(old, ignore_errors=True)
    write_series(series, slices)
    with Network() as network:
        network.start(ARCHIVE, "Orthanc", write_orthanc_settings(database, HttpServerEnabled=False))
        network.wait_for_port(ARCHIVE, 11112)
        with network.recorded(path):
            network.run(SCANNER, "storescu", "-aet", "AQONE", "-aec", "VNA1", "+sd", ARCHIVE, "11112", series)
    for old in (series, database):
        shutil.rmtree(old)
    return path


def scaled(source: Path, folder: Path, copies: int) -> Path:
    """Write `copies` sites with the traffic of `source`, each with its own addresses, MACs and hour."""
    path = folder / f"x{copies}.pcap"
    if not path.exists():
        frames = read_pcap(source)
        write_pcap(path, [_moved(frame, site) for site in range(copies) for frame in frames])
    return path


def _moved(frame: Frame, site: int) -> Frame:
    data = bytearray(frame.data)
    for mac in (0, 6):
        if not data[mac] & 1:
            data[mac + 3] ^= site >> 8
            data[mac + 4] ^= site & 255
    ethertype = bytes(data[12:14])
    for address in {b"\x08\x00": (26, 30), b"\x08\x06": (28, 38)}.get(ethertype, ()):
        if data[address : address + 2] == b"\xc0\xa8":
            data[address : address + 3] = bytes((10, site >> 8 & 255, site & 255))
    if ethertype == b"\x08\x06":
        for mac in (22, 32):
            data[mac + 3] ^= site >> 8
            data[mac + 4] ^= site & 255
    return Frame(frame.time + site * 3_600_000_000, bytes(data), frame.wire)
