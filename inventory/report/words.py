"""How roles are called, and how numbers, sizes and times are written for people."""

from __future__ import annotations

from typing import Final

# Role -> one, several. In the order of the page; the picture puts them on its left or in its middle.
ROLES: Final = {
    "modality": ("imaging modality", "imaging modalities"),
    "archive": ("archive", "archives"),
    "router": ("image router", "image routers"),
    "worklist": ("worklist server", "worklist servers"),
    "workstation": ("workstation", "workstations"),
    "printer": ("printer", "printers"),
    "hl7_engine": ("HL7 engine", "HL7 engines"),
    "information_system": ("information system", "information systems"),
    "hl7_sender": ("HL7 sender", "HL7 senders"),
    "hl7_receiver": ("HL7 receiver", "HL7 receivers"),
    "patient_monitor": ("patient monitor", "patient monitors"),
    "infusion_pump": ("infusion pump", "infusion pumps"),
    "analyser": ("analyser", "analysers"),
    "web_server": ("web server", "web servers"),
    "file_server": ("file server", "file servers"),
    "network": ("network device", "network devices"),
    "phone": ("phone", "phones"),
    "camera": ("camera", "cameras"),
    "ups": ("power supply", "power supplies"),
    "building": ("building control", "building controls"),
    "client": ("client", "clients"),
    "unknown": ("unknown device", "unknown devices"),
}
_UNITS: Final = ("bytes", "kB", "MB", "GB", "TB", "PB")


def role_name(role: str, number: int = 1) -> str:
    """Return what people call a role; one that is not in the table is called by its own name."""
    return ROLES.get(role, (role.replace("_", " "),) * 2)[number != 1]


def sentence(text: str) -> str:
    """Return `text` with its first letter in upper case, and nothing else changed."""
    return text[:1].upper() + text[1:]


def plural(number: int, one: str, several: str | None = None) -> str:
    """Return "1 device", "2,000 devices"."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def size(count: int) -> str:
    """Return a number of bytes in decimal units: "181.6 kB"."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:,.0f} {_UNITS[unit]}" if unit == 0 or value >= 99.95 else f"{value:.1f} {_UNITS[unit]}"


def moment(time: str | None) -> str:
    """Return an ISO 8601 time as "2026-11-22 01:05:48"; it is UTC, which is said once, elsewhere."""
    return f"{time[:10]} {time[11:19]}" if time else ""
