"""Which service a request target belongs to, and that target as a template: identifiers never get out.

`paths.csv` is the allow-list. Templates are literal segments and placeholders; three placeholders at the front stand
for where a service is mounted: `{dicomweb}` and `{fhir}` for one of the bases below, `{any}` for one of the DICOMweb
bases or for whatever is there, then shown as `{base}`. A query key may be required, its value with it.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

_MAX_PATH: Final = 2048  # bytes; longer paths are not looked at
_MAX_QUERY: Final = 4096  # bytes of a query that are looked at
_MAX_SEGMENTS: Final = 24
_MAX_QUERY_KEYS: Final = 64

_PLACEHOLDERS: Final = {
    "{uid}": re.compile(r"(?=.{1,64}$)[0-9]+(\.[0-9]+)+"),  # PS3.5 9.1
    "{frames}": re.compile(r"[0-9]+((,|%2C)[0-9]+)*"),  # PS3.18 10.4.1.1.3
    "{orthanc}": re.compile(
        r"[0-9a-f]{8}(-[0-9a-f]{8}){4}"
    ),  # SHA-1 in five groups, Orthanc Book "Orthanc identifiers"
    "{aet}": re.compile(r".{1,48}"),  # 16 characters, perhaps each one percent-encoded
    "{type}": re.compile(r"[A-Z][A-Za-z]{2,39}"),  # FHIR resource type names
    "{id}": re.compile(r"[A-Za-z0-9.-]{1,64}"),  # FHIR R4 2.24.0.1, id
}
_BASES: Final = {
    "{dicomweb}": (
        "/dicom-web",  # Orthanc DICOMweb plugin, its default root
        "/dcm4chee-arc/aets/{aet}/rs",  # https://github.com/dcm4che/dcm4chee-arc-light/issues/1907
    ),
    "{fhir}": ("/fhir", "{base}/fhir", "/baseR4"),  # the last one is https://hapi.fhir.org/baseR4
}
_BASES_OF_ANY: Final = (*_BASES["{dicomweb}"], "{base}")


class Service(NamedTuple):
    """A row of the table that a request target matched."""

    name: str
    template: str
    query: str  # key, or key=value, that must be in the query; empty when none need be


class _Node:
    """One place in the tree of templates."""

    __slots__ = ("literals", "placeholders", "services")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.placeholders: dict[str, _Node] = {}
        self.services: list[tuple[str, Service]] = []  # method (empty for any) and service, the most particular first


def _grow(root: _Node, segments: list[str], method: str, service: Service) -> None:
    node = root
    for segment in segments:
        if segment in _PLACEHOLDERS:
            if segment not in node.placeholders:
                node.placeholders[segment] = _Node()
            node = node.placeholders[segment]
        else:
            node = node.literals.setdefault(segment, _Node())
    node.services.append((method, service))
    node.services.sort(key=lambda row: (row[1].query == "", row[0] == ""))


@cache
def _trees() -> tuple[_Node, _Node]:
    """Return the templates that begin at the root of a server, and those that may begin anywhere."""
    rooted, floating = _Node(), _Node()
    for row in csv.DictReader(files(__package__).joinpath("paths.csv").read_text("utf-8").splitlines()):
        front, slash, rest = row["template"].partition("/")
        for base in _BASES_OF_ANY if front == "{any}" else _BASES.get(front, ("",)):
            template = base + slash + rest
            tree = floating if template.startswith("{base}") else rooted
            segments = template.removeprefix("{base}").split("/")[1:]
            _grow(tree, segments, row["method"], Service(row["service"], template, row["query"].lower()))
    return rooted, floating


def _walk(node: _Node, segments: list[str]) -> _Node | None:
    for segment in segments:
        below = node.literals.get(segment)
        if below is None:
            places = node.placeholders.items()
            below = next((one for name, one in places if _PLACEHOLDERS[name].fullmatch(segment)), None)
            if below is None:
                return None
        node = below
    return node


def _choose(node: _Node | None, method: str, query: dict[str, str]) -> Service | None:
    for wanted, service in node.services if node else ():
        key, _, value = service.query.partition("=")
        if wanted in ("", method) and (not key or (key in query and value in ("", query[key].lower()))):
            return service
    return None


def split_target(target: bytes) -> tuple[list[str], dict[str, str]]:
    """Return the path segments of an origin-form `target` and its query, keys in lower case and undecoded.

    Empty segments and path parameters (;jsessionid=...) are dropped.
    """
    path, _, query = target.partition(b"?")
    names = path.decode("latin-1").split("/") if len(path) <= _MAX_PATH else ()
    segments = [segment for name in names if (segment := name.partition(";")[0])]
    pairs = query[:_MAX_QUERY].decode("latin-1").split("&", _MAX_QUERY_KEYS) if query else ()
    return segments, {key.lower(): value for key, _, value in (pair.partition("=") for pair in pairs)}


def recognise(method: str, segments: list[str], query: dict[str, str]) -> Service | None:
    """Return the service that a request of `method` for this path and query asks for, if the table knows it."""
    if len(segments) > _MAX_SEGMENTS:
        return None
    rooted, floating = _trees()
    found = _choose(_walk(rooted, segments), method, query)
    for at, segment in enumerate(segments):
        if found:
            return found
        if segment in floating.literals:
            found = _choose(_walk(floating, segments[at:]), method, query)
    return found or _choose(floating, method, query)
