"""`medspan annotate`: what people know of a device, and that two are one, or are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sensor.cli.devices import NameArgument, find_device
from sensor.cli.opening import open_configured
from sensor.cli.options import DEFAULT_INVENTORY, InventoryOption, KnowledgeOption, SiteOption
from sensor.cli.output import note

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def annotate(
    name: NameArgument,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="FIELD=VALUE...",
            help="owner, location, asset_tag, note, same-as, not-same-as; FIELD= takes it back.",
        ),
    ],
    author: Annotated[str, typer.Option("--author", metavar="NAME", help="Who says so; the user by default.")] = "",
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    site: SiteOption = None,
) -> None:
    """Say of a device what its traffic does not: the newest word counts, and nothing is overwritten."""
    from inventory import annotate as annotating
    from inventory.merging import NOT_SAME, SAME
    from inventory.store import Store
    from parsers.text import clean

    values = annotating.parse(words)
    with open_configured(inventory, knowledge) as con:
        device_id = _identify(con, name, site)
        for field in (SAME, NOT_SAME):
            if values.get(field):
                values[field] = _identify(con, values[field], site)
        said = annotating.said(con, device_id, values, clean(author) or _user())
    Store(inventory).annotate(said)
    note(f"{device_id}: {', '.join(values)} noted")


def _identify(con: DuckDBPyConnection, name: str, site: str | None) -> str:
    """Return the id that `name` means. One of a device's older ids stays as it is: it may be about to be split off."""
    device_id = str(find_device(con, name, site)["device_id"])
    known = con.execute("SELECT 1 FROM device_key WHERE kind = 'id' AND key = ?", [name]).fetchone()
    return name if known else device_id


def _user() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):  # in a container, a user may have no name
        return "unknown"
