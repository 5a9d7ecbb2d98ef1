"""Listening on a mirror port: a veth pair between two network namespaces, tcpreplay at the far end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import CLINIC, MEDSPAN, Medspan
from tests.mirror import mirror_port

FIELDS = ("role", "manufacturer", "manufacturer_model_name", "device_serial_number", "ae_titles", "ip_addresses")


@pytest.fixture
def mirror(tool: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Names of the two namespaces: `far` has the interface mirror0, `near` has mirror1."""
    tool("ip"), tool("tcpreplay")
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    with mirror_port() as names:
        yield names


@pytest.fixture
def listening(mirror: tuple[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    inventory = tmp_path / "inventory.duckdb"
    process = subprocess.Popen(
        [
            "ip",
            "netns",
            "exec",
            mirror[1],
            MEDSPAN,
            "listen",
            "-i",
            "mirror1",
            "--flush",
            "0.5",
            "--inventory",
            inventory,
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "listening on mirror1" in process.stderr.readline()
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()


def replay(mirror: tuple[str, str], *arguments: str) -> None:
    subprocess.run(
        ["ip", "netns", "exec", mirror[0], "tcpreplay", "-q", "-i", "mirror0", *arguments, str(CLINIC)],
        check=True,
        capture_output=True,
    )


def sent_by_sensor(mirror: tuple[str, str]) -> int:
    shown = subprocess.run(
        ["ip", "-n", mirror[1], "-s", "-j", "link", "show", "mirror1"], check=True, capture_output=True, text=True
    )
    packets: int = json.loads(shown.stdout)[0]["stats64"]["tx"]["packets"]
    return packets


def known(medspan: Medspan) -> list[dict[str, object]]:
    devices = json.loads(medspan("devices", "--format", "json").stdout)
    return sorted(({field: d[field] for field in FIELDS} for d in devices), key=str)


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_same_inventory_as_from_the_file(
    mirror: tuple[str, str], listening: subprocess.Popen[str], medspan: Medspan, tmp_path: Path
) -> None:
    replay(mirror, "--topspeed")
    wait_for(lambda: len(known(medspan)) > 8)  # a running sensor can be asked
    listening.send_signal(signal.SIGINT)
    assert listening.wait(20) == 130
    live = known(medspan)
    (health,) = json.loads(medspan("health", "--format", "json").stdout)
    assert (health["packets"], health["kernel_drops"], health["file_error"]) == (1082, 0, None)
    assert sent_by_sensor(mirror) == 0
    (tmp_path / "inventory.duckdb").unlink()
    medspan("read", CLINIC)
    assert live == known(medspan)


def test_killed_sensor_leaves_what_was_flushed(
    mirror: tuple[str, str], listening: subprocess.Popen[str], medspan: Medspan
) -> None:
    replay(mirror, "--topspeed")
    wait_for(lambda: len(known(medspan)) > 8)
    listening.kill()
    listening.wait()
    assert len(known(medspan)) > 8


def test_duration_ends_it(mirror: tuple[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        ["ip", "netns", "exec", mirror[1], MEDSPAN, "listen", "-i", "mirror1", "--duration", "0.5"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "0 packets" in done.stderr


def test_no_such_interface(medspan: Medspan) -> None:
    done = medspan("listen", "-i", "nowhere0", code=2)
    assert done.stderr == "medspan: nowhere0: no such interface: medspan interfaces lists them\n"


def test_interfaces(medspan: Medspan) -> None:
    names = {row["interface"] for row in json.loads(medspan("interfaces", "--format", "json").stdout)}
    assert "lo" in names
