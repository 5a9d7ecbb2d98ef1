"""The head of a data set, read with pydicom's element reader: PS3.5 7.

A data set is hostile and mostly cut short here, so reading never raises: it ends where an element is broken or cut, and
what was read until then is kept. `Head.covers_equipment` tells whether that can be relied on; where it is False nothing
is said of the data set at all. pydicom is imported on first use (0.2 s), and kept from logging or warning: its messages
may quote values.
"""

from __future__ import annotations

import logging
import sys
import warnings
import zlib
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any, Final, NamedTuple

from parsers.text import MAX_TEXT, clean

MAX_HEAD: Final = 1 << 15  # bytes of a data set that are looked at

SPECIFIC_CHARACTER_SET: Final = 0x00080005
SERIES_INSTANCE_UID: Final = 0x0020000E
_PIXEL_DATA_GROUP: Final = 0x7FE00000
_TEXT_DELIMITERS = {0x09, 0x0A, 0x0C, 0x0D}  # each resets a code extension: PS3.5 6.1.2.5.3


class Syntax(NamedTuple):
    """How data elements are encoded: PS3.5 10 and annex A."""

    implicit: bool
    little: bool
    deflated: bool = False


IMPLICIT_LITTLE: Final = Syntax(True, True)
EXPLICIT_LITTLE: Final = Syntax(False, True)
EXPLICIT_BIG: Final = Syntax(False, False)
DEFLATED: Final = Syntax(False, True, True)

_SYNTAXES = {
    "1.2.840.10008.1.2": IMPLICIT_LITTLE,  # PS3.5 A.1
    "1.2.840.10008.1.2.2": EXPLICIT_BIG,  # PS3.5 A.3
    "1.2.840.10008.1.2.1.99": DEFLATED,  # PS3.5 A.5
    "1.2.840.10008.1.2.4.95": DEFLATED,  # JPIP Referenced Deflate: PS3.5 A.7
    "1.2.840.10008.1.2.4.205": DEFLATED,  # JPIP HTJ2K Referenced Deflate
}


def syntax_of(transfer_syntax_uid: str) -> Syntax | None:
    """Return the encoding that a transfer syntax stands for; None for a private one, to be guessed."""
    if transfer_syntax_uid.startswith("1.2.840.10008.1.2"):
        return _SYNTAXES.get(transfer_syntax_uid, EXPLICIT_LITTLE)  # every encapsulated syntax: PS3.5 A.4
    return None


def guess_syntax(head: bytes | bytearray) -> Syntax:
    """Return the encoding that makes sense of the first element of `head`; deflated when none does."""
    little, big = int.from_bytes(head[0:2], "little"), int.from_bytes(head[0:2], "big")
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    if 0 < big < little and explicit:  # the first group is a small number: 0008, 0010...
        return EXPLICIT_BIG
    if 0 < little < big:
        if explicit:
            return EXPLICIT_LITTLE
        if int.from_bytes(head[4:8], "little") < MAX_HEAD or head[4:8] == b"\xff\xff\xff\xff":
            return IMPLICIT_LITTLE
    return DEFLATED


