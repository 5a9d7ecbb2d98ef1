"""What the headers of one message say of either end: statements without offsets, in a fixed order.

Headers that a proxy passed on are told of whatever is behind it: class `object` instead of `peer`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from parsers.http.credentials import credential_kind, is_session_cookie
from parsers.http.media import media_type
from parsers.http.message import Head
from parsers.ntlm import in_header
from parsers.records import Evidence, Side
from parsers.text import clean

_MAX_VALUE: Final = 1024  # bytes of a header value that are looked at
_MAX_CHALLENGES: Final = 8
_HOST = re.compile(rb"(?:[A-Za-z0-9_~%.-]{1,255}|\[[0-9A-Fa-f:.%]{2,64}\])(?::[0-9]{1,5})?")  # RFC 9110 7.2, uri-host
_TOKEN = re.compile(rb"[A-Za-z][A-Za-z0-9-]{1,31}(?= |$)")  # auth-scheme, RFC 9110 11.1
_REALM = re.compile(rb'[ ,]realm\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^ ,"]+))', re.IGNORECASE)  # RFC 9110 11.5
_MEDIA = re.compile(r"[a-z0-9!#$&^_.+-]{1,63}/[a-z0-9!#$&^_.+-]{1,63}")  # RFC 6838 4.2
_FOR = re.compile(rb'(?:^|[;,\s])for\s*=\s*"?([^";,\s]{1,64})', re.IGNORECASE)  # RFC 7239 5.2
_ADDRESS = re.compile(r"\[?([0-9A-Fa-f:.]{2,45}?)\]?(?::[0-9]{1,5})?")

PEER, OBJECT, CLAIM = Evidence.PEER, Evidence.OBJECT, Evidence.CLAIM


# An observation that has no side and offset yet: the end it is about by its part (who asked, or who answered),
# attribute, value, class.
Statement = tuple[Side, str, str, Evidence]


def of_request(head: Head) -> Iterator[Statement]:
    """Yield what a request says."""
    headers = head.headers
    forwarded = _forwarded_for(headers)
    via = headers.get(b"via")
    own = PEER if via is None and forwarded is None else OBJECT
    agent = headers.get(b"user-agent")
    if agent:
        yield Side.CLIENT, "http_user_agent", _text(agent[:_MAX_VALUE]), own
    host = _asked_for(head)
    if host:
        yield Side.SERVER, "http_host", host, CLAIM
    if via:
        yield Side.CLIENT, "http_via", _text(via[:_MAX_VALUE]), PEER
    if forwarded:
        yield Side.CLIENT, "http_forwarded_for", forwarded, PEER
    authorization = headers.get(b"authorization")
    if authorization:
        kind = credential_kind(authorization)
        yield Side.CLIENT, "http_credentials", kind, PEER
        for attribute, value in in_header(authorization):
            yield Side.CLIENT, attribute, value, own
    cookie = headers.get(b"cookie")
    if cookie and is_session_cookie(cookie):
        yield Side.CLIENT, "http_credentials", "cookie", PEER


def of_response(head: Head, proxied: bool) -> Iterator[Statement]:
    """Yield what a response says; `proxied` when the request asked this server to fetch from another one."""
    headers = head.headers
    via = headers.get(b"via")
    own = OBJECT if via is not None or proxied else PEER
    server = headers.get(b"server")
    if server:
        yield Side.SERVER, "http_server", _text(server[:_MAX_VALUE]), own
    if via:
        yield Side.SERVER, "http_via", _text(via[:_MAX_VALUE]), PEER
    powered = headers.get(b"x-powered-by")
    if powered:
        yield Side.SERVER, "http_powered_by", _text(powered[:_MAX_VALUE]), own
    for challenge in head.challenges[:_MAX_CHALLENGES]:
        told = _challenge(challenge[:_MAX_VALUE])
        if told:
            yield Side.SERVER, "http_authenticate", told, own
        for attribute, value in in_header(challenge):
            yield Side.SERVER, attribute, value, own
    content_type = headers.get(b"content-type")
    if content_type:
        media = _media(content_type[:_MAX_VALUE])
        if media:
            yield Side.SERVER, "http_content_type", media, own


@lru_cache(512)
def _text(value: bytes) -> str:
    return clean(value)


@lru_cache(512)
def _media(value: bytes) -> str:
    media = media_type(value).decode("latin-1")
    return media if _MEDIA.fullmatch(media) else ""


@lru_cache(128)
def _challenge(value: bytes) -> str:
    """Scheme and realm; a token that continues a handshake (Negotiate, NTLM) is left out."""
    scheme = _TOKEN.match(value)
    if not scheme:
        return ""
    realm = _REALM.search(value, scheme.end())
    name = scheme[0].decode()
    if not realm:
        return name
    text = clean(re.sub(rb"\\(.)", rb"\1", realm[1]) if realm[1] is not None else realm[2])
    return f'{name} realm="{text}"'


def _asked_for(head: Head) -> str:
    """The authority of an absolute-form target, else the Host header; user information is cut off (RFC 9112 3.2.2).

    CONNECT names a host behind a proxy, not the one asked, and says nothing here.
    """
    method, target, _ = head.start
    if method == b"CONNECT":
        return ""
    host = head.headers.get(b"host", b"")
    if not target.startswith((b"/", b"*")):
        host = target.partition(b"://")[2][:_MAX_VALUE].partition(b"/")[0].partition(b"?")[0].rpartition(b"@")[2]
    return _host(host) if len(host) < _MAX_VALUE else ""


@lru_cache(512)
def _host(host: bytes) -> str:
    return clean(host) if _HOST.fullmatch(host) else ""


def _forwarded_for(headers: dict[bytes, bytes]) -> str | None:
    """The first address of X-Forwarded-For or Forwarded; empty when one is there but names none, None without."""
    listed = headers.get(b"x-forwarded-for")
    if listed is None:
        forwarded = headers.get(b"forwarded")
        if forwarded is None:
            return None
        named = _FOR.search(forwarded, 0, _MAX_VALUE)
        listed = named[1] if named else b""
    first = _ADDRESS.fullmatch(listed[:_MAX_VALUE].partition(b",")[0].strip().decode("latin-1"))
    try:
        return str(ip_address(first[1])) if first else ""
    except ValueError:
        return ""
