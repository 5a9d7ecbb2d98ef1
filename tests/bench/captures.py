"""The captures that are measured: made once, kept in the folder that is given."""

from __future__ import annotations

import contextlib
import json
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from tests.degrade import Frame, read_pcap, write_pcap

SCANNER, ARCHIVE = "msscanner", "msarchive"  # network namespaces


def bulk(folder: Path, slices: int = 300) -> Path:
    """Record a CT series of 512 x 512 slices being stored, at full speed: DCMTK's storescu to Orthanc. Needs root."""
    path = folder / f"bulk{slices}.pcap"
    if not path.exists():
        series = folder / f"series{slices}"
        _write_series(series, slices)
        with _network():
            _record(path, series, folder)
        shutil.rmtree(series)
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


def _write_series(folder: Path, slices: int) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(2)
    study, series = generate_uid(), generate_uid()
    for number in range(slices):
        image, meta = Dataset(), FileMetaDataset()
        image.SOPClassUID = meta.MediaStorageSOPClassUID = CTImageStorage
        image.SOPInstanceUID = meta.MediaStorageSOPInstanceUID = generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image.ImageType, image.Modality, image.Manufacturer = ["ORIGINAL", "PRIMARY"], "CT", "TOSHIBA"
        image.ManufacturerModelName, image.DeviceSerialNumber = "Aquilion ONE", "1CA1952201"
        image.StationName, image.SoftwareVersions = "AQ1", "V6.00ER006"
        image.PatientName, image.PatientID = "BENCH^PATIENT", "BENCH1"
        image.StudyInstanceUID, image.SeriesInstanceUID, image.InstanceNumber = study, series, number + 1
        image.Rows = image.Columns = 512
        image.SamplesPerPixel, image.PhotometricInterpretation, image.PixelRepresentation = 1, "MONOCHROME2", 0
        image.BitsAllocated, image.BitsStored, image.HighBit = 16, 12, 11
        image.PixelData = rng.integers(0, 4096, 512 * 512, dtype=np.uint16).tobytes()
        image.file_meta = meta
        image.save_as(folder / f"{number:04d}.dcm", enforce_file_format=True)


@contextlib.contextmanager
def _network() -> Iterator[None]:
    """Two hosts on one wire: network namespaces that are ours alone."""
    for name in (SCANNER, ARCHIVE):
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(
            ["ip", "link", "add", "eth0", "netns", SCANNER, "type", "veth", "peer", "name", "eth0", "netns", ARCHIVE],
            check=True,
        )
        for name, address in ((SCANNER, "192.168.50.11/24"), (ARCHIVE, "192.168.50.40/24")):
            subprocess.run(["ip", "-n", name, "addr", "add", address, "dev", "eth0"], check=True)
            subprocess.run(["ip", "-n", name, "link", "set", "eth0", "up"], check=True)
            subprocess.run(
                ["ip", "netns", "exec", name, "ethtool", "-K", "eth0", "tso", "off", "gso", "off", "gro", "off"],
                check=True,
                capture_output=True,
            )
        yield
    finally:
        for name in (SCANNER, ARCHIVE):
            subprocess.run(["ip", "netns", "del", name], check=False)


def _record(path: Path, series: Path, folder: Path) -> None:
    database = folder / "orthanc"
    shutil.rmtree(database, ignore_errors=True)
    database.mkdir()
    settings = {
        "StorageDirectory": str(database),
        "IndexDirectory": str(database),
        "DicomAet": "VNA1",
        "DicomPort": 11112,
        "HttpServerEnabled": False,
        "DicomAlwaysAllowStore": True,
    }
    (database / "orthanc.json").write_text(json.dumps(settings))

    def inside(name: str, *command: str | Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["ip", "netns", "exec", name, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    archive = inside(ARCHIVE, "Orthanc", database / "orthanc.json")
    time.sleep(4)
    tap = inside(ARCHIVE, "tcpdump", "-i", "eth0", "-s", "0", "-B", "262144", "-w", path)
    time.sleep(1)
    try:
        sent = inside(SCANNER, "storescu", "-aet", "AQONE", "-aec", "VNA1", "+sd", "192.168.50.40", "11112", series)
        assert sent.wait(120) == 0, "storescu could not store"
        time.sleep(1)
    finally:
        for process in (tap, archive):
            process.terminate()
            process.wait(20)
        shutil.rmtree(database, ignore_errors=True)


def packets(path: Path) -> int:
    """Number of packets in a little-endian pcap."""
    data, at, count = path.read_bytes(), 24, 0
    while at + 16 <= len(data):
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
        count += 1
    return count
