"""Files that a command writes: nothing is overwritten unasked, and a file appears whole or not at all."""

from __future__ import annotations

import os
import shutil
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


def check_folder(folder: Path, force: bool, ours: Iterable[str]) -> None:
    """Raise InventoryError if `folder` holds files, unless `force`; never may it hold any but `ours`, by name."""
    from inventory.errors import InventoryError

    if not folder.is_dir():
        if folder.exists() or folder.is_symlink():
            raise InventoryError(f"{folder} is there already, and is no folder")
        return
    try:
        held = {entry.name for entry in folder.iterdir()}
    except OSError as error:
        raise InventoryError(f"{folder}: {(error.strerror or 'cannot be read').lower()}") from None
    if held and not force:
        raise InventoryError(f"{folder} is there already: --force overwrites it")
    if others := sorted(held - set(ours)):
        raise InventoryError(f"{folder} cannot be overwritten: it holds other files, such as {others[0]}")


@contextmanager
def whole_file(file: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Open `file` to be written; it takes its name when all was written. `mode` as for open(2).

    Raises InventoryError when it cannot be written.
    """
    with whole_path(file) as part, os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
        yield opened


@contextmanager
def whole_path(file: Path) -> Iterator[Path]:
    """Give a path to write to; what is there in the end becomes `file`.

    Raises InventoryError when it cannot be written.
    """
    from inventory.errors import InventoryError

    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(file)
    except OSError as error:
        raise InventoryError(f"{file} cannot be written: {(error.strerror or 'error').lower()}") from None
    finally:
        with suppress(OSError):  # the folder cannot be written: that was told
            part.unlink(missing_ok=True)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write to; in the end it becomes `folder`, instead of what was there.

    Raises InventoryError when it cannot be written.
    """
    from inventory.errors import InventoryError

    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - its last part may be ".."; links stay links
    part, old = (folder.with_name(f".{folder.name}.{os.getpid()}.{suffix}") for suffix in ("part", "old"))
    try:
        part.mkdir()
        yield part
        if folder.exists():
            folder.replace(old)
        part.replace(folder)
    except OSError as error:
        raise InventoryError(f"{folder} cannot be written: {(error.strerror or 'error').lower()}") from None
    finally:
        if old.exists() and not folder.exists():
            old.replace(folder)
        for left in (part, old):
            shutil.rmtree(left, ignore_errors=True)
