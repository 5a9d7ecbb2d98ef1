"""`medspan listen --events FILE --syslog SOCKET`: the process that tells, and the sensor it tells of."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
import typer

from inventory.errors import InventoryError
from inventory.store import Store
from sensor.cli.events import Teller
from sensor.cli.listen import listen
from sensor.sources.errors import CaptureError
from tests.cli.conftest import write_inventory
from tests.conftest import CLINIC, MEDSPAN
from tests.mirror import mirror_port


class Log:
    """A syslog daemon's socket, read at once: the kernel keeps few messages."""

    def __init__(self, path: Path) -> None:
        self.messages: list[bytes] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            self.messages.append(self._socket.recv(4096))


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log")


def test_process(tmp_path: Path, log: Log, capfd: pytest.CaptureFixture[str]) -> None:
    """At its end it has told everything, once, to all."""
    inventory, events = tmp_path / "medspan.duckdb", tmp_path / "events.jsonl"
    Store(inventory)
    teller = Teller(inventory, events, f"unix:{tmp_path / 'log'}")
    while not (tmp_path / "medspan.duckdb.told").exists():
        time.sleep(0.05)
    os.kill(teller._process.pid, signal.SIGTERM)  # the sensor ends it, nobody else
    time.sleep(0.1)
    teller.keep_running()
    assert capfd.readouterr().err == ""
    write_inventory(inventory)
    teller.end()
    rows = [json.loads(line) for line in events.read_text().splitlines()]
    assert {"new device", "new public peer"} <= {row["change"] for row in rows}
    severities = ["critical", "high", "medium", "low", "info"]
    wanted = [f"<{130 + severities.index(row['severity'])}>1 ".encode() for row in rows]
    assert [message[:7] for message in log.messages] == wanted


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Teller:
    """A process that ends at once."""
    monkeypatch.setattr("sys.executable", "/bin/false")
    teller = Teller(tmp_path / "medspan.duckdb", tmp_path / "events.jsonl", None)
    assert "is not ready: what is found meanwhile may count as told" in capfd.readouterr().err
    teller._process.wait()
    return teller


def test_process_that_ends_again_and_again(
    broken: Teller, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each time it is left alone for longer, but never for long; and when it has run well, it is started at once."""
    first = broken._process
    broken.keep_running()
    assert broken._process is not first
    capfd.readouterr()
    broken._pause = broken._due = 0.0
    second, started = 0.0, list[float]()

    class Process:
        def poll(self) -> int | None:
            return None if 300 <= second < 500 else 1

    def start() -> Process:
        started.append(second)
        broken._started = second
        return Process()

    monkeypatch.setattr(broken, "_start", start)
    monkeypatch.setattr(broken, "_process", Process())
    monkeypatch.setattr("time.monotonic", lambda: second)
    for second in map(float, range(502)):  # noqa: B007 - it is what the clock shows
        broken.keep_running()
    assert started == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 500, 501]
    assert capfd.readouterr().err.count("is started again") == len(started)


def test_the_ring_is_opened_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it fills while the inventory and the process are waited for. Where it cannot be, the process is ended."""
    steps: list[str] = []

    class Source:
        def __init__(self, interface: str) -> None:
            steps.append("source")
            if "teller" in steps:
                raise CaptureError(f"{interface}: is down")

        def close(self) -> None:
            steps.append("closed")

    class Telling:
        def __init__(self, *_: object) -> None:
            steps.append("teller")

        def end(self) -> None:
            steps.append("ended")

    class Storing(Store):
        def __init__(self, path: Path) -> None:
            steps.append("store")
            super().__init__(path)

    monkeypatch.setattr("sensor.sources.afpacket.LiveSource", Source)
    monkeypatch.setattr("inventory.store.Store", Storing)
    monkeypatch.setattr("sensor.cli.events.Teller", Telling)
    monkeypatch.setattr("sensor.cli.stopping.StopSignal.install", lambda _: None)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(typer.Exit):
        listen("mirror1", inventory=tmp_path / "i.duckdb", events=tmp_path / "events.jsonl")
    assert steps == ["source", "closed", "store", "teller", "source", "ended"]


@pytest.mark.parametrize("name", ["medspan.duckdb", "medspan.duckdb.told", "missing/events.jsonl", "."])
def test_files_that_are_not_for_events(name: str, tmp_path: Path) -> None:
    with pytest.raises(InventoryError):
        Teller(tmp_path / "medspan.duckdb", tmp_path / name, None)


def test_listening(tool: Callable[[str], str], tmp_path: Path, log: Log) -> None:
    tool("ip"), tool("tcpreplay")
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    events = tmp_path / "events.jsonl"
    with mirror_port() as (far, near):
        command = ["ip", "netns", "exec", near, MEDSPAN, "listen", "-i", "mirror1", "--flush", "0.5"]
        options = ["--inventory", "i.duckdb", "--events", events, "--syslog", tmp_path / "log"]
        process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        assert process.stderr is not None
        assert "listening" in process.stderr.readline()
        replay = ["ip", "netns", "exec", far, "tcpreplay", "-q", "-i", "mirror0", "--topspeed", str(CLINIC)]
        subprocess.run(replay, check=True, capture_output=True)
        time.sleep(0.6)
        process.terminate()
        assert process.wait(30) == 130
        assert "1,082 packets, 0 dropped" in process.stderr.read()
        sent = subprocess.run(
            ["ip", "-n", near, "-s", "-j", "link", "show", "mirror1"], check=True, capture_output=True, text=True
        )
    assert json.loads(sent.stdout)[0]["stats64"]["tx"]["packets"] == 0
    rows = [json.loads(line) for line in events.read_text().splitlines()]
    peers = {(row["ip_address"], row["new"].split()[0]) for row in rows if row["change"] == "new public peer"}
    assert peers == {("192.168.50.40", "81.2.69.160"), ("192.168.50.72", "151.101.1.69")}
    assert len([row for row in rows if row["change"] == "new device"]) == 12
    assert len(log.messages) == len(rows)
