"""One direction of an HTTP connection: where its reader is."""

from __future__ import annotations

from enum import Enum, auto

from parsers.http.body import Body
from parsers.http.exchange import Reading


class State(Enum):
    """Where a direction is."""

    HEAD = auto()  # at a start line
    BODY = auto()
    GUESS = auto()  # behind a response to an unknown request, perhaps HEAD: is there a body?
    WAIT = auto()  # behind CONNECT or Upgrade: the response decides what follows
    SEARCH = auto()  # somewhere: look for the next start line


class Half:
    """One direction."""

    __slots__ = ("body", "length", "reading", "scanned", "state", "waits")

    def __init__(self) -> None:
        self.state = State.HEAD
        self.scanned = 0  # unread bytes that were looked at already
        self.body: Body | None = None
        self.reading: Reading | None = None  # the document that `body` keeps
        self.length = 0  # of the body to be guessed
        self.waits = False  # WAIT follows this request's body
