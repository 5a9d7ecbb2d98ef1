from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from inventory.recorder import Recorder
from inventory.store import Capture, Store
from parsers.records import CaptureHealth, Endpoint, Evidence
from parsers.text import clean
from tests.cli.conftest import HOSTILE_TITLE, START, Cli, write_inventory
from tests.inventory.directory import judge, read_ldif

KEYS = (
    "ae_title site hosts device_ids conflict roles scu_services scp_services requested called accepted rejected "
    "aborted called_in_vain first_seen last_seen"
)
# What a hostile device might call itself, as it comes off the wire: 16 bytes each (PS3.5 6.2, AE)
HOSTILE = [
    b"=cmd|'/C calc'!A", b"@SUM(A1)", b"+1+1", b"-2", b"\tTAB", b"\x1b[31mRED\x1b[0m", b"\x9b31m", b"A\r\nB",
    b"A\ndn: cn=evil", b"CT,dc=evil", b"CT+cn=x", b'"quoted"', b"a\\", b"#", b": x", b"<file:///x",
    "\u202eTC".encode(), b"\xff\xfe", b"[bold]x[/bold]", b"\x00\x00", b"<script>", b"a;b",
]  # fmt: skip


def hostile_inventory(path: Path) -> list[str]:
    """An inventory in which one host calls itself all those names; return them as they are kept."""
    recorder = Recorder("north", "core-1", "cafe")
    for frame, raw in enumerate(HOSTILE, 1):
        title = clean(raw)
        client = Endpoint(None, "00:11:22:33:44:01", "10.1.0.10", None, "tcp", f"1.2.3 {title}")
        server = Endpoint(None, "00:11:22:33:44:02", "10.1.0.20", 104, "tcp")
        recorder.observe(client, "dicom", "calling_ae_title", title, Evidence.PEER, START, frame)
        recorder.observe(client, "dicom", "scu_sop_classes", '["1.2.840.10008.1.1"]', Evidence.PEER, START, frame)
        recorder.observe(server, "dicom", "accepted_ae_title", title, Evidence.CLAIM, START, frame)
    capture = Capture("cafe", "a.pcap", "cafe" * 16, "north", "core-1", "0.1.0", CaptureHealth(packets=1), True)
    Store(path).write(capture, recorder.drain())
    return sorted({clean(raw) for raw in HOSTILE} - {""})


