"""Which captures to read, in which order."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from sensor.cli.reading import Planned
from sensor.cli.stopping import StopSignal
from sensor.sources.errors import CaptureUnavailable, unavailable
from sensor.sources.find import find_captures, first_time

LOOK_AGAIN = 1.0  # seconds between two looks at a folder that is followed


def plan(paths: Sequence[str], recursive: bool) -> tuple[list[Planned], int]:
    """Return the captures of `paths` in the order of their first packets, and how many files were no captures.

    Raises CaptureError for a path that is missing, or a folder that cannot be read as asked.
    """
    found = find_captures(paths, recursive)
    if len(found.captures) == 1:
        return [Planned(found.captures[0], None)], found.skipped
    planned = [Planned(path, first_time(path)) for path in found.captures]
    return sorted(planned, key=_by_time), found.skipped


def follow(folder: str, stop: StopSignal) -> Iterator[Planned]:
    """Yield the captures of a folder that a capture rotates in, oldest first, as each is complete, until asked to stop.

    The newest file is still being written. A name that is used again is another capture. Raises CaptureUnavailable.
    """
    if not Path(folder).is_dir():
        raise CaptureUnavailable(f"{folder}: no such folder to follow")
    return _complete(Path(folder), stop)


def _complete(folder: Path, stop: StopSignal) -> Iterator[Planned]:
    seen: set[tuple[int, str]] = set()
    while not stop.asked:
        try:
            files = sorted((path.stat().st_mtime_ns, str(path)) for path in folder.iterdir() if path.is_file())
        except FileNotFoundError:
            continue  # rotated away between listing and looking
        except OSError as error:
            raise unavailable(str(folder), error) from None
        for file in files[:-1]:
            if file not in seen and (begins := first_time(file[1])) is not None:
                yield Planned(file[1], begins)
        seen = set(files[:-1])
        time.sleep(LOOK_AGAIN)


def _by_time(planned: Planned) -> tuple[bool, int, str]:
    return planned.begins is None, planned.begins or 0, planned.path
