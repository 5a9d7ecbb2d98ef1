"""Messages to feed, and the shorthand in which the tests of this folder say what they expect."""

from __future__ import annotations

from parsers.http import Http
from parsers.records import Observation, Side
from tests.parsers.feeding import feed_every_way

C, S = Side.CLIENT, Side.SERVER
Said = tuple[Side, str, str, str]


def request(line: str = "GET / HTTP/1.1", *headers: str, body: bytes = b"", end: str = "\r\n") -> bytes:
    return end.join((line, *headers, "", "")).encode() + body


def response(status: str = "200 OK", *headers: str, body: bytes = b"", length: bool = True) -> bytes:
    sized = (*headers, f"Content-Length: {len(body)}") if length else headers
    return "\r\n".join((f"HTTP/1.1 {status}", *sized, "", "")).encode() + body


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def said(*turns: tuple[Side, bytes]) -> list[Said]:
    """What a fresh parser says of `turns`, offsets left out; fed whole and byte by byte."""
    return [plain(one) for one in feed_every_way(Http, turns)]


def plain(one: Observation) -> Said:
    return one.side, one.attribute, one.value, str(one.evidence)


def values(observations: list[Said], attribute: str) -> list[str]:
    return [value for _, name, value, _ in observations if name == attribute]
