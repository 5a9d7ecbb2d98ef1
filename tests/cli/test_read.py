"""`medspan read` as a process: what it is given, what it says, how it ends, and what is then in the inventory."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from inventory.database import open_database
from inventory.derive import open_inventory
from inventory.errors import InventoryError
from tests.commands import run
from tests.conftest import CLINIC, MEDSPAN, Medspan
from tests.degrade import read_pcap, write_pcap


def devices(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(run(folder / "inventory.duckdb", "devices", "--format", "json")[0])
    return rows


def health(folder: Path) -> dict[str, Any]:
    (row,) = json.loads(run(folder / "inventory.duckdb", "health", "--format", "json")[0])
    return dict(row)


def inventory(folder: Path) -> list[list[str]]:
    """Everything that is derived: devices, conversations, and each value with its evidence (but not its file)."""
    tables = ("device", "conversation", "evidence")
    told = (
        "FROM device",
        "FROM conversation",
        "SELECT device_id, field, value, class, confidence, count, first_seen, last_seen, used FROM evidence",
    )
    with open_inventory(folder / "inventory.duckdb", wanted=tables) as con:
        return [sorted(map(repr, con.execute(question).fetchall())) for question in told]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What the clinic capture gives, read as one file."""
    folder = tmp_path_factory.mktemp("whole")
    run(folder / "inventory.duckdb", "read", CLINIC)
    return inventory(folder)


def parts(folder: Path, *cuts: float) -> list[Path]:
    """The clinic capture in consecutive files, cut at these fractions of its frames."""
    frames = read_pcap(CLINIC)
    edges = [0, *(int(len(frames) * cut) for cut in cuts), len(frames)]
    paths = []
    for number, (begin, end) in enumerate(pairwise(edges)):
        path = folder / f"part{number}.pcap"
        write_pcap(path, frames[begin:end])
        paths.append(path)
    return paths


