"""The Initial packets in a datagram (RFC 9000 17.2), and the CRYPTO frames in a packet (RFC 9000 12.4, 19)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from parsers.malformed import Malformed
from parsers.quic.versions import VERSIONS, Version

LONG_HEADER: Final = 0xC0  # header form and fixed bit
_MAX_CONNECTION_ID: Final = 20  # RFC 9000 17.2
_MAX_PACKETS: Final = 8  # our cap, of one datagram
_MAX_FRAMES: Final = 256  # our cap, of one packet: clients scatter a hello over a dozen, between PINGs

# Frame types (RFC 9000 19): what an Initial packet may hold (12.4)
_PADDING: Final = 0x00
_PING: Final = 0x01
_ACK: Final = 0x02
_ACK_ECN: Final = 0x03
_CRYPTO: Final = 0x06
_CONNECTION_CLOSE: Final = 0x1C


class Initial(NamedTuple):
    """One Initial packet, still protected."""

    version: Version
    destination: bytes  # connection ID
    packet: bytes
    number_at: int  # where in it the packet number begins


def initial_packets(datagram: bytes) -> Iterator[Initial]:
    """Yield the Initial packets coalesced in `datagram` (RFC 9000 12.2), as far as they are whole."""
    for _ in range(_MAX_PACKETS):
        version = VERSIONS.get(int.from_bytes(datagram[1:5], "big"))
        if version is None or len(datagram) < 7 or datagram[0] & LONG_HEADER != LONG_HEADER:
            return
        kind = datagram[0] >> 4 & 3
        at = 6 + datagram[5]
        destination = datagram[6:at]
        at += 1 + (datagram[at] if at < len(datagram) else len(datagram))  # Source Connection ID
        if kind == version.retry or len(destination) > _MAX_CONNECTION_ID or at > len(datagram):
            return
        try:
            if kind == version.initial:
                size, at = _integer(datagram, at)
                at += size  # Token
            size, at = _integer(datagram, at)
        except Malformed:
            return
        if at + size > len(datagram):
            return
        if kind == version.initial:
            yield Initial(version, destination, datagram[: at + size], at)
        datagram = datagram[at + size :]


def crypto_frames(payload: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (offset, data) of the CRYPTO frames in an Initial packet. Raises Malformed."""
    at = 0
    for _ in range(_MAX_FRAMES):
        at = len(payload) - len(payload[at:].lstrip(b"\0"))  # PADDING
        if at == len(payload):
            return
        kind = payload[at]
        at += 1
        if kind == _CRYPTO:
            offset, at = _integer(payload, at)
            size, at = _integer(payload, at)
            if at + size > len(payload):
                raise Malformed("frame cut short")
            yield offset, payload[at : at + size]
            at += size
        elif kind in (_ACK, _ACK_ECN):
            at = _end_of_ack(payload, at, kind)
        elif kind == _CONNECTION_CLOSE:
            return
        elif kind != _PING:
            raise Malformed("frame that an Initial packet may not hold")
    raise Malformed("too many frames")


def _end_of_ack(payload: bytes, at: int, kind: int) -> int:
    for _ in range(2):  # Largest Acknowledged, ACK Delay
        _, at = _integer(payload, at)
    ranges, at = _integer(payload, at)
    if ranges > len(payload):
        raise Malformed("frame cut short")
    for _ in range(1 + 2 * ranges + (3 if kind == _ACK_ECN else 0)):
        _, at = _integer(payload, at)
    return at


def _integer(data: bytes, at: int) -> tuple[int, int]:
    """Return the variable-length integer at `at`, and where it ends (RFC 9000 16)."""
    if at >= len(data):
        raise Malformed("integer cut short")
    end = at + (1 << (data[at] >> 6))
    if end > len(data):
        raise Malformed("integer cut short")
    return int.from_bytes(data[at:end], "big") & (1 << 8 * (end - at) - 2) - 1, end
