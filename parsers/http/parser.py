"""HTTP/1.x on one connection (RFC 9110, RFC 9112): every message's head is read, bodies are skipped.

Whether an end is client or server is judged by content: who sends request lines is the client. Requests wait in a
queue for their responses, which tell how long bodies are and whether a service answered. What is told of a request
alone is a claim; a recognised path becomes the server's own only by a 2xx, 3xx or 401 answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from parsers.http import exchange as exchanges
from parsers.http.body import Body, Progress
from parsers.http.credentials import asked_for
from parsers.http.exchange import Exchange
from parsers.http.half import Half, State
from parsers.http.headers import Statement, of_response
from parsers.http.message import (
    MAX_HEAD,
    PROBE_LENGTH,
    UNTIL_CLOSE,
    Head,
    body_length,
    parse_head,
    parse_start_line,
    probe,
)
from parsers.http.scan import find_head, find_start
from parsers.malformed import Malformed
from parsers.records import Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym

MAX_PIPELINE: Final = 256  # requests that wait for their responses
_STATUS_LINE: Final = b"HTTP/1."
_SSH: Final = b"SSH-"  # RFC 4253 4.2: what a server says that was asked in a protocol not its own


class Http:
    """One HTTP/1.x connection. See parsers/protocol.py."""

    name: ClassVar[str] = "http"

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None
        self._halves = (Half(), Half())
        self._pending: deque[Exchange] = deque()  # their responses are still to come
        self._unanswered: list[Exchange] = []  # to be told when the client's stream is read again
        self.relays = False  # behind the handover, the server speaks for the host that CONNECT named
        self._asked: set[str] = set()  # kinds of secrets that the server asks for
        self._patient_data = False
        self._client_closed = False
        self._told: list[Observation] = []

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Whether `head` begins an HTTP/1.x request or response; either may come from any side met in the middle."""
        return probe(head)

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume what can be consumed. Raises Malformed."""
        half, going = self._halves[side], True
        while going and not (self.finished or self.handover):
            going = self._step(side, half, stream)
            if self._told:
                told, self._told = self._told, []
                yield from told
        if stream.closed:
            self._close(side, half, stream)
            told, self._told = self._told, []
            yield from told

    def gap(self, side: Side, length: int) -> None:
        """Go on inside a body whose length is known, else look for the next start line."""
        half = self._halves[side]
        if half.state is State.GUESS:
            half.state, half.body = State.BODY, Body(half.length, False)
        if half.state is State.WAIT or (half.state is State.BODY and half.body and half.body.lost(length)):
            return
        self._leave(half)
        half.state, half.scanned = State.SEARCH, 0
        self._give_up_pairing()

    # -- steps: True when there may be more to do now ------------------------------------------------------------

    def _step(self, side: Side, half: Half, stream: StreamBuffer) -> bool:
        if not stream.available:
            return False
        match half.state:
            case State.HEAD:
                return self._head(side, half, stream)
            case State.BODY:
                return self._body(side, half, stream)
            case State.GUESS:
                return self._guess(half, stream)
            case State.WAIT:
                return self._wait(half, stream)
            case State.SEARCH:
                at, half.scanned = find_start(stream, half.scanned, self._asks(side))
                if at < 0:
                    return False
                stream.skip(at)
                half.state = State.HEAD
                return True

    def _head(self, side: Side, half: Half, stream: StreamBuffer) -> bool:
        if not stream.offset and _SSH.startswith(begun := stream.peek(len(_SSH))):
            self.handover, self.relays = begun == _SSH, False
            return False
        block = find_head(stream, half.scanned)
        if not block:
            if stream.cut:
                self._cut_head(side, stream)
                return False
            half.scanned = max(0, stream.available - 2)
            begun = stream.peek(PROBE_LENGTH).lstrip(b"\r\n")
            if begun and probe(begun) is Match.NO:
                return self._search(half, stream)
            if stream.available >= MAX_HEAD:
                raise Malformed("header block too long", stream.offset)
            return False
        end, half.scanned = len(block), 0
        block = block.lstrip(b"\r\n")  # RFC 9112 2.2: empty lines in front are ignored
        if not block:
            stream.skip(end)
            return True
        start = parse_start_line(block.partition(b"\n")[0])
        asks = self._asks(side)
        if start is None or (asks is not None and asks is not bool(start.method)):
            return self._search(half, stream)
        head = parse_head(block, start)
        stream.skip(end)
        offset = stream.offset - 1
        if start.method:
            self.client = side
            self._tell_claims()
            self._request(half, head, offset, stream)
        else:
            self.client = side.other
            self._response(half, head, offset, stream)
        return True

    def _cut_head(self, side: Side, stream: StreamBuffer) -> None:
        """The rest of this head is lost: its whole lines count, but tell nothing of a body."""
        lines = stream.peek(MAX_HEAD).lstrip(b"\r\n")
        lines = lines[: lines.rfind(b"\n") + 1]
        start = parse_start_line(lines.partition(b"\n")[0])
        asks = self._asks(side)
        if start is None or (asks is not None and asks is not bool(start.method)):
            return
        head = parse_head(lines + b"\r\n", start)
        offset = stream.offset + stream.available - 1
        if start.method:
            self.client = side
            exchange, said = exchanges.ask(head, 0, offset)
            self._tell(said, offset)
            self._pending.append(exchange)
        else:
            self.client = side.other
            self._answer(self._pending.popleft() if self._pending else None, head, 0, offset)

    def _search(self, half: Half, stream: StreamBuffer) -> bool:
        stream.skip(1)  # there is no start line here, whatever it looked like
        half.state, half.scanned = State.SEARCH, 0
        return True

    def _body(self, side: Side, half: Half, stream: StreamBuffer) -> bool:
        assert half.body is not None
        progress = half.body.read(stream)
        if progress is Progress.MORE:
            return False
        self._read_document(half, stream)
        if progress is Progress.DONE:
            self._leave(half)
        return True

    def _guess(self, half: Half, stream: StreamBuffer) -> bool:
        begun = stream.peek(len(_STATUS_LINE))
        if begun == _STATUS_LINE:
            half.state = State.HEAD
        elif not _STATUS_LINE.startswith(begun):
            self._enter(half, half.length, stream)
        else:
            return False
        return True

    def _wait(self, half: Half, stream: StreamBuffer) -> bool:
        """The client goes on though no response was seen: with another request, or with what it asked for."""
        verdict = probe(stream.peek(2 * PROBE_LENGTH))
        if verdict is Match.YES:
            half.state = State.HEAD
        self.handover = verdict is Match.NO
        return verdict is Match.YES

    # -- messages ------------------------------------------------------------------------------------------------

    def _request(self, half: Half, head: Head, offset: int, stream: StreamBuffer) -> None:
        length = body_length(head, b"")
        exchange, said = exchanges.ask(head, length, offset)
        self._tell(said, offset)
        if len(self._pending) >= MAX_PIPELINE:
            self._give_up_pairing()
        self._pending.append(exchange)
        self.relays = exchange.method == b"CONNECT"
        half.waits = self.relays or b"upgrade" in head.headers
        self._enter(half, length, stream)

    def _response(self, half: Half, head: Head, offset: int, stream: StreamBuffer) -> None:
        status = head.start.status
        if status < 200 and status != 101:  # RFC 9110 15.2: the final response is still to come
            self._tell(of_response(head, False), offset)
            return
        exchange = self._pending.popleft() if self._pending else None
        method = exchange.method if exchange else b""
        length = body_length(head, method)
        self._answer(exchange, head, length, offset)
        if status == 101 or (method == b"CONNECT" and status < 300):  # RFC 9110 7.8, 9.3.6
            self.handover, self.relays = True, status != 101
            return
        asking = self._halves[0] if half is self._halves[1] else self._halves[1]
        if asking.state is State.WAIT:
            asking.state = State.HEAD
        if exchange is None and length:
            half.state, half.length = (State.SEARCH if length == UNTIL_CLOSE else State.GUESS), length
            return
        half.reading = exchanges.document(exchange, head, length)
        self.finished = length == UNTIL_CLOSE and half.reading is None  # only this body is still to come
        self._enter(half, length, stream)

    def _answer(self, exchange: Exchange | None, head: Head, length: int, offset: int) -> None:
        self._tell(exchanges.answer(exchange, head, length, self._asked), offset)
        self._asked.update(asked_for(head.challenges))

    def _enter(self, half: Half, length: int, stream: StreamBuffer) -> None:
        """Go on with a body of `length`."""
        if length >= 0 and half.reading is None:
            stream.skip(length)
            self._leave(half)
        else:
            half.state, half.body = State.BODY, Body(length, half.reading is not None)

    def _leave(self, half: Half) -> None:
        """Go on behind a message."""
        half.state = State.WAIT if half.waits else State.HEAD
        half.body = half.reading = None
        half.waits = False

    def _read_document(self, half: Half, stream: StreamBuffer) -> None:
        if half.reading and half.body and half.body.kept is not None:
            self._tell(exchanges.read(half.reading, bytes(half.body.kept)), stream.offset - 1)
            half.body.kept = None

    def _close(self, side: Side, half: Half, stream: StreamBuffer) -> None:
        """No more bytes will come from `side`: what has waited for them is told now."""
        if half.body and half.body.endless:
            self._read_document(half, stream)
        if side is self.client and not self._client_closed:
            self._client_closed = True
            self._tell_claims()
            for exchange in self._pending:  # an answer may still come, and says more
                self._tell(exchanges.unanswered(exchange), exchange.offset)

    # -- what is told --------------------------------------------------------------------------------------------

    def _asks(self, side: Side) -> bool | None:
        return None if self.client is None else side is self.client

    def _give_up_pairing(self) -> None:
        """Responses can no longer be told apart: requests that wait for one count as unanswered."""
        self._unanswered.extend(self._pending)
        self._pending.clear()

    def _tell_claims(self) -> None:
        for exchange in self._unanswered:
            self._tell(exchanges.unanswered(exchange), exchange.offset)
        self._unanswered.clear()

    def _tell(self, said: Iterable[Statement], offset: int) -> None:
        for about, attribute, value, evidence in said:
            if attribute == "clear_patient_data":
                if self._patient_data:
                    continue
                self._patient_data = True
            side = about if self.client is Side.CLIENT else about.other
            self._told.append(Observation(side, attribute, value, evidence, offset))
