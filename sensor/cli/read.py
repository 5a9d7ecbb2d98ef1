"""`medspan read`: captures into the inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sensor import __version__
from sensor.cli.opening import keep_tables, site_networks
from sensor.cli.options import DEFAULT_INVENTORY, InventoryOption, LocalNetsOption, SiteOption
from sensor.cli.output import note

if TYPE_CHECKING:
    from inventory.store import Store
    from sensor.cli.reading import Failure, Flush


def read(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH...", help="Captures: pcap, pcapng, .gz, .zst; - is stdin.")
    ] = None,
    recursive: Annotated[bool, typer.Option("-R", "--recursive", help="Read the captures in folders.")] = False,
    folder: Annotated[
        str | None, typer.Option("--follow", metavar="DIR", help="Read captures as they rotate in DIR, until Ctrl-C.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=64, help="Processes that read many captures.")] = 1,
    local_nets: LocalNetsOption = None,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    site: SiteOption = None,
) -> None:
    """Read captures into the inventory."""
    from inventory.config import load_config
    from inventory.store import Store
    from parsers.text import pseudonymiser
    from sensor.cli.planning import follow, plan
    from sensor.cli.progress import Progress
    from sensor.cli.reading import Reader
    from sensor.cli.stopping import StopSignal
    from sensor.cli.workers import read_with_processes
    from sensor.sources.errors import CaptureError

    if bool(paths) == bool(folder):
        raise typer.BadParameter("give captures to read, or --follow DIR")
    config = load_config()
    stop = StopSignal()
    try:
        captures, skipped = plan(paths, recursive) if paths else ([], 0)
        followed = follow(folder, stop) if folder else None
    except CaptureError as error:
        note(f"medspan: {error}")
        raise typer.Exit(2) from None
    if skipped:
        note(f"{skipped} file{' in the folders is' if skipped == 1 else 's in the folders are'} no capture")
    store = Store(inventory)
    networks = site_networks(store, local_nets, config)
    origin = (site or config.site or "default", config.sensor or "default", __version__, networks)
    stop.install()
    outcome = _Outcome(store)
    with Progress(captures) as progress:
        if jobs > 1 and len(captures) > 1:
            items = read_with_processes(captures, jobs, origin, store.pseudonym_key, stop)
        else:
            reader = Reader(*origin, pseudonymiser(store.pseudonym_key), stop, progress.batch)
            items = reader.read(followed or captures, waiting=followed is not None)
        for item in items:
            outcome.take(item)
    outcome.tell()
    if stop.asked:
        note("interrupted: what was read is kept")
        raise typer.Exit(130)
    keep_tables(inventory)
    if outcome.code:
        raise typer.Exit(outcome.code)


class _Outcome:
    """Writes what comes, and remembers what to tell the user at the end."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read = 0
        self._known = 0
        self._packets = 0
        self._partial = False
        self._failed = 0

    def take(self, item: Flush | Failure) -> None:
        """Write a flush, or tell of a failure."""
        from sensor.cli.reading import Failure

        if isinstance(item, Failure):
            note(f"medspan: {item.message}")
            self._failed += 1
            return
        if not item.last:
            self._store.write(item.capture, item.facts)
            return
        health = item.capture.health
        if self._store.finish(item.partial, item.capture, item.facts):
            self._read += 1
            self._packets += health.packets
        else:
            self._known += 1
            site = self._store.known(item.capture.id, item.capture.parser_version)
            note(f"{item.capture.name}: already read as site {site}, nothing changed")
        if health.file_error:
            self._partial = True
            note(f"medspan: {item.capture.name}: {health.file_error}")

    def tell(self) -> None:
        """Say what was done, and what to do next."""
        if self._read:
            captures = f"{self._read} capture{'' if self._read == 1 else 's'}"
            note(f"read {captures}, {self._packets:,} packets; next: medspan devices")

    @property
    def code(self) -> int:
        """Exit code: 3 when a capture was damaged or one of several could not be read, 2 when nothing could be."""
        done = self._read + self._known
        if self._partial or (done and self._failed):
            return 3
        return 2 if self._failed else 0
