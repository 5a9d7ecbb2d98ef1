"""An inventory with all that is hard to take away: two sites with one address, hostile words, what people say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from duckdb import DuckDBPyConnection

from inventory.derive import open_inventory
from inventory.recorder import Facts, Recorder
from inventory.store import Annotation, Capture, Store
from parsers.records import CaptureHealth, Endpoint, Evidence, FlowRecord
from parsers.text import canonical
from tests.inventory.exports.exporting import Whole, exported

SECOND = 1_000_000_000
START = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z
DAY = 86_400 * SECOND
END = datetime(2026, 1, 4, 0, 10)  # of the newest packet

CT_MAC, PC_MAC, PACS_MAC, SOUTH_MAC = (f"00:11:22:33:44:0{n}" for n in range(1, 5))
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
FORMULA = '=HYPERLINK("http://x.example/")'  # the model of a scanner
ESCAPE = "a_x0041_b"  # what a workbook would read as aAb
TITLE = "@SUM(1)|'\"<b>;,"  # an AE title of 16 characters
SCANNER = {
    "Modality": "CT",
    "Manufacturer": "TOSHIBA",
    "ManufacturerModelName": FORMULA,
    "DeviceSerialNumber": "-2+3",
    "SoftwareVersions": ["V6.00", "+1"],
    "StationName": "放射線科",
    "InstitutionName": ESCAPE,
    "ImageType": ["ORIGINAL", "PRIMARY"],
    "SOPClassUID": CT_IMAGE,
}


class Told:
    """What one capture tells."""

    def __init__(self, site: str, name: str, capture_id: str, begin: int) -> None:
        self.recorder = Recorder(site, "core-1", capture_id)
        self.begin = begin
        self.rows = 0
        self.identity = (name, capture_id, site)

    def say(
        self, mac: str, ip: str, attribute: str, value: Any, port: int | None = None, protocol: str = "dicom"
    ) -> None:
        end = Endpoint(None, mac, ip, port, "arp" if protocol == "arp" else "tcp")
        text = value if isinstance(value, str) else canonical(value)
        evidence = Evidence.OBJECT if attribute == "equipment" else Evidence.PEER
        self.rows += 1
        self.recorder.observe(end, protocol, attribute, text, evidence, self.begin + self.rows * SECOND, self.rows)

    def hold(self, mac: str, *ips: str) -> None:
        for ip in ips:
            self.say(mac, ip, "link_layer_address", mac, protocol="arp")

    def flow(
        self, client: tuple[str, str], server: tuple[str, str], port: int, protocol: str, encrypted: bool = False
    ) -> None:
        self.rows += 1
        at = self.begin + self.rows * SECOND
        self.recorder.flow(
            FlowRecord(
                *(None, client[1], 40_000, client[0], server[1], port, server[0], "tcp", protocol, encrypted, True),
                *(protocol == "dicom", None, at, at + SECOND, 1, 10, 8, 1000, 800, self.rows),
            )
        )

    def end(self) -> tuple[Capture, Facts]:
        name, capture_id, site = self.identity
        last = self.begin + 600 * SECOND
        health = CaptureHealth(packets=100, bytes=9000, first_packet=self.begin, last_packet=last, gaps=3)
        return Capture(capture_id, name, capture_id * 16, site, "core-1", "0.1.0", health, True), self.recorder.drain()


def captures() -> list[tuple[Capture, Facts]]:
    """A scanner that stores to an archive; three days later its address is a PC's. Another site, the same addresses."""
    first = Told("north", "=ward 3.pcap", "aaaa", START)
    first.hold(CT_MAC, "10.1.0.10", "fe80::10")
    first.hold(PACS_MAC, "10.1.0.20")
    image = {"CommandField": "C-STORE-RQ", "SOPClassUID": CT_IMAGE}
    first.flow((CT_MAC, "10.1.0.10"), (PACS_MAC, "10.1.0.20"), 104, "dicom")
    first.say(CT_MAC, "10.1.0.10", "calling_ae_title", TITLE)
    first.say(CT_MAC, "10.1.0.10", "dimse_message", image)
    first.say(CT_MAC, "10.1.0.10", "equipment", SCANNER)
    first.say(CT_MAC, "10.1.0.10", "hostname", "ct.example", protocol="dhcp")
    first.say(PACS_MAC, "10.1.0.20", "accepted_ae_title", "PACS", 104)
    first.say(PACS_MAC, "10.1.0.20", "dimse_message", {**image, "CommandField": "C-STORE-RSP", "Status": "0000"}, 104)
    first.flow((PC_MAC, "10.1.0.30"), (PACS_MAC, "10.1.0.20"), 8080, "http")
    first.say(PACS_MAC, "10.1.0.20", "http_server", "nginx/1.18.0", 8080, "http")
    first.flow((PACS_MAC, "10.1.0.20"), ("00:00:0c:00:00:01", "8.8.8.8"), 443, "tls", encrypted=True)

    later = Told("north", "later.pcap", "bbbb", START + 3 * DAY)
    later.hold(CT_MAC, "10.1.0.11")
    later.hold(PC_MAC, "10.1.0.10")
    later.say(PC_MAC, "10.1.0.10", "hostname", "ct.example", protocol="dhcp")
    later.say(PC_MAC, "10.1.0.10", "os_version", "Windows 10", protocol="ntlm")
    later.flow((CT_MAC, "10.1.0.11"), (PACS_MAC, "10.1.0.20"), 104, "dicom")
    later.flow(("00:00:0c:00:00:01", "9.9.9.9"), (PACS_MAC, "10.1.0.20"), 8080, "http")

    south = Told("south", "south.pcap", "cccc", START + DAY)
    south.hold(SOUTH_MAC, "10.1.0.20")
    south.say(SOUTH_MAC, "10.1.0.20", "hostname", "ct.example", protocol="dhcp")
    return [told.end() for told in (first, later, south)]


