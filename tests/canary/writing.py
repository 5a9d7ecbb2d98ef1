"""All that medspan prints, writes, serves and tells of a capture, unpacked where it is packed."""

from __future__ import annotations

import socket
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, product
from pathlib import Path
from threading import Thread

import duckdb
import pytest

from inventory.changes.events import Delivery, EventFile
from inventory.changes.snapshot import DERIVED
from inventory.changes.syslog import SyslogSocket
from inventory.changes.watching import Watch
from inventory.config import VARIABLE
from inventory.derive import open_inventory
from inventory.store import Store
from sensor.cli.export import ExportFormat, What
from sensor.cli.opening import open_configured
from sensor.cli.output import Format
from sensor.cli.serving import Pages
from tests.canary.datagrams import HOST
from tests.commands import run

Said = Iterator[tuple[str, str | bytes]]  # where, what

LISTINGS = (
    *("devices", "flows", "ae", "ae --conflicts", "exposure", "findings", "policy check", "policy check --score"),
    "health",
)
CHANGES = ("diff --since 2000-01-01", "diff before.duckdb medspan.duckdb", "diff --declared declared.csv")
POLICY = """
[policy]
roles = ["modality", "archive", "web_server", "printer", "unknown"]
[[policy.allow]]
name = "images"
from = ["modality"]
to = ["archive"]
protocol = ["dicom"]
"""
DECLARED = f"ip,hostname\n{HOST},x\n10.99.99.99,y\n"
# Some devices of which each protocol says something.
SPOKEN_OF = "SELECT DISTINCT min(device_id) OVER (PARTITION BY protocol) FROM proof ORDER BY ALL"


def everything(capture: Path, folder: Path) -> dict[str, str | bytes]:
    """Read `capture` into a new inventory in `folder`, and return all that comes of it, by where."""
    inventory = folder / "medspan.duckdb"
    (folder / "declared.csv").write_text(DECLARED)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setattr("inventory.keeping.FEWEST", 1)  # derived once
        patched.delenv(VARIABLE, raising=False)
        found = dict(chain(_read(capture, inventory), _print(inventory), _write(inventory)))
    for file in (inventory, folder / "medspan.duckdb.told"):
        found |= {f"{file.name}: {table}": rows for table, rows in _rows(file)}
    return found | {f"file {path.name}": path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _read(capture: Path, inventory: Path) -> Said:
    folder = inventory.parent
    log = folder / "log"
    Store(inventory)
    (folder / "before.duckdb").write_bytes(inventory.read_bytes())
    told: list[str] = []
    sinks = EventFile(folder / "events.jsonl"), SyslogSocket(f"unix:{log}")
    deliveries = [Delivery(sink, told.append) for sink in sinks]
    watch = Watch(inventory, lambda copy: open_configured(copy, wanted=DERIVED), deliveries, told.append)
    watch.begin()()
    yield "read", "".join(run(inventory, "read", capture))
    yield "policy learn", "".join(run(inventory, "policy", "learn"))
    (folder / "medspan.toml").write_text(POLICY)
    yield "syslog", _received(log, lambda: watch.look(final=True))
    yield "what the watch says", "".join(told)


def _received(log: Path, send: Callable[[], None]) -> bytes:
    """What a syslog daemon at `log` gets while something is sent: it reads at once, as the kernel keeps little."""
    messages: list[bytes] = []

    def receive() -> None:
        while message := daemon.recv(4096):
            messages.append(message)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(log))
        daemon.settimeout(30)
        reader = Thread(target=receive)
        reader.start()
        send()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", str(log))
        reader.join()
    return b"\n".join(messages)


def _print(inventory: Path) -> Said:
    for command in CHANGES:
        yield f"{command}, csv", "".join(run(inventory, *command.split(), "--format", "csv"))
    for form in (Format.TABLE, Format.JSON, "markdown"):
        yield f"{CHANGES[0]}, {form}", "".join(run(inventory, *CHANGES[0].split(), "--format", form))
    with _opened_once(inventory) as con:
        for command, form in product(LISTINGS, Format):
            yield f"{command}, {form}", "".join(run(inventory, *command.split(), "--format", form))
        for (device,) in con.execute(SPOKEN_OF).fetchall():
            for command in ("device", "why"):
                yield f"{command} {device}", "".join(run(inventory, command, device))
        yield "device, json", run(inventory, "device", HOST, "--format", "json")[0]
        yield "why, json", run(inventory, "why", HOST, "--format", "json")[0]


@contextmanager
def _opened_once(inventory: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Let many small questions share a connection."""
    with open_inventory(inventory) as con, pytest.MonkeyPatch.context() as patched:
        patched.setattr("inventory.derive.open_inventory", contextmanager(lambda *_: iter([con])))
        yield con


def _write(inventory: Path) -> Said:
    folder = inventory.parent
    with _opened_once(inventory):
        for form in ExportFormat:
            for what in What if form in ("csv", "json", "parquet") else [What.DEVICES]:
                words = ["export", "-f", form, "--what", what, "-o", folder / f"{what}.{form}"]
                yield f"export of {what}.{form}", "".join(run(inventory, *words))
        yield "ae --ldif", "".join(run(inventory, "ae", "--ldif", folder / "ae.ldif", "--base-dn", "o=x"))
        yield "report", "".join(run(inventory, "report", folder / "page.html"))
    for what in What:
        yield f"unpacked {what}.parquet", repr(duckdb.sql(f"FROM '{folder / what}.parquet'").fetchall())
    with zipfile.ZipFile(folder / "devices.xlsx") as packed:
        yield "unpacked devices.xlsx", b"\n".join(map(packed.read, packed.namelist()))
    yield "serve", Pages(inventory, None, None).current().html


def _rows(file: Path) -> Iterator[tuple[str, str]]:
    """The tables of an inventory, also those kept: the file itself is compressed."""
    with duckdb.connect(str(file), read_only=True) as con:
        for schema, name in con.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall():
            yield f"{schema}.{name}", repr(con.execute(f'FROM {schema}."{name}"').fetchall())
