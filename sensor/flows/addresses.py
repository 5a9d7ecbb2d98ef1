"""Addresses as users read them."""

from __future__ import annotations

import socket
from functools import lru_cache


@lru_cache(65536)
def ip_text(hi: int, lo: int) -> str:
    """Return the address in two 64-bit halves as text; v4-mapped ones as IPv4."""
    if hi == 0 and lo >> 32 == 0xFFFF:
        return socket.inet_ntop(socket.AF_INET, (lo & 0xFFFFFFFF).to_bytes(4, "big"))
    return socket.inet_ntop(socket.AF_INET6, (hi << 64 | lo).to_bytes(16, "big"))


@lru_cache(65536)
def mac_text(mac: int) -> str | None:
    """Return a 48-bit MAC as aa:bb:cc:dd:ee:ff; None for 0, which stands for "not captured"."""
    return mac.to_bytes(6, "big").hex(":") if mac else None
