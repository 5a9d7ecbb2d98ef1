"""The host's network interfaces, as /sys and /proc tell of them: nothing is sent to find out."""

from __future__ import annotations

import fcntl
import socket
import struct
from pathlib import Path

SYS = Path("/sys/class/net")
SIOCGIFADDR = 0x8915  # linux/sockios.h


def list_interfaces() -> list[dict[str, str | None]]:
    """Return name, state, MAC, speed and a note on each interface, by name."""
    six = {line.split()[5] for line in _read(Path("/proc/net/if_inet6")).splitlines() if line[:4] != "fe80"}
    rows: list[dict[str, str | None]] = []
    for name in sorted(path.name for path in SYS.iterdir()):
        speed = _read(SYS / name / "speed")
        rows.append(
            {
                "interface": name,
                "state": "up" if int(_read(SYS / name / "flags") or "0", 16) & 1 else "down",  # IFF_UP
                "mac_address": _read(SYS / name / "address") or None,
                "speed": f"{speed} Mbit/s" if speed.isdecimal() else None,
                "note": "has an IP address: not only a mirror port" if name in six or _has_ipv4(name) else None,
            }
        )
    return rows


def _has_ipv4(name: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        try:
            fcntl.ioctl(handle, SIOCGIFADDR, struct.pack("256s", name.encode()))
        except OSError:
            return False
    return True


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
