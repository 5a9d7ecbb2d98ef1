"""Files that a command writes: nothing is overwritten unasked, and a file appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def check_target(file: Path, force: bool, kept: Iterable[Path]) -> None:
    """Raise InventoryError if `file` is there, unless `force`; never is it to be one of `kept`, our own input."""
    from inventory.errors import InventoryError

    if file.exists():
        if not force:
            raise InventoryError(f"{file} is there already: --force overwrites it")
        if not file.is_file() or any(path.exists() and file.samefile(path) for path in kept):
            raise InventoryError(f"{file} cannot be overwritten")


@contextmanager
def whole_file(file: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Open `file` to be written; it takes its name when all was written. `mode` as for open(2).

    Raises InventoryError when it cannot be written.
    """
    from inventory.errors import InventoryError

    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
            yield opened
        part.replace(file)
    except OSError as error:
        raise InventoryError(f"{file} cannot be written: {(error.strerror or 'error').lower()}") from None
    finally:
        with suppress(OSError):  # the folder cannot be written: that was told
            part.unlink(missing_ok=True)
