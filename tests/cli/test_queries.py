from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inventory.derive import open_inventory
from tests.cli.conftest import CT_MAC, GATEWAY_MAC, HOSTILE_TITLE, Cli, write_inventory

# What scripts rely on, in its order: new columns come after.
COLUMNS = {
    "devices": (
        "device_id site role roles modalities manufacturer manufacturer_model_name device_serial_number "
        "software_versions station_name institution_name ae_titles implementation_class_uids "
        "implementation_version_names toolkits hostnames ip_addresses mac_addresses mac_vendor operating_system "
        "services public_peers open_findings confidence conflicts addressless owner location asset_tag note first_seen "
        "last_seen"
    ),
    "flows": (
        "site client_ip server_ip server_port transport protocol encrypted established client_public server_public "
        "direction clear_patient_data sni client_device_id server_device_id connections packets_to_server "
        "packets_to_client bytes_to_server bytes_to_client first_seen last_seen community_id partner network country "
        "asn as_organization cloud certificate_name remote_access"
    ),
    "findings": (
        "finding_id rule severity title site device_id ip_address port peer evidence first_seen last_seen status "
        "accepted_until reason decided_by why remedy references"
    ),
    "exposure": (
        "site device_id ip_addresses networks role kind direction services remote_access certainty organization "
        "peer_count peers expected clear_patient_data connections bytes_out bytes_in first_seen last_seen evidence"
    ),
}
HEALTH_KEYS = (
    "capture site sensor first_packet last_packet packets bytes kernel_drops truncated_packets duplicate_packets gaps "
    "gap_bytes one_way_flows unknown_link_packets undecoded_packets parser_errors caps_hit file_error"
)


def answer(cli: Cli, *args: str) -> Any:
    done = cli(*args, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def addresses(devices: list[dict[str, Any]]) -> list[str]:
    return [ip for device in devices for ip in device["ip_addresses"]]


@pytest.mark.parametrize(
    ("command", "table"),
    [("devices", "device"), ("flows", "conversation"), ("findings", "finding"), ("exposure", "exposure")],
)
def test_columns(cli: Cli, inventory: Path, command: str, table: str) -> None:
    """The same in JSON, in CSV and in SQL."""
    columns = COLUMNS[command].split()
    assert {tuple(row) for row in answer(cli, command)} == {tuple(columns)}
    assert cli(command, "--format", "csv").stdout.splitlines()[0] == ",".join(columns)
    with open_inventory(inventory, wanted=[table]) as con:
        assert [name for name, *_ in con.execute(f"DESCRIBE {table}").fetchall()] == columns


def test_devices(cli: Cli) -> None:
    devices = answer(cli, "devices")
    assert addresses(devices) == ["10.1.0.10", "10.1.0.20"]
    ct, pacs, gateway = devices
    assert ct["ae_titles"] == ["CT1"]
    assert ct["mac_addresses"] == [CT_MAC]
    assert ct["mac_vendor"] is None or isinstance(ct["mac_vendor"], str)
    assert ct["first_seen"] == "2026-01-01T00:00:00.000000Z"
    assert sorted(pacs["ae_titles"]) == sorted(["PACS", HOSTILE_TITLE])
    assert pacs["public_peers"] == ["8.8.8.8", "9.9.9.9"]
    assert gateway["mac_addresses"] == [GATEWAY_MAC]


def test_devices_as_csv(cli: Cli) -> None:
    done = cli("devices", "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    ct, pacs, _ = csv.DictReader(io.StringIO(done.stdout))
    assert list(ct) == list(answer(cli, "devices")[0])
    assert (ct["ae_titles"], ct["owner"], ct["public_peers"]) == ("CT1", "", "")
    assert pacs["public_peers"] == "8.8.8.8; 9.9.9.9"
    assert pacs["ae_titles"] == "'" + "; ".join(sorted(["PACS", HOSTILE_TITLE]))


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--public"], ["10.1.0.20"]),
        (["--since", "2026-01-01T00:00:09Z"], ["10.1.0.10", "10.1.0.20"]),
        (["--since", "2026-01-01T02:00:09+01:00"], []),
        (["--since", "1h"], []),
        (["--site", "north"], ["10.1.0.10", "10.1.0.20"]),
        (["--site", "south"], []),
        (["--role", "printer"], []),
        (["--vendor", "no such maker"], []),
    ],
)
def test_devices_filtered(cli: Cli, args: list[str], expected: list[str]) -> None:
    assert addresses(answer(cli, "devices", *args)) == expected


def test_the_sites_own_networks(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "medspan.toml").write_text('local_nets = "8.8.8.0/24"')
    assert addresses(answer(cli, "devices", "--public")) == ["10.1.0.20"]
    assert [flow["direction"] for flow in answer(cli, "flows", "--public")] == ["inbound"]


def test_tables_are_whole_where_there_is_no_terminal(process: Cli) -> None:
    done = process("devices")
    assert (done.returncode, done.stderr) == (0, "3 devices\n")
    lines = done.stdout.splitlines()
    assert len(lines) == 5
    assert re.split(r"  +", lines[0].strip()) == [
        *("Device", "IP address", "Role", "Make (or MAC vendor)", "AE titles", "Public peers", "Findings", "Last seen")
    ]
    assert HOSTILE_TITLE in lines[3]  # markup is text
    assert "8.8.8.8; 9.9.9.9" in lines[3]
    assert lines[3].rstrip().endswith("2026-01-01T00:00:09Z")
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("no_color", [True, False])
def test_tables_fit_the_terminal(inventory: Path, tmp_path: Path, no_color: bool) -> None:
    ours, theirs = pty.openpty()
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "100", "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "sensor.cli.main", "flows", "--inventory", str(inventory)],
        cwd=tmp_path,
        env=env | ({"NO_COLOR": "1"} if no_color else {}),
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    seen = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # the end of a pseudo-terminal
            break
        seen += chunk
    os.close(ours)
    assert process.wait(30) == 0
    text = re.sub(r"\x1b\[[0-9;]*m", "", seen.decode())
    assert max(map(len, text.splitlines())) <= 100
    assert "10.1.0.10" in text.replace("\r", "")
    if no_color:
        assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", seen.decode())


