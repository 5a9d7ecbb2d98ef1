"""A small inventory, and the command line run as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from duckdb import DuckDBPyConnection

from inventory import keeping
from inventory.config import Config
from inventory.derive import open_inventory
from inventory.recorder import Recorder
from inventory.store import Capture, Store
from parsers.records import CaptureHealth, Endpoint, Evidence, FlowRecord
from sensor.cli.main import main
from tests.commands import run
from tests.conftest import CLINIC

SECOND = 1_000_000_000
START = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z
CT_MAC, PACS_MAC, GATEWAY_MAC = "00:11:22:33:44:01", "00:11:22:33:44:02", "00:00:0c:00:00:01"
HOSTILE_TITLE = "=[red]'\"\\;,;"  # a formula, markup, quotes, separators

NOTHING = Config()
Cli = Callable[..., "subprocess.CompletedProcess[str]"]


def flow(client_ip: str, server_ip: str, server_port: int, protocol: str | None, encrypted: bool = False) -> FlowRecord:
    macs = {"10.1.0.10": CT_MAC, "10.1.0.20": PACS_MAC}
    return FlowRecord(
        vlan=None,
        client_ip=client_ip,
        client_port=40_000,
        client_mac=macs.get(client_ip, GATEWAY_MAC),
        server_ip=server_ip,
        server_port=server_port,
        server_mac=macs.get(server_ip, GATEWAY_MAC),
        transport="tcp",
        protocol=protocol,
        encrypted=encrypted,
        established=True,
        clear_patient_data=protocol == "dicom",
        sni="cloud.example" if encrypted else None,
        first_seen=START + 500_000_000,
        last_seen=START + 9 * SECOND,
        connections=2,
        packets_to_server=10,
        packets_to_client=20,
        bytes_to_server=1_000,
        bytes_to_client=2_000,
        frame=1,
    )


def write_inventory(path: Path, site: str = "north", capture_id: str = "cafe") -> None:
    """A CT that stores to a PACS, which also talks to a public server, and is asked by one."""
    recorder = Recorder(site, "core-1", capture_id)
    ct = Endpoint(None, CT_MAC, "10.1.0.10", None, "tcp")
    pacs = Endpoint(None, PACS_MAC, "10.1.0.20", 104, "tcp")
    recorder.observe(ct, "dicom", "calling_ae_title", "CT1", Evidence.PEER, START + SECOND, 5)
    recorder.observe(ct, "dicom", "implementation_class_uid", "1.2.276.0.7230010.3.0.3.6.7", Evidence.PEER, START, 5)
    recorder.observe(pacs, "dicom", "accepted_ae_title", "PACS", Evidence.PEER, START + SECOND, 6)
    recorder.observe(pacs, "dicom", "accepted_ae_title", HOSTILE_TITLE, Evidence.PEER, START + SECOND, 9)
    recorder.flow(flow("10.1.0.10", "10.1.0.20", 104, "dicom"))
    recorder.flow(flow("10.1.0.20", "8.8.8.8", 443, "tls", encrypted=True))
    recorder.flow(flow("9.9.9.9", "10.1.0.20", 80, "http"))
    health = CaptureHealth(
        packets=1234,
        bytes=56_789,
        first_packet=START,
        last_packet=START + 10 * SECOND,
        gaps=2,
        gap_bytes=2920,
        anomalies=Counter({("malformed", "PDU length"): 1}),
    )
    capture = Capture(capture_id, "ward 3.pcap", "cafe" * 16, site, "core-1", "0.1.0", health, True)
    Store(path).write(capture, recorder.drain())


def keep_tables(path: Path) -> None:
    """Keep derived tables, as of a large inventory; those that tests write for themselves are derived when asked."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(keeping, "FEWEST", 1)
        assert keeping.keep(path, NOTHING)


@pytest.fixture(scope="session")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inventory") / "medspan.duckdb"
    write_inventory(path)
    keep_tables(path)
    return path


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inventory of the bundled capture."""
    path = tmp_path_factory.mktemp("clinic") / "medspan.duckdb"
    run(path, "read", CLINIC)
    keep_tables(path)
    return path


@pytest.fixture(scope="session")
def derived() -> Iterator[Callable[..., AbstractContextManager[DuckDBPyConnection]]]:
    """`open_inventory`, but each inventory is derived once only."""
    with ExitStack() as stack:
        opened: dict[str, DuckDBPyConnection] = {}

        @contextmanager
        def open_once(
            path: Path, config: Config = NOTHING, wanted: Sequence[str] | None = None
        ) -> Iterator[DuckDBPyConnection]:
            key = f"{path.resolve()} {config}"
            if key not in opened:
                opened[key] = stack.enter_context(open_inventory(path, config))
            yield opened[key]

        yield open_once


@pytest.fixture
def cli(
    inventory: Path,
    derived: object,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Cli:
    """Run `medspan` in this process, in an empty folder, on the small inventory unless told otherwise."""
    monkeypatch.setattr("inventory.derive.open_inventory", derived)
    monkeypatch.setenv("MEDSPAN_INVENTORY", str(inventory))
    monkeypatch.delenv("MEDSPAN_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*args: str | Path) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr("sys.argv", ["medspan", *map(str, args)])
        code: object = 0
        try:
            main()
        except SystemExit as leave:
            code = leave.code or 0
        assert isinstance(code, int)
        return subprocess.CompletedProcess(args, code, *capsys.readouterr())

    return run


@pytest.fixture
def process(inventory: Path, tmp_path: Path) -> Cli:
    """Run `medspan` as a process of its own, with all that it does."""

    def run(*args: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sensor.cli.main", *map(str, args)]
        variables = {**os.environ, "MEDSPAN_INVENTORY": str(inventory), "PYTHONPATH": str(Path(__file__).parents[2])}
        variables.pop("MEDSPAN_CONFIG", None)
        return subprocess.run(
            command, env=variables, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False, timeout=60
        )

    return run
