"""NTP (RFC 5905): who serves time, and how far from its source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.records import Announcement, Datagram, Evidence

_PORT: Final = 123
_HEADER: Final = 48  # bytes: RFC 5905 7.3
_SERVER, _BROADCAST, _CONTROL, _PRIVATE = 4, 5, 6, 7  # RFC 5905 figure 10
_CONTROL_HEADER: Final = 12  # bytes: RFC 9327 2
_PRIVATE_HEADER: Final = 8
_NOT_SYNCHRONIZED: Final = 3  # leap indicator: RFC 5905 figure 9
_STRATA: Final = range(1, 16)  # RFC 5905 figure 11: 0 is a kiss code, 16 is unsynchronized


class Ntp:
    """Replies and broadcasts of servers that are synchronized."""

    name: ClassVar[str] = "ntp"
    ports: ClassVar[frozenset[int]] = frozenset({_PORT})

    @staticmethod
    def probe(datagram: Datagram) -> bool:
        """Say whether version and mode are possible and the header of that mode is there."""
        payload = datagram.payload
        if not payload or not 1 <= _version(payload) <= 4:
            return False
        needed = {0: 1 << 16, _CONTROL: _CONTROL_HEADER, _PRIVATE: _PRIVATE_HEADER}.get(_mode(payload), _HEADER)
        return len(payload) >= needed

    @staticmethod
    def read(datagram: Datagram) -> Iterator[Announcement]:
        """Yield the stratum of a server that serves time."""
        payload = datagram.payload
        serves = _mode(payload) in (_SERVER, _BROADCAST) and datagram.source_port == _PORT
        if serves and payload[0] >> 6 != _NOT_SYNCHRONIZED and payload[1] in _STRATA:
            yield Announcement("ntp_server", str(payload[1]), Evidence.PEER, port=_PORT)


def _version(payload: bytes) -> int:
    return payload[0] >> 3 & 7


def _mode(payload: bytes) -> int:
    return payload[0] & 7
