"""Marked values of patients and people through every protocol that is read: nothing that is written holds them."""

from __future__ import annotations

import base64
import random
import zipfile
from pathlib import Path

import pytest

from inventory.derive import open_inventory
from parsers.registry import DATAGRAMS, FRAMES, PARSERS
from sensor.cli.export import ExportFormat
from tests.canary import KEPT, MARK
from tests.canary.conversations import conversations
from tests.canary.datagrams import frames
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
LISTINGS = ("devices", "flows", "ae", "health")


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


def test_nothing_that_is_written_tells_of_a_person(medspan: Medspan, marked: Path, tmp_path: Path) -> None:
    assert holds(marked.read_bytes())
    printed = [medspan("read", marked)]
    printed += [medspan(command, "--format", form) for command in LISTINGS for form in ("table", "json", "csv")]
    for form in ExportFormat:
        printed.append(medspan("export", "-f", form, "-o", tmp_path / f"export.{form}"))
    with zipfile.ZipFile(tmp_path / "export.xlsx") as packed:
        packed.extractall(tmp_path / "xlsx")
    printed.append(medspan("ae", "--ldif", tmp_path / "ae.ldif", "--base-dn", "o=x"))
    printed.append(medspan("sql", "FROM proof", "--format", "csv"))
    assert [done.args for done in printed if holds(done.stdout + done.stderr)] == []
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) >= 5
    assert [path.name for path in written if holds(path.read_bytes())] == []
    with open_inventory(tmp_path / "inventory.duckdb") as con:  # which compresses what it stores
        tables = [name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        told = {name: repr(con.execute(f'FROM "{name}"').fetchall()) for name in tables}
        spoken = {row[0] for row in con.execute("SELECT DISTINCT protocol FROM observation").fetchall()}
        spoken |= {row[0] for row in con.execute("SELECT DISTINCT protocol FROM flow").fetchall()}
        lost = con.execute("SELECT caps_hit, parser_errors FROM capture").fetchall()
    assert [name for name, rows in told.items() if holds(rows)] == []
    # All of it was read, and what may be kept was.
    assert {parser.name for parser in (*PARSERS, *DATAGRAMS, *FRAMES.values())} - spoken == set()
    assert [name for name in NAMES if KEPT + name not in told["observation"]] == []
    assert lost == [(0, 0)]


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
