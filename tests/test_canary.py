"""Marked values of patients and people through every protocol that is read: nothing that is written holds them."""

from __future__ import annotations

import base64
import random
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest
import typer

from parsers.registry import DATAGRAMS, FRAMES, PARSERS
from sensor.cli.main import app
from tests.canary import KEPT, MARK
from tests.canary.conversations import conversations
from tests.canary.datagrams import HOST, PUBLIC, frames
from tests.canary.writing import everything
from tests.commands import run
from tests.degrade import Frame, write_pcap
from tests.hospital.hosts import Host, Software
from tests.hospital.wire import Connection, Wire


def forms(word: str) -> set[bytes]:
    """A word however it is written, in small letters."""
    small = word.lower()
    return {
        small.encode(),
        small.encode("utf-16-le"),
        small.encode("utf-16-be"),
        word.encode().hex().encode(),
        base64.b64encode(word.encode()).lower(),
    }


FORMS, KEPT_FORMS = forms(MARK), forms(KEPT)
# Of hosts, by each discovery protocol, and of what else may be kept.
NAMES = (
    *("dhcp", "dhcp6.example", "dns.example", "mdns.local", "llmnr", "NB", "BR", "ssdp/1.0", "wsd", "snmp", "syslog"),
    *("lldp", "cdp", "ftp", "smtp", "tls.example", "CT"),
)
# Where names of hosts, software or AE titles stand: so marks would be seen there.
TELLING = (
    *("devices", "ae", "diff --since 2000-01-01", "diff before.duckdb medspan.duckdb", "syslog", "serve"),
    *("file events.jsonl", "file page.html", "file ae.ldif", "file devices.csv", "file devices.json", "file ae.csv"),
    *("unpacked devices.parquet", "unpacked devices.xlsx", "file devices.cyclonedx"),
    *(
        "file devices.ocsf",
        "file 07-devices.csv",
        "medspan.duckdb: main.observation",
        "medspan.duckdb: derived.evidence",
    ),
    "medspan.duckdb.told: main.state",
)
# These write what is on the wire, and say so; or what people say; or are interactive, and say what others do.
OTHERS = {"carve", "annotate", "listen", "interfaces", "sql"}


def capture(path: Path) -> None:
    """All of it, as a mirror port would see it."""
    wire = Wire(random.Random(3))
    nobody = Software(None, "1.2.3", None)
    for number, turns in enumerate(conversations(), 1):
        outside = number % 7 == 0  # so that much of it is exposed
        client = Host(
            "", f"81.2.69.{number}" if outside else f"10.78.{number}.1", f"00:0c:29:bb:{number:02x}:01", "", nobody
        )
        server = Host("", f"10.78.{number}.2", f"00:0c:29:bb:{number:02x}:02", "", nobody)
        connection = Connection(wire, client, server, 10_000 + number)
        for side, data in turns:
            (connection.answer if side else connection.ask)(data)
        connection.close()
    for frame in frames():
        wire.frames.append(frame)
        wire.times.append(wire.times[-1] + 1_000_000)
    write_pcap(path, [Frame(time // 1000, data, len(data)) for time, data in zip(wire.times, wire.frames, strict=True)])


def holds(text: bytes | str, looked_for: set[bytes] = FORMS) -> bool:
    data = (text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text).lower()
    return any(form in data for form in looked_for)


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("canary") / "marked.pcap"
    capture(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("found")


@pytest.fixture(scope="module")
def found(marked: Path, folder: Path) -> Mapping[str, str | bytes]:
    return everything(marked, folder)


def test_nothing_that_is_written_tells_of_a_person(marked: Path, found: Mapping[str, str | bytes]) -> None:
    assert holds(marked.read_bytes())
    assert [name for name, said in found.items() if holds(said)] == []


def test_all_that_is_written_was_looked_at(found: Mapping[str, str | bytes]) -> None:
    """What may be kept is found by the same search."""
    telling = {name.split(",")[0] for name, said in found.items() if holds(said, KEPT_FORMS)}
    assert {*TELLING} - telling == set()
    assert {command for command in ("device", "why") if not any(name.startswith(command) for name in telling)} == set()
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert commands.keys() - OTHERS - {name.split(",")[0].split()[0] for name in found} == set()
    for listing in ("findings, csv", "exposure, csv", "policy check, csv", "file findings.csv"):
        assert len(found[listing].splitlines()) > 1, listing


def test_all_of_it_was_read(found: Mapping[str, str | bytes], folder: Path) -> None:
    with duckdb.connect(str(folder / "medspan.duckdb"), read_only=True) as con:
        spoken = {
            row[0] for row in con.execute("SELECT protocol FROM observation UNION SELECT protocol FROM flow").fetchall()
        }
        lost = con.execute("SELECT caps_hit, parser_errors FROM capture").fetchall()
    assert {parser.name for parser in (*PARSERS, *DATAGRAMS, *FRAMES.values())} - spoken == set()
    assert [name for name in NAMES if KEPT + name not in str(found["medspan.duckdb: main.observation"])] == []
    assert lost == [(0, 0)]


def test_what_is_carved_is_said_to_hold_patients_data(
    found: Mapping[str, str | bytes], folder: Path, tmp_path: Path
) -> None:
    assert found["read"]
    said = "".join(run(folder / "medspan.duckdb", "carve", HOST, "hostnames", "-o", tmp_path / "out.pcapng"))
    assert "patient data" in said
    assert not holds(said)
    assert holds((tmp_path / "out.pcapng").read_bytes())


def test_a_public_range_of_the_sites_own_has_names(marked: Path, tmp_path: Path) -> None:
    run(tmp_path / "medspan.duckdb", "read", marked, "--local-nets", "81.2.69.0/24")
    with duckdb.connect(str(tmp_path / "medspan.duckdb"), read_only=True) as con:
        names = con.execute("SELECT DISTINCT value FROM observation WHERE attribute = 'dns_name' AND ip = ?", [PUBLIC])
        assert names.fetchall() == [(f"{MARK}.clinic.example",)]
