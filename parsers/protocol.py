"""What every parser is: the contract that the sensor relies on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Protocol, runtime_checkable

from parsers.records import Announcement, Datagram, Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym


class Parser(Protocol):
    """A reader of one connection. Sans-IO: bytes in, observations out; O(1) state; linear in its input.

    Only `Malformed` may leave `read` and `gap`. One instance serves both directions of one connection.
    """

    name: ClassVar[str]  # protocol name as users see it: "dicom", "hl7", "http", "tls"
    finished: bool  # nothing more to learn here: the connection is only counted from now on
    handover: bool  # another protocol follows on both sides (CONNECT, Upgrade): identify the stream anew

    def __init__(self, pseudonym: Pseudonym) -> None: ...

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether a stream whose `side` begins (or, met in the middle, goes on) with `head` is this protocol.

        `head` holds the first bytes of one turn of that side, up to a few hundred. Never raises.
        """

    @property
    def speaker(self) -> str | None:
        """The software that speaks for the client, by its own words; None where the protocol does not say.

        Known, if ever, before the client's first observation. It tells two devices behind one address apart.
        """

    @property
    def client(self) -> Side | None:
        """The side that must have opened the connection, judged by content (it sent the request); None if unknown."""

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume what can be consumed of `side` now. Called again when more has arrived, or with `stream.closed`.

        With `stream.cut`, a gap follows: a message of which only the beginning has arrived can say what it has said.
        """

    def gap(self, side: Side, length: int) -> None:
        """`length` bytes of `side`, the unread ones in front included, were lost; `stream.offset` is behind them."""


@runtime_checkable
class Relay(Protocol):
    """A parser of a protocol by which a server may be asked to speak for another host."""

    relays: bool  # behind the handover: what the server's side then says of itself, it says of whom it fetched it from


class DatagramParser(Protocol):
    """A reader of single datagrams. Pure and stateless: equal datagrams say equal things, so answers are kept.

    Linear in the payload, which is up to 64 KiB of anything; bounded in what it says. Only `Malformed` may leave it.
    """

    name: ClassVar[str]  # protocol name as users see it: "dhcp", "mdns", "lldp"
    ports: ClassVar[frozenset[int]]  # UDP ports, of either end, at which it is looked for; the content decides

    @staticmethod
    def probe(datagram: Datagram) -> bool:
        """Say whether this is the protocol. Never raises."""

    @staticmethod
    def read(datagram: Datagram) -> Iterator[Announcement]:
        """Yield what it says. Where it is broken or cut, raise `Malformed` behind what could be read."""
