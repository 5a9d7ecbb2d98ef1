"""Opening an inventory for a command, as its options and the site's configuration say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def open_configured(
    inventory: Path, knowledge: Path | None = None, last: str | None = None
) -> Iterator[DuckDBPyConnection]:
    """Open `inventory` with its derived tables, up to the one named `last` (default: all).

    `knowledge` goes before what the configuration names. Raises InventoryError.
    """
    from inventory.config import load_config
    from inventory.derive import open_inventory

    config = load_config()
    with open_inventory(inventory, config.local_nets, last=last, knowledge=knowledge or config.knowledge) as con:
        yield con
