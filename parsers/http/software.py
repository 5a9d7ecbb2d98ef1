"""The software a server names in a document about itself: a FHIR CapabilityStatement, or Orthanc's /system."""

from __future__ import annotations

import html
import json
import re
from typing import Final, NamedTuple

from parsers.http.media import is_fhir, is_json
from parsers.text import canonical, clean

MAX_DOCUMENT: Final = 256 * 1024  # bytes of a document that are looked at
DOCUMENTS: Final = frozenset(("metadata", "system"))  # last path segments; who answers is told by the content

_STRING = rb'"((?:[^"\\]|\\.){0,512})"'
_FHIR_JSON = re.compile(rb'"resourceType"\s*:\s*"(?:CapabilityStatement|Conformance)"')
_FHIR_XML = re.compile(rb"<(?:CapabilityStatement|Conformance)[\s>]")
_SOFTWARE_JSON = re.compile(rb'"software"\s*:\s*\{([^{}]{0,2048})\}')  # FHIR R4 CapabilityStatement.software
_SMALL: Final = 8192  # where Orthanc's document ends by far, and an XML document has begun


class Document(NamedTuple):
    """What a document says: which kind of service answered, and with which software."""

    service: str
    software: str  # canonical JSON of name and version


def worth_reading(name: str, status: int, content_type: bytes, content_encoding: bytes) -> bool:
    """Whether the response to a request for the document `name` can be read: uncompressed, and of the right type."""
    if status != 200 or content_encoding.lower() not in (b"", b"identity"):
        return False
    return is_json(content_type) or (name == "metadata" and is_fhir(content_type))


def read_document(name: str, head: bytes) -> Document | None:
    """Return what the first bytes of the document `name` say, None when it is not one of those known here."""
    return _orthanc(head) if name == "system" else _capabilities(head)


def _orthanc(head: bytes) -> Document | None:
    """Orthanc's GET /system (https://orthanc.uclouvain.be/book/users/rest-cheatsheet.html).

    Its "Name" is what the site calls this server, so the product is told by the keys together.
    """
    head = head[:_SMALL]
    version = _json_text(head, b"Version")
    if not version or any(b'"%b"' % key not in head for key in (b"ApiVersion", b"DatabaseVersion", b"Name")):
        return None
    return Document("orthanc-rest", canonical({"name": "Orthanc", "version": version}))


def _capabilities(head: bytes) -> Document | None:
    if _FHIR_JSON.search(head):
        found = _SOFTWARE_JSON.search(head)
        software, text = found[1] if found else b"", _json_text
    elif _FHIR_XML.search(head, 0, _SMALL):
        at = head.find(b"<software>")
        software, text = head[at : max(head.find(b"</software>", at, at + 2048), at)], _xml_text
    else:
        return None
    said = {key: text(software, key.encode()) for key in ("name", "version")}
    known = {key: value for key, value in said.items() if value}
    return Document("fhir", canonical(known)) if "name" in known else None


def _json_text(source: bytes, key: bytes) -> str:
    found = re.search(rb'"%b"\s*:\s*%b' % (key, _STRING), source)
    if not found:
        return ""
    try:
        return clean(json.loads(b'"%b"' % found[1], strict=False))
    except ValueError:  # an escape that JSON has not, or bytes that are not UTF-8
        return ""


def _xml_text(source: bytes, key: bytes) -> str:
    found = re.search(rb'<%b\s+value="([^"]{0,512})"' % key, source)
    return clean(html.unescape(found[1].decode("utf-8", "replace"))) if found else ""
