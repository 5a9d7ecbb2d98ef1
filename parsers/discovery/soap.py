"""The announcements in a WS-Discovery SOAP envelope, read in one pass with expat.

No document type definition, hence no entities; a bounded depth; UTF-8, whatever the document says of itself.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from parsers.malformed import Malformed

_SEPARATOR: Final = " "  # between namespace and name: neither can hold a blank
_NAMESPACES: Final = (  # WS-Discovery of 2005/04 and 1.1
    "http://schemas.xmlsoap.org/ws/2005/04/discovery",
    "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01",
)
# The elements that hold one announced target each; Bye says that it goes.
_TARGETS: Final = frozenset(f"{uri} {name}" for uri in _NAMESPACES for name in ("Hello", "ProbeMatch", "ResolveMatch"))
_TEXTS: Final = {f"{uri} {name}": name for uri in _NAMESPACES for name in ("Types", "Scopes")}
_ADDRESSES: Final = frozenset(  # WS-Addressing of 2004/08 and 1.0
    f"{uri} Address"
    for uri in ("http://schemas.xmlsoap.org/ws/2004/08/addressing", "http://www.w3.org/2005/08/addressing")
)
_MAX_DEPTH: Final = 32
_MAX_TARGETS: Final = 32
_MAX_TEXT: Final = 8192  # characters of one element
_MAX_TOKENS: Final = 64  # in a list of types or scopes

QName = tuple[str | None, str]  # namespace, None where the prefix is not declared; local name, or what stands there


@dataclass(slots=True)
class Target:
    """One announced endpoint."""

    address: str = ""
    types: list[QName] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)


class _Reader:
    """Handlers of expat, and what they know. `wanted` is the element whose text is being gathered."""

    def __init__(self) -> None:
        self.targets: list[Target] = []
        self.depth = 0
        self.ended = False  # the root element has
        self.target_depth: int | None = None
        self.wanted: str | None = None
        self.wanted_depth = 0
        self.text: list[str] = []
        self.length = 0
        self.prefixes: dict[str, list[str]] = defaultdict(list)  # prefix -> namespaces, innermost last
        self.parser = expat.ParserCreate("utf-8", _SEPARATOR)
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartNamespaceDeclHandler = self._start_namespace
        self.parser.EndNamespaceDeclHandler = self._end_namespace
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _doctype(self, *_: object) -> None:
        raise Malformed("document type in SOAP", self.parser.CurrentByteIndex)  # SOAP 1.2 part 1, clause 5

    def _start_namespace(self, prefix: str | None, uri: str | None) -> None:
        self.prefixes[prefix or ""].append(uri or "")

    def _end_namespace(self, prefix: str | None) -> None:
        self.prefixes[prefix or ""].pop()

    def _start(self, name: str, _: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise Malformed("elements nested too deep", self.parser.CurrentByteIndex)
        if self.target_depth is None:
            if name in _TARGETS and len(self.targets) < _MAX_TARGETS:
                self.targets.append(Target())
                self.target_depth = self.depth
        elif self.wanted is None and (
            (name in _TEXTS and self.depth == self.target_depth + 1)
            or (name in _ADDRESSES and self.depth == self.target_depth + 2)
        ):
            self.wanted, self.wanted_depth = name, self.depth
            self.text, self.length = [], 0

    def _characters(self, text: str) -> None:
        if self.wanted is not None and self.depth == self.wanted_depth and self.length < _MAX_TEXT:
            self.text.append(text)
            self.length += len(text)

    def _end(self, _: str) -> None:
        if self.wanted is not None and self.depth == self.wanted_depth:
            self._take(self.wanted, "".join(self.text)[:_MAX_TEXT])
            self.wanted = None
        if self.depth == self.target_depth:
            self.target_depth = None
        self.depth -= 1
        self.ended = self.depth == 0

    def _take(self, name: str, text: str) -> None:
        target = self.targets[-1]
        if name in _ADDRESSES:
            target.address = target.address or text.strip()
            return
        tokens = text.split(None, _MAX_TOKENS)[:_MAX_TOKENS]
        if _TEXTS[name] == "Scopes":
            target.scopes = target.scopes or tokens
        else:
            target.types = target.types or [self._qname(token) for token in tokens]

    def _qname(self, token: str) -> QName:
        prefix, colon, local = token.partition(":")
        if not (colon and prefix):
            prefix, local = "", token
        declared = self.prefixes.get(prefix)
        return (declared[-1] if declared else None), local


def read_targets(document: bytes) -> tuple[list[Target], Malformed | None]:
    """Return the targets that are announced, and why reading ended early (None where it did not).

    A target that the document does not hold as a whole has what was whole of it.
    """
    reader = _Reader()
    try:
        reader.parser.Parse(document, True)
    except expat.ExpatError:
        if not reader.ended:  # what stands behind the envelope is no harm: the end of a C string, a frame's check sum
            return reader.targets, Malformed("no well-formed XML", reader.parser.ErrorByteIndex)
    except Malformed as malformed:
        return reader.targets, malformed
    return reader.targets, None
