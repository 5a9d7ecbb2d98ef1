"""Media types that tell what a body is: DICOM objects, FHIR resources."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_OBJECTS: Final = frozenset((b"application/dicom", b"application/dicom+json", b"application/dicom+xml"))  # PS3.18 8.7.3
_FHIR: Final = frozenset(  # FHIR R4 3.1.0.1.8; the last two are those of DSTU2
    (b"application/fhir+json", b"application/fhir+xml", b"application/json+fhir", b"application/xml+fhir")
)
_JSON: Final = frozenset((b"application/json", b"text/json"))


def media_type(content_type: bytes) -> bytes:
    """Return the media type of a Content-Type header, in lower case and without parameters."""
    return content_type.partition(b";")[0].strip().lower()


@lru_cache(256)
def is_fhir(content_type: bytes) -> bool:
    """Whether a body of `content_type` is FHIR."""
    return media_type(content_type) in _FHIR


def is_json(content_type: bytes) -> bool:
    """Whether a body of `content_type` is JSON of no particular kind."""
    return media_type(content_type) in _JSON


@lru_cache(256)
def is_objects(content_type: bytes) -> bool:
    """Whether a body of `content_type` is DICOM objects or their headers, in parts or not."""
    media = media_type(content_type)
    if media == b"multipart/related":
        return _part_type(content_type) in _OBJECTS
    return media in _OBJECTS


@lru_cache(256)
def service_of(content_type: bytes) -> str | None:
    """Return the kind of service whose answers are of `content_type`, if just one is.

    A bare application/dicom is not enough: WADO-URI, WADO-RS and product APIs all answer with it.
    """
    if is_fhir(content_type):
        return "fhir"
    return "dicomweb" if is_objects(content_type) and media_type(content_type) != b"application/dicom" else None


def _part_type(content_type: bytes) -> bytes:
    """The type parameter of multipart/related: the media type of the parts (PS3.18 8.6.1.2)."""
    for parameter in content_type.lower().split(b";")[1:]:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"type":
            return value.strip().strip(b'"')
    return b""
