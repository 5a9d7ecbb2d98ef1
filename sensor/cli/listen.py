"""`medspan listen` and `medspan interfaces`: live from a mirror port."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sensor import __version__
from sensor.cli.opening import keep_tables, site_networks
from sensor.cli.options import (
    DEFAULT_INVENTORY,
    Format,
    FormatOption,
    InventoryOption,
    LocalNetsOption,
    SiteOption,
)
from sensor.cli.output import note

if TYPE_CHECKING:
    from inventory.recorder import Facts, Recorder
    from inventory.store import Capture, Store
    from sensor.cli.events import Teller
    from sensor.cli.stopping import StopSignal
    from sensor.sensor import Sensor
    from sensor.sources.afpacket import LiveSource

END_PATIENCE = 600.0  # seconds the last flush waits for others
FLUSH_PATIENCE = 0.1  # seconds a flush waits for others: meanwhile the ring fills
MAX_UNWRITTEN = 20  # flushes kept in memory while the inventory cannot be written


def listen(
    interface: Annotated[str, typer.Option("--interface", "-i", metavar="IFACE", help="The mirror port.")],
    duration: Annotated[float | None, typer.Option(min=0.1, metavar="SECONDS", help="Stop after so long.")] = None,
    flush: Annotated[float, typer.Option(min=0.5, metavar="SECONDS", help="Write the inventory so often.")] = 5.0,
    local_nets: LocalNetsOption = None,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    site: SiteOption = None,
    events: Annotated[
        Path | None, typer.Option("--events", metavar="FILE", help="Append what changes, one JSON object a line.")
    ] = None,
    syslog: Annotated[
        str | None, typer.Option("--syslog", metavar="SOCKET", help="Tell it to a local syslog socket: /dev/log.")
    ] = None,
) -> None:
    """Watch a mirror port until Ctrl-C. Only receives: no packet is sent, no address set."""
    import secrets

    from inventory.config import load_config
    from inventory.recorder import Recorder
    from inventory.store import Capture, Store
    from parsers.text import pseudonymiser
    from sensor.cli.events import Teller
    from sensor.cli.stopping import StopSignal
    from sensor.sensor import Sensor

    config = load_config()
    _open(interface).close()  # where nothing can be heard, nothing is begun
    store = Store(inventory)
    networks = site_networks(store, local_nets, config)
    name, run_id = site or config.site or "default", f"live-{secrets.token_hex(6)}"
    recorder = Recorder(name, config.sensor or "default", run_id, networks)
    sensor = Sensor(pseudonymiser(store.pseudonym_key), recorder)
    stop = StopSignal()
    stop.install()
    capture = Capture(
        id=recorder.capture,
        name=interface,
        sha256=None,
        site=recorder.site,
        sensor=recorder.sensor,
        parser_version=__version__,
        health=sensor.health,
        complete=False,
    )
    teller = Teller(inventory, events, syslog) if events or syslog else None
    try:
        source = _open(interface)  # the last: from now on its ring fills
    except typer.Exit:
        if teller is not None:
            teller.end()
        raise
    note(f"listening on {interface}; Ctrl-C ends it; see medspan devices meanwhile")
    run = _Run(source, sensor, recorder, store, capture, teller)
    run.watch(stop, flush, duration)
    health = sensor.health
    note(f"{health.packets:,} packets, {source.kernel_drops:,} dropped by the kernel; next: medspan devices")
    run.end()
    if teller is not None:
        teller.end()
    keep_tables(inventory)
    if stop.asked:
        raise typer.Exit(130)


def _open(interface: str) -> LiveSource:
    from sensor.sources.afpacket import LiveSource
    from sensor.sources.errors import CaptureError

    try:
        return LiveSource(interface)
    except CaptureError as error:
        note(f"medspan: {error}")
        raise typer.Exit(2) from None


class _Run:
    """A live run: the ring through the sensor into the inventory, a flush every few seconds."""

    def __init__(
        self,
        source: LiveSource,
        sensor: Sensor,
        recorder: Recorder,
        store: Store,
        capture: Capture,
        teller: Teller | None = None,
    ) -> None:
        self._source, self._sensor, self._recorder, self._store = source, sensor, recorder, store
        self._capture = capture
        self._teller = teller
        self._unwritten: list[Facts] = []

    def watch(self, stop: StopSignal, flush: float, duration: float | None) -> None:
        """Read until asked to stop, or for `duration` seconds."""
        from inventory.errors import InventoryError

        self._store.patience = FLUSH_PATIENCE
        began = flushed = time.monotonic()
        batches = iter(self._source)
        while (batch := stop.next(batches)) is not None:
            self._sensor.feed(batch)
            now = time.monotonic()
            if duration is not None and now - began >= duration:
                return
            if now - flushed < flush:
                continue
            flushed = now
            if self._teller is not None:
                self._teller.keep_running()
            self._sensor.flush()
            try:
                self._write()
            except InventoryError as error:  # somebody holds the file, or the disk is full: kept for the next flush
                note(f"medspan: {error}")

    def end(self) -> None:
        """Write what is left, however long that takes; the run is complete."""
        self._store.patience = END_PATIENCE
        self._sensor.close()
        self._capture = replace(self._capture, complete=True)
        self._write()
        self._source.close()

    def _write(self) -> None:
        health = self._sensor.health
        health.kernel_drops = self._source.kernel_drops
        facts = self._recorder.drain()
        health.let_go(facts.caps)
        self._unwritten.append(facts)
        if len(self._unwritten) > MAX_UNWRITTEN:
            del self._unwritten[0]
            health.cap("flushes that could not be written")
        self._store.write(self._capture, *self._unwritten)
        self._unwritten.clear()


def interfaces(output: FormatOption = Format.TABLE) -> None:
    """List the interfaces that can be listened on."""
    from inventory.export import Result
    from sensor.cli.output import emit
    from sensor.sources.network_interfaces import list_interfaces

    rows = list_interfaces()
    emit(
        Result(list(rows[0]) if rows else [], rows),
        output,
        {"Interface": "interface", "State": "state", "MAC": "mac_address", "Speed": "speed", "Note": "note"},
        "interface",
    )
