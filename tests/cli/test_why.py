from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.cli.conftest import Cli
from tests.conftest import CLINIC

KEYS = (
    "device_id field value class confidence used reason wire protocol ip count first_seen last_seen capture frame "
    "display_filter decode_as conflicts capture_sha256"
)
CT, ARCHIVE, HL7 = "192.168.50.11", "192.168.50.40", "192.168.50.42"


def proof(cli: Cli, inventory: Path, *args: str) -> list[dict[str, Any]]:
    done = cli("why", *args, "--inventory", inventory, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def everything(cli: Cli, inventory: Path) -> list[dict[str, Any]]:
    devices = json.loads(cli("devices", "--inventory", inventory, "--format", "json").stdout)
    return [row for device in devices for row in proof(cli, inventory, device["device_id"])]


def frames(tshark: str, display_filter: str, *options: str) -> set[int]:
    command = [tshark, "-n", "-r", str(CLINIC), "-Y", display_filter, "-T", "fields", "-e", "frame.number", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return {int(line) for line in done.stdout.split()}


def test_the_same_keys_everywhere(cli: Cli, process: Cli, clinic: Path) -> None:
    row = proof(cli, clinic, CT, "manufacturer")[0]
    assert list(row) == KEYS.split()
    (first, *_) = csv.DictReader(
        io.StringIO(cli("why", CT, "manufacturer", "--inventory", clinic, "--format", "csv").stdout)
    )
    assert list(first) == KEYS.split()
    described = process("sql", "SELECT column_name FROM (DESCRIBE proof)", "--inventory", clinic, "--format", "json")
    assert [row["column_name"] for row in json.loads(described.stdout)] == KEYS.split()


def test_what_a_row_says(cli: Cli, clinic: Path) -> None:
    row = next(row for row in proof(cli, clinic, CT, "manufacturer") if row["used"])
    assert (row["value"], row["wire"], row["class"], row["confidence"]) == (
        *("Canon Medical Systems", "TOSHIBA", "object", "high"),
    )
    assert (row["count"], row["frame"], row["display_filter"]) == (3, 141, "frame.number == 141")
    assert row["first_seen"] < row["last_seen"]
    assert row["capture"] == str(CLINIC)
    assert "tcp.port==11112,dicom" in row["decode_as"]


def test_every_filter_shows_the_frame_it_speaks_of(cli: Cli, clinic: Path, tool: Callable[[str], str]) -> None:
    tshark = tool("tshark")
    rows = everything(cli, clinic)
    shown = {row["display_filter"]: row["frame"] for row in rows}
    assert len(rows) > 100 and None not in shown
    plain = {f for f in shown if f.startswith("frame.number == ")}
    assert frames(tshark, " || ".join(plain)) == {shown[f] for f in plain}
    conversations = set(shown) - plain
    assert f"ip.addr == {ARCHIVE} && ip.addr == 81.2.69.160 && tcp.port == 11112" in conversations
    for display_filter in conversations:
        found = frames(tshark, display_filter)
        if re.search(r" && (dicom|http|tls|hl7)$", display_filter):  # without the handshake that begins it
            assert found and min(found) > shown[display_filter]
        else:
            assert min(found) == shown[display_filter]


def test_the_frames_say_what_is_claimed(cli: Cli, clinic: Path, tool: Callable[[str], str]) -> None:
    tshark = tool("tshark")
    fields = {
        *("implementation_class_uids", "implementation_version_names", "manufacturer", "manufacturer_model_name"),
        *("device_serial_number", "station_name", "software_versions", "ae_titles"),
    }
    rows = [row for row in everything(cli, clinic) if row["field"] in fields and row["protocol"] == "dicom"]
    assert {row["field"] for row in rows} == fields
    rules = {option: None for row in rows for option in row["decode_as"]}
    asked = " || ".join({row["display_filter"] for row in rows})
    command = [tshark, "-n", "-r", str(CLINIC), "-Y", asked, "-V", *(word for rule in rules for word in ("-d", rule))]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    texts = {int(text.split(":", 1)[0]): text for text in re.split(r"^Frame (?=\d+:)", shown, flags=re.MULTILINE)[1:]}
    for row in rows:
        if row["class"] == "claim" and row["reason"].startswith("it "):  # an answer, which names no title of its own
            continue
        assert row["wire"] in texts[row["frame"]], row


def test_the_listing(cli: Cli, clinic: Path) -> None:
    done = cli("why", ARCHIVE, "manufacturer", "--inventory", clinic)
    assert done.stdout.splitlines() == [
        "manufacturer: Canon Medical Systems",
        "  object  not used  6 x 2026-11-22T01:05:52Z, it accepts objects, so what it sends may be others'",
        f"          {CLINIC}: frame.number == 603",
    ]
    assert done.stderr == "1 row\n"


def test_the_listing_is_readable_at_120_columns(process: Cli, clinic: Path) -> None:
    for device in (CT, ARCHIVE, HL7):
        lines = process("why", device, "--inventory", clinic).stdout.replace(str(CLINIC), "clinic.pcap").splitlines()
        assert len(lines) > 10
        assert max(map(len, lines)) <= 120


def test_dissect(process: Cli, clinic: Path, tool: Callable[[str], str]) -> None:
    tool("tshark")
    done = process("why", CT, "manufacturer", "--dissect", "--inventory", clinic)
    assert done.returncode == 0
    assert done.stderr == "medspan: a frame may hold patient data: what follows is its content\n"
    lines = done.stdout.splitlines()
    assert lines[0] == f"{CLINIC}, frame 141: manufacturer = Canon Medical Systems"
    assert [line for line in lines if re.fullmatch("  [A-Z0-9]+", line)] == [
        "  ETH",
        "  IP",
        "  TCP",
        "  DATA",
        "  DICOM",
    ]
    tags = [line.strip() for line in lines if re.match(r" +\(00", line)]
    assert "(0008,0070) 8 Manufacturer TOSHIBA" in tags
    assert tags == sorted(tags)  # as in the frame


def test_dissect_shows_a_few_frames(process: Cli, clinic: Path, tool: Callable[[str], str]) -> None:
    tool("tshark")
    done = process("why", ARCHIVE, "--dissect", "--inventory", clinic)
    headings = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert len(headings) == 5
    assert re.fullmatch(r"medspan: a frame may .*\n5 of \d+ frames: name a field for others\n", done.stderr)


def test_dissect_at_any_port(cli: Cli, clinic: Path, tool: Callable[[str], str]) -> None:
    tool("tshark")
    for device, field, layer in ((HL7, "role", "HL7"), ("192.168.50.41", "role", "DICOM"), (CT, "ae_titles", "DICOM")):
        assert f"  {layer}\n" in cli("why", device, field, "--dissect", "--inventory", clinic).stdout


def test_dissect_leaves_no_process_behind(cli: Cli, clinic: Path, tool: Callable[[str], str]) -> None:
    tool("tshark")

    def children() -> set[str]:
        found: set[str] = set()
        for task in Path(f"/proc/{os.getpid()}/task").iterdir():
            with suppress(FileNotFoundError):  # a thread that just ended
                found.update((task / "children").read_text().split())
        return found

    before = children()
    assert cli("why", CT, "manufacturer", "--dissect", "--inventory", clinic).returncode == 0
    assert children() == before


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("tshark", "--dissect needs tshark, which is part of Wireshark"),
        ("pyshark", "--dissect needs pyshark: pip install 'medspan[dissect]'"),
    ],
)
def test_dissect_without_its_tools(
    cli: Cli, clinic: Path, monkeypatch: pytest.MonkeyPatch, missing: str, message: str
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None if missing == "tshark" else f"/usr/bin/{name}")
    if missing == "pyshark":
        monkeypatch.setitem(sys.modules, "pyshark", None)
    done = cli("why", CT, "--dissect", "--inventory", clinic)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"medspan: {message}\n")


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_dissect_of_a_packed_capture(
    process: Cli, tmp_path: Path, tool: Callable[[str], str], pack: Callable[[bytes], bytes]
) -> None:
    tool("tshark")
    (tmp_path / "clinic.pcap.packed").write_bytes(pack(CLINIC.read_bytes()))
    inventory = tmp_path / "packed.duckdb"
    assert process("read", "clinic.pcap.packed", "--inventory", inventory).returncode == 0
    shown = process("why", CT, "manufacturer", "--dissect", "--inventory", inventory)
    assert "Manufacturer TOSHIBA" in shown.stdout, shown.stderr


