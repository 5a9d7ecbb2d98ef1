"""Looking for the end of a line, the end of a head, and the next start line. Nothing is looked at twice.

Streams are searched through small windows: what follows a head or a chunk header may be megabytes of body.
"""

from __future__ import annotations

import re
from typing import Final

from parsers.http.message import MAX_HEAD, MAX_LINE, METHODS, parse_start_line
from parsers.stream import StreamBuffer

_WINDOW: Final = 2048
_VERSION: Final = b"HTTP/1."
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
    bare = window.find(b"\n\n", 0, crlf if crlf >= 0 else None)
    if bare >= 0:
        return bare + 2
    return crlf + 3 if crlf >= 0 else -1


def find_start(stream: StreamBuffer, scanned: int, asks: bool | None) -> tuple[int, int]:
    """Look for a start line behind `scanned` in a stream whose beginning is not one.

    `asks` says whether this side sends requests (None: not known). Return where the line begins, or -1, and what to
    pass as `scanned` the next time. What can no longer belong to a start line is skipped.
    """
    while (at := stream.find(_VERSION, scanned)) >= 0:
        end = stream.find(b"\n", at, at + MAX_LINE)
        if end < 0 and stream.available < at + MAX_LINE:
            return -1, _forget(stream, at)
        back = max(0, at - MAX_LINE)
        begin = _start_of(stream.peek(end + 1)[back:], at - back, asks) if end >= 0 else -1
        if begin >= 0:
            return begin + back, 0
        scanned = at + 1
    return -1, _forget(stream, max(scanned, stream.available - len(_VERSION) + 1))


def _forget(stream: StreamBuffer, scanned: int) -> int:
    surplus = max(0, scanned - MAX_LINE)
    stream.skip(surplus)
    return scanned - surplus


def _start_of(data: bytes, version: int, asks: bool | None) -> int:
    """Where in `data`, which ends with an end of line, the start line begins whose HTTP version is at `version`."""
    if not asks and parse_start_line(data[version:]):
        return version
    if asks is False or data[version - 1 : version] != b" ":
        return -1
    target = data.rfind(b" ", 0, version - 1)
    method = _ENDS_IN_METHOD.search(data, max(0, target - _LONGEST_METHOD), max(0, target))
    if not method or not parse_start_line(data[method.start() :]):
        return -1
    # A text that quotes a request must not pass for one, where it is not even known that this side asks.
    return method.start() if asks or data[method.start() - 1 : method.start()] in (b"", b"\n") else -1
