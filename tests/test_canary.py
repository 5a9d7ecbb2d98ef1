"""Marked values of patients and people through every protocol that is read: nothing that is written holds them."""

from __future__ import annotations

import base64
import json
import random
import socket
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from inventory.changes.events import Delivery, EventFile
from inventory.changes.snapshot import DERIVED
from inventory.changes.syslog import SyslogSocket
from inventory.changes.watching import Watch
from inventory.config import VARIABLE
from inventory.derive import open_inventory
from inventory.store import Store
from parsers.registry import DATAGRAMS, FRAMES, PARSERS
from sensor.cli.diff import DiffFormat
from sensor.cli.export import ExportFormat
from sensor.cli.main import app
from sensor.cli.opening import open_configured
from sensor.cli.output import Format
from sensor.cli.serving import Pages
from tests.canary import KEPT, MARK
from tests.canary.conversations import conversations
from tests.canary.datagrams import HOST, frames
from tests.commands import run
from tests.conftest import Medspan
from tests.degrade import Frame, write_pcap
from tests.hospital.hosts import Host, Software
from tests.hospital.wire import Connection, Wire

# What people wrote is found however it is written, in whatever letters.
FORMS = {
    MARK.lower().encode(),
    MARK.lower().encode("utf-16-le"),
    MARK.lower().encode("utf-16-be"),
    MARK.encode().hex().encode(),
    base64.b64encode(MARK.encode()).lower(),
}
# Of hosts, by each discovery protocol, and of what else may be kept.
NAMES = (
    *("dhcp", "dhcp6.example", "dns.example", "mdns.local", "llmnr", "NB", "BR", "ssdp/1.0", "wsd", "snmp", "syslog"),
    *("lldp", "cdp", "ftp", "smtp", "tls.example", "CT"),
)
LISTINGS = (
    *("devices", "flows", "ae", "ae --conflicts", "exposure", "findings", "findings --rules", "policy check"),
    *("policy check --score", "health", "diff --declared declared.csv"),
)
CHANGES = ("diff --since 2000-01-01", "diff before.duckdb medspan.duckdb")
# Commands that write what there is on the wire, which is told; that write nothing; that have tests of their own above.
OTHERS = {"carve", "annotate", "listen", "interfaces", "sql"}


