"""The bytes of a file or pipe as they come: read once, counted and hashed on the way."""

from __future__ import annotations

import os
import select
import stat
import time
from hashlib import sha256
from threading import Thread
from typing import Protocol

from sensor.sources.errors import ReadFailed

GATHER = 0.2  # seconds a pipe's first bytes wait for more, so that a busy pipe gives large batches
_INLINE = 65536  # bytes below which hashing costs less than a thread


class Reader(Protocol):
    """Bytes in order, each once."""

    live: bool  # a pipe, which may pause: what has arrived must be handed on at once

    def readinto(self, view: memoryview) -> int:
        """Fill (part of) `view` and return how many bytes; 0 at the end. Raises ReadFailed.

        Who calls it leaves the filled bytes as they are until the next call returns: they may still be being hashed.
        """


class RawInput:
    """An open file descriptor as a Reader. Regular files are read in whole windows, pipes as their data arrives."""

    def __init__(self, descriptor: int, owned: bool = True) -> None:
        status = os.fstat(descriptor)
        regular = stat.S_ISREG(status.st_mode)
        self.live = not regular
        self.size: int | None = status.st_size if regular else None
        self.bytes_read = 0
        self._descriptor = descriptor
        self._owned = owned
        self._head = b""
        self._digest = sha256()
        self._hashing: Thread | None = None

    def head(self, count: int) -> bytes:
        """Return up to `count` of the next bytes without consuming them."""
        while len(self._head) < count:
            more = bytearray(count - len(self._head))
            got = self._fill(memoryview(more))
            if not got:
                break
            self._head += more[:got]
        return self._head[:count]

    def readinto(self, view: memoryview) -> int:
        if self._head:
            count = min(len(view), len(self._head))
            view[:count] = self._head[:count]
            self._head = self._head[count:]
            return count
        count = self._fill(view)
        if self.live and count:
            deadline = time.monotonic() + GATHER
            while count < len(view) and self._arrives_before(deadline):
                more = self._fill(view[count:])
                if not more:
                    break
                count += more
        return count

    def read(self, count: int) -> bytes:
        """Return up to `count` bytes, b"" at the end."""
        chunk = bytearray(count)
        return bytes(memoryview(chunk)[: self.readinto(memoryview(chunk))])

    def finish(self) -> str:
        """Read what is left and return the SHA-256 of everything, in hex."""
        rest = memoryview(bytearray(1 << 20))
        while self.readinto(rest):
            pass
        self._settle()
        return self._digest.hexdigest()

    def close(self) -> None:
        self._settle()
        if self._owned and self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _arrives_before(self, deadline: float) -> bool:
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return bool(poll.poll(left * 1000))

    def _fill(self, view: memoryview) -> int:
        try:
            count = os.readv(self._descriptor, [view])
        except OSError as error:
            raise ReadFailed(f"reading failed at byte {self.bytes_read}: {os.strerror(error.errno or 0)}") from None
        self.bytes_read += count
        self._settle()
        if count >= _INLINE:  # hashlib lets go of the GIL: this runs beside the dissection of the same window
            self._hashing = Thread(target=self._digest.update, args=(view[:count],), daemon=True)
            self._hashing.start()
        else:
            self._digest.update(view[:count])
        return count

    def _settle(self) -> None:
        if self._hashing is not None:
            self._hashing.join()
            self._hashing = None
