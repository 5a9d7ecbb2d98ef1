"""The ClientHello of one QUIC connection, put together from its client's datagrams.

The keys of Initial packets follow from the Destination Connection ID of the client's first one; behind a Retry, from
the one the server chose (RFC 9001 5.2). Later packets name others, and go on with the same keys. So the known keys are
tried first, then those of the packet itself; a packet that neither opens is the server's, or not QUIC at all.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from parsers.malformed import Malformed
from parsers.quic.packets import Initial, crypto_frames, initial_packets
from parsers.quic.protection import Keys, client_keys, unprotect
from parsers.records import Announcement, Evidence
from parsers.text import clean
from parsers.tls.hello import parse_client_hello
from parsers.tls.ja4 import ja4
from parsers.tls.record import CLIENT_HELLO

MAX_DATAGRAMS: Final = 12  # looked at of one connection: a hello takes two or three, and Retry or loss some more
_MAX_HELLO: Final = 16 * 1024  # our cap, in bytes
_MAX_HELD: Final = 2 * _MAX_HELLO  # our cap, of its fragments: repeated ones may be cut elsewhere
_MAX_FRAGMENTS: Final = 128  # our cap


class Introduction(NamedTuple):
    """What a ClientHello tells: the server name asked for ("" if none), and what is about the client, the sender."""

    server_name: str
    said: tuple[Announcement, ...]


class ClientHelloReader:
    """Reads one connection. `finished` once nothing more is expected."""

    __slots__ = ("_fragments", "_keys", "_read", "finished")

    def __init__(self) -> None:
        self.finished = False
        self._keys: Keys | None = None
        self._read = 0
        self._fragments: dict[int, bytes] = {}  # of the hello, by offset

    def read(self, datagram: bytes) -> Introduction | None:
        """Read the next datagram, of either end; return what the hello tells once it is whole. Raises Malformed."""
        self._read += 1
        self.finished = self._read >= MAX_DATAGRAMS
        try:
            for initial in initial_packets(datagram):
                for offset, data in crypto_frames(self._open(initial)):
                    self._add(offset, data)
                told = self._introduction()
                if told is not None:
                    return told
        except Malformed:
            self.finished = True
            raise
        return None

    def _open(self, initial: Initial) -> bytes:
        """Return the frames of a packet of the client; none of any other."""
        for keys in (self._keys, client_keys(initial.version, initial.destination)):
            payload = unprotect(initial.packet, initial.number_at, keys) if keys else None
            if payload is not None:
                if keys is not self._keys:  # the hello begins anew
                    self._fragments.clear()
                self._keys = keys
                return payload
        return b""

    def _add(self, offset: int, data: bytes) -> None:
        if len(data) <= len(self._fragments.get(offset, b"")):
            return
        self._fragments[offset] = data
        held = sum(map(len, self._fragments.values()))
        if offset + len(data) > _MAX_HELLO or held > _MAX_HELD or len(self._fragments) > _MAX_FRAGMENTS:
            raise Malformed("hello too long")

    def _introduction(self) -> Introduction | None:
        message = bytearray()
        for offset, data in sorted(self._fragments.items()):
            if offset > len(message):
                break
            message[offset : offset + len(data)] = data
        if len(message) < 4:  # type and length (RFC 8446 4)
            return None
        if message[0] != CLIENT_HELLO:
            raise Malformed("not a hello")
        end = 4 + int.from_bytes(message[1:4], "big")
        if len(message) < end:
            return None
        self.finished = True
        hello = parse_client_hello(bytes(message[4:end]))
        said = [Announcement("tls_ja4", ja4(hello, "q"), Evidence.PEER)]
        if hello.application_protocols and (protocol := clean(hello.application_protocols[0])):
            # The server's choice is encrypted: the client's first is the best that can be known.
            said.append(Announcement("tls_alpn", protocol, Evidence.PEER))
        return Introduction(clean(hello.server_name), tuple(said))
