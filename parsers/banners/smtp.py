"""SMTP (RFC 5321): greeting, the client's name, and whether a login in clear lets in. `STARTTLS` hands over to TLS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.banners.commands import Commands, Said, may_become, split_greeting
from parsers.hostnames import host_name
from parsers.records import Evidence, Match, Side
from parsers.text import Pseudonym

_OPENINGS: Final = (b"EHLO ", b"HELO ", b"LHLO ")
_LATER: Final = frozenset((b"MAIL", b"RCPT", b"DATA", b"BDAT", b"QUIT"))  # behind any greeting and login
_CLEAR: Final = (b"PLAIN", b"LOGIN")  # SASL mechanisms that hide nothing (RFC 4616; draft-murchison-sasl-login)
_RESPONSE: Final = re.compile(rb"[A-Za-z0-9+/]{4,}={0,2}")
# The time, often at the end of a greeting: it would make each connection's greeting another one.
_TIME: Final = re.compile(r"[;,]?(?: at)? ?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), +[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4}.*")


class Smtp(Commands):
    """Reads one SMTP connection up to the first message."""

    name: ClassVar[str] = "smtp"
    banner = "smtp_banner"
    ready = b"220"  # RFC 3207 4
    welcome = (b"235",)  # RFC 4954 6

    def __init__(self, pseudonym: Pseudonym) -> None:
        super().__init__(pseudonym)
        self._response_due = False  # a mechanism in clear was chosen: the next line is a login

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` is a greeting that says SMTP, or a client's."""
        first = head[:1]
        if first != b"2":
            return may_become(head, _OPENINGS) if first in b"EHLehl" else Match.NO
        split = split_greeting(head)
        if split is None:
            return Match.NO
        greeting, replies = split
        says, denies = b"smtp" in greeting, b"ftp" in greeting
        if says is not denies:
            return Match.YES if says else Match.NO
        if replies:  # to EHLO
            return Match.YES if replies[0][:3] == b"250" else Match.NO
        return Match.MORE

    def greet(self, text: str) -> str:
        """Return a greeting without the time in it."""
        return _TIME.sub("", text)

    def command(self, line: bytes) -> Iterator[Said]:
        """Read a command of the client."""
        if self._response_due:
            self._response_due = False
            if _RESPONSE.fullmatch(line) and line.upper() not in _LATER:
                self.log_in()
                return
        name, _, argument = line.partition(b" ")
        name = name.upper()
        if name in (b"EHLO", b"HELO", b"LHLO"):
            if client := host_name(argument.strip()):
                yield Side.CLIENT, "hostname", client, Evidence.PEER
        elif name == b"AUTH":
            mechanism, _, response = argument.strip().partition(b" ")
            if mechanism.upper() in _CLEAR:
                self._response_due = not response
                if response:
                    self.log_in()
        elif name == b"STARTTLS":
            self.ask_for_tls()
        elif name in _LATER:
            self.end()
