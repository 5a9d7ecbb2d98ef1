"""Telnet (RFC 854): what a server shows before anything is typed, and whether a login in clear lets in.

No reply has a code: a server that asks anew, or says so in its next words, has refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.records import Evidence, Match, Observation, Side
from parsers.stream import StreamBuffer
from parsers.text import Pseudonym, clean, without_mailboxes

# RFC 854
_IAC: Final = 255
_SB: Final = 250
_WILL: Final = 251
_DO: Final = 253
_NEGOTIATIONS: Final = range(251, 255)  # WILL, WONT, DO, DONT
_SUBNEGOTIATION_END: Final = b"\xff\xf0"
_ENCRYPT_START: Final = b"\xff\xfa\x26\x03"  # RFC 2946 2

# https://www.iana.org/assignments/telnet-options/
_MAX_OPTION: Final = 49
_SUPPRESS_GO_AHEAD: Final = 3
_OF_CLIENTS: Final = frozenset((24, 31, 32, 33, 34, 35, 39))  # a client has a terminal, and servers ask for it
# What is agreed on when a session begins. What a server shows behind anything else may be a patient's.
_OPENING: Final = _OF_CLIENTS | {_SUPPRESS_GO_AHEAD, 37, 38, 40}

_ESCAPE: Final = re.compile(rb"\x1b(?:\[[0-?]{0,16}[ -/]{0,4}[@-~]|[()#][0-9A-Za-z]|[=>78cDEHM])")  # ECMA-48 5.3, 5.4
_BARE_PROMPT: Final = re.compile(r"(?:login|user|user ?name|user ?id|account|password|passcode) ?[:>?]?", re.IGNORECASE)
_PASSWORD: Final = re.compile(r"password|passcode|passwort|kennwort|mot de passe", re.IGNORECASE)
_PASSWORD_PROMPT: Final = re.compile(rb"(?:" + _PASSWORD.pattern.encode() + rb")[^\r\n]{0,64}[:>?][ \r\n]*\Z")
_ASKS_ANEW: Final = re.compile(
    r"\b(?:login|user ?name|user ?id|user|account|" + _PASSWORD.pattern + r") ?:\W*\Z", re.IGNORECASE
)
# Not "Last failed login", with which others greet.
_REFUSAL: Final = re.compile(
    r"(?!last\b).*\b(?:incorrect|invalid|fail(?:ed|s|ure)?|denied|refused|rejected|wrong|bad)\b", re.IGNORECASE
)
_SAYS: Final = re.compile(r"[^\s*.]")  # more than what is shown for each letter of a password
_TYPED: Final = re.compile(rb"[^\r\n\0]")
_TAIL: Final = 128  # bytes in which a prompt is looked for
_MAX_SHOWN: Final = 2048  # bytes looked at of what a server shows
_MAX_READ: Final = 16 * 1024  # bytes from one end, after which no login is expected


class Telnet:
    """Reads one telnet connection up to the first login."""

    name: ClassVar[str] = "telnet"

    def __init__(self, pseudonym: Pseudonym) -> None:
        self.finished = False
        self.handover = False
        self.speaker: str | None = None
        self.client: Side | None = None
        self._opened = False  # the server has agreed on options as one does at the beginning
        self._typed = False
        self._shown = bytearray()
        self._shown_to = 0  # stream offset of the last byte of it
        self._tail = b""
        self._answer: bytearray | None = None  # what was shown since a password was typed
        self._read = [0, 0]

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` begins with negotiations of options, and goes on as telnet does."""
        if head[:1] != b"\xff":
            return Match.NO if head else Match.MORE
        at = 0
        while at < len(head) and head[at] == _IAC and at < 9:
            if len(head) < at + 3:
                return Match.MORE if len(head) == at + 1 or head[at + 1] >= _SB else Match.NO
            if head[at + 1] == _SB and at:
                return Match.YES
            if head[at + 1] not in _NEGOTIATIONS or head[at + 2] > _MAX_OPTION:
                return Match.NO
            at += 3
        shows = at >= 6 or at == len(head) or head[at] in b"\r\n\x1b" or 0x20 <= head[at] < 0x7F
        return Match.YES if shows else Match.NO

    def read(self, side: Side, stream: StreamBuffer) -> Iterator[Observation]:
        """Consume all of `side` but a command that has not arrived whole."""
        while not self.finished and (data := stream.peek(_MAX_SHOWN)):
            start = stream.offset
            texts, size = self._split(side, data)
            if not size and len(data) == _MAX_SHOWN:
                size = len(data)  # a command without an end
            self._read[side] += size
            stream.skip(size)
            for at, text in texts:
                if side is self._server:
                    yield from self._show(text, start + at)
                else:
                    yield from self._type(text, start + at)
            if self._read[side] > _MAX_READ:
                yield from self._banner()
                self.finished = True
            if not size:
                break
        if stream.closed and side is self._server and not self.finished:
            yield from self._banner()
            yield from self._settle(stream.offset - 1)

    def gap(self, side: Side, length: int) -> None:
        """Tell nothing of a session of which something is missing."""
        self.finished = True

    @property
    def _server(self) -> Side:
        return Side.SERVER if self.client is None else self.client.other

    def _show(self, text: bytes, offset: int) -> Iterator[Observation]:
        if not self._typed and len(self._shown) < _MAX_SHOWN:
            counted = text[: _MAX_SHOWN - len(self._shown)]
            self._shown += counted
            self._shown_to = offset + len(counted) - 1
        self._tail = (self._tail + text)[-_TAIL:].lower()
        if self._answer is not None:
            room = _MAX_SHOWN - len(self._answer)
            self._answer += text[:room]
            if len(text) >= room:
                yield from self._settle(offset + room - 1)

    def _type(self, text: bytes, offset: int) -> Iterator[Observation]:
        yield from self._banner()
        typed = _TYPED.search(text)
        if typed and not self.finished:
            yield from self._settle(offset + typed.start())
            if not self.finished and _PASSWORD_PROMPT.search(self._tail):
                self._answer = bytearray()

    def _settle(self, offset: int) -> Iterator[Observation]:
        """Tell what became of a login, if the server has said something since."""
        lines = [line for line in _lines(bytes(self._answer or b"")) if line]
        said = next((line for line in lines if _SAYS.search(line)), None)
        if said is None:
            return
        self._answer = None
        refused = _REFUSAL.match(said) or _ASKS_ANEW.search(lines[-1])
        self.finished = not refused
        kind = "telnet-refused" if refused else "telnet"
        yield Observation(self._server, "clear_credentials", kind, Evidence.CLAIM, offset)

    def _banner(self) -> Iterator[Observation]:
        """Tell the first line that was shown. What is shown once something was typed is nobody's banner."""
        if self._typed:
            return
        self._typed = True
        banner = without_mailboxes(next((line for line in _lines(bytes(self._shown)) if _is_banner(line)), ""))
        if self._opened and banner:
            yield Observation(self._server, "telnet_banner", banner, Evidence.PEER, self._shown_to)

    def _split(self, side: Side, data: bytes) -> tuple[list[tuple[int, bytes]], int]:
        """Return what in `data` is no command, by where it begins, and how much was read: a command may end later."""
        texts = []
        at = 0
        while (command := data.find(b"\xff", at)) >= 0:
            if command > at:
                texts.append((at, data[at:command]))
            kind = data[command + 1] if command + 1 < len(data) else _SB
            end = command + 2
            if kind in _NEGOTIATIONS:
                end += 1
            elif kind == _SB:
                self.finished = self.finished or data.startswith(_ENCRYPT_START, command)
                end = data.find(_SUBNEGOTIATION_END, end) + len(_SUBNEGOTIATION_END)
            if end > len(data) or end <= command + 1:
                return texts, command
            if kind in _NEGOTIATIONS:
                self._negotiate(side, kind, data[command + 2])
            at = end
        if at < len(data):
            texts.append((at, data[at:]))
        return texts, len(data)

    def _negotiate(self, side: Side, verb: int, option: int) -> None:
        if self.client is None and option in _OF_CLIENTS and verb in (_WILL, _DO):
            self.client = side if verb == _WILL else side.other
        if side is self._server and option in _OPENING:
            self._opened = True


def _lines(shown: bytes) -> list[str]:
    return list(map(clean, _ESCAPE.sub(b"", shown).replace(b"\r", b"\n").split(b"\n")))


def _is_banner(line: str) -> bool:
    """Whether it says something of the host. One that asks for a password may name the user it is to be of."""
    return any(map(str.isalnum, line)) and not _BARE_PROMPT.fullmatch(line) and not _PASSWORD.search(line)
