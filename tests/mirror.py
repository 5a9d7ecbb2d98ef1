"""A wire for listening: a veth pair between two namespaces of our own, without any address on it. Needs root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

FAR, NEAR = "mirror0", "mirror1"  # the interfaces: packets are replayed into one, and heard on the other


@contextmanager
def mirror_port() -> Iterator[tuple[str, str]]:
    """Yield the names of the namespaces of `FAR` and `NEAR`."""
    far, near = f"msfar{os.getpid()}", f"msnear{os.getpid()}"
    try:
        for name in (far, near):
            _run("ip", "netns", "add", name)
        _run("ip", "link", "add", FAR, "netns", far, "type", "veth", "peer", "name", NEAR, "netns", near)
        for name, interface in ((far, FAR), (near, NEAR)):
            _run("ip", "netns", "exec", name, "sysctl", "-qw", f"net.ipv6.conf.{interface}.disable_ipv6=1")
            _run("ip", "-n", name, "link", "set", interface, "mtu", "9000", "up")
        yield far, near
    finally:
        for name in (far, near):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
