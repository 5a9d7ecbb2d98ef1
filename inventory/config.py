"""`medspan.toml`: what a site tells medspan about itself.

site = "north"
sensor = "core-1"
local_nets = "10.0.0.0/8, !10.99.0.0/16, 198.51.100.0/24"
knowledge = "our-devices"
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from inventory.errors import InventoryError
from inventory.networks import Networks
from parsers.text import clean

FILE_NAME: Final = "medspan.toml"
VARIABLE: Final = "MEDSPAN_CONFIG"


@dataclass(frozen=True, slots=True)
class Config:
    """The site's own words; None where it says nothing."""

    site: str | None = None
    sensor: str | None = None
    local_nets: str | None = None
    knowledge: Path | None = None  # folder of the site's own tables; in the file relative to the file's folder


def load_config() -> Config:
    """Read the file that MEDSPAN_CONFIG names, or else medspan.toml in the working directory, if there is one.

    Raises InventoryError for a file that isn't there or readable, for TOML errors, unknown keys and bad values.
    """
    named = os.environ.get(VARIABLE)
    path = Path(named or FILE_NAME)
    if not named and not path.exists():
        return Config()
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InventoryError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InventoryError(f"{path} is not valid TOML: {clean(str(error))}") from None
    known = [field.name for field in fields(Config)]
    for key, value in table.items():
        if key not in known:
            raise InventoryError(f"{path}: unknown key {clean(key)!r}: it may have {', '.join(known)}")
        if not isinstance(value, str) or not value or clean(value) != value:
            raise InventoryError(f"{path}: {key} must be one line of text")
    if "knowledge" in table:
        table["knowledge"] = path.parent / table["knowledge"]
    config = Config(**table)
    try:
        Networks(config.local_nets)
    except ValueError as error:
        raise InventoryError(f"{path}: local_nets: {error}") from None
    return config
