"""LDIF, the text form of a directory (RFC 2849), with names after RFC 4514. Every value may be hostile."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Final, TextIO

WIDTH: Final = 76  # columns before a line is folded (RFC 2849, note 2)

# SAFE-STRING: ASCII that does not begin with a blank, ":" or "<", nor ends in a blank (note 8). Most control characters
# would be allowed, too; base64 keeps them from a terminal.
_SAFE: Final = re.compile(r"(?![ :<])[\x20-\x7e]*(?<! )")
_SPECIAL: Final = re.compile(r'[",+;<>\\=]|^[ #]| $')  # RFC 4514 2.4; "=" may be escaped, too
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_PART: Final = r"""[A-Za-z][A-Za-z0-9-]{0,63}=(?:[^\x00-\x1f\x7f",+;<>\\=]|\\[ #=",+;<>\\]|\\[0-9A-Fa-f]{2}){1,256}"""
_NAME: Final = re.compile(f"{_PART}(?:,{_PART}){{0,15}}")

Attributes = Sequence[tuple[str, str]]


class LdifWriter:
    """Writes entries to add, one behind the other, to `file`."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        file.write("version: 1\n")

    def comment(self, text: str) -> None:
        """Write a comment: fixed words of ours, never a value."""
        self._file.write(f"# {text}\n")

    def entry(self, name: str, attributes: Attributes) -> None:
        """Write the entry called `name`, a distinguished name."""
        self._file.write("\n" + line("dn", name) + "".join(line(*attribute) for attribute in attributes))


def line(attribute: str, value: str) -> str:
    """Return `attribute: value`, in base64 where it has to be, folded, with its line feed."""
    if _SAFE.fullmatch(value):
        text = f"{attribute}: {value}"
    else:
        text = f"{attribute}:: {b64encode(value.encode('utf-8', 'replace')).decode('ascii')}"
    first, rest = text[:WIDTH], text[WIDTH:]
    step = WIDTH - 1  # a folded line goes on behind one blank
    return "\n ".join([first, *(rest[at : at + step] for at in range(0, len(rest), step))]) + "\n"


def child(attribute: str, value: str, parent: str) -> str:
    """Return the name of the entry below `parent` that is told by `attribute`. `value` must not be empty."""
    escaped = _SPECIAL.sub(lambda found: "\\" + found[0], value)
    escaped = _CONTROL.sub(lambda found: f"\\{ord(found[0]):02x}", escaped)
    return f"{attribute}={escaped},{parent}"


def is_name(text: str) -> bool:
    """Say whether `text` is a distinguished name such as "dc=example,dc=org", each part with one attribute."""
    return bool(_NAME.fullmatch(text))