def capture(path: Path) -> None:
    """All of it, as a mirror port would see it."""
    wire = Wire(random.Random(3))
    nobody = Software(None, "1.2.3", None)
    for number, turns in enumerate(conversations(), 1):
        client = Host("", f"10.78.{number}.1", f"00:0c:29:bb:{number:02x}:01", "", nobody)
        server = Host("", f"10.78.{number}.2", f"00:0c:29:bb:{number:02x}:02", "", nobody)
        connection = Connection(wire, client, server, 10_000 + number)
        for side, data in turns:
            (connection.answer if side else connection.ask)(data)
        connection.close()
    for frame in frames():
        wire.frames.append(frame)
        wire.times.append(wire.times[-1] + 1_000_000)
    write_pcap(path, [Frame(time // 1000, data, len(data)) for time, data in zip(wire.times, wire.frames, strict=True)])


def holds(text: bytes | str) -> bool:
    data = (text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text).lower()
    return any(form in data for form in FORMS)


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("canary") / "marked.pcap"
    capture(path)
    return path


@contextmanager
def opened_once(inventory: Path) -> Iterator[pytest.MonkeyPatch]:
    """Let commands share one connection: many of them ask."""
    with open_inventory(inventory) as con, pytest.MonkeyPatch.context() as patched:
        patched.setattr("inventory.derive.open_inventory", contextmanager(lambda *_: iter([con])))
        yield patched


def rows(inventory: Path) -> dict[str, str]:
    """What the tables of a file say, kept and derived ones: the file itself is compressed."""
    with duckdb.connect(str(inventory), read_only=True) as con:
        tables = con.execute("SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT temporary").fetchall()
        return {f"{schema}.{name}": repr(con.execute(f'FROM {schema}."{name}"').fetchall()) for schema, name in tables}


def print_all(inventory: Path) -> Iterator[tuple[str, str]]:
    """What each command prints of an inventory, in the folder it is in."""
    for form in Format:
        for command in (*LISTINGS, *CHANGES):
            if (command, form) != ("findings --rules", Format.TABLE):  # as its own documentation
                yield f"{command}, {form}", "".join(run(inventory, *command.split(), "--format", form))
    for command in (*CHANGES, "diff --declared declared.csv"):
        yield f"{command}, markdown", "".join(run(inventory, *command.split(), "--format", DiffFormat.MARKDOWN))
    with opened_once(inventory):
        one_of_each = "SELECT min(device_id) FROM proof GROUP BY protocol UNION SELECT min(device_id) FROM device"
        for row in json.loads(run(inventory, "sql", one_of_each, "--format", "json")[0]):
            (device,) = row.values()
            for form in Format:
                for command in ("device", "why"):
                    yield f"{command} {device}, {form}", "".join(run(inventory, command, device, "--format", form))


def write_all(inventory: Path) -> Iterator[tuple[str, str | bytes]]:
    """What commands write to files; what is packed is unpacked."""
    folder = inventory.parent
    for form in ExportFormat:
        for what in ("devices", "flows") if form in ("csv", "json", "parquet") else ("",):
            file = folder / f"{what}.{form}"
            options = ["--what", what] if what else []
            yield f"export of {file.name}", "".join(run(inventory, "export", "-f", form, *options, "-o", file))
            for path in file.iterdir() if file.is_dir() else [file]:
                yield path.name, path.read_bytes()
            if form is ExportFormat.PARQUET:
                yield f"rows of {file.name}", repr(duckdb.sql(f"FROM '{file}'").fetchall())
            if form is ExportFormat.XLSX:
                with zipfile.ZipFile(file) as packed:
                    yield f"rows of {file.name}", b"".join(packed.read(name) for name in packed.namelist())
    yield "ae --ldif", "".join(run(inventory, "ae", "--ldif", folder / "ae.ldif", "--base-dn", "o=x"))
    yield "ae.ldif", (folder / "ae.ldif").read_bytes()
    yield "report", "".join(run(inventory, "report", folder / "page.html"))
    yield "page.html", (folder / "page.html").read_bytes()
    yield "served page", Pages(inventory, None, None).current().html


def tell_all(marked: Path, inventory: Path) -> Iterator[tuple[str, str | bytes]]:
    """What is said, written and sent while a capture is read into a new inventory."""
    folder = inventory.parent
    events, log = folder / "events.jsonl", folder / "log"
    Store(inventory)
    (folder / "before.duckdb").write_bytes(inventory.read_bytes())
    said: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(log))
        daemon.settimeout(5)
        deliveries = [Delivery(sink, said.append) for sink in (EventFile(events), SyslogSocket(f"unix:{log}"))]
        watch = Watch(inventory, lambda copy: open_configured(copy, wanted=DERIVED), deliveries, said.append)
        watch.begin()()
        yield "read", "".join(run(inventory, "read", marked))
        yield "policy learn", "".join(run(inventory, "policy", "learn"))
        yield "config", "".join(run(inventory, "policy", "learn", "-o", folder / "medspan.toml"))
        sent = drained(daemon, lambda: watch.look(final=True))
    assert sent.count(b"medspan@") >= events.read_text().count("\n") > 100
    yield "syslog", sent
    yield "events", events.read_bytes()
    yield "what goes wrong", "".join(said)


def drained(daemon: socket.socket, send: Callable[[], None]) -> bytes:
    """What is sent to a socket meanwhile: the kernel keeps few messages."""
    messages: list[bytes] = []

    def read() -> None:
        while message := daemon.recv(4096):
            messages.append(message)

    reader = Thread(target=read)
    reader.start()
    send()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
        last.sendto(b"", daemon.getsockname())
    reader.join()
    return b"\n".join(messages)


def everything(marked: Path, folder: Path) -> dict[str, str | bytes]:
    """All that is printed, written, served, told and kept of a capture."""
    inventory = folder / "medspan.duckdb"
    (folder / "declared.csv").write_text(f"ip,hostname\n{HOST},x\n10.99.99.99,y\n")
    found: dict[str, str | bytes] = {}
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setattr("inventory.keeping.FEWEST", 1)
        patched.delenv(VARIABLE, raising=False)
        for name, said in chain(tell_all(marked, inventory), print_all(inventory), write_all(inventory)):
            found[name] = said
    for file in (inventory, folder / "medspan.duckdb.told"):
        found |= {f"{file.name} {table}": said for table, said in rows(file).items()}
    known = {str(folder / name) for name in found} | {str(marked)}
    found |= {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and str(path) not in known}
    return found


def test_nothing_that_is_written_tells_of_a_person(marked: Path, tmp_path: Path) -> None:
    assert holds(marked.read_bytes())
    found = everything(marked, tmp_path)
    assert [name for name, said in found.items() if holds(said)] == []
    ...


def test_what_is_carved_is_said_to_hold_patients_data(medspan: Medspan, marked: Path, tmp_path: Path) -> None:
    medspan("read", marked)
    done = medspan("carve", "10.77.0.1", "hostnames", "-o", "out.pcapng")
    assert "patient data" in done.stderr
    assert not holds(done.stdout + done.stderr)
    assert holds((tmp_path / "out.pcapng").read_bytes())


def test_a_public_range_of_the_sites_own_has_names(medspan: Medspan, marked: Path) -> None:
    names = "SELECT DISTINCT value FROM observation WHERE attribute = 'dns_name' AND ip = '81.2.69.160'"
    medspan("read", marked, "--local-nets", "81.2.69.0/24")
    assert medspan("sql", names, "--format", "csv").stdout.splitlines()[1:] == [f"{MARK}.clinic.example"]
