"""Writes pcapng (draft-ietf-opsawg-pcapng): one little-endian section, clocks in nanoseconds, comments on packets."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import IO, Final

from sensor.sources.pcapng import BYTE_ORDER_MAGIC, ENHANCED, INTERFACE, SECTION

# Option codes (3.5, 4.2)
_END: Final = 0
_COMMENT: Final = 1
_IF_NAME: Final = 2
_IF_TSRESOL: Final = 9
_NANOSECONDS: Final = b"\x09"
MAX_OPTION: Final = 1024  # bytes of an option's text; the format would take 65,535


class PcapNgWriter:
    """Writes packets to `file`, which the caller opens and closes. OSError is the caller's to tell."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._interfaces: dict[tuple[str, int], int] = {}
        self._block(SECTION, struct.pack("<IHHq", BYTE_ORDER_MAGIC, 1, 0, -1))  # 4.1: section length not given

    def write(
        self, origin: str, link_type: int, time: int, data: bytes, wire: int, comments: Sequence[str] = ()
    ) -> None:
        """Write one packet: `data` as captured at `time` (Unix ns), of `wire` bytes, on an interface named `origin`."""
        key = (origin, link_type)
        interface = self._interfaces.get(key)
        if interface is None:
            interface = self._interfaces[key] = len(self._interfaces)
            options = _option(_IF_NAME, _text(origin)) + _option(_IF_TSRESOL, _NANOSECONDS) + _option(_END, b"")
            self._block(INTERFACE, struct.pack("<HxxI", link_type, 0) + options)  # 4.2: no snap length
        ticks = time & 0xFFFF_FFFF_FFFF_FFFF
        body = struct.pack("<IIIII", interface, ticks >> 32, ticks & 0xFFFF_FFFF, len(data), wire) + _padded(data)
        if comments:
            body += b"".join(_option(_COMMENT, _text(comment)) for comment in comments) + _option(_END, b"")
        self._block(ENHANCED, body)

    def _block(self, kind: int, body: bytes) -> None:
        length = struct.pack("<I", len(body) + 12)
        self._file.write(struct.pack("<I", kind) + length + body + length)


def _text(text: str) -> bytes:
    return text.encode("utf-8", "replace")[:MAX_OPTION].decode("utf-8", "ignore").encode()


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