def inflate(head: bytes | bytearray) -> bytes:
    """Return the first bytes of a deflated data set (PS3.5 A.5), b"" when `head` is not deflated."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(head, MAX_HEAD)
    except zlib.error:
        return b""


Item = dict[int, tuple[str | None, Any]]  # tag -> VR and value; the value as in Element


class Element(NamedTuple):
    """A top-level data element: its encoding is head[start:end], its value bytes (or a sequence that pydicom read)."""

    vr: str | None
    start: int
    end: int
    value: Any


@dataclass(slots=True)
class Head:
    """The elements of the first bytes of a data set, in the order they were met."""

    elements: dict[int, Element]
    covers_equipment: bool  # read in good order to behind Series Instance UID, or to the end of the data set
    syntax: Syntax
    encodings: list[str]

    def raw(self, tag: int) -> bytes:
        """Return the value bytes of an element; b"" when absent."""
        element = self.elements.get(tag)
        return element.value if element and isinstance(element.value, bytes) else b""

    def text(self, tag: int) -> str:
        """Return an element as one cleaned line; "" when absent or blank."""
        return self.decode(self.raw(tag))

    def texts(self, tag: int) -> list[str]:
        """Return the values of an element, each cleaned."""
        return self.split(self.raw(tag))

    def split(self, value: bytes) -> list[str]:
        """Return the parts of a multi-valued value, each cleaned."""
        # First decoded, then split: in some character sets the byte 5CH is half of a character.
        return [clean(part) for part in self._characters(value).split("\\")]

    def decode(self, value: bytes) -> str:
        """Return text of this data set's character set as one cleaned line."""
        return clean(self._characters(value))

    def items(self, tag: int) -> list[Item]:
        """Return the items of a top-level sequence; [] when absent or broken."""
        element = self.elements.get(tag)
        return self.nested(element.vr, element.value) if element else []

    def nested(self, vr: str | None, value: Any) -> list[Item]:
        """Return the items of a sequence, of which `value` is the encoding or what pydicom has read already."""
        try:
            with _quiet_pydicom():
                if isinstance(value, bytes):
                    implicit, little = (True, True) if vr == "UN" else self.syntax[:2]  # PS3.5 6.2.2 note 2
                    value = _filereader().read_sequence(BytesIO(value), implicit, little, len(value), self.encodings)
                return [_item(dataset) for dataset in value]
        except Exception:  # any fault of the sequence: it is not known, then
            return []

    def _characters(self, value: bytes) -> str:
        # A NUL ends the text: it is padding, or a length that lies has swallowed the header of the next element.
        value = value[: 4 * MAX_TEXT].partition(b"\0")[0]
        if value.isascii() and b"\x1b" not in value:
            return value.decode("ascii")
        try:
            with _quiet_pydicom():
                from pydicom.charset import decode_bytes

                return str(decode_bytes(value, self.encodings, _TEXT_DELIMITERS))
        except Exception:  # a character set that is none, or is not kept to
            return value.decode("latin-1")


def read_head(head: bytes | bytearray, syntax: Syntax, whole: bool) -> Head:
    """Read the elements of `head` in front of the pixel data. `whole`: the data set ends with it. Never raises."""
    elements: dict[int, Element] = {}
    reached = 0  # highest tag that was come to, read or not
    broken = False
    encodings = ["iso8859"]

    def stop(tag: int, vr: str | None, length: int) -> bool:
        nonlocal reached
        reached = max(reached, int(tag))
        return tag >= _PIXEL_DATA_GROUP

    stream = BytesIO(head)
    start = 0
    try:
        with _quiet_pydicom():
            generator = _filereader().data_element_generator(stream, syntax.implicit, syntax.little, stop)
            for element in generator:
                end = stream.tell()
                value = element.value or b""
                if isinstance(value, bytes) and element.length not in (len(value), 0xFFFFFFFF):
                    broken = True  # cut
                    break
                elements[int(element.tag)] = Element(element.VR, start, end, value)
                start = end
            broken = broken or start < len(head)  # less than a header is left (or pixel data, which is covered)
            if SPECIFIC_CHARACTER_SET in elements:
                from pydicom.charset import convert_encodings

                names = elements[SPECIFIC_CHARACTER_SET].value.decode("latin-1").split("\\")
                encodings = convert_encodings([name.strip("\0 ") for name in names])
    except Exception:  # pydicom raises nearly anything on hostile bytes; the elements in front of them still count
        broken = True
    covered = reached > SERIES_INSTANCE_UID or (whole and not broken)
    return Head(elements, covered, syntax, encodings)


def _item(dataset: Any) -> Item:
    elements = {int(tag): dataset.get_item(tag) for tag in tuple(dataset.keys())}
    return {tag: (element.VR, element.value) for tag, element in elements.items()}


@cache
def _filereader() -> Any:
    # pydicom loads an HTTP client if there is one, to download its test files: 0.1 s, and nothing for a passive sensor.
    client = sys.modules.get("requests")
    sys.modules["requests"] = None  # type: ignore[assignment]
    try:
        import pydicom.filereader
    finally:
        if client is None:
            del sys.modules["requests"]
        else:
            sys.modules["requests"] = client
    logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
    return pydicom.filereader


def _quiet_pydicom() -> warnings.catch_warnings[None]:
    return warnings.catch_warnings(action="ignore")