@pytest.mark.parametrize("name", ["10.1.0.10", CT_MAC, CT_MAC.upper().replace(":", "-"), "CT1", "ct1"])
def test_device_by_any_of_its_names(cli: Cli, name: str) -> None:
    device = answer(cli, "device", name)
    assert device["ip_addresses"] == ["10.1.0.10"]
    assert [flow["server_ip"] for flow in device["conversations"]] == ["10.1.0.20"]


def test_device_for_people_and_for_spreadsheets(cli: Cli) -> None:
    device_id = answer(cli, "device", "PACS")["device_id"]
    table = cli("device", device_id).stdout
    assert re.search(rf"^device_id +{device_id}$", table, re.MULTILINE)
    assert re.search(r"^public_peers +8\.8\.8\.8; 9\.9\.9\.9 +high$", table, re.MULTILINE)
    assert re.search(
        r"^10\.1\.0\.20 +8\.8\.8\.8 +443/tcp +tls \(encrypted\) +outbound +2 +2026-01-01T00:00:09Z$",
        table,
        re.MULTILINE,
    )
    assert re.search(r"^services +80/tcp http; 104/tcp dicom +high$", table, re.MULTILINE)
    (row,) = csv.DictReader(io.StringIO(cli("device", device_id, "--format", "csv").stdout))
    assert row["device_id"] == device_id


@pytest.mark.parametrize("command", ["device", "why"])
def test_a_device_that_is_not_known(cli: Cli, command: str) -> None:
    done = cli(command, "10.1.0.99")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "medspan: no device '10.1.0.99': medspan devices lists them all, medspan flows --public those outside\n"
    )


def test_one_name_of_two_devices(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "two.duckdb"
    write_inventory(path)
    write_inventory(path, "south", "beef")
    done = cli("device", "10.1.0.10", "--inventory", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(
        r"medspan: 2 devices are known as '10\.1\.0\.10': name one by its id: \w+ \(site north\), \w+ \(site south\)\n",
        done.stderr,
    )
    assert answer(cli, "device", "10.1.0.10", "--inventory", str(path), "--site", "south")["site"] == "south"
    assert "Site" in cli("devices", "--inventory", str(path)).stdout


def test_why(cli: Cli) -> None:
    evidence = answer(cli, "why", "CT1", "ae_titles")
    keys = ("field", "value", "class", "confidence", "capture", "frame")
    assert [[row[key] for key in keys] for row in evidence] == [["ae_titles", "CT1", "peer", "high", "ward 3.pcap", 5]]
    every = answer(cli, "why", "CT1")
    assert {"ae_titles", "ip_addresses", "implementation_class_uids"} <= {row["field"] for row in every}
    assert evidence[0] in every


def test_why_of_no_field(cli: Cli) -> None:
    done = cli("why", "CT1", "colour")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("medspan: no field 'colour': a device has device_id, site, role, ")
    assert len(done.stderr.splitlines()) == 1


def test_flows(cli: Cli) -> None:
    flows = answer(cli, "flows")
    told = [(f["client_ip"], f["server_ip"], f["server_port"], f["protocol"], f["direction"]) for f in flows]
    assert sorted(told) == [
        ("10.1.0.10", "10.1.0.20", 104, "dicom", "internal"),
        ("10.1.0.20", "8.8.8.8", 443, "tls", "outbound"),
        ("9.9.9.9", "10.1.0.20", 80, "http", "inbound"),
    ]
    dicom = next(flow for flow in flows if flow["protocol"] == "dicom")
    assert dicom["clear_patient_data"] is True
    assert (dicom["connections"], dicom["bytes_to_server"], dicom["first_seen"]) == (
        2,
        1000,
        "2026-01-01T00:00:00.500000Z",
    )
    assert dicom["community_id"].startswith("1:")


@pytest.mark.parametrize(
    ("args", "ports"),
    [
        (["--public"], [80, 443]),
        (["--clear"], [80, 104]),
        (["--public", "--clear"], [80]),
        (["--protocol", "DICOM"], [104]),
        (["--direction", "outbound"], [443]),
        (["--site", "south"], []),
    ],
)
def test_flows_filtered(cli: Cli, args: list[str], ports: list[int]) -> None:
    assert sorted(flow["server_port"] for flow in answer(cli, "flows", *args)) == ports


def test_health(cli: Cli) -> None:
    (row,) = answer(cli, "health")
    assert list(row) == HEALTH_KEYS.split()
    assert row == {
        **dict.fromkeys(HEALTH_KEYS.split(), 0),
        "capture": "ward 3.pcap",
        "site": "north",
        "sensor": "core-1",
        "packets": 1234,
        "bytes": 56789,
        "first_packet": "2026-01-01T00:00:00.000000Z",
        "last_packet": "2026-01-01T00:00:10.000000Z",
        "gaps": 2,
        "gap_bytes": 2920,
        "file_error": None,
    }
    table = cli("health").stdout
    assert re.search(r"^ward 3\.pcap +core-1 .* 1,234 +56,789 +2 gaps in streams; 2,920 bytes in gaps", table, re.M)
