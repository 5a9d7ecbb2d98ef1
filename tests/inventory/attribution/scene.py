"""Scenes: a few readable lines become fact rows, and the derived tables are what the tests look at."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import duckdb

import inventory
from inventory.derive import derive_tables
from inventory.findings.decisions import create_words
from inventory.findings.rules import rules
from inventory.geoip import create_places
from inventory.knowledge_tables import create_tables
from inventory.networks import Named, Networks
from inventory.statements import needed, statements
from parsers.attributes import ATTRIBUTES
from parsers.text import canonical

ROOT: Final = Path(inventory.__file__).parent
NOON: Final = datetime(2026, 3, 2, 12)

OBSERVATION: Final = [
    *("site", "vlan", "mac", "ip", "port", "transport", "speaker", "protocol", "attribute", "value", "class"),
]
FLOW: Final = [
    *("site", "vlan", "client_ip", "client_mac", "server_ip", "server_mac"),
    *("server_port", "transport", "protocol", "encrypted", "established", "clear_patient_data"),
    *("sni", "connections", "packets_to_server", "packets_to_client", "bytes_to_server", "bytes_to_client"),
]

FOR_FINDINGS: Final = {"known_name", "reachable_port", "software", "state"}  # nobody else asks them

_derived: Final[list[str]] = []  # the facts of which the tables of the one connection are, as JSON

DCMTK = ("1.2.276.0.7230010.3.0.3.6.7", "OFFIS_DCMTK_367")
CT, MR, US = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.3.1"
SEG, SR, SC = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.88.22", "1.2.840.10008.5.1.4.1.1.7"
STUDY_FIND, STUDY_MOVE, STUDY_GET = (f"1.2.840.10008.5.1.4.1.2.2.{n}" for n in (1, 2, 3))
WORKLIST, MPPS, COMMITMENT = "1.2.840.10008.5.1.4.31", "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.1.20.1"
FILM_SESSION, ECHO = "1.2.840.10008.5.1.1.1", "1.2.840.10008.1.1"

CANON: Final[dict[str, Any]] = {
    "Modality": "CT",
    "Manufacturer": "TOSHIBA",
    "ManufacturerModelName": "Aquilion ONE",
    "DeviceSerialNumber": "1CA1952201",
    "SoftwareVersions": ["V6.00ER006"],
    "StationName": "AQ1",
    "InstitutionName": "Example Clinic",
    "ImageType": ["ORIGINAL", "PRIMARY"],
    "SOPClassUID": CT,
}
SIEMENS: Final[dict[str, Any]] = CANON | {
    "Modality": "MR",
    "Manufacturer": "SIEMENS",
    "ManufacturerModelName": "Skyra",
    "DeviceSerialNumber": "45123",
    "SoftwareVersions": ["syngo MR E11"],
    "StationName": "MRC45123",
    "SOPClassUID": MR,
}
GE: Final[dict[str, Any]] = CANON | {
    "Modality": "US",
    "Manufacturer": "GE Healthcare",
    "ManufacturerModelName": "Vivid E95",
    "DeviceSerialNumber": "VE95-001234",
    "SoftwareVersions": ["EchoPAC", "203.66"],
    "StationName": "VIVIDE95-1",
    "SOPClassUID": US,
}


@dataclass
class Host:
    """An end of conversations. `mac` is what stands in front of it on the wire."""

    ip: str | None
    mac: str | None = None
    software: tuple[str, str] = DCMTK
    site: str = "clinic"
    vlan: str | None = None
    speaker: str | None = None  # who opens its associations, as last said


@dataclass
class Scene:
    """Facts in the making. Every row is a second later than the one before."""

    observations: list[dict[str, Any]] = field(default_factory=list)
    flows: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[tuple[str, str, str, str, datetime]] = field(default_factory=list)
    local_nets: str | None = None
    named: Named | None = None  # [networks]

    def host(self, ip: str, mac: str | None = None, **more: Any) -> Host:
        """Add a host that answered ARP or NDP; without `mac`, one that is not told by any MAC."""
        host = Host(ip, mac, **more)
        if mac:
            told_by = "ndp" if ":" in ip else "arp"
            self.say(host, "link_layer_address", mac, transport=told_by, protocol=told_by)
        return host

    def say(
        self,
        host: Host,
        attribute: str,
        value: object,
        evidence: str = "peer",
        port: int | None = None,
        transport: str = "tcp",
        protocol: str | None = "dicom",
        count: int = 1,
    ) -> None:
        """Add an observation; compounds and lists are given as Python objects."""
        assert attribute in ATTRIBUTES
        text = value if isinstance(value, str) else canonical(value)
        speaker = host.speaker if protocol == "dicom" and port is None else None
        row = (host.site, host.vlan, host.mac, host.ip, port, transport, speaker, protocol, attribute, text, evidence)
        self.observations.append(dict(zip(OBSERVATION, row, strict=True)) | self._seen(count))

    def flow(
        self, client: Host, server: Host, port: int, protocol: str | None, transport: str = "tcp", **more: Any
    ) -> None:
        """Add a conversation in which both ends took part."""
        row = (
            *(client.site, client.vlan, client.ip, client.mac, server.ip, server.mac, port, transport, protocol),
            *(False, True, False, None, 1, 10, 8, 1000, 800),
        )
        flow = dict(zip(FLOW, row, strict=True)) | more | self._seen(1) | {"community_id": None}
        del flow["count"]
        self.flows.append(flow)

    def _seen(self, count: int) -> dict[str, Any]:
        number = len(self.observations) + len(self.flows) + 1
        at = NOON + timedelta(seconds=number)
        return {
            "sensor": "s",
            "first_seen": at,
            "last_seen": at,
            "count": count,
            "capture": "c1",
            "frame": number,
        }

    # -- DICOM -------------------------------------------------------------------------------------------------

    def associate(
        self, client: Host, server: Host, port: int, calling: str, called: str, accepted: bool = True
    ) -> None:
        """Add what an A-ASSOCIATE exchange shows of both ends."""
        self.flow(client, server, port, "dicom")
        client.speaker = f"{client.software[0]} {calling}".strip() or None
        self.say(client, "calling_ae_title", calling)
        self.say(server, "called_ae_title", called, "claim", port)
        self._software(client, None)
        if accepted:
            self.say(server, "accepted_ae_title", called, "claim", port)
            self._software(server, port)
        else:
            self.say(server, "rejected_ae_title", called, "claim", port)

    def _software(self, host: Host, port: int | None) -> None:
        for attribute, value in zip(
            ("implementation_class_uid", "implementation_version_name"), host.software, strict=True
        ):
            if value:
                self.say(host, attribute, value, "peer", port)

    def dimse(self, asker: Host, answerer: Host, port: int, name: str, sop_class: str, backwards: bool = False) -> None:
        """Add a request and its successful response. `backwards`: the end that listens at `port` asks."""
        asked, answered = (port, None) if backwards else (None, port)
        self.say(asker, "dimse_message", {"CommandField": f"{name}-RQ", "SOPClassUID": sop_class}, "peer", asked)
        response = {"CommandField": f"{name}-RSP", "SOPClassUID": sop_class, "Status": "0000"}
        self.say(answerer, "dimse_message", response, "peer", answered)

    def store(
        self,
        sender: Host,
        receiver: Host,
        port: int,
        equipment: dict[str, Any],
        series: str = "series-1",
        backwards: bool = False,
    ) -> None:
        """Add a C-STORE of one object and what its data set tells."""
        sent, received = (port, None) if backwards else (None, port)
        self.dimse(sender, receiver, port, "C-STORE", equipment["SOPClassUID"], backwards)
        self.say(sender, "equipment", equipment, "object", sent)
        self.say(sender, "sent_series", series, "object", sent)
        self.say(receiver, "received_series", series, "object", received)

    def send(self, sender: Host, receiver: Host, calling: str, called: str, *objects: dict[str, Any]) -> None:
        """Add an association at port 104 with a C-STORE of each of `objects`, each of its own series."""
        self.associate(sender, receiver, 104, calling, called)
        for equipment in objects:
            self.store(sender, receiver, 104, equipment, f"series-{equipment.get('DeviceSerialNumber')}")

    # -- HL7 ---------------------------------------------------------------------------------------------------

    def message(self, client: Host, server: Host, application: str, name: str, vendor: str | None = None) -> None:
        """Add an HL7 message at port 2575 and its acknowledgement."""
        self.flow(client, server, 2575, "hl7")
        tell: dict[str, Any] = {"protocol": "hl7"}
        self.say(client, "hl7_sender", {"SendingApplication": application, "SendingFacility": "KEH"}, "object", **tell)
        self.say(client, "hl7_sent_message", name, **tell)
        self.say(server, "hl7_received_message", name, "peer", 2575, **tell)
        self.say(server, "hl7_acknowledgment_code", "AA", "peer", 2575, **tell)
        if vendor:
            self.say(client, "hl7_software", {"SoftwareVendorOrganization": vendor}, "object", **tell)

    # -- looking at it -----------------------------------------------------------------------------------------

    def derive(self, findings: bool = False) -> duckdb.DuckDBPyConnection:
        """Return a connection with all derived tables of these facts. Valid until the next scene is derived.

        The rules are run only for who asks for `findings`: they are a third of the work.
        """
        con = _connection()
        told = [self.observations, self.flows, self.annotations, self.local_nets, self.named, findings]
        facts = json.dumps(told, default=str)
        if _derived == [facts]:
            return con
        _derived[:] = []
        for table in ("observation", "flow", "annotation"):
            con.execute(f"DELETE FROM {table}")
        for table, rows in (("observation", self.observations), ("flow", self.flows)):
            if rows:
                columns = _columns(table)
                con.execute(
                    f"INSERT INTO {table} BY NAME SELECT unnest(from_json(?, '[{columns}]'), recursive := true)",
                    [json.dumps(rows, default=str)],
                )
        if self.annotations:
            con.executemany("INSERT INTO annotation VALUES (?, ?, ?, ?, ?)", self.annotations)
        _classify(con, Networks(self.local_nets, self.named))
        create_places(con, ())
        create_words(con)
        derived = needed(statement.makes for statement in statements())
        with (
            patch("inventory.findings.rules.rules", rules if findings else tuple),
            patch("inventory.derive.needed", lambda _: derived if findings else derived - FOR_FINDINGS),
        ):
            derive_tables(con)
        _derived[:] = [facts]
        return con

    def devices(self) -> dict[str, dict[str, Any]]:
        """Return the rows of `device` by IP address (or MAC, or serial number or station name where there is none)."""
        rows = rows_of(self.derive(), "FROM device")
        found = {}
        for row in rows:
            names = row["ip_addresses"] or row["mac_addresses"] or [row["device_serial_number"] or row["station_name"]]
            for name in names:
                assert name not in found, f"two devices are {name}"
                found[name] = row
        return found


def rows_of(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """Return the rows of `query` as dictionaries."""
    result = con.execute(query)
    columns = [column[0] for column in result.description]
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 1})  # so few rows are derived faster by one
    facts = (ROOT / "sql/facts.sql").read_text("utf-8")
    con.execute(facts.replace("    at ", '    "at" '))  # a reserved word from DuckDB 2.0 on
    con.execute("INSERT INTO capture (id, name) VALUES ('c1', 'scene.pcap')")
    create_tables(con)
    return con


@cache
def _columns(table: str) -> str:
    described = _connection().execute(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall()
    return json.dumps(dict(described))


def _classify(con: duckdb.DuckDBPyConnection, networks: Networks) -> None:
    columns = "public BOOLEAN, local BOOLEAN, unicast BOOLEAN, family INTEGER, globally_reachable BOOLEAN"
    con.execute(f"CREATE OR REPLACE TEMP TABLE address (ip VARCHAR, {columns}, partner VARCHAR, network VARCHAR)")
    ips = con.execute("SELECT ip FROM observation UNION SELECT client_ip FROM flow UNION SELECT server_ip FROM flow")
    for (ip,) in filter(any, ips.fetchall()):
        con.execute("INSERT INTO address VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [ip, *networks.classify(ip)])
    con.execute(
        """CREATE OR REPLACE TEMP TABLE mac_vendor AS
        SELECT DISTINCT value AS mac, 'Maker of ' || value[:8] AS vendor FROM observation
        WHERE attribute = 'link_layer_address'"""
    )
