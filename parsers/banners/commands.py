"""What FTP and SMTP share: lines of commands and numbered replies (RFC 959 4.2, RFC 5321 4.2), and the way into TLS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from parsers.records import Evidence, Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym, clean, without_mailboxes

MAX_LINE: Final = 4096  # bytes looked at of a line; RFC 5321 4.5.3.1.5 has 512
_MAX_READ: Final = 64 * 1024  # bytes read from one end, after which nothing more is expected
_TLS_RECORD: Final = b"\x16\x03"
_REPLY: Final = re.compile(rb"([1-5][0-9]{2})([ -]|\r?$)")

Said = tuple[Side, str, str, Evidence]


class Commands:
    """One connection of a protocol of commands and replies. Subclasses read their commands, and name their replies."""

    name: ClassVar[str]
    banner: ClassVar[str]  # the attribute of the greeting
    ready: ClassVar[bytes]  # code of the reply after which TLS begins
    welcome: ClassVar[tuple[bytes, ...]]  # codes of replies that let somebody in

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None
        self._asked = False  # the client wants TLS, and waits
        self._granted = False
        self._greeted = False  # the first reply was seen to its end
        self._told = False
        self._login = False  # one was sent in clear, and not answered yet
        self._over = False  # the client has nothing more to say
        self._read = [0, 0]
        self._overlong = [False, False]

    def command(self, line: bytes) -> Iterable[Said]:
        """Read a line of the client, and say what it says."""
        raise NotImplementedError

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume whole lines of `side`."""
        while not (self.finished or self.handover or self._waits(side, stream)):
            if self._over and side is self.client:
                self._read[side] += stream.available
                stream.skip(stream.available)
                self.finished = self._read[side] > _MAX_READ
                return
            line = self._line(side, stream)
            if line is None:
                return
            offset = stream.offset - 1
            reply = _REPLY.match(line)
            if self.client is None:
                self.client = side.other if reply else side
            if side is self.client:
                if self._login:  # the rest of it, or said too early to count
                    continue
                for about, attribute, value, evidence in self.command(line):
                    yield Observation(side if about is Side.CLIENT else side.other, attribute, value, evidence, offset)
            elif reply:  # else a line within one (RFC 959 4.2)
                for attribute, value, evidence in self._reply(side, line, reply):
                    yield Observation(side, attribute, value, evidence, offset)

    def gap(self, side: Side, length: int) -> None:
        """Go on with the next line: what the loss left of one means nothing."""
        self._overlong[side] = True
        if side is not self.client:
            self._greeted = True
            self._login = False  # what became of it may have been lost

    def greet(self, text: str) -> str:
        """Return what is told of a greeting."""
        return text

    def end(self) -> None:
        """The client says no more that is of interest; what a slow server has still to say is waited for."""
        self._over = True
        self.finished = self._greeted and not self._login

    def log_in(self) -> None:
        """The client shows a login; it is told once it is known what became of it."""
        self._login = True

    def ask_for_tls(self) -> None:
        """The client wants TLS, and says no more until it is granted."""
        self._asked = True
        self.handover = self._granted

    def _reply(self, side: Side, line: bytes, reply: re.Match[bytes]) -> Iterator[tuple[str, str, Evidence]]:
        """Read a line of a reply; yield the first line of the greeting, and what became of a login."""
        code, last = reply[1], reply[2] != b"-"
        if self._login and (code in self.welcome or code >= b"4"):
            self._login = False
            yield "clear_credentials", self.name if code in self.welcome else f"{self.name}-refused", Evidence.CLAIM
            self.finished = self._over = self._over or code in self.welcome
        elif not self._greeted:
            if code == b"220" and not self._told and (text := self.greet(without_mailboxes(clean(line[4:])))):
                self._told = True
                yield self.banner, text, Evidence.PEER
            self._greeted = last
            self.finished = last and self._over
        elif code == self.ready and last:
            self._granted = True
            self.handover = self._asked or not self._read[side.other]
        elif self._asked and code >= b"4":
            self._asked = False

    def _waits(self, side: Side, stream: StreamBuffer) -> bool:
        """Whether `side` is at the point where TLS begins. The answer to a client that goes on with it was lost."""
        if self.client is side.other:
            return self._granted
        if self._asked and stream.peek(len(_TLS_RECORD)) == _TLS_RECORD:
            self.handover = True
        return self._asked

    def _line(self, side: Side, stream: StreamBuffer) -> bytes | None:
        """Take the next line, its end removed, or as much of it as counts; None when it has not arrived whole."""
        while True:
            at = stream.find(b"\n", 0, MAX_LINE)
            size = at + 1 or min(stream.available, MAX_LINE)
            if at < 0 and size < MAX_LINE:
                return None
            line = stream.take(size)
            self._read[side] += size
            if self._read[side] > _MAX_READ:
                self.finished = True
                return None
            rest, self._overlong[side] = self._overlong[side], at < 0
            if not rest:
                return line.rstrip(b"\r\n")


def split_greeting(head: bytes) -> tuple[bytes, list[bytes]] | None:
    """Return the whole lines of the greeting (code 220) that `head` begins with, and those of replies behind it.

    None where it does not begin with one.
    """
    if not b"220".startswith(head[:3]) or head[3:4] not in (b"", b" ", b"-"):
        return None
    lines = [line.rstrip(b"\r") for line in head.split(b"\n")[:-1]]
    end = next((at for at, line in enumerate(lines) if line[:4] != b"220-"), len(lines)) + 1
    return b"\n".join(lines[:end]).lower(), lines[end:]


def may_become(head: bytes, commands: tuple[bytes, ...]) -> Match:
    """Say whether `head` begins with one of `commands` (upper case, their blank or end of line included)."""
    begin = head[:16].upper()
    if begin.startswith(commands):
        return Match.YES
    return Match.MORE if any(command.startswith(begin) for command in commands) else Match.NO
