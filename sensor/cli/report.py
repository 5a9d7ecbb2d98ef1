"""`medspan report`: the inventory as one page that stands by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sensor import __version__
from sensor.cli.opening import open_configured
from sensor.cli.options import DEFAULT_INVENTORY, InventoryOption, KnowledgeOption, SiteOption
from sensor.cli.output import note
from sensor.cli.writing import check_target, whole_file


def report(
    file: Annotated[Path, typer.Argument(metavar="FILE.html", help="The file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    site: SiteOption = None,
) -> None:
    """Write one self-contained HTML page for an audit."""
    from inventory.report.page import TABLES, make_page

    check_target(file, force, [inventory])
    with open_configured(inventory, knowledge, TABLES) as con:
        page = make_page(con, __version__, site)
    with whole_file(file) as opened:
        opened.write(page)
    note(f"{len(page):,} bytes written to {file}")
