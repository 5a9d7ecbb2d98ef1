"""What a device says to its neighbour on the wire, be it by LLDP or by CDP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from parsers.discovery.addresses import host_address
from parsers.malformed import Malformed
from parsers.records import Announcement, Evidence
from parsers.text import canonical, clean, without_mailboxes

_MAC: Final = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
MAX_ADDRESSES: Final = 8  # management addresses of one device that are passed on


def words(bits: int, names: dict[int, str]) -> list[str]:
    """Return the names of the bits that are set, sorted."""
    return sorted(name for bit, name in names.items() if bits & bit)


@dataclass(slots=True)
class Neighbour:
    """What was said so far: of whatever is said twice, the first counts."""

    texts: dict[str, str] = field(default_factory=dict)  # attribute -> value
    port: dict[str, str] = field(default_factory=dict)  # keys of network_port
    inventory: dict[str, str] = field(default_factory=dict)  # keys of hardware_inventory
    capabilities: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def address(self, raw: bytes) -> None:
        """Take a management address, if it is an IP address that a host can have."""
        text = host_address(raw)
        if text and text not in self.addresses and len(self.addresses) < MAX_ADDRESSES:
            self.addresses.append(text)

    def announcements(self) -> Iterator[Announcement]:
        """Yield all that was said, by the device about itself, with the addresses it names for frames without a MAC."""
        said = list(self.texts.items())
        for attribute, compound in (("network_port", self.port), ("hardware_inventory", self.inventory)):
            if compound:
                said.append((attribute, canonical(compound)))
        if self.capabilities:
            said.append(("system_capabilities", canonical(self.capabilities)))
        said += [("management_address", address) for address in self.addresses]
        chassis = self.port.get("ChassisID", "")
        mac = chassis if _MAC.fullmatch(chassis) else None
        ip = self.addresses[0] if self.addresses else None
        for attribute, value in said:
            yield Announcement(attribute, value, Evidence.PEER, ip=ip, mac=mac)


def tell(payload: bytes, read_tlvs: Callable[[bytes, Neighbour], int | None], reason: str) -> Iterator[Announcement]:
    """Yield what the TLVs of `payload` say; raise `Malformed` with `reason` behind it where `read_tlvs` says so.

    `read_tlvs` fills a Neighbour, and returns where the first broken TLV begins, None if all are whole.
    """
    said = Neighbour()
    broken = read_tlvs(payload, said)
    yield from said.announcements()
    if broken is not None:
        raise Malformed(reason, broken)


def put(said: dict[str, str], key: str, raw: bytes) -> None:
    """Set `key` to the text before the first NUL, unless that is blank or `key` is set already."""
    text = without_mailboxes(clean(raw.partition(b"\0")[0]))
    if text:
        said.setdefault(key, text)
