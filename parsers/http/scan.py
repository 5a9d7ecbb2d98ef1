"""Looking for the end of a line, the end of a head, and the next start line. Nothing is looked at twice.

Streams are searched through small windows: what follows a head or a chunk header may be megabytes of body.
"""

from __future__ import annotations

import re
from typing import Final

from parsers.http.message import MAX_HEAD, MAX_LINE, METHODS, parse_start_line, probe
from parsers.records import Match
from parsers.stream import StreamBuffer

_WINDOW: Final = 2048
_BLOCK: Final = 4 * MAX_LINE
_VERSION: Final = b"HTTP/1."
_STATUS_LENGTH: Final = 13  # of a status line, up to what follows the code
_SPACE: Final = 0x20
_ENDS_IN_METHOD = re.compile(b"(?:" + b"|".join(sorted(METHODS)) + rb")\Z")
_LONGEST_METHOD: Final = max(map(len, METHODS))


def find_line_end(stream: StreamBuffer, start: int) -> int:
    """Return where the next LF at or behind `start` is, -1 when none has arrived within MAX_LINE bytes."""
    stop = min(stream.available, MAX_LINE)
    while start < stop:
        found = stream.find(b"\n", start, min(start + _WINDOW, stop))
        if found >= 0:
            return found
        start += _WINDOW
    return -1


def find_head(stream: StreamBuffer, start: int) -> bytes:
    """Return the next head with its empty line, which ends behind `start`; nothing when it has not arrived whole.

    Lines may end in a bare LF (RFC 9112 2.2). A head beyond MAX_HEAD bytes is never found.
    """
    limit = min(stream.available, MAX_HEAD)
    if not start:
        window = stream.peek(min(_WINDOW, limit))  # most heads fit, and are read just once
        if (end := _head_end(window)) >= 0:
            return window[:end]
        start = max(0, len(window) - 2)
    while start + 2 < limit:
        stop = min(start + _WINDOW, limit)
        lines = [at for end in (b"\n\r\n", b"\n\n") if (at := stream.find(end, start, stop)) >= 0]
        if lines:
            found = stream.peek(min(lines) + 3)
            return found[: _head_end(found)]
        start = stop - 2
    return b""


def _head_end(window: bytes) -> int:
    crlf = window.find(b"\n\r\n")
    bare = window.find(b"\n\n", 0, crlf + 1 if crlf >= 0 else None)
    if bare >= 0:
        return bare + 2
    return crlf + 3 if crlf >= 0 else -1


def find_start(stream: StreamBuffer, scanned: int, asks: bool | None) -> tuple[int, int]:
    """Look for what may be a start line behind `scanned`, in a stream whose beginning is none.

    `asks` says whether this side sends requests (None: not known). Return where the line begins, or -1, and what to
    pass as `scanned` the next time. What can no longer belong to a start line is skipped.
    """
    keep = 0 if asks is False else MAX_LINE  # a request line begins in front of its version
    while True:
        data = stream.peek(_BLOCK)
        while (at := data.find(_VERSION, scanned)) >= 0 and at + _STATUS_LENGTH <= len(data):
            begin = _start_of(data, at, asks)
            if begin >= 0:
                return begin, 0
            scanned = at + 1
        scanned = at if at >= 0 else max(scanned, len(data) - len(_VERSION) + 1)
        surplus = max(0, scanned - keep)
        stream.skip(surplus)
        scanned -= surplus
        if len(data) < _BLOCK:
            return -1, scanned


def _start_of(data: bytes, version: int, asks: bool | None) -> int:
    """Where in `data` the start line begins whose HTTP version is at `version`; -1 when there is none."""
    after = data[version + len(_VERSION) + 1]
    if after == _SPACE:
        return version if not asks and probe(data[version : version + _STATUS_LENGTH]) is Match.YES else -1
    if asks is False or after not in b"\r\n" or version == 0 or data[version - 1] != _SPACE:
        return -1
    space = data.rfind(b" ", max(0, version - MAX_LINE), version - 1)
    method = _ENDS_IN_METHOD.search(data, max(0, space - _LONGEST_METHOD), max(0, space))
    if not method or not parse_start_line(data[method.start() : version + len(_VERSION) + 1]):
        return -1
    # A text that quotes a request must not pass for one, where it is not even known that this side asks.
    return method.start() if asks or data[method.start() - 1 : method.start()] in (b"", b"\n") else -1
