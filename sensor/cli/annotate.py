"""`medspan annotate`: what people know of devices, and what they decide of findings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sensor.cli.opening import keep_tables, open_configured
from sensor.cli.options import DEFAULT_INVENTORY, InventoryOption, KnowledgeOption, SiteOption
from sensor.cli.output import note

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from inventory.store import Annotation

_NAMING = ("device_key", "candidate")  # the tables that names of devices are looked up in


def annotate(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[ID|IP|AE|MAC", help="A device by id, address or AE title; or the id of a finding."),
    ] = None,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FIELD=VALUE...]",
            help="Of a device: owner, location, asset_tag, note, same-as, not-same-as. Of a finding: "
            "status=acknowledged|accepted|open, until=DATE, reason, note. FIELD= takes it back.",
        ),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="Of many devices: a column device_id (or device) and some of the fields; empty cells say nothing.",
        ),
    ] = None,
    author: Annotated[str, typer.Option("--author", metavar="NAME", help="Who says so; the user by default.")] = "",
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    site: SiteOption = None,
) -> None:
    """Say what traffic does not: the newest word counts, and nothing is overwritten."""
    from inventory.annotate import FINDING_FIELDS, FINDING_ID, decided, parse
    from parsers.text import clean

    if (table is None) == (name is None) or bool(words) != (name is not None):
        raise typer.BadParameter("give either a device and FIELD=VALUE, or --csv FILE")
    said_by = clean(author) or _user()
    if table is not None:
        _annotate_many(table, said_by, inventory, knowledge, site)
        return
    assert name is not None
    if FINDING_ID.fullmatch(name):
        values = parse(words or (), FINDING_FIELDS)
        with open_configured(inventory, knowledge, wanted=["found"]) as con:
            said = decided(con, name, values, said_by)
    else:
        values = parse(words or ())
        with open_configured(inventory, knowledge, wanted=_NAMING) as con:
            name, said = _of_device(con, name, values, said_by, site)
    _write(inventory, said)
    note(f"{name}: {', '.join(values)} noted")


def _of_device(
    con: DuckDBPyConnection, name: str, values: dict[str, str], author: str, site: str | None
) -> tuple[str, list[Annotation]]:
    from inventory.annotate import said
    from inventory.merging import NOT_SAME, SAME

    device_id = _identify(con, name, site)
    for field in (SAME, NOT_SAME):
        if values.get(field):
            values[field] = _identify(con, values[field], site)
    return device_id, said(con, device_id, values, author)


def _annotate_many(table: Path, author: str, inventory: Path, knowledge: Path | None, site: str | None) -> None:
    from inventory.csv_lists import MAX_SIZE, decode, read_text
    from inventory.word_list import read_list, said_in_list

    text = decode(sys.stdin.buffer.read(MAX_SIZE), "standard input") if str(table) == "-" else read_text(table)
    fields, lines = read_list(text, str(table))
    with open_configured(inventory, knowledge, wanted=_NAMING) as con:
        said = said_in_list(con, str(table), lines, author, site)
    if said:
        _write(inventory, said)
    devices = len({annotation.device_id for annotation in said})
    note(f"{', '.join(fields)} of {len(lines)} devices read: {len(said)} new, of {devices} devices")


def _write(inventory: Path, said: list[Annotation]) -> None:
    from inventory.merging import NOT_SAME, SAME
    from inventory.store import Store

    Store(inventory).annotate(said)
    if any(annotation.field in (SAME, NOT_SAME) for annotation in said):
        keep_tables(inventory)


def _identify(con: DuckDBPyConnection, name: str, site: str | None) -> str:
    """Return the id that `name` means. One of a device's older ids stays as it is: it may be about to be split off."""
    from inventory.naming import find_one

    found = find_one(con, name, site)
    return name if found.by_id else found.device_id


def _user() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):  # in a container, a user may have no name
        return "unknown"
