"""A small network of namespaces around one bridge, and what crosses it recorded by tcpdump. Needs root."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.conftest import ROOT
from tests.images import write_orthanc_settings

_OFFLOADS = ("tso", "off", "gso", "off", "gro", "off", "tx", "off", "rx", "off")


@dataclass
class Host:
    """A machine of the network: its namespace and address."""

    name: str
    ip: str
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def command(self, *words: object) -> list[str]:
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words: object, check: bool = True) -> str:
        """Run a command to its end; return what it printed."""
        done = subprocess.run(
            self.command(*words), capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL
        )
        if check and done.returncode:
            raise RuntimeError(f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self, *words: object) -> subprocess.Popen[bytes]:
        """Start a server."""
        process = subprocess.Popen(self.command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.started.append(process)
        return process

    def act(self, name: str, **parameters: Any) -> str:
        """Run one of `actors` to its end."""
        return self.run(sys.executable, "-m", "tests.cases.record.actors", name, json.dumps(parameters, default=str))

    def serve(self, name: str, port: int, **parameters: Any) -> None:
        """Start one of `actors` that answers at `port`."""
        words = (name, json.dumps({"port": port, **parameters}))
        self.start(sys.executable, "-m", "tests.cases.record.actors", *words)
        self.wait(port)

    def wait(self, port: int) -> None:
        """Wait until something listens on `port`."""
        for _ in range(150):
            if f":{port} " in self.run("ss", "-ltn"):
                return
            time.sleep(0.2)
        raise TimeoutError(f"nothing listens on port {port} of {self.ip}")

    def orthanc(
        self, folder: Path, title: str, peers: dict[str, tuple[str, str, int]] | None = None, **more: Any
    ) -> None:
        """Start an Orthanc called `title` at ports 11112 and 8042 that takes and answers everything."""
        known = {name: list(peer) for name, peer in (peers or {}).items()}
        settings = {"Name": title, "DicomAet": title, "DicomModalities": known, "AuthenticationEnabled": False}
        allowed = {f"DicomAlwaysAllow{what}": True for what in ("Echo", "Get", "Move", "Store", "Find")}
        self.start("Orthanc", write_orthanc_settings(folder, **settings, **allowed, **more))
        self.wait(11112)
        self.wait(8042)

    def forward(self, peer: str) -> None:
        """Let the Orthanc here send all it has to `peer`. It is told over loopback, which is not recorded."""
        rest = "http://127.0.0.1:8042"
        studies = json.loads(self.run("curl", "-s", f"{rest}/studies"))
        assert studies, "nothing is stored here"
        self.run("curl", "-sf", "-X", "POST", f"{rest}/modalities/{peer}/store", "-d", json.dumps(studies))


class Lab:
    """Hosts on one bridge. Everything started is stopped when the network goes down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder  # for what the hosts read and write
        self._prefix = f"mscase{os.getpid()}"
        self._switch = Host(f"{self._prefix}sw", "")
        self._hosts: list[Host] = [self._switch]

    def __enter__(self) -> Self:
        _ip("netns", "add", self._switch.name)
        self._quiet(self._switch)
        # Without ageing the bridge is a hub: the bridge itself sees every frame, as a mirror port does.
        _ip("-n", self._switch.name, "link", "add", "br0", "type", "bridge", "ageing_time", "0")
        _ip("-n", self._switch.name, "link", "set", "br0", "up")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for host in reversed(self._hosts):
            for process in reversed(host.started):
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            subprocess.run(["ip", "netns", "del", host.name], check=False, capture_output=True)

    def host(self, ip: str, mac: str | None = None, behind: Host | None = None) -> Host:
        """Add a host on the bridge, or `behind` another one, which is then its router at `.1` of its network."""
        number = len(self._hosts)
        host = Host(f"{self._prefix}h{number}", ip)
        self._hosts.append(host)
        _ip("netns", "add", host.name)
        self._quiet(host)
        near = behind or self._switch
        far = f"v{number}"
        _ip("link", "add", far, "netns", near.name, "type", "veth", "peer", "name", "eth0", "netns", host.name)
        mac = mac or "52:54:00:" + ":".join(f"{int(part):02x}" for part in ip.split(".")[1:])
        _ip("-n", host.name, "link", "set", "eth0", "address", mac)
        _ip("-n", host.name, "addr", "add", f"{ip}/24", "dev", "eth0")
        for name, link in ((host.name, "eth0"), (host.name, "lo"), (near.name, far)):
            _ip("-n", name, "link", "set", link, "up")
        if behind:
            inside = f"{ip.rsplit('.', 1)[0]}.1"
            _ip("-n", near.name, "addr", "add", f"{inside}/32", "dev", far)
            _ip("-n", near.name, "route", "add", f"{ip}/32", "dev", far)
            _ip("-n", host.name, "route", "add", "default", "via", inside)
        else:
            _ip("-n", near.name, "link", "set", far, "master", "br0")
        for owner, link in ((host, "eth0"), (near, far)):
            owner.run("ethtool", "-K", link, *_OFFLOADS, check=False)
        return host

    @contextmanager
    def recorded(self, path: Path) -> Iterator[None]:
        """Record the wire meanwhile, into the gzip file `path`."""
        raw = self.folder / "raw.pcap"
        tap = self._switch.start("tcpdump", "-i", "br0", "-s", "0", "-B", "65536", "-U", "-Z", "root", "-w", raw)
        time.sleep(1)
        yield
        time.sleep(1.5)  # the kernel hands the last packets over in blocks
        tap.terminate()
        tap.wait(20)
        path.write_bytes(gzip.compress(raw.read_bytes(), mtime=0))

    @staticmethod
    def _quiet(host: Host) -> None:
        # No router solicitations and neighbour discovery: every frame shows what the case is about.
        host.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")


def tool(name: str) -> None:
    """Install what a case needs, where that may be done."""
    subprocess.run([ROOT / "tests" / "tools" / "need", name], check=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


Case = Callable[[Lab, Path], None]


def record(cases: Mapping[str, Case], names: Sequence[str], needed: Sequence[str], folder: Path) -> None:
    """Record the cases that are named, or all, each in a network of its own, to `folder`/NAME/capture.pcap.gz.

    `needed` are the tools, as `tests/tools/need` takes them.
    """
    subprocess.run([ROOT / "tests" / "tools" / "need", *needed], check=True)
    for name in names or cases:
        capture = folder / name / "capture.pcap.gz"
        capture.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch, Lab(Path(scratch)) as lab:
            Path(scratch).chmod(0o755)
            cases[name](lab, capture)
        print(f"{name}: {capture.stat().st_size:,} bytes")
