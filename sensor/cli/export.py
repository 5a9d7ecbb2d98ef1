"""`medspan export`: the devices as a file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sensor.cli.opening import open_configured
from sensor.cli.options import DEFAULT_INVENTORY, InventoryOption, KnowledgeOption, SiteOption
from sensor.cli.output import note
from sensor.cli.writing import check_target


class ExportFormat(StrEnum):
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def export(
    file: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")],
    file_format: Annotated[ExportFormat, typer.Option("-f", "--format", help="Its format.")] = ExportFormat.CSV,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    site: SiteOption = None,
) -> None:
    """Write all devices to a file."""
    from inventory.export import export_devices

    check_target(file, force, [inventory])
    with open_configured(inventory, knowledge) as con:
        count = export_devices(con, file_format.value, file, site)
    note(f"{count} device{'' if count == 1 else 's'} written to {file}")
