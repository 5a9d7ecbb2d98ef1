"""What was found wrong with a capture while it was read, told in one line."""

from __future__ import annotations

CUT_SHORT = "cut short: last packet incomplete"
MAX_DAMAGES = 1000  # after so many damaged places the rest of a file is not worth its time


class Faults:
    """Collects damage in O(1) space. Byte positions count from the start of the (decompressed) capture."""

    def __init__(self) -> None:
        self.damages = 0
        self.unusable = 0  # frames that were counted but have no readable content
        self._first = 0
        self._skipped = 0
        self._notes: list[str] = []

    @property
    def too_many(self) -> bool:
        """Whether reading on makes no sense."""
        return self.damages >= MAX_DAMAGES

    def damage(self, at: int, skipped: int) -> None:
        """Count a place at byte `at` behind which `skipped` bytes could not be read."""
        if not self.damages:
            self._first = at
        self.damages += 1
        self._skipped += skipped

    def note(self, text: str) -> None:
        """Add a fixed phrase, once."""
        if text not in self._notes:
            self._notes.append(text)

    @property
    def text(self) -> str | None:
        """One line that tells everything, or None when nothing was wrong."""
        parts = []
        if self.damages:
            more = f" and {self.damages - 1} more places" if self.damages > 1 else ""
            parts.append(f"damaged at byte {self._first}{more}: skipped {self._skipped} bytes")
        if self.unusable:
            parts.append(f"{self.unusable} unusable packets (empty, too long, or of an unknown interface)")
        return "; ".join(parts + self._notes) or None
