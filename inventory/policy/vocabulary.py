"""The words of a policy: roles, the protocols of `medspan flows`, ports as it prints them."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

ANY: Final = "any"
PUBLIC: Final = "public"
PARTNER: Final = "partner"
OWN: Final = "own"  # "own:NAME" is a network that [networks.own] names, "partner:NAME" likewise

# What every host needs, whatever it is. `policy learn` writes this list out, to be edited.
INFRASTRUCTURE: Final = ("dhcp", "dhcpv6", "dns", "icmp", "icmpv6", "llmnr", "mdns", "nbns", "ntp")

# Roles that only say what a device was seen doing. A policy counts them where a device has no other: that a scanner
# shows a web page makes it no web server to which every client may go.
INCIDENTAL: Final = ("client", "file_server", "hl7_receiver", "hl7_sender", "network", "unknown", "web_server")

_QUIC: Final = "quic"  # read by the sensor itself
_PORT: Final = re.compile(r"(?:([0-9]{1,5})/)?(tcp|udp|sctp)|icmp|icmpv6|esp|ip-[0-9]{1,3}")
_HIGHEST: Final = 65_535


class Traffic(NamedTuple):
    """Which traffic is meant; None is any."""

    protocol: str | None = None
    port: int | None = None
    transport: str | None = None


@cache
def known_roles() -> tuple[str, ...]:
    """The roles a device can have, in alphabetical order."""
    with files("inventory").joinpath("knowledge/roles.csv").open(encoding="utf-8") as rows:
        return tuple(sorted(row["role"] for row in csv.DictReader(rows)))


@cache
def known_protocols() -> tuple[str, ...]:
    """The protocols that `medspan flows` tells, in alphabetical order."""
    from parsers.registry import DATAGRAMS, PARSERS

    return tuple(sorted({_QUIC, *(parser.name for parser in PARSERS), *(parser.name for parser in DATAGRAMS)}))


def read_traffic(word: str) -> Traffic:
    """Read "dicom", "104/tcp", "tcp", "104/tcp dicom" or "any". Raises ValueError, telling what it may be."""
    if word == ANY:
        return Traffic()
    first, _, protocol = word.partition(" ")
    port = _PORT.fullmatch(first)
    if port is None:
        protocol = word
    if (protocol or port is None) and protocol not in known_protocols():
        raise ValueError(f'{word!r} is no port such as "443/tcp", nor a protocol: {", ".join(known_protocols())}')
    if port is None:
        return Traffic(protocol)
    if port[1] and not 0 < int(port[1]) <= _HIGHEST:
        raise ValueError(f"{word!r}: there is no such port")
    return Traffic(protocol or None, int(port[1]) if port[1] else None, port[2] or port[0])
