"""HTTP/1.x messages: start lines, header blocks, and how long a body is (RFC 9112). Bytes in, plain values out."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from parsers.malformed import Malformed
from parsers.records import Match

MAX_HEAD: Final = 64 * 1024  # bytes of a start line and its header block, and of a trailer section
MAX_HEADERS: Final = 200
MAX_LINE: Final = 16 * 1024
PROBE_LENGTH: Final = 128  # a request line that is still sound after so many bytes is taken for one

METHODS: Final = frozenset(
    b"GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH "  # RFC 9110 9.3, RFC 5789
    b"PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT SEARCH "  # RFC 4918, RFC 3253, RFC 5323
    b"SUBSCRIBE UNSUBSCRIBE NOTIFY M-SEARCH".split()  # UPnP Device Architecture 2.0
)
_METHOD = re.compile(rb"[A-Z][A-Z-]{1,23}")
_METHOD_BEGUN = re.compile(rb"[A-Z][A-Z-]{0,23}")
_STATUS = re.compile(rb"HTTP/1\.[0-9] ([1-5][0-9]{2})(?: |$)")  # RFC 9112 4; the reason may be missing
_STATUS_BEGUN = re.compile(rb"HTTP/1\.(?:[0-9](?: (?:[1-5][0-9]{0,2})?)?)?")
_FOLD = re.compile(rb"\r?\n[ \t]+")  # obs-fold, RFC 9112 5.2
_CONTENT_LENGTH = re.compile(rb"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)  # RFC 9112 7.1, extensions 7.1.1

_HEADER = re.compile(  # field-line of RFC 9112 5, of the names that are of use here
    rb"\n(authorization|content-encoding|content-length|content-type|cookie|forwarded|host|server|transfer-encoding|"
    rb"upgrade|user-agent|via|www-authenticate|x-forwarded-for|x-powered-by)[ \t]*:[ \t]*([^\r\n]*)",
    re.IGNORECASE,
)

CHUNKED: Final = -1
UNTIL_CLOSE: Final = -2


class StartLine(NamedTuple):
    """A request line (`method` and `target`) or a status line (`status`, and an empty `method`)."""

    method: bytes
    target: bytes
    status: int


class Head(NamedTuple):
    """A start line and the headers this parser knows, names in lower case; the first value of each counts."""

    start: StartLine
    headers: dict[bytes, bytes]
    challenges: tuple[bytes, ...]  # every WWW-Authenticate value


def parse_start_line(line: bytes) -> StartLine | None:
    """Return what `line` (its end of line removed or not) says; None when it is no HTTP/1.x start line."""
    line = line.rstrip(b"\r\n \t")
    if line.startswith(b"HTTP/"):
        status = _STATUS.match(line)
        return StartLine(b"", b"", int(status[1])) if status else None
    method, _, rest = line.partition(b" ")
    target, _, version = rest.partition(b" ")
    if len(version) != 8 or not version.startswith(b"HTTP/1.") or not version[7:].isdigit():
        return None
    if not _METHOD.fullmatch(method) or not _target_begins(method, target):
        return None
    return StartLine(method, target, 0)


def _target_begins(method: bytes, target: bytes) -> bool:
    """Whether `target` begins like a request target of RFC 9112 3.2."""
    if method == b"CONNECT":
        return target[:1].isalnum() or target[:1] == b"["
    if target[:1] == b"/":
        return True
    return method in METHODS and (target == b"*" or target[:8].lower().startswith((b"http://", b"https://")))


def probe(head: bytes) -> Match:
    """Say whether `head` begins an HTTP/1.x message. Longer heads never turn NO into anything else."""
    if head.startswith(b"HTTP/") or b"HTTP/".startswith(head):
        if len(head) > 12:
            return Match.YES if _STATUS.match(head[:12] + b" ") and head[12] in b" \r\n" else Match.NO
        begun = _STATUS_BEGUN.fullmatch(head) or b"HTTP/1.".startswith(head)
        return Match.MORE if begun else Match.NO
    line, newline, _ = head.partition(b"\n")
    if newline:
        return Match.YES if parse_start_line(line) else Match.NO
    method, space, target = head.partition(b" ")
    if not space:
        return Match.MORE if _METHOD_BEGUN.fullmatch(head) else Match.NO
    if not _METHOD.fullmatch(method):
        return Match.NO
    return _probe_target(method, target)


def _probe_target(method: bytes, rest: bytes) -> Match:
    """The verdict on a request line whose end has not come: `rest` is what follows the method."""
    target, space, version = rest.partition(b" ")
    if not space and len(target) < 8:
        known = method in METHODS
        begun = not target or target[:1] == b"/" or (known and target == b"*")
        scheme = known and (b"https://".startswith(target.lower()) or b"http://".startswith(target.lower()))
        return Match.MORE if begun or scheme or _target_begins(method, target) else Match.NO
    if not _target_begins(method, target):
        return Match.NO
    if method in METHODS and len(target) >= PROBE_LENGTH:
        return Match.YES
    if not space:
        return Match.MORE
    version = version.rstrip(b"\r")
    if len(version) < 8:
        return Match.MORE if b"HTTP/1.".startswith(version[:7]) else Match.NO
    return Match.YES if parse_start_line(b"%b %b %b" % (method, target, version)) else Match.NO


def parse_head(block: bytes, start: StartLine) -> Head:
    """Read the header block that follows a start line; `block` holds both. Raises Malformed beyond the caps."""
    if b"\n " in block or b"\n\t" in block:
        block = _FOLD.sub(b" ", block)
    if block.count(b"\n") > MAX_HEADERS + 2:  # the start line and the empty line
        raise Malformed("too many headers")
    if len(block) > MAX_LINE and max(map(len, block.split(b"\n"))) > MAX_LINE:
        raise Malformed("header line too long")
    headers: dict[bytes, bytes] = {}
    challenges: tuple[bytes, ...] = ()
    for name, value in _HEADER.findall(block):
        name, value = name.lower(), value.rstrip()
        if name == b"www-authenticate":
            challenges += (value,)
        elif name not in headers:
            headers[name] = value
        elif name == b"content-length" and value != headers[name]:
            raise Malformed("conflicting Content-Length headers")  # RFC 9112 6.3
        elif name == b"transfer-encoding":
            headers[name] += b"," + value
    return Head(start, headers, challenges)


def body_length(head: Head, request_method: bytes) -> int:
    """Return the bytes of the body behind `head`, or CHUNKED, or UNTIL_CLOSE (RFC 9112 6.3).

    `request_method` is that of the request a response answers, empty when unknown. Raises Malformed.
    """
    status = head.start.status
    if status and (request_method == b"HEAD" or status < 200 or status in (204, 304)):
        return 0
    codings = head.headers.get(b"transfer-encoding")
    if codings:
        coding = codings.lower().rpartition(b",")[2].strip()
        if coding == b"chunked":
            return CHUNKED
        if coding != b"identity":
            if not status:
                raise Malformed("request body without a length")
            return UNTIL_CLOSE
    length = head.headers.get(b"content-length")
    if length is None:
        return UNTIL_CLOSE if status else 0
    if _CONTENT_LENGTH.fullmatch(length):
        return int(length)
    values = {value.strip() for value in length.split(b",")}  # the same value repeated is one value
    value = values.pop()
    if values or not _CONTENT_LENGTH.fullmatch(value):
        raise Malformed("invalid Content-Length")
    return int(value)


def chunk_size(line: bytes) -> int:
    """Return the size a chunk header line tells (RFC 9112 7.1). Raises Malformed."""
    size = _CHUNK_SIZE.fullmatch(line.rstrip(b"\r\n"))
    if not size:
        raise Malformed("invalid chunk size")
    return int(size[1], 16)
