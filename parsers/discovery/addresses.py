"""Addresses as wire bytes, and as names of the reverse tree, become text."""

from __future__ import annotations

import socket
from typing import Final

_V4_MAPPED: Final = bytes(10) + b"\xff\xff"  # RFC 4291 2.5.5.2
_UNSPECIFIED_OR_LOOPBACK: Final = frozenset((bytes(16), bytes(15) + b"\1"))  # RFC 4291 2.5.2, 2.5.3
_GROUP: Final = 1  # of a MAC's first octet (IEEE 802-2014 8.2)


def host_address(raw: bytes) -> str | None:
    """Return an IPv4 address (4 bytes) or IPv6 address (16) as text; IPv4-mapped ones as IPv4.

    None for any other length, and for what can be no host's on the wire: unspecified, loopback, multicast, class E.
    """
    if len(raw) == 16:
        if raw[:12] != _V4_MAPPED:
            if raw[0] == 0xFF or raw in _UNSPECIFIED_OR_LOOPBACK:
                return None
            return socket.inet_ntop(socket.AF_INET6, raw)
        raw = raw[12:]
    if len(raw) != 4 or raw[0] in (0, 127) or raw[0] >= 224:
        return None
    return f"{raw[0]}.{raw[1]}.{raw[2]}.{raw[3]}"


def host_mac(raw: bytes) -> str | None:
    """Return a 48-bit MAC as aa:bb:cc:dd:ee:ff; None for any other length, all zeros, and groups."""
    return raw.hex(":") if len(raw) == 6 and any(raw) and not raw[0] & _GROUP else None


def reverse_address(name: bytes) -> str | None:
    """Return the address that a name of in-addr.arpa or ip6.arpa stands for; None for networks, and for other names."""
    labels = name.lower().split(b".")
    if labels[-1] != b"arpa":
        return None
    tree, digits = labels[-2:-1], labels[-3::-1]
    try:
        if tree == [b"in-addr"] and len(digits) == 4:  # RFC 1035 3.5
            return host_address(bytes(int(label) for label in digits if label.isdigit()))
        if tree == [b"ip6"] and len(digits) == 32:  # RFC 3596 2.5
            return host_address(bytes.fromhex(b"".join(digits).decode("ascii")))
    except ValueError:
        return None
    return None
