"""Ctrl-C and SIGTERM: what is being read is finished and kept; what is being waited for is not."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


class _Interrupted(Exception):  # noqa: N818 - it is an event, not an error
    """The user asked to stop while the next packets were awaited."""


class StopSignal:
    """Remembers that the user asked to stop; breaks off only the waiting for more packets."""

    def __init__(self) -> None:
        self.asked = False
        self._waiting = False

    def install(self) -> None:
        """Take over SIGINT and SIGTERM; of the main thread only."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def next(self, iterator: Iterator[T]) -> T | None:
        """Return the next item; None at the end, or when asked to stop."""
        if self.asked:
            return None
        try:
            self._waiting = True
            return next(iterator, None)
        except _Interrupted:
            return None
        finally:
            self._waiting = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        if self._waiting:
            self._waiting = False
            raise _Interrupted
