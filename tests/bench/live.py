"""Listening at full speed: tcpreplay --topspeed on one end of a wire, medspan on the other. Needs root."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from tests.conftest import MEDSPAN

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
    far, near = f"msfar{os.getpid()}", f"msnear{os.getpid()}"
    live, read = folder / "live.duckdb", folder / "read.duckdb"
    for old in (live, read):
        old.unlink(missing_ok=True)
    try:
        for name in (far, near):
            _run("ip", "netns", "add", name)
        _run("ip", "link", "add", "wire0", "netns", far, "type", "veth", "peer", "name", "wire1", "netns", near)
        for name, interface in ((far, "wire0"), (near, "wire1")):
            _run("ip", "netns", "exec", name, "sysctl", "-qw", f"net.ipv6.conf.{interface}.disable_ipv6=1")
            _run("ip", "-n", name, "link", "set", interface, "mtu", "9000", "up")
        sensor = subprocess.Popen(
            ["ip", "netns", "exec", near, MEDSPAN, "listen", "-i", "wire1", "--flush", "2", "--inventory", live],
            stderr=subprocess.DEVNULL,
        )
        time.sleep(2)
        replayed = _run("ip", "netns", "exec", far, "tcpreplay", "--topspeed", "-i", "wire0", str(capture))
        time.sleep(3)
        sensor.send_signal(signal.SIGINT)
        sensor.wait(60)
    finally:
        for name in (far, near):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    _run(str(MEDSPAN), "read", str(capture), "--inventory", str(read))
    health = json.loads(_run(str(MEDSPAN), "health", "--format", "json", "--inventory", str(live)))[0]
    same = _devices(live) == _devices(read)
    rate = next((line.split(",")[-1].strip() for line in replayed.splitlines() if line.startswith("Rated")), "")
    return Live(health["packets"], health["kernel_drops"], rate, same)


def _devices(inventory: Path) -> str:
    return _run(str(MEDSPAN), "sql", DEVICES, "--format", "json", "--inventory", str(inventory))


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
