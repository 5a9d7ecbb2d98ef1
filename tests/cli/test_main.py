from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

ROOT = Path(__file__).parents[2]


def test_version(cli: Cli) -> None:
    done = cli("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"medspan {version('medspan')}\n", "")


def test_help_names_every_command(cli: Cli) -> None:
    done = cli("--help")
    assert done.returncode == 0
    for command in ("devices", "device", "why", "flows", "export", "health", "sql"):
        assert re.search(rf"^  {command}  ", done.stdout, re.MULTILINE)


def test_help_imports_nothing_heavy() -> None:
    imported = "import sensor.cli.main, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", imported], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"duckdb", "numpy", "rich", "pydicom", "scapy", "pymanuf"}.isdisjoint(done.stdout.split())


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["devices", "--role", "scanner"], "'scanner' is not one of 'modality'"),
        (["devices", "--format", "xml"], "'xml' is not one of 'table'"),
        (["devices", "--since", "yesterday"], "expected an ISO 8601 time such as 2026-03-01T08:00Z"),
        (["devices", "--since", "999999w"], "expected an ISO 8601 time such as 2026-03-01T08:00Z"),
        (["devices", "--since", "0001-01-01T00:00+05:00"], "expected an ISO 8601 time such as 2026-03-01T08:00Z"),
        (["read", "x.pcap", "--local-nets", "10.0.0.0/40"], "'10.0.0.0/40' is not a network such as 10.0.0.0/8"),
        (["devices", "--site", "a\x1b[31mb"], "expected one line of printable text"),
        (["flows", "--direction", "up"], "'up' is not one of 'internal'"),
        (["device"], "Missing argument 'ID|IP|AE|MAC'"),
        (["sql"], "Missing argument 'QUERY'"),
        (["export"], "Missing option '-o'"),
    ],
)
def test_usage_errors(cli: Cli, args: list[str], message: str) -> None:
    done = cli(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "args", [["devices"], ["device", "x"], ["why", "x"], ["flows"], ["health"], ["sql", "SELECT 1"]]
)
def test_a_missing_inventory(process: Cli, tmp_path: Path, args: list[str]) -> None:
    done = process(*args, "--inventory", "medspan.duckdb")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "medspan: no inventory at medspan.duckdb: run medspan read CAPTURE first\n"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_inventory(process: Cli, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes of the network team\n")
    done = process("devices", "--inventory", "notes.txt")
    assert (done.returncode, done.stderr) == (2, "medspan: notes.txt is not a medspan inventory\n")


def test_a_bad_configuration(process: Cli, tmp_path: Path) -> None:
    (tmp_path / "medspan.toml").write_text('local_nets = "10.0.0.0/99"')
    done = process("devices")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "medspan: medspan.toml: local_nets: '10.0.0.0/99' is not a network such as 10.0.0.0/8 or !10.99.0.0/16\n"
    )


def test_a_reader_that_has_seen_enough(inventory: Path, tmp_path: Path) -> None:
    rows = "SELECT i, repeat('x', 100) AS filler FROM range(3000) t(i)"
    for output in ("table", "json"):
        process = subprocess.Popen(
            [sys.executable, "-m", "sensor.cli.main", "sql", rows, "--format", output, "--inventory", str(inventory)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read().decode(), process.wait(30)) == ("", 0), output


def test_a_query_that_is_interrupted(inventory: Path, tmp_path: Path) -> None:
    endless = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"
    process = subprocess.Popen(
        [sys.executable, "-m", "sensor.cli.main", "sql", endless, "--inventory", str(inventory)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        time.sleep(3)  # until it is at work, on a busy machine too
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30) == (b"", b"")
        assert process.returncode == 130
    finally:
        process.kill()


def test_help_is_quick(process: Cli) -> None:
    def elapsed() -> float:
        start = time.perf_counter()
        process("--help")
        return time.perf_counter() - start

    assert min(elapsed() for _ in range(4)) < 0.25
