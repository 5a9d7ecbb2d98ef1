"""Find the way back into a damaged capture: the next place where several plausible records follow each other.

Linear in the bytes it passes: candidates of a piece of the window are tested all at once, link by link.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sensor.sources.batch import Int64
from sensor.sources.faults import Faults
from sensor.sources.window import Window

LINKS = 4  # records in a row that must be plausible
FIRST_PIECE = 1 << 12  # bytes tested at once at first, as damage is mostly small
PIECE = 1 << 18  # and at most

Candidates = Callable[[int, int], Int64]  # (begin, stop) -> window offsets in [begin, stop) where a record may begin
Step = Callable[[Int64], Int64]  # offsets of headers inside the window -> where the next begins; -1: implausible


def resynchronise(window: Window, faults: Faults, header: int, candidates: Candidates, step: Step) -> bool:
    """Move `window.start` from a damaged record on to the next good one. False if there is none.

    `header` is the least number of bytes of a record. The bytes passed over are told to `faults`.
    """
    damaged = window.position
    window.start += 1
    found = False
    while not found:
        last_chance = window.ended
        window.start, found = _search(window, header, candidates, step)
        if not found and not window.more() and last_chance:
            window.start = window.end
            break
    faults.damage(damaged, window.position - damaged)
    if faults.too_many:
        faults.note("too many damaged places: gave up on the rest")
        return False
    return found


def every_offset(window: Window, begin: int, stop: int, field: np.dtype[np.uint32]) -> npt.NDArray[np.uint32]:
    """The 32-bit integers at each byte offset of [begin, stop), as a view."""
    return np.ndarray((stop - begin,), field, window.buffer.data, offset=begin, strides=(1,))


def _search(window: Window, header: int, candidates: Candidates, step: Step) -> tuple[int, bool]:
    """Return (offset, True) of a good record, or (offset, False) from which to search on when more bytes are there."""
    behind = max(window.start, window.end - header + 1)
    begin, size = window.start, FIRST_PIECE
    while begin < behind:
        first = candidates(begin, min(begin + size, behind))
        begin, size = begin + size, min(size * 4, PIECE)
        at = first.copy()
        links = np.zeros(len(at), np.int64)
        for _ in range(LINKS):
            inside = at + header <= window.end
            at[inside] = step(at[inside])
            links[inside] += 1
            kept = at >= 0
            first, at, links = first[kept], at[kept], links[kept]
        certain = links == LINKS
        if window.ended:  # a chain may end sooner if it ends with the capture
            certain |= (at == window.end) | (links > 1)
            first, certain = first[certain], certain[certain]
        if len(first):
            return int(first[0]), bool(certain[0])
    return behind, False
