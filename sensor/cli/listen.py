"""`medspan listen` and `medspan interfaces`: live from a mirror port."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

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
    from inventory.recorder import Recorder
    from inventory.store import Capture, Store
    from sensor.cli.stopping import StopSignal
    from sensor.sensor import Sensor
    from sensor.sources.afpacket import LiveSource


def listen(
    interface: Annotated[str, typer.Option("--interface", "-i", metavar="IFACE", help="The mirror port.")],
    duration: Annotated[float | None, typer.Option(min=0.1, metavar="SECONDS", help="Stop after so long.")] = None,
    flush: Annotated[float, typer.Option(min=0.5, metavar="SECONDS", help="Write the inventory so often.")] = 5.0,
    local_nets: LocalNetsOption = None,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    site: SiteOption = None,
) -> None:
    """Watch a mirror port until Ctrl-C. Only receives: no packet is sent, no address set."""
    import secrets
    from importlib.metadata import version

    from inventory.config import load_config
    from inventory.recorder import Recorder
    from inventory.store import Capture, Store
    from parsers.text import pseudonymiser
    from sensor.cli.stopping import StopSignal
    from sensor.sensor import Sensor
    from sensor.sources.afpacket import LiveSource
    from sensor.sources.errors import CaptureError

    config = load_config()
    try:
        source = LiveSource(interface)
    except CaptureError as error:
        note(f"medspan: {error}")
        raise typer.Exit(2) from None
    store = Store(inventory)
    nets = local_nets or config.local_nets
    if nets:
        store.remember_local_nets(nets)
    recorder = Recorder(site or config.site or "default", config.sensor or "default", f"live-{secrets.token_hex(6)}")
    sensor = Sensor(pseudonymiser(store.pseudonym_key), recorder)
    stop = StopSignal()
    stop.install()
    capture = Capture(
        id=recorder.capture,
        name=interface,
        sha256=None,
        site=recorder.site,
        sensor=recorder.sensor,
        parser_version=version("medspan"),
        health=sensor.health,
        complete=False,
    )
    note(f"listening on {interface}; Ctrl-C ends it; see medspan devices meanwhile")
    _watch(source, sensor, recorder, store, capture, stop, flush, duration)
    _write(source, sensor, recorder, store, replace(capture, complete=True), last=True)
    source.close()
    health = sensor.health
    note(f"{health.packets:,} packets, {health.kernel_drops:,} dropped by the kernel; next: medspan devices")
    if stop.asked:
        raise typer.Exit(130)


def _watch(
    source: LiveSource,
    sensor: Sensor,
    recorder: Recorder,
    store: Store,
    capture: Capture,
    stop: StopSignal,
    flush: float,
    duration: float | None,
) -> None:
    from inventory.errors import InventoryError

    began = flushed = time.monotonic()
    batches = iter(source)
    while (batch := stop.next(batches)) is not None:
        sensor.feed(batch)
        now = time.monotonic()
        if duration is not None and now - began >= duration:
            return
        if now - flushed >= flush:
            flushed = now
            try:
                _write(source, sensor, recorder, store, capture, last=False)
            except InventoryError as error:  # somebody holds the file: the facts wait for the next flush
                note(f"medspan: {error}")


def _write(source: LiveSource, sensor: Sensor, recorder: Recorder, store: Store, capture: Capture, last: bool) -> None:
    if last:
        sensor.close()
    else:
        sensor.flush()
    sensor.health.kernel_drops = source.kernel_drops
    facts = recorder.drain()
    sensor.health.caps_hit += facts.caps_hit
    store.write(capture, facts)


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
