"""MAC address -> vendor, from the IEEE registrations that the pymanuf package carries (/24, /28 and /36 blocks)."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_OUI: Final = len("AA:BB:CC")
_BLOCKS: Final = (  # what the file writes for the block of a MAC, smallest first
    lambda mac: f"{mac[:13]}0:00/36",
    lambda mac: f"{mac[:10]}0:00:00/28",
    lambda mac: mac[:_OUI],
)
_NOBODY: Final = {"Private", "IEEE Registration Authority"}  # undisclosed; a block given out in smaller ones
_LOCAL_OR_GROUP: Final = 0x03  # of the first octet: made up, or of many hosts (IEEE 802-2014 8.2)


def mac_vendors(macs: Iterable[str]) -> dict[str, str | None]:
    """Return the vendor of each of `macs` ("aa:bb:cc:dd:ee:ff"), None where it is not known.

    Locally administered addresses name no vendor: hypervisors and privacy features make them up.
    """
    upper = {mac: mac.upper() for mac in macs}
    registered = _registrations({text[:_OUI] for text in upper.values()})
    return {mac: _vendor(text, registered) for mac, text in upper.items()}


def _vendor(mac: str, registered: dict[str, str]) -> str | None:
    try:
        if int(mac[:2], 16) & _LOCAL_OR_GROUP:
            return None
    except ValueError:
        return None
    names = (registered[block(mac)] for block in _BLOCKS if block(mac) in registered)
    name = next(names, None)
    return None if name in _NOBODY else name


def _registrations(ouis: set[str]) -> dict[str, str]:
    """Block -> name, of the blocks within `ouis`. Importing pymanuf would parse all of its file: six times as long."""
    spec = find_spec("pymanuf")
    if spec is None or spec.origin is None:
        return {}
    text = Path(spec.origin).with_name("manuf.txt").read_text("utf-8")
    parts = (line.partition("\t") for line in text.split("\n") if line[:_OUI] in ouis)
    return {block: name.strip() for block, _, name in parts}
