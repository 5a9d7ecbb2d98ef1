"""Telnet beyond the plain conversation: what counts as a banner, and as a login."""

from __future__ import annotations

import pytest

from parsers.banners import Telnet
from parsers.records import Side
from tests.parsers.feeding import feed_every_way

C, S = Side.CLIENT, Side.SERVER
OPENING = bytes.fromhex("fffd18fffb03")


def said(*turns: tuple[Side, bytes]) -> list[tuple[Side, str, str]]:
    return [(row.side, row.attribute, row.value) for row in feed_every_way(Telnet, turns)]


@pytest.mark.parametrize(
    ("shown", "banner"),
    [
        (b"\r\n\r\nLantronix UDS1100\r\nSerial 123\r\n", "Lantronix UDS1100"),
        (b"\x1b[2J\x1b[1;1H\x1b(BHP JetDirect\x1b[0m\n", "HP JetDirect"),
        (b"***\r\n---\r\nCT host login: ", "CT host login:"),
        (b"half \xff\xf1line\r\n", "half line"),
        (b"login: ", None),
        (b"\r\nPassword:", None),
        (b"\0\x07\r\n", None),
    ],
)
def test_banners(shown: bytes, banner: str | None) -> None:
    expected = [(S, "telnet_banner", banner)] if banner else []
    assert said((S, OPENING + shown), (C, b"\r\n")) == expected
    assert said((S, OPENING + shown)) == expected  # told when nothing more comes


def test_what_is_shown_in_the_middle_is_not_told() -> None:
    """A screen behind a mere switch of echo, or behind something typed, may be a patient's."""
    assert said((S, bytes.fromhex("fffc01") + b"PHICANARY^MARY 1961\r\n"), (C, b"1\r\n")) == []
    assert said((C, b"x"), (S, OPENING + b"PHICANARY^MARY 1961\r\n")) == []


@pytest.mark.parametrize(
    ("prompt", "typed", "told"),
    [
        (b"Password: ", b"x", True),
        (b"Enter your PASSWORD for root>", b"x\r\n", True),
        (b"Passwort:", b"x", True),
        (b"Password: ", b"\r\n", False),
        (b"login: ", b"root\r\n", False),
        (b"Password: wrong\r\n$ ", b"ls\r\n", False),
        (b"Password: ", b"\xff\xfb\x18", False),
    ],
)
def test_logins(prompt: bytes, typed: bytes, told: bool) -> None:
    turns = [(S, OPENING + b"host\r\n" + prompt), (C, typed)]
    assert said(*turns)[1:] == []  # the answer was not seen
    assert said(*turns, (S, b"\r\n***\r\n"))[1:] == []
    for answer, outcome in (
        (b"\r\nLast failed login: Mon\r\n$ ", "telnet"),
        (b"\r\n-> ", "telnet"),
        (b"\r\nmenu\r\n1) Setup" + b" " * 3000, "telnet"),
        (b"\r\nLogin incorrect\r\n", "telnet-refused"),
        (b"\r\n% Bad passwords\r\n", "telnet-refused"),
        (b"\r\nPassword: ", "telnet-refused"),
        (b"\r\nmr-host login: ", "telnet-refused"),
    ):
        expected = [(S, "clear_credentials", outcome)] if told else []
        assert said(*turns, (S, answer))[1:] == expected  # when nothing more comes
        assert said(*turns, (S, answer), (C, b"x"))[1:] == expected


def test_a_login_that_is_refused_first() -> None:
    again = [(S, b"\r\nLogin incorrect\r\nlogin: "), (C, b"a\r\n"), (S, b"Password: "), (C, b"b\r\n")]
    turns = [(S, OPENING + b"host\r\nPassword: "), (C, b"x\r\n"), *again, (S, b"\r\n$ id\r\n"), (C, b"ls\r\n")]
    assert [value for _, _, value in said(*turns)[1:]] == ["telnet-refused", "telnet"]


def test_encryption_ends_it() -> None:
    begun = bytes.fromhex("fffa2603") + b"\1" + bytes.fromhex("fff0")
    assert said((S, OPENING + b"host\r\n"), (C, begun), (S, b"Password:"), (C, b"x")) == []


def test_who_is_the_server_is_told_by_what_it_asks_for() -> None:
    """In a connection met in the middle the sides may be wrong."""
    assert said((C, OPENING + b"CT host\r\n"), (S, b"\r\n")) == [(C, "telnet_banner", "CT host")]
