"""Opening an inventory for a command, as its options and the site's configuration say."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sensor.cli.options import KNOWLEDGE_VARIABLE
from sensor.cli.output import note

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from inventory.config import Config
    from inventory.networks import Networks
    from inventory.store import Store


@contextmanager
def open_configured(
    inventory: Path,
    knowledge: Path | None = None,
    wanted: Sequence[str] | None = None,
    geoip: Sequence[Path] | None = None,
) -> Iterator[DuckDBPyConnection]:
    """Open `inventory` with those of its derived tables that are `wanted` (default: all).

    `knowledge` and `geoip` go before what the configuration names. Raises InventoryError.
    """
    from inventory.config import load_config
    from inventory.derive import open_inventory

    config = load_config()
    if knowledge is not None:
        config = replace(config, knowledge=knowledge)
    if geoip:
        config = replace(config, geoip=tuple(geoip))
    with open_inventory(inventory, config, wanted) as con:
        yield con


def site_networks(store: Store, local_nets: str | None, config: Config) -> Networks:
    """Return the site's view of addresses for a reading, given `local_nets`, and remember it with the inventory."""
    from inventory.addresses import named_networks
    from inventory.networks import Networks

    return Networks(
        store.remember_local_nets(local_nets, config.local_nets), store.remember_named_networks(named_networks(config))
    )


def keep_tables(inventory: Path) -> None:
    """Keep the derived tables of `inventory` for queries to come. What goes wrong is told, and costs them time only.

    They are derived as queries will ask for them: with the configuration, and the folder that MEDSPAN_KNOWLEDGE names.
    """
    from inventory.config import load_config
    from inventory.errors import InventoryError
    from inventory.keeping import keep

    config = load_config()
    if own := os.environ.get(KNOWLEDGE_VARIABLE):
        config = replace(config, knowledge=Path(own))
    try:
        keep(inventory, config)
    except InventoryError as error:
        note(f"medspan: {error}")
