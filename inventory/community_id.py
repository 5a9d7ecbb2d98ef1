"""Community ID version 1: the flow hash by which Zeek, Suricata and others name the same connection.

Source: https://github.com/corelight/community-id-spec
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1
from socket import AF_INET, AF_INET6, inet_pton
from struct import pack

_PROTOCOL = {"tcp": 6, "udp": 17, "sctp": 132}  # IANA protocol numbers of the transports that have ports
_SEED = 0


def community_id(transport: str, ip_a: str, port_a: int, ip_b: str, port_b: int | None) -> str | None:
    """Return the Community ID of a connection, the same whichever end comes first; None where it is not defined."""
    protocol = _PROTOCOL.get(transport)
    if protocol is None or port_b is None:
        return None
    try:
        low, high = sorted([(_packed(ip_a), port_a), (_packed(ip_b), port_b)])
    except OSError:
        return None
    if len(low[0]) != len(high[0]):
        return None
    ports = pack("!BBHH", protocol, 0, low[1], high[1])
    digest = sha1(pack("!H", _SEED) + low[0] + high[0] + ports, usedforsecurity=False).digest()
    return "1:" + b64encode(digest).decode("ascii")


def _packed(ip: str) -> bytes:
    return inet_pton(AF_INET6 if ":" in ip else AF_INET, ip)  # ipaddress takes five times as long
