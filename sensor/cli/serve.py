"""`medspan serve`: the page of `medspan report`, live, for this machine only."""

from __future__ import annotations

from typing import Annotated

import typer

from sensor.cli.options import DEFAULT_INVENTORY, InventoryOption, KnowledgeOption, SiteOption
from sensor.cli.output import note


def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="On 127.0.0.1; 0 takes any free one.")] = 8765,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    site: SiteOption = None,
) -> None:
    """Show the same page on 127.0.0.1, following a running sensor."""
    from sensor.cli.serving import Pages, open_server

    pages = Pages(inventory, knowledge, site)
    with open_server(port, pages) as server:
        pages.current()  # what is wrong with the inventory is told now, not to a browser
        note(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)")
        server.serve_forever()
