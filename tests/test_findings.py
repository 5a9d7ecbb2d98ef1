"""The rules, on captures of real software: each folder of `tests/findings` is a rule's, whole and degraded.

`expected.json` of a folder: `findings`, all that the capture gives, of any rule, as [rule, address, port, peer];
`config`, a `medspan.toml`, where the rule asks for one; `unlike`, degraded forms in which more may be found, and why.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inventory.config import VARIABLE
from inventory.findings.rules import SEVERITIES, rules
from sensor.cli.main import app
from tests.conftest import ROOT
from tests.degrade import degrade
from tests.reading import read_apart

FOLDER = ROOT / "tests/findings"
CASES = {path.parent.name: json.loads(path.read_text()) for path in FOLDER.glob("*/expected.json")}
TOGETHER = sorted(name for name, case in CASES.items() if "config" not in case)
APART = sorted(CASES.keys() - set(TOGETHER))

Found = list[tuple[str, str | None, int | None, str | None]]


def run(folder: Path, *arguments: str | Path) -> str:
    done = CliRunner().invoke(app, [*map(str, arguments), "--inventory", str(folder / "inventory.duckdb")])
    assert done.exit_code == 0, done.output
    return done.stdout


def unpacked(name: str, folder: Path, form: str | None = None) -> Path:
    """The capture of a case, whole or in a degraded form, in a folder of its own."""
    (folder / name).mkdir()
    capture = folder / name / "capture.pcap"
    capture.write_bytes(gzip.decompress((FOLDER / name / "capture.pcap.gz").read_bytes()))
    return degrade(capture, form, folder / name) if form else capture


def found(folder: Path) -> dict[str, Found]:
    """What is found at each site."""
    every = [word for status in ("open", "acknowledged", "accepted", "closed") for word in ("--status", status)]
    rows: list[dict[str, Any]] = json.loads(run(folder, "findings", *every, "--format", "json"))
    sites: dict[str, Found] = {name: [] for name in CASES}
    for row in rows:
        assert row["evidence"], row
        sites[row["site"]].append((row["rule"], row["ip_address"], row["port"], row["peer"]))
    return sites


def expected(name: str) -> Found:
    return [(rule, ip, port, peer) for rule, ip, port, peer in CASES[name]["findings"]]


def test_each_rule_is_whole_and_has_a_case() -> None:
    assert {path.stem for path in (ROOT / "inventory/findings").glob("*.sql")} == {rule.rule for rule in rules()}
    for rule in rules():
        assert rule.severity in SEVERITIES
        assert rule.title and rule.why and rule.remedy and rule.references, rule.rule
        assert rule.rule in {name for name, *_ in CASES[rule.rule]["findings"]}, rule.rule
        assert (FOLDER / rule.rule / "README.md").is_file()


def test_whole(tmp_path: Path) -> None:
    read_apart({name: unpacked(name, tmp_path) for name in TOGETHER}, tmp_path / "inventory.duckdb")
    sites = found(tmp_path)
    assert {name: sorted(sites[name], key=repr) for name in TOGETHER} == {
        name: sorted(expected(name), key=repr) for name in TOGETHER
    }


@pytest.mark.parametrize("name", APART)
def test_whole_with_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "medspan.toml").write_text(CASES[name]["config"])
    monkeypatch.setenv(VARIABLE, str(tmp_path / "medspan.toml"))
    run(tmp_path, "read", unpacked(name, tmp_path), "--site", name)
    assert sorted(found(tmp_path)[name], key=repr) == sorted(expected(name), key=repr)


@pytest.mark.parametrize("form", ["dup", "qinq", "vxlan", "loss2", "mid", "oneway", "snap128"])
def test_no_false_finding_in_degraded_forms(tmp_path: Path, form: str) -> None:
    read_apart({name: unpacked(name, tmp_path, form) for name in TOGETHER}, tmp_path / "inventory.duckdb")
    sites = found(tmp_path)
    for name in TOGETHER:
        if form not in CASES[name].get("unlike", {}):
            assert {one[:2] for one in sites[name]} <= {one[:2] for one in expected(name)}, name
