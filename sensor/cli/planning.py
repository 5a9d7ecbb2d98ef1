"""Which captures to read, in which order."""

from __future__ import annotations

from collections.abc import Sequence

from sensor.cli.reading import Planned
from sensor.sources.find import find_captures, first_time


def plan(paths: Sequence[str], recursive: bool) -> tuple[list[Planned], int]:
    """Return the captures of `paths` in the order of their first packets, and how many files were no captures.

    Raises CaptureError for a path that is missing, or a folder that cannot be read as asked.
    """
    found = find_captures(paths, recursive)
    if len(found.captures) == 1:
        return [Planned(found.captures[0], None)], found.skipped
    planned = [Planned(path, first_time(path)) for path in found.captures]
    return sorted(planned, key=_by_time), found.skipped


def _by_time(planned: Planned) -> tuple[bool, int, str]:
    return planned.begins is None, planned.begins or 0, planned.path
