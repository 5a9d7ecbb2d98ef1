from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from inventory.derive import open_inventory
from inventory.findings.rules import SEVERITIES, rules
from tests.cli.conftest import Cli
from tests.conftest import CLINIC
from tests.reading import flows, read

KEYS = {
    *("finding_id", "rule", "severity", "title", "device_id", "ip_address", "port", "peer", "evidence", "first_seen"),
    *("last_seen", "status", "remedy", "references"),
}


@pytest.fixture
def found(cli: Cli, clinic: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on the inventory of the bundled capture."""
    monkeypatch.setenv("MEDSPAN_INVENTORY", str(clinic))
    return cli


@pytest.fixture
def own(cli: Cli, inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on an inventory of its own, opened anew each time."""
    path = Path(shutil.copy(inventory, tmp_path / "own.duckdb"))
    monkeypatch.setenv("MEDSPAN_INVENTORY", str(path))
    monkeypatch.setattr("inventory.derive.open_inventory", open_inventory)
    return cli


def listed(cli: Cli, *args: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(cli("findings", "--format", "json", *args).stdout)
    return rows


def test_what_is_found_and_where_it_is_seen(found: Cli) -> None:
    (leak,) = listed(found, "--rule", "patient-data-in-clear-to-public")
    assert leak.keys() >= KEYS
    assert (leak["severity"], leak["ip_address"], leak["port"]) == ("critical", "192.168.50.40", 11112)
    assert (leak["peer"], leak["status"]) == ("81.2.69.160", "open")
    assert leak["evidence"][0]["capture"].endswith("clinic.pcap")
    assert all(reference for reference in leak["references"])


def test_the_worst_come_first(found: Cli) -> None:
    ranks = [SEVERITIES.index(row["severity"]) for row in listed(found)]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) > 2


def test_a_severity_and_worse(found: Cli) -> None:
    assert {row["severity"] for row in listed(found, "--severity", "high")} == {"critical", "high"}


def test_failing_on_a_severity(found: Cli) -> None:
    assert found("findings", "--fail-on", "critical").returncode == 1
    assert found("findings", "--severity", "critical", "--fail-on", "high").returncode == 1  # listed or not
    assert found("findings", "--rule", "patient-data-in-clear-internal", "--fail-on", "high").returncode == 0
    assert found("findings", "--rule", "patient-data-in-clear-internal", "--fail-on", "info").returncode == 1


def test_the_rules(found: Cli) -> None:
    listing = json.loads(found("findings", "--rules", "--format", "json").stdout)
    assert {row["rule"] for row in listing} == {rule.rule for rule in rules()}
    assert all(row["why"] and row["remedy"] and row["references"] for row in listing)


def test_of_one_device(found: Cli) -> None:
    device = json.loads(found("device", "192.168.50.40", "--format", "json").stdout)
    ids = {row["finding_id"] for row in device["findings"]}
    assert ids == {row["finding_id"] for row in listed(found) if row["device_id"] == device["device_id"]}
    assert device["open_findings"] == len(ids)
    assert "Patient data leaves the site" in found("device", "192.168.50.40").stdout


def test_the_frames_behind_one(found: Cli, tmp_path: Path) -> None:
    (leak,) = listed(found, "--rule", "patient-data-in-clear-to-public")
    rows = json.loads(found("why", leak["finding_id"], "--format", "json").stdout)
    assert [{"capture": row["capture"], "frame": row["frame"]} for row in rows] == leak["evidence"]
    assert rows[0]["display_filter"] == "ip.addr == 192.168.50.40 && ip.addr == 81.2.69.160"
    assert "Patient data leaves the site" in found("why", leak["finding_id"]).stdout
    done = found("carve", leak["finding_id"], "-o", tmp_path / "leak.pcapng", "--captures", CLINIC.parent)
    assert done.returncode == 0, done.stderr
    assert "81.2.69.160" in {ip for flow in carved(tmp_path / "leak.pcapng") for ip in flow}
    assert found("why", "f0123456789ab").returncode == 2


def carved(path: Path) -> set[tuple[str, str]]:
    """Who talks with whom in a capture."""
    return {(str(flow["client_ip"]), str(flow["server_ip"])) for flow in flows(read(path)[0])}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--rule", "weak-tea"], "medspan: no rule 'weak-tea': medspan findings --rules lists them"),
        (["--severity", "dreadful"], "Invalid value for '--severity'"),
        (["--status", "gone"], "Invalid value for '--status'"),
    ],
)
def test_wrong_usage(found: Cli, args: list[str], message: str) -> None:
    done = found("findings", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_its_life(own: Cli) -> None:
    opened = {row["finding_id"]: row for row in listed(own)}
    id_ = next(iter(opened))
    before = json.loads(own("device", opened[id_]["device_id"], "--format", "json").stdout)["open_findings"]

    assert own("annotate", id_, "status=acknowledged", "reason=ticket 7", "--author", "ann").returncode == 0
    (row,) = listed(own, "--status", "acknowledged")
    assert (row["finding_id"], row["reason"], row["decided_by"]) == (id_, "ticket 7", "ann")
    device = json.loads(own("device", row["device_id"], "--format", "json").stdout)
    assert device["open_findings"] == before - 1

    own("annotate", id_, "status=accepted", "until=2099-12-31", "reason=until the scanner is replaced")
    assert id_ not in {row["finding_id"] for row in listed(own)}
    (row,) = listed(own, "--status", "accepted")
    assert (row["accepted_until"], row["reason"]) == ("2099-12-31", "until the scanner is replaced")

    own("annotate", id_, "status=open")
    assert {row["finding_id"] for row in listed(own, "--status", "open")} == opened.keys()


def test_the_configuration_accepts(own: Cli, tmp_path: Path) -> None:
    row = listed(own)[0]
    text = f'[[accept]]\nrule = "{row["rule"]}"\nuntil = 2099-12-31\nreason = "known"\n'
    (tmp_path / "medspan.toml").write_text(text)
    assert row["rule"] not in {other["rule"] for other in listed(own)}
    (tmp_path / "medspan.toml").write_text(text + 'device = "10.9.9.9"\n')
    done = own("findings")
    assert "medspan: accept 1 of the configuration accepts nothing that was found\n" in done.stderr
    (tmp_path / "medspan.toml").write_text(text.replace(row["rule"], "weak-tea"))
    done = own("findings")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "medspan: accept 1: no rule 'weak-tea': medspan findings --rules lists them\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["status=accepted"], "status=accepted needs until=DATE and reason=TEXT"),
        (["status=accepted", "until=soon", "reason=x"], "until must be a date such as 2027-06-30, not 'soon'"),
        (["status=accepted", "until=2020-01-01", "reason=x"], "until=2020-01-01 is over"),
        (["status=gone"], "status must be one of open, acknowledged, accepted, not 'gone'"),
        (["until=2099-12-31"], "until and reason go with status=acknowledged|accepted"),
        (["owner=x"], "no field 'owner': FIELD=VALUE, where FIELD is one of status, until, reason, note"),
    ],
)
def test_decisions_that_are_none(own: Cli, words: list[str], message: str) -> None:
    done = own("annotate", listed(own)[0]["finding_id"], *words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"medspan: {message}\n")


def test_an_unknown_finding(own: Cli) -> None:
    done = own("annotate", "f0123456789ab", "status=acknowledged")
    assert done.returncode == 2
    assert done.stderr == "medspan: no finding 'f0123456789ab': medspan findings lists them\n"