def moved(tmp_path: Path, content: bytes) -> Path:
    folder = tmp_path / "archive" / "2026"
    folder.mkdir(parents=True)
    (folder / CLINIC.name).write_bytes(content)
    return tmp_path / "archive"


def test_a_capture_that_was_moved(cli: Cli, clinic: Path, tmp_path: Path, tool: Callable[[str], str]) -> None:
    tool("tshark")
    folder = moved(tmp_path, CLINIC.read_bytes())
    done = cli("why", CT, "manufacturer", "--dissect", "--captures", folder, "--inventory", clinic)
    assert "Manufacturer TOSHIBA" in done.stdout


def test_a_capture_that_is_another(cli: Cli, clinic: Path, tmp_path: Path, tool: Callable[[str], str]) -> None:
    tool("tshark")
    folder = moved(tmp_path, CLINIC.read_bytes()[:-1])
    done = cli("why", CT, "manufacturer", "--dissect", "--captures", folder, "--inventory", clinic)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"medspan: {folder / '2026' / CLINIC.name} is not the capture that was read: its SHA-256 is another\n"
    )


def test_a_capture_that_is_gone(cli: Cli, inventory: Path, tmp_path: Path, tool: Callable[[str], str]) -> None:
    tool("tshark")
    done = cli("why", "CT1", "--dissect")
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        "medspan: ward 3.pcap: not there any more: --captures DIR says where it is\n",
    )
    done = cli("why", "CT1", "--dissect", "--captures", tmp_path)
    assert (done.returncode, done.stderr) == (2, f"medspan: ward 3.pcap: not in {tmp_path}\n")
