"""tshark, asked for the fields of a capture's frames."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
Fields = dict[str, list[str]]  # of one frame: field -> its values, as tshark prints them
_SEPARATOR: Final = "\x1f"  # between the values of a field


def dissect(capture: Path, fields: Iterable[str], *options: str) -> Iterator[Fields]:
    """Yield those of `fields` that are there, frame by frame; frames cut by a newline in a value are left out."""
    names = list(dict.fromkeys(fields))
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-E", f"aggregator={_SEPARATOR}", *options]
    for name in names:
        command += ["-e", name]
    printed = subprocess.run(command, capture_output=True, timeout=120, check=False).stdout
    for line in printed.decode("utf-8", "replace").split("\n"):
        cells = line.split("\t")
        if len(cells) == len(names):
            yield {name: cell.split(_SEPARATOR) for name, cell in zip(names, cells, strict=True) if cell}


def captures(name: str) -> tuple[list[str], list[str]]:
    """The captures that the list `name` has, in the folder of real ones: those that tests read, and all others.

    Tests read what shows each field in each link type and tunnel, and each trouble that TCP may have, once.
    """
    tested, others = HERE.joinpath(name).read_text().split("\n\n")
    return tested.split(), others.split()
