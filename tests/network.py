"""Two hosts on one wire: network namespaces of our own, with what runs on them recorded by tcpdump. Needs root."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

SCANNER, ARCHIVE = "192.168.50.11", "192.168.50.40"
MACS = {SCANNER: "00:00:39:c7:00:11", ARCHIVE: "52:54:00:a0:00:40"}


class Network:
    """Hosts by address; `record` what crosses the wire. Everything started is stopped when the network goes down."""

    def __init__(self) -> None:
        self._names = {SCANNER: f"msscan{os.getpid()}", ARCHIVE: f"msarch{os.getpid()}"}
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        scanner, archive = self._names.values()
        for name in (scanner, archive):
            _ip("netns", "add", name)
        _ip("link", "add", "eth0", "netns", scanner, "type", "veth", "peer", "name", "eth0", "netns", archive)
        for address, name in self._names.items():
            _ip("-n", name, "link", "set", "eth0", "address", MACS[address])
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
            _ip("-n", name, "link", "set", "lo", "up")
            offload = ["tso", "off", "gso", "off", "gro", "off", "tx", "off", "rx", "off"]
            self.run(address, "ethtool", "-K", "eth0", *offload, check=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._started):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        for name in self._names.values():
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)

    def run(self, host: str, *command: str | Path, check: bool = True) -> str:
        """Run `command` on `host` to its end; return what it printed."""
        done = subprocess.run(self._on(host, command), capture_output=True, text=True, timeout=120, check=check)
        return done.stdout

    def start(self, host: str, *command: str | Path) -> subprocess.Popen[bytes]:
        """Start a server on `host`."""
        process = subprocess.Popen(self._on(host, command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._started.append(process)
        return process

    def wait_for_port(self, host: str, port: int, seconds: float = 30) -> None:
        """Wait until something listens on `port` of `host`."""
        deadline = time.monotonic() + seconds
        while f":{port} " not in self.run(host, "ss", "-ltn"):
            assert time.monotonic() < deadline, f"nothing listens on port {port}"
            time.sleep(0.2)

    @contextmanager
    def recorded(self, path: Path) -> Iterator[None]:
        """Record the wire into `path` meanwhile."""
        tap = self.start(ARCHIVE, "tcpdump", "-i", "eth0", "-s", "0", "-B", "262144", "-U", "-w", path)
        time.sleep(1)
        yield
        time.sleep(1.5)  # the kernel hands the last packets over in blocks
        tap.terminate()
        tap.wait(20)

    def _on(self, host: str, command: tuple[str | Path, ...]) -> list[str]:
        return ["ip", "netns", "exec", self._names[host], *map(str, command)]


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
