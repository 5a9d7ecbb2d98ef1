"""One TCP connection being followed: two ordered streams, the parser that reads them, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from parsers.malformed import Malformed
from parsers.protocol import Parser, Relay
from parsers.records import Endpoint, Evidence, Observation, Side
from parsers.text import Pseudonym
from sensor.streams.identify import HEAD, identify
from sensor.streams.reassembly import Half

MAX_UNKNOWN = 8192  # bytes kept of a stream that no protocol has claimed yet
MAX_TRIES = 24  # turns looked at of a stream met in the middle
MAX_TRIES_WHOLE = 3  # turns looked at of a stream met at its beginning, if just one side talks
MAX_HANDOVERS = 8  # a proxy's, TLS's, a tunnel's: more are nobody's, or no parser gets on
MAX_UNREAD = 1 << 20  # bytes a parser may leave unread; the rest of that stream is then given up


class Owner(Protocol):
    """Who keeps the connections, and takes what they learn."""

    pseudonym: Pseudonym

    def endpoints(self, connection: Connection) -> tuple[Endpoint, Endpoint]:
        """Return the endpoints of ends 0 and 1, given which one is the client."""

    def observed(self, connection: Connection, observation: Observation, mark: tuple[int, int]) -> None:
        """Take an observation; its endpoint is `connection.endpoints[observation.side ^ connection.client_end]`."""

    def confirmed(self, connection: Connection, protocol: str) -> None: ...

    def malformed(self, protocol: str, reason: str) -> None: ...

    def gap(self, length: int) -> None: ...

    def cap(self, what: str) -> None: ...


class Connection:
    """State of one connection. Ends are 0 and 1 as in the flow table; sides are what the parser is told."""

    __slots__ = (
        "_handovers", "_owner", "_relay", "_sides", "_tried", "_tries", "client_end", "endpoints", "finished", "halves",
        "parser", "slot", "whole",
    )  # fmt: skip

    def __init__(self, owner: Owner, slot: int, client_end: int, whole: bool) -> None:
        self._owner = owner
        self.slot = slot
        self.client_end = client_end  # fixed: the parser's Side.CLIENT is this end
        self.endpoints: tuple[Endpoint, Endpoint] | None = None
        self.finished = False
        self.parser: Parser | None = None
        self.whole = whole  # met at its beginning, nothing lost yet
        self._sides = (Side(client_end), Side(1 - client_end))
        self._handovers = 0
        self._relay: Side | None = None  # the end that speaks for another host: CONNECT, SOCKS
        self._tries = 0
        self._tried = 0  # ends that were looked at, one bit each
        self.halves = tuple(Half(self._reader(end), self._loser(end)) for end in (0, 1))

    def read(self, end: int) -> None:
        """Let the parser read what has arrived from `end`; find the parser first if need be."""
        if self.finished:
            return
        if self.parser is None:
            self._identify(end)
        elif self.halves[end].stream.available or self.halves[end].stream.closed:
            self._parse(end)

    def close(self, end: int) -> None:
        """No more bytes will come from `end`."""
        half = self.halves[end]
        half.finish()
        half.stream.closed = True
        self.read(end)
        if self.halves[1 - end].stream.closed:
            self.finished = True

    def settle(self) -> None:
        """Let go of the batch."""
        for half in self.halves:
            half.stream.settle()

    def _identify(self, end: int) -> None:
        stream = self.halves[end].stream
        head = stream.peek(HEAD)
        if not head:
            return
        found, undecided = identify(head, self._sides[end])
        if found is not None:
            self.parser = found(self._owner.pseudonym)
            self._owner.confirmed(self, found.name)
            other = 1 - end
            for one in (other, end):
                if self.parser is not None:
                    self._parse(one)
            return
        if undecided and stream.available < MAX_UNKNOWN and not stream.closed:
            return
        # What begins unknown on both sides stays unknown; a stream met in the middle may become clear at a later turn.
        self._tries += 1
        self._tried |= 1 << end
        if self._tries >= (MAX_TRIES_WHOLE if self.whole else MAX_TRIES) or (self.whole and self._tried == 3):
            self.finished = True
        stream.skip(stream.available)

    def _parse(self, end: int) -> None:
        parser, stream = self.parser, self.halves[end].stream
        assert parser is not None
        observed = self._owner.observed
        try:
            offset: int | None = None
            mark = (0, 0)
            for observation in parser.read(self._sides[end], stream):
                if observation.offset != offset:  # a message says several things
                    offset = observation.offset
                    mark = stream.mark(offset)
                    if self.endpoints is None:
                        self.endpoints = self._owner.endpoints(self)
                if observation.side is self._relay:
                    observation = observation._replace(evidence=Evidence.OBJECT)
                observed(self, observation, mark)
        except Malformed as broken:
            self._owner.malformed(parser.name, broken.reason)
            self.finished = True
            return
        if parser.finished:
            self.finished = True
        elif parser.handover:
            self._handovers += 1
            if self._handovers > MAX_HANDOVERS:
                self._owner.cap("protocols of one connection")
                self.finished = True
                return
            if isinstance(parser, Relay) and parser.relays and parser.client is not None:
                self._relay = parser.client.other
            self.parser = None
            self.endpoints = None
            self._tries = self._tried = 0
            for one in (self.client_end, 1 - self.client_end):
                self.read(one)
        elif stream.available > MAX_UNREAD:
            self._owner.cap(f"{parser.name}: unread bytes")
            self.finished = True

    def _reader(self, end: int) -> Callable[[], None]:
        return lambda: self.read(end)

    def _loser(self, end: int) -> Callable[[int], None]:
        return lambda length: self._gap(end, length)

    def _gap(self, end: int, length: int) -> None:
        if self.finished:
            return
        self._owner.gap(length)
        self.whole = False
        if self.parser is not None:
            try:
                self.parser.gap(self._sides[end], length)
            except Malformed as broken:
                self._owner.malformed(self.parser.name, broken.reason)
                self.finished = True
