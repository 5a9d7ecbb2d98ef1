"""Lists that people keep, as CSV of any shape: encoding and delimiter are found out."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from inventory.errors import InventoryError

MAX_SIZE: Final = 64 << 20  # bytes
_MARKS: Final = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class CsvRows(Iterator[list[str]]):
    """The rows of a list. Raises csv.Error for what is none, such as a quote that nothing closes."""

    def __init__(self, text: str) -> None:
        lines = text.splitlines(keepends=True)
        first = lines[0] if lines else ""
        told = re.match(r"sep=(.)\s*$", first)  # Excel's way to tell
        delimiter = told[1] if told else max(",;\t|", key=first.count)
        self._skipped = 1 if told else 0
        self._reader = csv.reader(lines[self._skipped :], delimiter=delimiter, strict=True)

    @property
    def line(self) -> int:
        """Where in the text the last row ended, from 1."""
        return self._reader.line_num + self._skipped

    def __next__(self) -> list[str]:
        return next(self._reader)


def read_text(file: Path) -> str:
    """Return the text of `file`, whatever program wrote it. Raises InventoryError for what is no text."""
    try:
        if file.stat().st_size > MAX_SIZE:
            raise InventoryError(f"{file} is too large for a list of devices")
        return decode(file.read_bytes(), str(file))
    except OSError as error:
        raise InventoryError(f"{file} cannot be read: {(error.strerror or 'error').lower()}") from None


def decode(content: bytes, file: str) -> str:
    """Return `content` as text, whatever program wrote it to `file`. Raises InventoryError for what is no text."""
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise InventoryError(f"{file} is a spreadsheet: save it as CSV")
    marked = [encoding for mark, encoding in _MARKS.items() if content.startswith(mark)]
    if not marked and content[1:8:2] != b"\0\0\0\0" and b"\0" in content[:4096]:
        raise InventoryError(f"{file} is no text file")
    encoding = marked[0] if marked else "utf-16-le" if content[1:8:2] == b"\0\0\0\0" else "utf-8"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return content.decode("latin-1")
