"""FTP and SMTP beyond the plain conversations: what greetings say, which logins count, and the way into TLS."""

from __future__ import annotations

import pytest

from parsers.banners import Ftp, Smtp
from parsers.banners.commands import Commands
from parsers.records import Match, Side
from parsers.stream import StreamBuffer
from tests.parsers.feeding import PSEUDONYM, feed, feed_every_way

C, S = Side.CLIENT, Side.SERVER
Turns = list[tuple[Side, bytes]]


def said(parser: type[Commands], *turns: tuple[Side, bytes]) -> list[tuple[Side, str, str]]:
    return [(row.side, row.attribute, row.value) for row in feed_every_way(parser, turns)]


def run(parser: Commands, turns: Turns) -> dict[Side, StreamBuffer]:
    streams = {side: StreamBuffer() for side in Side}
    for side, data in turns:
        streams[side].append(data)
        if not (parser.finished or parser.handover):
            list(parser.read(side, streams[side]))
    return streams


@pytest.mark.parametrize(
    ("line", "banner"),
    [
        (b"220 mail.example Microsoft ESMTP MAIL Service ready at Tue, 8 Dec 2015 22:31:02 +0100",
         "mail.example Microsoft ESMTP MAIL Service ready"),
        (b"220 mail.example ESMTP Sendmail 8.14.4/8.14.4; Wed, 20 Jan 2016 08:58:17 -0500",
         "mail.example ESMTP Sendmail 8.14.4/8.14.4"),
        (b"220 mail.example ESMTP Postfix (Debian/GNU)", "mail.example ESMTP Postfix (Debian/GNU)"),
        (b"220 \x1b[2Jx ESMTP\x07" + b"A" * 5000, "[2Jx ESMTP " + "A" * 245),
    ],
)  # fmt: skip
def test_greetings_without_their_time(line: bytes, banner: str) -> None:
    assert said(Smtp, (S, line + b"\r\n")) == [(S, "smtp_banner", banner)]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (b"AUTH PLAIN AGEAYg==\r\n", True),
        (b"auth plain\r\nAGEAYg==\r\n", True),
        (b"AUTH LOGIN dXNlcg==\r\n", True),
        (b"AUTH LOGIN\r\nQUIT\r\n", False),
        (b"AUTH LOGIN\r\n*\r\nMAIL FROM:<a@b>\r\n", False),
        (b"AUTH CRAM-MD5\r\nAGEAYg==\r\n", False),
        (b"AUTH NTLM TlRMTVNTUAABAAAA\r\n", False),
        (b"MAIL FROM:<a@b>\r\nDATA\r\nAUTH PLAIN AGEAYg==\r\n", False),
    ],
)
def test_which_logins_of_smtp_count(lines: bytes, told: bool) -> None:
    asked = [(S, b"220 ESMTP\r\n"), (C, b"EHLO a_b\r\n"), (S, b"250 ok\r\n"), (C, lines)]
    for answer, outcome in ((b"235 ok\r\n", "smtp"), (b"535-no\r\n535 way\r\n", "smtp-refused")):
        expected = [(S, "clear_credentials", outcome)] if told else []
        assert said(Smtp, *asked, (S, b"334 x\r\n" + answer))[2:] == expected
    assert said(Smtp, *asked)[2:] == []  # the answer was not seen


@pytest.mark.parametrize("name", [b"[192.0.2.7]", b"localhost", b"10.0.0.1", b"someone@example.org", b"a b", b""])
def test_what_is_no_clients_name(name: bytes) -> None:
    assert said(Smtp, (C, b"HELO " + name + b"\r\n")) == []


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (b"USER tech\r\nPASS x\r\n", True),
        (b"user tech\npass\n", True),
        (b"PASS x\r\n", False),
        (b"USER ftp\r\nPASS x\r\n", False),
        (b"USER tech\r\nQUIT\r\n", False),
    ],
)
def test_which_logins_of_ftp_count(lines: bytes, told: bool) -> None:
    asked = [(S, b"220 FTP\r\n"), (C, lines), (S, b"331 password?\r\n")]
    for answer, outcome in ((b"230 ok\r\n", "ftp"), (b"530 no\r\n", "ftp-refused"), (b"421 bye\r\n", "ftp-refused")):
        assert said(Ftp, *asked, (S, answer))[1:] == ([(S, "clear_credentials", outcome)] if told else [])
    assert said(Ftp, *asked)[1:] == []  # the answer was not seen


