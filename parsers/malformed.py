"""The one exception that may leave a parser."""

from __future__ import annotations


class Malformed(Exception):  # noqa: N818 - it is the verdict's name, as in "malformed packet"
    """The bytes break the protocol beyond repair. `reason` is a fixed phrase, never bytes from the wire."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset
