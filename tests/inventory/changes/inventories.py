"""Small inventories of two days, to be compared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from inventory.changes.comparing import Changes, compare, told
from inventory.changes.snapshot import Snapshot, attach, save
from inventory.derive import open_inventory
from inventory.recorder import Recorder
from inventory.store import Capture, Store
from parsers.records import CaptureHealth, Endpoint, Evidence, FlowRecord

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
START = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z
ROUTER = "00:00:0c:00:00:01"


@dataclass(frozen=True)
class Host:
    """A device of an inventory: what it says and does, once on a day."""

    ip: str
    mac: str | None = None  # None: only a router's is seen in front of it
    title: str | None = None
    name: str | None = None
    serial: str | None = None
    ssh: str | None = None  # version of the OpenSSH that answers
    ports: tuple[tuple[int, str | None], ...] = ()  # at which it answers, with their protocols
    peers: tuple[str, ...] = ()  # to which it talks
    vlan: str | None = None


CT = Host("10.1.0.10", "00:11:22:33:44:10", title="CT1", name="ct-1", serial="S1")
PACS = Host("10.1.0.20", "00:11:22:33:44:20", title="PACS", ports=((104, "dicom"),), ssh="8.9p1")
PC = Host("10.1.0.30", "00:11:22:33:44:30", name="pc-30")
FAR = Host("10.2.0.40", "00:11:22:33:44:40", name="far")


def write(path: Path, name: str, day: float, sites: dict[str, list[Host]], seconds: int = 3600) -> None:
    """Add a capture of each of `sites`, on which its hosts were there, each `seconds`/20 after the one before."""
    begin = START + int(day * DAY)
    recorders = {site: Recorder(site, "core-1", name) for site in sites}
    for site, hosts in sites.items():
        for number, host in enumerate(hosts, 1):
            _tell(recorders[site], host, begin + number * seconds * SECOND // 20, number)
    health = CaptureHealth(packets=9, bytes=999, first_packet=begin, last_packet=begin + seconds * SECOND)
    first, *others = sites
    capture = Capture(name, f"{name}.pcap", None, first, "core-1", "1", health, True)
    Store(path).write(capture, *(recorder.drain() for recorder in recorders.values()))
    if others:
        with duckdb.connect(str(path)) as con:
            con.execute(
                "INSERT INTO capture SELECT * REPLACE (unnest(?) AS site) FROM capture WHERE id = ?", [others, name]
            )


def _tell(recorder: Recorder, host: Host, at: int, frame: int) -> None:
    front = host.mac or ROUTER
    at_port: dict[int | None, Endpoint] = {
        port: Endpoint(host.vlan, front, host.ip, port, "tcp") for port in (None, 22, *(port for port, _ in host.ports))
    }

    def say(attribute: str, value: Any, protocol: str, port: int | None = None) -> None:
        text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), sort_keys=True)
        recorder.observe(at_port[port], protocol, attribute, text, Evidence.PEER, at, frame)

    if host.mac:
        say("link_layer_address", host.mac, "arp")
    if host.title:
        say("calling_ae_title", host.title, "dicom")
    if host.name:
        say("hostname", host.name, "dhcp")
    if host.serial:
        say("hardware_inventory", {"ManufacturerName": "Acme", "ModelName": "M1", "SerialNumber": host.serial}, "lldp")
    if host.ssh:
        say("ssh_software", f"SSH-2.0-OpenSSH_{host.ssh}", "ssh", 22)
    ports = (*host.ports, (22, "ssh")) if host.ssh else host.ports
    talks = [("10.1.0.99", host.ip, port, protocol) for port, protocol in ports]
    talks += [(host.ip, peer, 443, "tls") for peer in host.peers] or (
        [(host.ip, "10.1.0.98", 9, None)] if not host.vlan else []
    )
    for client, server, port, protocol in talks:
        recorder.flow(
            FlowRecord(
                vlan=host.vlan,
                client_ip=client,
                client_port=40_000,
                client_mac=front if client == host.ip else ROUTER,
                server_ip=server,
                server_port=port,
                server_mac=front if server == host.ip else ROUTER,
                transport="tcp",
                protocol=protocol,
                encrypted=protocol in ("tls", "ssh"),
                established=True,
                clear_patient_data=False,
                sni=None,
                first_seen=at,
                last_seen=at + SECOND,
                connections=1,
                packets_to_server=5,
                packets_to_client=5,
                bytes_to_server=500,
                bytes_to_client=500,
                frame=frame,
            )
        )


NO_FINDING = """
CREATE TEMP VIEW finding AS SELECT '' AS finding_id, '' AS rule, '' AS severity, '' AS title, '' AS site,
    '' AS device_id, '' AS ip_address, 0 AS port, '' AS peer, NULL::TIMESTAMP AS first_seen,
    NULL::TIMESTAMP AS last_seen, '' AS status
WHERE false;
CREATE TEMP TABLE rule (rule VARCHAR, closes_after_days INTEGER);
"""


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An inventory in which no rule was run: that takes its time."""
    with open_inventory(path, wanted=("state", "device_key")) as con:
        con.execute(NO_FINDING)
        yield con


def snapshot(path: Path) -> Path:
    """What is compared of the inventory at `path`."""
    file = path.with_suffix(".snapshot")
    with opened(path) as con:
        save(con, file)
    return file


def compared(old: Path, new: Path) -> Changes:
    """What `medspan diff` makes of the snapshots of two inventories."""
    with duckdb.connect(config={"threads": 1}) as con:
        attach(con, Snapshot(old), "old")
        attach(con, Snapshot(new), "new")
        compare(con)
        return told(con)


def brief(changes: Changes, site: str) -> list[tuple[Any, ...]]:
    """(change, address, field, old, new) of each row of a site."""
    keys = ("change", "ip_address", "field", "old", "new")
    return sorted((tuple(row[key] for key in keys) for row in changes.result.rows if row["site"] == site), key=str)