def test_a_login_that_is_refused_first() -> None:
    turn = [(C, b"USER a\r\n"), (S, b"331 x\r\n"), (C, b"PASS b\r\n")]
    heard = said(Ftp, (S, b"220 FTP\r\n"), *turn, (S, b"530 no\r\n"), *turn, (S, b"230 ok\r\n"), *turn)
    assert [value for _, _, value in heard[1:]] == ["ftp-refused", "ftp"]


def test_an_answer_that_may_be_lost_is_not_made_up() -> None:
    parser, streams = Ftp(PSEUDONYM), {side: StreamBuffer() for side in Side}
    streams[C].append(b"USER a\r\nPASS b\r\nCWD x\r\n")
    list(parser.read(C, streams[C]))
    parser.gap(S, streams[S].lose(60))
    streams[S].append(b"ok\r\n550 no such folder\r\n230 what\r\n")
    assert list(parser.read(S, streams[S])) == []


HELLO = b"\x16\x03\x01\x02\x00\x01"
TLS: dict[str, tuple[type[Commands], Turns]] = {
    "FTP": (Ftp, [(S, b"220 FTP\r\n"), (C, b"AUTH TLS\r\n"), (S, b"234 ok\r\n"), (C, HELLO)]),
    "SMTP": (
        Smtp,
        [(S, b"220-a ESMTP\r\n220 b\r\n"), (C, b"EHLO c\r\n"), (S, b"250 ok\r\n"), (C, b"STARTTLS\r\n"),
         (S, b"220 go\r\n"), (C, HELLO)],
    ),
    "in another order": (Ftp, [(C, b"FEAT\r\n"), (S, b"220 FTP\r\n234 ok\r\n"), (C, b"AUTH TLS\r\n" + HELLO)]),
    "an answer that was lost": (Smtp, [(S, b"220 ESMTP\r\n"), (C, b"EHLO c\r\nSTARTTLS\r\n"), (C, HELLO)]),
    "refused, then granted": (
        Ftp,
        [(S, b"220 FTP\r\n"), (C, b"AUTH SSL\r\n"), (S, b"504 no\r\n"), (C, b"AUTH TLS\r\n"), (S, b"234 ok\r\n"),
         (C, HELLO)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("parser", "turns"), TLS.values(), ids=TLS)
def test_tls_is_left_to_its_parser(parser: type[Commands], turns: Turns) -> None:
    reader = parser(PSEUDONYM)
    streams = run(reader, turns)
    assert reader.handover
    assert streams[C].peek(6) == HELLO
    assert streams[S].available == 0


def test_one_direction_of_tls() -> None:
    reader = Ftp(PSEUDONYM)
    streams = run(reader, [(S, b"220 FTP\r\n234 ok\r\n\x16\x03\x03")])
    assert reader.handover
    assert streams[S].peek(3) == b"\x16\x03\x03"


def test_refused_tls_goes_on() -> None:
    turns = [(S, b"220 FTP\r\n"), (C, b"AUTH TLS\r\n"), (S, b"530 no\r\n"), (C, b"USER a\r\nPASS b\r\n"),
             (S, b"230 ok\r\n")]  # fmt: skip
    assert said(Ftp, *turns)[1:] == [(S, "clear_credentials", "ftp")]


def test_pop3_is_not_taken_for_ftp() -> None:
    for size in range(60):
        assert Ftp.probe(b"USER someone\r\nPASS secret\r\nUIDL\r\nLIST\r\n"[:size], C) is not Match.YES
    assert Ftp.probe(b"+OK ready\r\n", S) is Match.NO


def test_many_lines_and_a_line_without_end() -> None:
    for data in (b"NOOP\r\n" * 20000, b"A" * 200000, b"\r\n" * 50000):
        parser = Ftp(PSEUDONYM)
        run(parser, [(S, b"220 FTP\r\n"), (C, data)])
        assert parser.finished
        assert len(feed(Ftp, [(S, b"220-FTP\r\n" * 20000)])) == 1


def test_a_server_that_is_slow_to_greet() -> None:
    turns = [(C, b"EHLO a-1\r\nMAIL FROM:<a@b>\r\nAUTH PLAIN AGEAYg==\r\n"), (S, b"220-ESMTP\r\n220 x\r\n250 ok\r\n")]
    assert said(Smtp, *turns) == [(C, "hostname", "a-1"), (S, "smtp_banner", "ESMTP")]
    parser = Smtp(PSEUDONYM)
    run(parser, turns)
    assert parser.finished
    run(parser := Smtp(PSEUDONYM), [turns[0], (C, b"A" * 70000)])  # and one that never does
    assert parser.finished
