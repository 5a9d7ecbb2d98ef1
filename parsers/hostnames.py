"""What may pass for the name of a host or domain: told apart from placeholders, addresses and free text."""

from __future__ import annotations

import re
from typing import Final

from parsers.text import clean

# Labels of RFC 1123 2.1, with the underscores of NetBIOS names and letters of any script.
_NAME: Final = re.compile(r"\w[\w-]{0,62}(?:\.[\w-]{1,63}){0,16}")
_PLACEHOLDERS: Final = frozenset(("localhost", "localhost.localdomain", "workstation", "null", "none", "unknown"))


def host_name(raw: bytes | str, encoding: str = "utf-8") -> str:
    """Return `raw` as text if it can be the name of one host or domain, else "". The dot of the root is dropped."""
    name = clean(raw, encoding).removesuffix(".")
    if not _NAME.fullmatch(name) or not any(map(str.isalpha, name)) or name.lower() in _PLACEHOLDERS:
        return ""
    return name
