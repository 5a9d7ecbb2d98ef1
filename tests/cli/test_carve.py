from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.conftest import CLINIC, ROOT

CT, ARCHIVE = "192.168.50.11", "192.168.50.40"
WARNING = "medspan: packets may hold patient data: what is written is their content\n"


def fields(tshark: str, path: Path, display_filter: str, *names: str) -> list[list[str]]:
    """What tshark prints of `path`, told of the sample's DICOM ports."""
    command = [tshark, "-n", "-r", str(path), "-Y", display_filter, "-T", "fields"]
    command += [word for name in names for word in ("-e", name)]
    command += ["-d", "tcp.port==11112,dicom", "-d", "tcp.port==105,dicom"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_the_carved_file_shows_the_claim(cli: Cli, clinic: Path, tmp_path: Path, tool: Callable[[str], str]) -> None:
    done = cli("carve", CT, "implementation_class_uids", "-o", "out.pcapng", "--inventory", clinic)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == WARNING + "4 packets written to out.pcapng\n"
    claim = "medspan: implementation_class_uids = 1.2.276.0.7230010.3.0.3.6.7 (peer, high)"
    shown = fields(
        *(tool("tshark"), tmp_path / "out.pcapng", "frame.comment"),
        *("frame.comment", "dicom.userinfo.uid", "dicom.assoc.ae.calling", "frame.time_epoch", "frame.number"),
    )
    original = fields(tool("tshark"), CLINIC, "frame.number == 26", "frame.time_epoch")
    assert [line[0] for line in shown] == [claim]
    assert "1.2.276.0.7230010.3.0.3.6.7" in shown[0][1]
    assert shown[0][3:] == [original[0][0], "4"]


def test_an_object_of_many_segments(cli: Cli, clinic: Path, tmp_path: Path, tool: Callable[[str], str]) -> None:
    done = cli("carve", CT, "manufacturer", "-o", "out.pcapng", "--inventory", clinic)
    assert done.returncode == 0
    ours = fields(tool("tshark"), tmp_path / "out.pcapng", "frame.comment", "frame.comment", "_ws.col.Info")
    assert [line[0] for line in ours] == [
        "medspan: manufacturer = Canon Medical Systems (object, high)",
        "medspan: manufacturer = Canon Medical Systems (object, not used)",  # as the archive forwarded it
    ]
    theirs = fields(tool("tshark"), CLINIC, "frame.number in {141, 603}", "_ws.col.Info")
    assert [line[1:] for line in ours] == theirs
    assert all("CT Image Storage" in line[1] for line in ours)
    command = [tool("tshark"), "-n", "-r", "out.pcapng", "-Y", "frame.comment", "-V", "-d", "tcp.port==11112,dicom"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert text.count("TOSHIBA") == 2


def test_everything_of_a_device(cli: Cli, clinic: Path, tmp_path: Path, tool: Callable[[str], str]) -> None:
    rows = json.loads(cli("why", ARCHIVE, "--inventory", clinic, "--format", "json").stdout)
    assert cli("carve", ARCHIVE, "-o", "out.pcapng", "--inventory", clinic).returncode == 0
    shown = fields(tool("tshark"), tmp_path / "out.pcapng", "frame.comment", "frame.time_epoch")
    numbers = ", ".join(str(frame) for frame in {row["frame"] for row in rows})
    expected = fields(tool("tshark"), CLINIC, f"frame.number in {{{numbers}}}", "frame.time_epoch")
    assert shown == expected


def test_the_whole_conversation_where_that_is_the_evidence(
    cli: Cli, clinic: Path, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    assert cli("carve", ARCHIVE, "public_peers", "-o", "out.pcapng", "--inventory", clinic).returncode == 0
    shown = fields(tool("tshark"), tmp_path / "out.pcapng", "tcp", "frame.time_epoch")
    assert shown == fields(tool("tshark"), CLINIC, "ip.addr == 81.2.69.160", "frame.time_epoch")


def test_only_the_owner_may_read_it(cli: Cli, clinic: Path, tmp_path: Path) -> None:
    assert cli("carve", CT, "manufacturer", "-o", "out.pcapng", "--inventory", clinic).returncode == 0
    assert (tmp_path / "out.pcapng").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out.pcapng"]


def test_nothing_is_overwritten_unasked(cli: Cli, clinic: Path, tmp_path: Path) -> None:
    (tmp_path / "out.pcapng").write_text("mine")
    command = ["carve", CT, "manufacturer", "-o", "out.pcapng", "--inventory", clinic]
    done = cli(*command)
    assert (done.returncode, done.stderr) == (2, "medspan: out.pcapng is there already: --force overwrites it\n")
    assert (tmp_path / "out.pcapng").read_text() == "mine"
    assert cli(*command, "--force").returncode == 0
    assert (tmp_path / "out.pcapng").read_bytes().startswith(b"\x0a\x0d\x0d\x0a")


def test_the_inputs_are_never_overwritten(cli: Cli, clinic: Path, tmp_path: Path) -> None:
    copy = tmp_path / CLINIC.name
    copy.write_bytes(CLINIC.read_bytes())
    before = clinic.read_bytes()
    for target in (copy, clinic, tmp_path):
        done = cli("carve", CT, "-o", target, "--force", "--captures", tmp_path, "--inventory", clinic)
        assert (done.returncode, done.stderr) == (2, f"medspan: {target} cannot be overwritten\n")
    assert copy.read_bytes() == CLINIC.read_bytes()
    assert clinic.read_bytes() == before


def test_a_folder_that_is_not_there(cli: Cli, clinic: Path, tmp_path: Path) -> None:
    done = cli("carve", CT, "manufacturer", "-o", "no/out.pcapng", "--inventory", clinic)
    assert done.returncode == 2
    assert done.stderr == WARNING + "medspan: no/out.pcapng cannot be written: no such file or directory\n"


def test_a_full_disk_leaves_no_stump(clinic: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-m", "sensor.cli.main", "carve", CT, "-o", "out.pcapng", "--inventory", str(clinic)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000)),
    )
    assert done.returncode == 2
    assert done.stderr == WARNING + "medspan: out.pcapng cannot be written: file too large\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("args", [["-o", "out.pcapng"], ["hostnames", "-o", "out.pcapng"]])
def test_captures_that_cannot_be_had(cli: Cli, tmp_path: Path, args: list[str]) -> None:
    done = cli("carve", "CT1", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr in (
        "medspan: ward 3.pcap: not there any more: --captures DIR says where it is\n",
        "medspan: nothing is known of hostnames that a packet shows\n",
    )
    assert list(tmp_path.iterdir()) == []
