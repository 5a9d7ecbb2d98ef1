"""The TLS parser: reads the clear part of a handshake, then lets the connection go.

What follows the handshake is ciphertext, so each end has a point after which it says nothing more in clear. Once that
is true of both, the parser has finished. An observation's offset is that of the last byte of the *record* in which the
message ends, for that is the frame in which Wireshark shows it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import ClassVar, Final

from parsers.malformed import Malformed
from parsers.records import Evidence, Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym, clean
from parsers.tls import record, sslv2
from parsers.tls.certificate import describe, leaf
from parsers.tls.ciphers import cipher_suite_name
from parsers.tls.hello import TLS_1_3, parse_client_hello, parse_server_hello, version_name
from parsers.tls.ja4 import ja4
from parsers.tls.probe import probe

_FATAL: Final = 2  # AlertLevel (RFC 8446 6)
_CLOSE_NOTIFY: Final = 0  # AlertDescription

# Bytes from one end, after all it says in clear, for which the other end's hello is still waited: a client's early data
# comes before the ServerHello (RFC 8446 2.3), and of the same packets one direction may be read before the other.
_PATIENCE: Final = 32 * 1024


class _End:
    """What is known of one direction."""

    __slots__ = ("certificate", "hello", "messages", "silent", "skipped")

    def __init__(self) -> None:
        self.messages = record.HandshakeMessages()
        self.hello = False  # its hello was read
        self.certificate = False  # its Certificate was read
        self.silent = False  # it says nothing more in clear
        self.skipped = 0  # bytes that came after that


class Tls:
    """Reads one TLS connection. `client` is the side that sent the ClientHello; None until a hello was read."""

    name: ClassVar[str] = "tls"

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None
        self._ends = (_End(), _End())
        self._client_certificate_expected = False

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` is TLS; in a stream met in the middle either end may be the first that is seen."""
        return probe(head)

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume whole records up to the last one in clear, and skip what comes after it. Raises Malformed."""
        end = self._ends[side]
        if end.skipped >= _PATIENCE:
            self.finished = True
        while not (end.silent or self.finished):
            start = stream.offset
            try:
                arrived = yield from self._step(side, stream)
            except Malformed as error:
                raise Malformed(error.reason, start) from None
            if not arrived:
                return
        end.skipped += stream.available
        stream.skip(stream.available)

    def gap(self, side: Side, length: int) -> None:
        """Expect nothing more of `side`: where its next record begins cannot be told."""
        self._client_certificate_expected = True  # the request for one may have been lost
        self._silence(side)

    def _step(self, side: Side, stream: StreamBuffer) -> Generator[Observation, None, bool]:
        """Consume one record and yield what it says. Return False when it has not arrived whole."""
        end = self._ends[side]
        header = stream.peek(record.HEADER_LENGTH)
        if header[:1] >= b"\x80" and not end.hello:
            return (yield from self._step_sslv2(side, stream))
        if not record.begins_record(header):
            raise Malformed("not a TLS record")
        if len(header) < record.HEADER_LENGTH:
            return False
        kind, size = header[0], record.record_size(header)
        if kind in (record.CHANGE_CIPHER_SPEC, record.APPLICATION_DATA):
            # Application data without any hello: the handshake is over since long.
            self.finished = kind == record.APPLICATION_DATA and self.client is None
            self._silence(side)
            return True
        if stream.available < size:
            return False
        fragment = stream.take(size)[record.HEADER_LENGTH :]
        last = stream.offset - 1
        if kind == record.HANDSHAKE and self.client is None and end.messages.begin_outside_hello(fragment):
            self._silence(side)  # met after the hellos: perhaps encrypted, and whose it is cannot be told
        elif kind == record.HANDSHAKE:
            for message, body in end.messages.add(fragment):
                yield from self._read_message(side, message, body, last)
        elif kind == record.ALERT and (len(fragment) != 2 or fragment[0] == _FATAL or fragment[1] == _CLOSE_NOTIFY):
            self._silence(side)  # the last word; if longer than two bytes, it is even encrypted
        return True

    def _step_sslv2(self, side: Side, stream: StreamBuffer) -> Generator[Observation, None, bool]:
        """As `_step`, for an SSL 2.0 hello."""
        head = stream.peek(sslv2.HEAD_LENGTH)
        from_client, from_server = sslv2.client_hello(head), sslv2.server_hello(head)
        if max(from_client, from_server) is Match.NO:
            raise Malformed("not a TLS record")
        if from_client is Match.YES:
            stream.skip(sslv2.message_size(head))
            self._introduce(side, client=side)
            if sslv2.offers_nothing_later(head):
                self._silence(side)
            return True
        if from_server is not Match.YES or stream.available < sslv2.message_size(head):
            return False
        stream.skip(sslv2.message_size(head))
        self._introduce(side, client=side.other)
        self.finished = True
        yield Observation(side, "tls_version", version_name(sslv2.VERSION), Evidence.PEER, stream.offset - 1)
        return True

    def _read_message(self, side: Side, kind: int, body: bytes, last: int) -> Iterator[Observation]:
        end = self._ends[side]
        if kind == record.CLIENT_HELLO and not end.hello:  # the second, after HelloRetryRequest, adds nothing
            self._introduce(side, client=side)
            yield from self._read_client_hello(side, body, last)
        elif kind == record.SERVER_HELLO and not end.hello:
            self._introduce(side, client=side.other)
            yield from self._read_server_hello(side, body, last)
        elif kind == record.CERTIFICATE and not end.certificate:
            end.certificate = True
            der = leaf(body)
            described = describe(der, side is self.client) if der else None
            if described:
                yield Observation(side, "tls_certificate", described, Evidence.PEER, last)
            if side is self.client:
                self._silence(side)
        elif kind == record.CERTIFICATE_REQUEST:
            self._client_certificate_expected = True
        elif kind in (record.SERVER_HELLO_DONE, record.CLIENT_KEY_EXCHANGE):
            self._silence(side)

    def _read_client_hello(self, side: Side, body: bytes, last: int) -> Iterator[Observation]:
        hello = parse_client_hello(body)
        server_name = clean(hello.server_name)
        if server_name:
            yield Observation(side.other, "sni", server_name, Evidence.CLAIM, last)
        yield Observation(side, "tls_ja4", ja4(hello), Evidence.PEER, last)
        # TLS 1.3 hides which protocol is chosen; then the client's first is the best that can be known.
        first = clean(hello.application_protocols[0]) if hello.application_protocols else ""
        if first and TLS_1_3 in hello.supported_versions:
            yield Observation(side, "tls_alpn", first, Evidence.PEER, last)

    def _read_server_hello(self, side: Side, body: bytes, last: int) -> Iterator[Observation]:
        hello = parse_server_hello(body)
        yield Observation(side, "tls_version", version_name(hello.version), Evidence.PEER, last)
        yield Observation(side, "tls_cipher", cipher_suite_name(hello.cipher_suite), Evidence.PEER, last)
        protocol = clean(hello.application_protocol)
        if protocol:
            yield Observation(side, "tls_alpn", protocol, Evidence.PEER, last)
        if hello.version >= TLS_1_3:  # drafts have numbers above: 0x7f1c
            self._silence(side)

    def _introduce(self, side: Side, client: Side) -> None:
        """Note the hello of `side`, which tells who is the client."""
        if self.client not in (None, client):
            raise Malformed("both ends sent the same kind of hello")
        self.client = client
        self._ends[side].hello = True
        self._settle()

    def _silence(self, side: Side) -> None:
        self._ends[side].silent = True
        self._settle()

    def _settle(self) -> None:
        """Finish once neither end has anything more to say in clear.

        After its hello a client has nothing to add when the server has ended its part and asked for no certificate.
        """
        if all(end.silent for end in self._ends):
            self.finished = True
        elif self.client is not None and not self._client_certificate_expected:
            client, server = self._ends[self.client], self._ends[self.client.other]
            self.finished = self.finished or (client.hello and server.silent)