def start(tmp_path: Path, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(MEDSPAN), "read", *map(str, arguments), "--inventory", str(tmp_path / "inventory.duckdb")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


class TestWhatIsGiven:
    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("notes.txt", b"These are notes, not packets.\n" * 10, "not a capture (pcap, pcapng, also in gz or zst)"),
            ("empty.pcap", b"", "empty, there is no capture in it"),
            (
                "wrong.pcap.gz",
                gzip.compress(b"These are notes." * 10, mtime=0),
                "not a capture (pcap, pcapng, also in gz or zst)",
            ),
            (
                "twice.gz",
                gzip.compress(gzip.compress(b"x" * 99, mtime=0), mtime=0),
                "compressed twice; unpack it once, then read it",
            ),
        ],
    )
    def test_not_a_capture(self, medspan: Medspan, tmp_path: Path, name: str, content: bytes, message: str) -> None:
        path = tmp_path / name
        path.write_bytes(content)
        done = medspan("read", path, code=2)
        assert done.stdout == ""
        assert done.stderr == f"medspan: {path}: {message}\n"

    def test_missing(self, medspan: Medspan, tmp_path: Path) -> None:
        done = medspan("read", CLINIC, tmp_path / "gone.pcap", code=2)
        assert done.stderr == f"medspan: {tmp_path}/gone.pcap: no such file or folder\n"
        assert not (tmp_path / "inventory.duckdb").exists()

    def test_folder_without_captures(self, medspan: Medspan, tmp_path: Path) -> None:
        (folder := tmp_path / "folder").mkdir()
        (folder / "notes.txt").write_text("no packets")
        done = medspan("read", "-R", folder, code=2)
        assert done.stderr == f"medspan: {folder}: no captures in this folder (1 other files)\n"
        done = medspan("read", folder, code=2)
        assert done.stderr == f"medspan: {folder}: is a folder; add -R to read the captures in it\n"

    def test_folder(self, medspan: Medspan, tmp_path: Path) -> None:
        (folder := tmp_path / "folder").mkdir()
        parts(folder, 0.5)
        (folder / "notes.txt").write_text("no packets")
        done = medspan("read", "-R", folder)
        assert "1 file in the folders is no capture" in done.stderr
        assert "read 2 captures, 1,082 packets" in done.stderr

    def test_no_permission(self, tmp_path: Path) -> None:
        path = tmp_path / "secret.pcap"
        path.write_bytes(CLINIC.read_bytes())
        path.chmod(0)
        as_anyone = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
        command = [*as_anyone, MEDSPAN, "read", path, "--inventory", tmp_path / "inventory.duckdb"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2
        assert done.stderr == f"medspan: {path}: no permission to read it; run as a user who may, or change its mode\n"

    def test_one_of_several_is_no_capture(self, medspan: Medspan, tmp_path: Path) -> None:
        (notes := tmp_path / "notes.txt").write_text("no packets")
        done = medspan("read", CLINIC, notes, code=3)
        assert f"{notes}: not a capture" in done.stderr
        assert len(devices(tmp_path)) > 8

    def test_standard_input(self, medspan: Medspan, tmp_path: Path, whole: list[list[str]]) -> None:
        medspan("read", "-", stdin=CLINIC.open("rb"))
        assert inventory(tmp_path) == whole


class TestSameInventory:
    """Order, splitting and repetition change nothing."""

    @pytest.mark.parametrize("cuts", [(0.5,), (0.3, 0.31, 0.77)])
    def test_split(self, medspan: Medspan, tmp_path: Path, whole: list[list[str]], cuts: tuple[float, ...]) -> None:
        medspan("read", *reversed(parts(tmp_path, *cuts)))
        assert inventory(tmp_path) == whole

    def test_order(self, tmp_path: Path) -> None:
        paths = parts(tmp_path, 0.25, 0.5, 0.75)
        found = []
        for order in ([0, 1, 2, 3], [3, 2, 1, 0]):
            (folder := tmp_path / str(order)).mkdir()
            for number in order:
                run(folder / "inventory.duckdb", "read", paths[number])
            found.append(inventory(folder))
        assert found[0] == found[1]

    def test_again(self, medspan: Medspan, tmp_path: Path, whole: list[list[str]]) -> None:
        medspan("read", CLINIC)
        before = (tmp_path / "inventory.duckdb").read_bytes()
        done = medspan("read", CLINIC)
        assert "already read as site default, nothing changed" in done.stderr
        assert (tmp_path / "inventory.duckdb").read_bytes() == before

    def test_jobs(self, medspan: Medspan, tmp_path: Path) -> None:
        paths = [tmp_path / f"{number}.pcap" for number in range(3)]
        frames = read_pcap(CLINIC)
        for hour, path in enumerate(paths):
            write_pcap(path, [frame._replace(time=frame.time + hour * 3_600_000_000) for frame in frames])
        medspan("read", "--jobs", "2", *paths)
        parallel = inventory(tmp_path)
        (tmp_path / "inventory.duckdb").unlink()
        run(tmp_path / "inventory.duckdb", "read", *paths)
        assert inventory(tmp_path) == parallel


class TestInterrupted:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_asked_to_stop(self, medspan: Medspan, tmp_path: Path, number: signal.Signals) -> None:
        """A pipe that never ends: what has come is kept, and reading it again replaces it."""
        process = start(tmp_path, "-", stdin=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.buffer.write(CLINIC.read_bytes())
        process.stdin.flush()
        time.sleep(1.5)
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 130, errors
        assert "interrupted: what was read is kept" in errors
        found = health(tmp_path)
        assert (found["packets"], found["file_error"]) == (1082, "interrupted")
        assert len(devices(tmp_path)) > 8
        medspan("read", "-", stdin=CLINIC.open("rb"))
        found = health(tmp_path)
        assert (found["packets"], found["file_error"]) == (1082, None)

    def test_killed(self, medspan: Medspan, tmp_path: Path) -> None:
        medspan("read", parts(tmp_path, 0.5)[0])
        before = inventory(tmp_path)
        process = start(tmp_path, "-", stdin=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.buffer.write(CLINIC.read_bytes())
        process.stdin.flush()
        time.sleep(1)
        process.kill()
        process.communicate()
        assert inventory(tmp_path) == before

    def test_full_disk(self, medspan: Medspan, tmp_path: Path) -> None:
        if os.geteuid() != 0:
            pytest.skip("needs root to mount a small file system")
        (small := tmp_path / "small").mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", small], check=True)
        try:
            path = small / "inventory.duckdb"
            medspan("read", parts(tmp_path, 0.05)[0], "--inventory", path)
            kept = run(path, "devices", "--format", "json")
            (small / "filler").write_bytes(b"\0" * (os.statvfs(small).f_bavail * 4096))
            done = medspan("read", CLINIC, "--inventory", path, code=2)
            assert done.stderr.count("\n") == 1
            assert "disk is full" in done.stderr
            (small / "filler").unlink()
            assert run(path, "devices", "--format", "json") == kept
            medspan("read", CLINIC, "--inventory", path, code=None)
        finally:
            subprocess.run(["umount", small], check=True)


class TestDamaged:
    def test_cut_short(self, medspan: Medspan, tmp_path: Path) -> None:
        path = tmp_path / "cut.pcap"
        path.write_bytes(CLINIC.read_bytes()[:-37])
        done = medspan("read", path, code=3)
        assert f"medspan: {path}: cut short: last packet incomplete\n" in done.stderr
        assert len(devices(tmp_path)) > 8

    @pytest.mark.parametrize("length", [0, 1, 23, 24, 30, 40, 100, 1000])
    def test_cut_anywhere(self, medspan: Medspan, tmp_path: Path, length: int) -> None:
        path = tmp_path / "cut.pcap"
        path.write_bytes(CLINIC.read_bytes()[:length])
        done = medspan("read", path, code=None)
        assert done.returncode in (0, 2, 3)
        assert "Traceback" not in done.stderr


def captures(folder: Path) -> list[str]:
    """Those that are read, as far as a sensor lets us look."""
    with suppress(InventoryError), open_database(folder / "inventory.duckdb", read_only=True) as con:
        return [name for (name,) in con.execute("SELECT name FROM capture").fetchall()]
    return []


class TestFollow:
    def test_a_capture_that_rotates(self, tmp_path: Path, whole: list[list[str]]) -> None:
        (folder := tmp_path / "ring").mkdir()
        paths = parts(tmp_path, 0.3, 0.6, 0.9)
        process = start(tmp_path, "--follow", folder)
        try:
            for path in paths:
                path.rename(folder / path.name)
                os.utime(folder / path.name)
                time.sleep(0.05)
            (folder / "newest.pcap").write_bytes(CLINIC.read_bytes()[:24])  # so that the last part is complete
            deadline = time.monotonic() + 30
            while len(captures(tmp_path)) < len(paths):
                assert time.monotonic() < deadline
                time.sleep(0.1)
        finally:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        assert process.returncode == 130, errors
        assert inventory(tmp_path) == whole

    def test_nothing_to_follow(self, medspan: Medspan, tmp_path: Path) -> None:
        done = medspan("read", "--follow", tmp_path / "gone", code=2)
        assert done.stderr == f"medspan: {tmp_path}/gone: no such folder to follow\n"

    @pytest.mark.parametrize("arguments", [[], [CLINIC, "--follow", "."]])
    def test_one_or_the_other(self, medspan: Medspan, arguments: list[str | Path]) -> None:
        assert "give captures to read, or --follow DIR" in medspan("read", *arguments, code=2).stderr
