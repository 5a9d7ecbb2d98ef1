"""Names as NetBox takes them: short enough, and unique where it wants them to be."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from hashlib import sha256
from typing import Final

from inventory.export import Row, to_text

_NAME: Final = 64  # characters of a device's name
_SLUG: Final = 100
# netbox/ipam/validators.py: DNSValidator
_DNS_NAME: Final = re.compile(r"([0-9A-Za-z_-]+|\*)(\.[0-9A-Za-z_-]+)*\.?")


def cut(text: str, length: int) -> str:
    """Return printable text of at most `length` characters; what was longer ends in a digest, to stay distinct."""
    text = " ".join(to_text(text).split())
    return text if len(text) <= length else f"{text[: length - 9].rstrip()} {_digest(text)}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]


class Namer:
    """The name of each device by its id: what people call it, made unique with its id where others are called so."""

    def __init__(self, devices: list[Row]) -> None:
        called = {row["device_id"]: cut(_called(row), _NAME) for row in devices}
        uses = Counter(name.lower() for name in called.values())  # NetBox compares them without regard to case
        self._names = {
            device_id: name if uses[name.lower()] == 1 else f"{cut(name, _NAME - 16)} ({device_id})"
            for device_id, name in called.items()
        }

    def __getitem__(self, device_id: str) -> str:
        return self._names[device_id]

    def dns(self, row: Row) -> str:
        """Return the first full host name that NetBox takes for one; "" if there is none."""
        names = (name for name in row["hostnames"] if "." in name and len(name) <= 255)
        return str(next((name.lower() for name in names if _DNS_NAME.fullmatch(name)), ""))


def _called(row: Row) -> str:
    names: list[str | None] = [*row["hostnames"][:1], row["station_name"], *row["ae_titles"][:1], row["device_id"]]
    return next(name for name in names if name and name.strip())


class Slugs:
    """Slugs, each unique among those of its kind."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, str]] = set()

    def of(self, kind: str, name: str) -> str:
        """Return a slug for `name`: letters, digits and hyphens, with a digest where that says too little."""
        ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        slug = re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")
        if not slug or len(slug) > _SLUG or (kind, slug) in self._taken:
            slug = f"{slug[: _SLUG - 9]}-{_digest(name)}".strip("-")
        self._taken.add((kind, slug))
        return slug
