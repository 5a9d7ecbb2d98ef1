"""A request and the response to it: what they say together of who answers, and of what crossed.

A path of the table is the server's own (class `peer`) by a 2xx, 3xx or 401 answer. A path asked of a proxy is not its
own, and is left out; so is one that was answered by an error. A login lets in where the server had asked for it, or
else answers by 2xx or 3xx: many do not look at what they are shown.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from parsers.http import patient
from parsers.http.credentials import default_product, shown_secret
from parsers.http.headers import Statement, of_request, of_response
from parsers.http.media import service_of
from parsers.http.message import Head
from parsers.http.paths import Service, recognise, split_target
from parsers.http.software import DOCUMENTS, read_document, worth_reading
from parsers.records import Evidence, Side

_MAX_CONTENT_TYPE: Final = 512  # bytes of a Content-Type that are looked at
_MAX_EMPTY: Final = 2  # bytes of an empty JSON array or object: nobody's data


class Exchange(NamedTuple):
    """What is remembered of a request until its response comes."""

    method: bytes
    service: Service | None
    document: str  # name of a document about the server itself, empty when another thing was asked for
    proxied: bool  # the request asks this server to fetch from another one
    shown: str  # kind of secret the request shows in clear, empty when none
    login: str | None  # product whose default login the request shows
    offset: int


class Reading(NamedTuple):
    """A document that is being read."""

    name: str
    evidence: Evidence
    service_told: bool


def ask(head: Head, length: int, offset: int) -> tuple[Exchange, list[Statement]]:
    """Return what to remember of a request with a body of `length`, and what it says by itself."""
    method, target, _ = head.start
    proxied = b"://" in target[:8]  # absolute-form; CONNECT is answered by the proxy itself
    if proxied:
        target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
    segments, query = split_target(target)
    service = recognise(method.decode("latin-1"), segments, query) if segments or query else None
    said = list(of_request(head))
    content_type = head.headers.get(b"content-type", b"")[:_MAX_CONTENT_TYPE]
    if patient.in_request(service, query) or (length and patient.in_body(service, content_type)):
        said.append(_patient_data(Side.CLIENT))
    authorization = head.headers.get(b"authorization", b"")
    shown = shown_secret(authorization)
    if proxied:
        return Exchange(method, None, "", True, shown, None, offset), said
    document = segments[-1] if method == b"GET" and segments and segments[-1] in DOCUMENTS else ""
    return Exchange(method, service, document, False, shown, default_product(authorization), offset), said


def unanswered(exchange: Exchange) -> list[Statement]:
    """What a request says of a server whose response was not seen: the client's claim."""
    return _service(exchange.service, Evidence.CLAIM) if exchange.service else []


def answer(exchange: Exchange | None, head: Head, length: int, asked: AbstractSet[str]) -> list[Statement]:
    """What a response with a body of `length` says, to `exchange` or to a request that was not seen.

    `asked` are the kinds of secrets that this server has asked for before.
    """
    status = head.start.status
    service = exchange.service if exchange else None
    proxied = exchange is not None and exchange.proxied
    content_type = head.headers.get(b"content-type", b"")[:_MAX_CONTENT_TYPE]
    said = list(of_response(head, proxied))
    if exchange and exchange.shown:
        lets_in = status not in (401, 403) and (status < 400 or exchange.shown in asked)
        outcome = f"http-{exchange.shown}" if lets_in else f"http-{exchange.shown}-refused"
        said.append((Side.SERVER, "clear_credentials", outcome, Evidence.OBJECT if proxied else Evidence.CLAIM))
    if exchange and exchange.login and 200 <= status < 300:
        said.append((Side.SERVER, "default_credential", exchange.login, Evidence.CLAIM))
    has_body = 200 <= status < 300 and not 0 <= length <= _MAX_EMPTY
    if service and (200 <= status < 400 or status == 401):
        said += _service(service, Evidence.PEER)
    elif has_body and not proxied and (kind := service_of(content_type)):
        said.append((Side.SERVER, "http_service", kind, Evidence.PEER))
    if has_body and patient.in_body(service, content_type):
        said.append(_patient_data(Side.SERVER))
    return said


def document(exchange: Exchange | None, head: Head, length: int) -> Reading | None:
    """Return the reading of a response's body if it is a document about the server itself that can be read."""
    if not length or exchange is None or not exchange.document:
        return None
    headers = head.headers
    content_type = headers.get(b"content-type", b"")[:_MAX_CONTENT_TYPE]
    encoding = headers.get(b"content-encoding", b"")
    if not worth_reading(exchange.document, head.start.status, content_type, encoding):
        return None
    evidence = Evidence.OBJECT if b"via" in headers else Evidence.PEER
    return Reading(exchange.document, evidence, bool(exchange.service or service_of(content_type)))


def read(reading: Reading, body: bytes) -> list[Statement]:
    """What the first bytes of a document say."""
    found = read_document(reading.name, body)
    if found is None:
        return []
    service = (Side.SERVER, "http_service", found.service, Evidence.PEER)
    software = (Side.SERVER, "http_software", found.software, reading.evidence)
    return [software] if reading.service_told else [service, software]


def _service(service: Service, evidence: Evidence) -> list[Statement]:
    return [
        (Side.SERVER, "http_service", service.name, evidence),
        (Side.SERVER, "http_path", service.template, evidence),
    ]


def _patient_data(sender: Side) -> Statement:
    return (sender, "clear_patient_data", "true", Evidence.PEER)
