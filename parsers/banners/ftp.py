"""FTP (RFC 959): the greeting, and whether a login in clear lets in. `AUTH TLS` (RFC 4217) hands over to TLS."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, Final

from parsers.banners.commands import Commands, Said, may_become, split_greeting
from parsers.records import Match, Side

_OPENINGS: Final = (
    b"AUTH TLS", b"AUTH SSL", b"FEAT\r", b"FEAT\n", b"SYST\r", b"SYST\n", b"PASV\r", b"PASV\n", b"EPSV\r", b"EPSV\n",
    b"PORT ",
)  # fmt: skip
_LOGIN: Final = re.compile(rb"USER [^ \r\n]{1,128}\r?\n", re.IGNORECASE)
_USER: Final = b"USER "
# POP3 (RFC 1939) logs in with the same two commands; what comes after tells them apart.
_AFTER_LOGIN: Final = frozenset(
    b"ACCT ALLO CDUP CLNT CWD EPRT EPSV FEAT HELP MKD MODE OPTS PASV PBSZ PORT PROT PWD SITE SIZE STRU SYST TYPE "
    b"XPWD".split()
)
_ANONYMOUS: Final = (b"anonymous", b"ftp")  # RFC 1635 1: a login that is nobody's


class Ftp(Commands):
    """Reads one FTP control connection up to the login."""

    name: ClassVar[str] = "ftp"
    banner = "ftp_banner"
    ready = b"234"  # RFC 4217 4
    welcome = (b"230", b"232", b"202")  # RFC 959 5.4, RFC 2228 3

    _user: bytes = b""

    @staticmethod
    def probe(head: bytes, side: Side) -> Match:
        """Say whether `head` is a greeting, or a login, of FTP. Both look like those of others until more is said."""
        first = head[:1]
        if first == b"2":
            return _probe_replies(head)
        if first.upper() not in (b"", b"U", b"A", b"F", b"S", b"P", b"E"):
            return Match.NO
        begin = head[: len(_USER)].upper()
        if not _USER.startswith(begin):
            return may_become(head, _OPENINGS)
        if len(head) > len(_USER) and not _LOGIN.match(head):
            return Match.MORE if head.find(b" ", len(_USER)) < 0 and head.find(b"\n") < 0 else Match.NO
        commands = [line.rstrip(b"\r").partition(b" ")[0].upper() for line in head.split(b"\n")[1:-1]]
        last = next((command for command in commands if command not in (b"USER", b"PASS")), None)
        if last is not None:
            return Match.YES if last in _AFTER_LOGIN else Match.NO
        return Match.MORE

    def command(self, line: bytes) -> Iterable[Said]:
        """Read a command of the client."""
        name, _, argument = line.partition(b" ")
        name = name.upper()
        if name == b"USER":
            self._user = argument.strip().lower()
        elif name == b"PASS":
            if self._user and self._user not in _ANONYMOUS:
                self.log_in()
            else:
                self.end()
        elif name == b"AUTH" and argument.strip().upper().startswith((b"TLS", b"SSL")):
            self.ask_for_tls()
        return ()


def _probe_replies(head: bytes) -> Match:
    split = split_greeting(head)
    if split is None:
        return Match.NO
    greeting, replies = split
    says, denies = b"ftp" in greeting or b"filezilla" in greeting, b"smtp" in greeting
    if says is not denies:
        return Match.YES if says else Match.NO
    if replies:  # to USER (RFC 959 5.4), or to AUTH
        return Match.YES if replies[0][:3] in (b"331", b"230", b"332", b"234") else Match.NO
    return Match.MORE