def write_inventory(path: Path, *, backwards: bool = False) -> None:
    """The inventory, of captures read in order or `backwards`."""
    store = Store(path)
    told = captures()
    for capture, facts in reversed(told) if backwards else told:
        store.write(capture, facts)
    ids = _ids(path)
    said = {"owner": "=Radiology", "location": "Room 3", "asset_tag": "A-17", "note": "-leased"}
    now = datetime(2026, 2, 1)
    store.annotate([Annotation(ids[CT_MAC], field, value, "ann", now) for field, value in said.items()])
    store.annotate([Annotation(ids[PC_MAC], "asset_tag", "A-17", "ann", now)])


_known: dict[str, str] = {}


def _ids(path: Path) -> dict[str, str]:
    """The devices' ids by MAC address: the same, however the captures were read."""
    if not _known:
        with open_inventory(path, wanted=["identity"]) as con:
            _known.update(con.execute("SELECT mac, device_id FROM identity WHERE mac IS NOT NULL").fetchall())
    return _known


@contextmanager
def opened(path: Path) -> Iterator[DuckDBPyConnection]:
    """The inventory, with vulnerabilities found in its archive and its scanner."""
    with open_inventory(path) as con:
        con.execute("DELETE FROM found WHERE rule = 'known-vulnerability'")
        for number, (mac, cve) in enumerate(
            ((CT_MAC, "CVE-2021-41773"), (PACS_MAC, "CVE-2021-41773"), (PACS_MAC, "=CVE"))
        ):
            con.execute(
                """
                INSERT INTO found BY NAME
                SELECT 'f' || ? AS finding_id, 'known-vulnerability' AS rule, site, device_id,
                    ip_addresses[1] AS ip_address, ? AS subject, ? || ' in it' AS detail, 'high' AS severity,
                    last_seen AS first_seen, last_seen, [{'capture': '=ward 3.pcap', 'frame': 5}] AS evidence
                FROM profile WHERE list_contains(mac_addresses, ?)
                """,
                [number, cve, cve, mac],
            )
        yield con


@pytest.fixture(scope="session")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBPyConnection]:
    path = tmp_path_factory.mktemp("exports") / "medspan.duckdb"
    write_inventory(path)
    with opened(path) as con:
        yield con


@pytest.fixture(scope="session")
def whole(con: DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The export of all sites in a format, made once."""
    return cache(lambda form: exported(con, form, tmp_path_factory.mktemp("whole")))


@pytest.fixture(scope="session")
def backwards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBPyConnection]:
    """The same captures, read in another order."""
    path = tmp_path_factory.mktemp("exports") / "medspan.duckdb"
    write_inventory(path, backwards=True)
    with opened(path) as con:
        yield con
