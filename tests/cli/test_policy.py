from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from duckdb import DuckDBPyConnection

import inventory.policy
from inventory.derive import open_inventory
from tests.cli.conftest import Cli
from tests.conftest import CLINIC
from tests.degrade import degrade, read_pcap, write_pcap
from tests.inventory.policy.network import uncommented

EXAMPLE = Path(inventory.policy.__file__).with_name("example.toml")
ARCHIVE, CLOUD = "192.168.50.40", "81.2.69.160"
DEGRADED = ("dup", "mid", "oneway")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled capture at site north; all but its last packet at south; and what bad mirror ports make of it."""
    folder = tmp_path_factory.mktemp("cluster")
    path = folder / "medspan.duckdb"
    write_pcap(folder / "south.pcap", read_pcap(CLINIC)[:-1])
    sites = {"north": CLINIC, "south": folder / "south.pcap"}
    sites |= {form: degrade(CLINIC, form, folder) for form in DEGRADED}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for site, capture in sites.items():
            patch.setattr("sys.argv", ["medspan", "read", str(capture), "--site", site, "--inventory", str(path)])
            _main()
    return path


def _main() -> None:
    from sensor.cli.main import main

    with pytest.raises(SystemExit) as leave:
        main()
    assert not leave.value.code


@pytest.fixture(scope="session")
def opened(cluster: Path) -> Iterator[DuckDBPyConnection]:
    """Opened once: what a policy says changes nothing of what is derived."""
    with open_inventory(cluster) as con:
        yield con


@pytest.fixture
def there(cluster: Path, opened: DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, cli: Cli) -> Cli:
    monkeypatch.setenv("MEDSPAN_INVENTORY", str(cluster))
    monkeypatch.setattr("inventory.derive.open_inventory", lambda *_: nullcontext(opened))
    return cli


def answer(cli: Cli, *args: str) -> Any:
    done = cli("policy", "check", *args, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def declare(text: str) -> None:
    Path("medspan.toml").write_text(text, "utf-8")


def test_the_example(there: Cli) -> None:
    declare(EXAMPLE.read_text("utf-8"))
    rows = answer(there, "--site", "north")
    # In clear, what the rule allows when it is encrypted; and whom only `north` may talk to.
    assert [(row["rule"], row["reason"]) for row in rows] == [("teleradiology", "not encrypted")]
    assert [(row["rule"], row["reason"]) for row in answer(there, "--site", "south")] == [
        ("archive: only what is allowed", "not with each other")
    ]
    (row,) = rows
    assert (row["client_ip"], row["server_ip"], row["server_port"], row["protocol"]) == (ARCHIVE, CLOUD, 11112, "dicom")
    assert (row["client_roles"], row["clear_patient_data"]) == (["archive"], True)
    (evidence,) = row["evidence"]
    assert (evidence["capture"], evidence["frame"]) == (str(CLINIC), 887)


def test_as_a_table(there: Cli) -> None:
    declare(EXAMPLE.read_text("utf-8").replace('site = ["north"]', 'site = ["north", "south"]'))
    done = there("policy", "check")
    found, _, score = done.stdout.partition("\n\n")
    assert done.returncode == 0
    assert re.search(
        rf"^north +violation +teleradiology +not encrypted +{ARCHIVE} \(archive\) +{CLOUD} \(public\)", found, re.M
    )
    assert re.split("  +", score.splitlines()[0].strip())[:1] == ["Rule"]
    lines = {words[0]: words[1:] for words in (re.split("  +", line.strip()) for line in score.splitlines())}
    sites = lines["Rule"]
    assert {"north", "south"} <= {*sites}
    assert lines["images to the archive"][sites.index("north")] == "100%"
    assert lines["teleradiology"][:1] == ["0%, 1 violating"]
    assert "all" in lines
    assert re.fullmatch(r"\d+ violations, \d+ uncertain, \d+ conforming\n", done.stderr)
    only = there("policy", "check", "--score", "--site", "north")
    assert only.stdout.startswith("Rule") and "south" not in only.stdout


def test_the_score_as_data(there: Cli) -> None:
    declare(EXAMPLE.read_text("utf-8"))
    rows = answer(there, "--score")
    keys = ["site", "rule", "conforming", "violating", "uncertain", "percentage"]
    assert all(list(row) == keys for row in rows)
    assert {row["rule"] for row in rows if row["site"] == "south"} >= {"orders", "modality: services", None}
    assert "teleradiology" not in {row["rule"] for row in rows if row["site"] == "south"}
    (total,) = [row for row in rows if row["site"] == "north" and row["rule"] is None]
    assert total == dict(zip(keys, ("north", None, 13, 1, 0, 92.9), strict=True))
    done = there("policy", "check", "--score", "--format", "csv")
    assert next(csv.reader(io.StringIO(done.stdout))) == keys


def test_what_was_learned_at_one_site_holds_at_all(there: Cli) -> None:
    """Also where the mirror port loses, doubles, cuts, or shows one direction: no violation that is none."""
    learned = there("policy", "learn", "--site", "north")
    assert (learned.returncode, learned.stderr) == (0, "")
    declare(learned.stdout)
    rows = [row for row in answer(there) if row["verdict"] == "violation"]
    assert {(row["client_ip"], row["server_ip"]) for row in rows} == {(ARCHIVE, CLOUD)}
    assert {row["site"] for row in rows} >= {"north", "south"}
    declare(uncommented(learned.stdout))
    assert [row for row in answer(there) if row["verdict"] == "violation"] == []


def test_failing_is_asked_for(there: Cli) -> None:
    declare(EXAMPLE.read_text("utf-8"))
    assert there("policy", "check", "--fail", "--format", "csv").returncode == 1
    learned = there("policy", "learn", "--site", "north", "-o", "proposed.toml")
    assert (learned.returncode, learned.stdout, learned.stderr) == (0, "", "policy written to proposed.toml\n")
    declare(uncommented(Path("proposed.toml").read_text("utf-8")))
    done = there("policy", "check", "--fail", "--site", "north")
    assert (done.returncode, done.stderr.split(",")[0]) == (0, "0 violations")


def test_a_file_is_not_overwritten(there: Cli) -> None:
    declare('site = "north"')
    done = there("policy", "learn", "-o", "medspan.toml")
    assert (done.returncode, done.stderr) == (2, "medspan: medspan.toml is there already: --force overwrites it\n")
    assert Path("medspan.toml").read_text() == 'site = "north"'
    done = there("policy", "learn", "-o", "medspan.toml", "--force")  # what else it says is nowhere else
    assert (done.returncode, done.stderr) == (2, "medspan: medspan.toml cannot be overwritten\n")
    assert Path("medspan.toml").read_text() == 'site = "north"'
    Path("proposed.toml").write_text("old")
    assert there("policy", "learn", "-o", "proposed.toml", "--force").returncode == 0
    assert "policy" in tomllib.loads(Path("proposed.toml").read_text())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no medspan.toml here, so no policy: medspan policy learn proposes one"),
        ('site = "north"', "medspan.toml has no [policy]: medspan policy learn proposes one"),
        ("policy = 7", "medspan.toml: policy must be a table"),
        ('[policy]\nroles = ["ct"]', "medspan.toml: policy.roles: unknown role 'ct': the roles are analyser, "),
    ],
)
def test_what_cannot_be_checked(there: Cli, text: str | None, message: str) -> None:
    if text is not None:
        declare(text)
    done = there("policy", "check")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"medspan: {message}") and done.stderr.count("\n") == 1


def test_nothing_to_learn_from(there: Cli) -> None:
    done = there("policy", "learn", "--site", "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "medspan: nothing to learn from: no conversation of a device whose role is known\n"