def listed(cli: Cli, *args: str | Path) -> list[dict[str, Any]]:
    done = cli("ae", *args, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def test_the_clinic(cli: Cli, clinic: Path) -> None:
    rows = {row["ae_title"]: row for row in listed(cli, "--inventory", clinic)}
    assert list(rows) == ["AQONE", "CLINMWL", "RAD1", "SECONDOP", "SKYRA", "VIVID1", "VNA1", "WRONGAE"]
    assert {title for title, row in rows.items() if row["conflict"]} == set()
    vna = rows["VNA1"]
    assert list(vna) == KEYS.split()
    assert (vna["hosts"], vna["roles"]) == (["192.168.50.40:11112"], ["SCP", "SCU"])
    assert (vna["scu_services"], vna["scp_services"]) == (["storage"], ["query", "retrieve", "storage", "verification"])
    assert (vna["requested"], vna["called"], vna["accepted"], vna["rejected"]) == (2, 6, 6, 0)
    assert (rows["SECONDOP"]["hosts"], rows["SECONDOP"]["device_ids"]) == (["81.2.69.160:11112"], [])
    assert (rows["WRONGAE"]["hosts"], rows["WRONGAE"]["rejected"]) == ([], 1)
    assert rows["WRONGAE"]["called_in_vain"] == ["192.168.50.40:11112"]


def test_the_same_keys_everywhere(cli: Cli, process: Cli) -> None:
    (first, *_) = csv.DictReader(io.StringIO(cli("ae", "--format", "csv").stdout))
    assert list(first) == list(listed(cli)[0]) == KEYS.split()
    described = process("sql", "SELECT column_name FROM (DESCRIBE ae_registry)", "--format", "json").stdout
    assert [row["column_name"] for row in json.loads(described)] == KEYS.split()


def test_the_table(cli: Cli) -> None:
    done = cli("ae")
    assert done.stderr == "3 AE titles\n"
    headings = re.split(r"  +", done.stdout.splitlines()[0].strip())
    assert headings == [
        *("AE title", "Hosts", "Services", "Requested", "Called", "Accepted", "Rejected", "Aborted", "Last seen"),
        "Conflict",
    ]
    assert re.search(r"^CT1 +10\.1\.0\.10 +1 +0 +0 ", done.stdout, re.MULTILINE)
    assert HOSTILE_TITLE in done.stdout  # markup is text


def test_sites(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "two.duckdb"
    write_inventory(path)
    write_inventory(path, "south", "beef")
    assert len(listed(cli, "--inventory", path)) == 6
    assert {row["site"] for row in listed(cli, "--inventory", path, "--site", "south")} == {"south"}
    assert listed(cli, "--inventory", path, "--conflicts") == []  # the same title at two sites is none
    assert re.search(r"^CT1 +north ", cli("ae", "--inventory", path).stdout, re.MULTILINE)


def test_conflicts(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "conflict.duckdb"
    write_inventory(path)
    recorder = Recorder("north", "core-1", "f00d")
    other = Endpoint(None, "00:11:22:33:44:09", "10.1.0.99", None, "tcp")
    recorder.observe(other, "dicom", "calling_ae_title", "CT1", Evidence.PEER, START, 1)
    capture = Capture("f00d", "b.pcap", "f00d" * 16, "north", "core-1", "0.1.0", CaptureHealth(packets=1), True)
    Store(path).write(capture, recorder.drain())
    (row,) = listed(cli, "--inventory", path, "--conflicts")
    assert (row["ae_title"], row["hosts"], len(row["device_ids"])) == ("CT1", ["10.1.0.10", "10.1.0.99"], 2)
    assert re.search(r"^CT1 .* used by 2 hosts$", cli("ae", "--inventory", path).stdout, re.MULTILINE)
    listing = cli("why", "10.1.0.10", "ae_titles", "--inventory", path).stdout.splitlines()
    at = listing.index("contradiction: ae_titles: CT1 is used by 10.1.0.99, too")
    assert listing[at - 1] == ""
    sides = [line for line in listing[at:] if ": frame.number == " in line]
    assert sides == ["            ward 3.pcap: frame.number == 5", "            b.pcap: frame.number == 1"]


def test_hostile_titles_on_a_terminal_and_in_a_spreadsheet(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "hostile.duckdb"
    titles = hostile_inventory(path)
    assert [row["ae_title"] for row in listed(cli, "--inventory", path)] == titles
    table = cli("ae", "--inventory", path).stdout
    assert all(character.isprintable() or character == "\n" for character in table)
    assert len(table.splitlines()) == len(titles) + 2
    rows = list(csv.reader(io.StringIO(cli("ae", "--inventory", path, "--format", "csv").stdout)))
    assert len(rows) == len(titles) + 1
    assert not [cell for row in rows for cell in row if re.match(r"[=+\-@\t\r]", cell)]


def test_hostile_titles_in_a_directory(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "hostile.duckdb"
    titles = hostile_inventory(path)
    done = cli("ae", "--ldif", "-", "--inventory", path)
    assert done.returncode == 0
    assert all(" " <= character <= "~" or character == "\n" for character in done.stdout)
    entries = read_ldif(done.stdout)
    judge(entries, "dc=dcm4che,dc=org")
    told = {entry["dicomAETitle"] for entry in entries if entry.kind == "dicomUniqueAETitle"}
    assert told == {title for title in titles if title.isascii()}
    left = sum(not title.isascii() for title in titles)
    assert done.stderr.startswith(f"medspan: {2 * left} AE titles left out: ")


def test_a_directory_of_the_clinic(cli: Cli, clinic: Path, tmp_path: Path) -> None:
    done = cli("ae", "--ldif", "ae.ldif", "--base-dn", "o=Sometown Hospital", "--inventory", clinic)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "7 AE titles written to ae.ldif\n")
    text = (tmp_path / "ae.ldif").read_text("ascii")
    entries = read_ldif(text)
    judge(entries, "o=Sometown Hospital")
    aqone = next(entry for entry in entries if entry.name[0] == ("dicomAETitle", "AQONE") and len(entry.name) == 5)
    assert aqone["dicomAssociationInitiator"] == "TRUE"
    assert "LABPHI" not in text
    assert cli("ae", "--ldif", "-", "--base-dn", "o=Sometown Hospital", "--inventory", clinic).stdout == text


def test_a_directory_overwrites_nothing_unasked(cli: Cli, clinic: Path, tmp_path: Path) -> None:
    (tmp_path / "ae.ldif").write_text("mine")
    done = cli("ae", "--ldif", "ae.ldif", "--inventory", clinic)
    assert (done.returncode, done.stderr) == (2, "medspan: ae.ldif is there already: --force overwrites it\n")
    assert (tmp_path / "ae.ldif").read_text() == "mine"
    assert cli("ae", "--ldif", "ae.ldif", "--force", "--inventory", clinic).returncode == 0
    assert (tmp_path / "ae.ldif").read_text().startswith("version: 1\n")
    assert cli("ae", "--ldif", clinic, "--force", "--inventory", clinic).returncode == 2
    done = cli("ae", "--ldif", "no/ae.ldif", "--inventory", clinic)
    assert (done.returncode, done.stderr) == (
        2,
        "medspan: no/ae.ldif cannot be written: no such file or directory\n",
    )


@pytest.mark.parametrize("base", ["", "nonsense", "dc=a\ndn: cn=evil", "dc=a,"])
def test_a_base_that_is_no_name(cli: Cli, base: str) -> None:
    done = cli("ae", "--ldif", "-", "--base-dn", base)
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected a distinguished name such as dc=example,dc=org" in " ".join(done.stderr.split())
