"""Listening at full speed: tcpreplay --topspeed on one end of a wire, medspan on the other. Needs root."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from tests.conftest import MEDSPAN
from tests.mirror import FAR, NEAR, mirror_port

DEVICES = (
    "SELECT device_id, role, manufacturer, manufacturer_model_name, device_serial_number, software_versions, "
    "ae_titles, ip_addresses, mac_addresses, services, confidence FROM device ORDER BY ALL"
)


class Live(NamedTuple):
    packets: int
    dropped: int
    rate: str  # as tcpreplay tells it
    same: bool  # the same inventory as from the file


def listen_at_top_speed(capture: Path, folder: Path) -> Live:
    """Replay `capture` as fast as the machine can, and compare with reading it."""
    live, read = folder / "live.duckdb", folder / "read.duckdb"
    for old in (live, read):
        old.unlink(missing_ok=True)
    with mirror_port() as (far, near):
        sensor = subprocess.Popen(
            ["ip", "netns", "exec", near, MEDSPAN, "listen", "-i", NEAR, "--flush", "2", "--inventory", live],
            stderr=subprocess.DEVNULL,
        )
        time.sleep(2)
        replayed = _run("ip", "netns", "exec", far, "tcpreplay", "--topspeed", "-i", FAR, str(capture))
        time.sleep(3)
        sensor.send_signal(signal.SIGINT)
        sensor.wait(60)
    _run(str(MEDSPAN), "read", str(capture), "--inventory", str(read))
    health = json.loads(_run(str(MEDSPAN), "health", "--format", "json", "--inventory", str(live)))[0]
    same = _devices(live) == _devices(read)
    rate = next((line.split(",")[-1].strip() for line in replayed.splitlines() if line.startswith("Rated")), "")
    return Live(health["packets"], health["kernel_drops"], rate, same)


def _devices(inventory: Path) -> str:
    return _run(str(MEDSPAN), "sql", DEVICES, "--format", "json", "--inventory", str(inventory))


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
