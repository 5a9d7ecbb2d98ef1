"""Find the captures that a command line names: files, folders, stdin."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sensor.sources.errors import CaptureError, CaptureUnavailable, NotACapture, unavailable
from sensor.sources.files import STDIN, open_capture

_PEEK = 1 << 16  # bytes of read buffer: enough to look at the beginning


@dataclass(slots=True)
class Found:
    """What was named, and how much of it is not a capture."""

    captures: list[str] = field(default_factory=list)  # as given, each once; those of a folder sorted; "-" is stdin
    skipped: int = 0  # files in folders that are not captures


def find_captures(paths: Iterable[str | Path], recursive: bool = False) -> Found:
    """Expand `paths`: of folders, the files that are captures; files given by name are taken as they are.

    Raises CaptureUnavailable for a path that is missing, for a folder without `recursive`, and for one without any
    capture in it.
    """
    found = Found()
    for path in map(str, paths):
        if not _is_folder(path):
            found.captures.append(path)
            continue
        if not recursive:
            raise CaptureUnavailable(f"{path}: is a folder; add -R to read the captures in it")
        files = list(_files(path))
        captures = [file for file in files if _is_capture(file)]
        if not captures:
            raise CaptureUnavailable(f"{path}: no captures in this folder ({len(files)} other files)")
        found.captures += captures
        found.skipped += len(files) - len(captures)
    found.captures = list(dict.fromkeys(found.captures))
    return found


def first_time(path: str | Path) -> int | None:
    """Return the time of the first packet in Unix nanoseconds, reading only the beginning of the file.

    None if there is none, if it is not a capture, or if it is a pipe, which can be read only once.
    """
    if not Path(path).is_file():
        return None
    try:
        source = open_capture(path, _PEEK)
    except CaptureError:
        return None
    try:
        return next((int(batch.times[0]) for batch in source), None)
    finally:
        source.close()


def _is_folder(path: str) -> bool:
    if path == STDIN:
        return False
    try:
        return stat.S_ISDIR(Path(path).stat().st_mode)
    except OSError as error:
        raise unavailable(path, error) from None


def _files(folder: str) -> Iterator[str]:
    """Regular files in and under `folder`, sorted; links to folders are not followed."""
    for at, folders, names in os.walk(folder):
        folders.sort()
        yield from (str(path) for name in sorted(names) if (path := Path(at, name)).is_file())


def _is_capture(path: str) -> bool:
    try:
        open_capture(path, _PEEK).close()
    except NotACapture:
        return False
    except CaptureError:  # who reads it will be told why it cannot be read
        return True
    return True
