"""What can be wrong with an input before its first packet. Each message is one line: what it is, and what to do."""

from __future__ import annotations

import os


class CaptureError(Exception):
    """A capture that cannot be opened; `str()` is one clear line that begins with its name."""


class CaptureUnavailable(CaptureError):  # noqa: N818 - it is the verdict's name
    """Nothing there to read: missing, not permitted, a folder without -R, a folder without captures."""


class NotACapture(CaptureError):  # noqa: N818
    """There is a file, but not a capture: another format, empty, or compressed twice."""


class ReadFailed(Exception):  # noqa: N818 - internal: a Window turns it into the end of its data
    """The bytes of an input end early. `reason` is a fixed phrase, or what the operating system says."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def unavailable(name: str, error: OSError) -> CaptureUnavailable:
    """Say in one line why the operating system does not give us `name`."""
    if isinstance(error, FileNotFoundError):
        return CaptureUnavailable(f"{name}: no such file or folder")
    if isinstance(error, PermissionError):
        return CaptureUnavailable(f"{name}: no permission to read it; run as a user who may, or change its mode")
    return CaptureUnavailable(f"{name}: cannot be read ({os.strerror(error.errno or 0)})")
