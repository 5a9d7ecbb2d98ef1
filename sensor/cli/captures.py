"""Finding the capture that evidence was read from, and being sure that it is that one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from parsers.text import clean


def locate(name: str, sha256: str | None, folder: Path | None) -> Path:
    """Return where the capture recorded as `name` is: there, or anywhere in `folder`, by its name or else its SHA-256.

    Raises InventoryError, in one line, when it is not there, or is not the one with this SHA-256.
    """
    from inventory.errors import InventoryError

    if sha256 is None:
        raise InventoryError(f"{name}: no file is recorded for it: a live run, or a reading that was interrupted")
    if folder is not None and not folder.is_dir():
        raise InventoryError(f"no folder {folder}")
    candidates = [Path(name)] if folder is None else _named(name, folder)
    found = [path for path in candidates if path.is_file()]
    try:
        for path in found:
            if _sha256(path) == sha256:
                return path
        if folder is not None and not found:  # it may have another name by now
            for path in _files(folder):
                if _sha256(path) == sha256:
                    return path
    except OSError as error:
        raise InventoryError(f"{name} cannot be read: {(error.strerror or 'error').lower()}") from None
    if found:
        raise InventoryError(f"{found[0]} is not the capture that was read: its SHA-256 is another")
    where = f"not in {folder}" if folder else "not there any more: --captures DIR says where it is"
    raise InventoryError(f"{name}: {where}")


def _named(name: str, folder: Path) -> list[Path]:
    """The files of that name, as the inventory has it: it keeps of a name what can be printed."""
    wanted = clean(Path(name).name)
    return [path for path in _files(folder) if clean(path.name) == wanted]


def _files(folder: Path) -> Iterator[Path]:
    for at, _, names in os.walk(folder):
        for name in sorted(names):
            if (path := Path(at, name)).is_file():
                yield path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
