"""Wire bytes become text here, once: bounded, printable, and never more than one line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from hashlib import blake2b

MAX_TEXT = 256  # characters kept of any single value

# C0/C1 controls, DEL, line and paragraph separators, bidi and zero-width marks, invisible letters, BOM, surrogates and
# non-characters: none of them belongs in a device attribute, and each can deceive a terminal or a reader.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff0-\ufffc\ufffe\uffff\U000e0000-\U000e0fff]+"
)
_MAILBOX = re.compile(r"[^\s@<>()\[\],;:\"']{1,64}@[^\s@<>()\[\],;:\"']{1,255}")

Pseudonym = Callable[[bytes], str]


def clean(raw: bytes | str, encoding: str = "utf-8") -> str:
    """Return `raw` as one printable line of at most `MAX_TEXT` characters, outer blanks removed.

    Undecodable bytes are shown as U+FFFD; an unknown or unusable `encoding` falls back to Latin-1. Never raises.
    """
    text = _decode(raw[: 4 * MAX_TEXT], encoding) if isinstance(raw, bytes) else raw[: 4 * MAX_TEXT]
    return text.strip() if text.isascii() and text.isprintable() and len(text) <= MAX_TEXT else _scrub(text)


def _decode(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding, "replace")
    except (LookupError, ValueError):
        return raw.decode("latin-1")


def _scrub(text: str) -> str:
    return " ".join(_UNPRINTABLE.sub(" ", text).split())[:MAX_TEXT].rstrip()


def without_mailboxes(text: str) -> str:
    """Return `text` without the mail addresses in it (RFC 5322 3.4.1): in banners and descriptions, people's stand."""
    return " ".join(_MAILBOX.sub(" ", text).split()) if "@" in text else text


def canonical(parts: object) -> str:
    """Return `parts` as JSON with sorted keys and no blanks, so that equal values are equal text."""
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def pseudonymiser(key: bytes) -> Pseudonym:
    """Return a function that turns an identifier into 16 hex digits which only `key` can link back (keyed BLAKE2b).

    The inventory keeps its own random key, so that the same message or series is recognised again within it.
    """

    def pseudonym(identifier: bytes) -> str:
        return blake2b(identifier, key=key, digest_size=8).hexdigest()

    return pseudonym
