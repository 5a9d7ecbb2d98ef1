"""The rules, on captures of real software: each folder of `tests/findings` is a rule's, whole and degraded.

`expected.json` of a folder: `findings`, all that the capture gives, of any rule, as [rule, address, port, peer];
`config`, a `medspan.toml`, where the rule asks for one; `otherwise`, findings that are told of another port, or by an
address instead of a name, where a form lacks what told them better. Every form of every capture is a site of one
inventory, which is derived once for each configuration.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from inventory.config import VARIABLE
from inventory.findings.rules import SEVERITIES, rules
from tests.commands import run
from tests.conftest import ROOT
from tests.degrade import degrade
from tests.reading import read_apart

FOLDER = ROOT / "tests/findings"
CASES = {path.parent.name: json.loads(path.read_text()) for path in FOLDER.glob("*/expected.json")}
LOSSLESS = ("whole", "dup", "qinq", "vxlan")
LOSSY = ("loss2", "mid", "oneway", "snap128")
STATUS = ("open", "acknowledged", "accepted", "closed")

Found = list[tuple[str, str | None, int | None, str | None]]
Sites = dict[str, Found]  # form/case -> what is found there


def written(name: str, form: str, folder: Path) -> Path:
    """The capture of a case, whole or in a degraded form."""
    capture = folder / "capture.pcap"
    capture.write_bytes(gzip.decompress((FOLDER / name / "capture.pcap.gz").read_bytes()))
    return capture if form == "whole" else degrade(capture, form, folder)


def read_all(config: str, folder: Path) -> Sites:
    """What is found of the cases that ask for a configuration, or for none."""
    captures = {}
    for name, case in CASES.items():
        if case.get("config", "") == config:
            (folder / name).mkdir()
            captures |= {f"{form}/{name}": written(name, form, folder / name) for form in (*LOSSLESS, *LOSSY)}
    read_apart(captures, folder / "inventory.duckdb")
    (folder / "medspan.toml").write_text(config)
    every = [word for status in STATUS for word in ("--status", status)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(VARIABLE, str(folder / "medspan.toml"))
        rows: list[dict[str, Any]] = json.loads(
            run(folder / "inventory.duckdb", "findings", *every, "--format", "json")[0]
        )
    sites: Sites = {site: [] for site in captures}
    for row in rows:
        assert row["evidence"], row
        sites[row["site"]].append((row["rule"], row["ip_address"], row["port"], row["peer"]))
    return sites


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Sites:
    """What is found at each site."""
    sites: Sites = {}
    for config in {case.get("config", "") for case in CASES.values()}:
        sites |= read_all(config, tmp_path_factory.mktemp("findings"))
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


@pytest.mark.parametrize("form", LOSSLESS)
def test_forms_that_lose_nothing(found: Sites, form: str) -> None:
    assert {name: sorted(found[f"{form}/{name}"], key=repr) for name in CASES} == {
        name: sorted(expected(name), key=repr) for name in CASES
    }


@pytest.mark.parametrize("form", LOSSY)
def test_no_false_finding_in_forms_that_lose_something(found: Sites, form: str) -> None:
    more = {}
    for name, case in CASES.items():
        otherwise = {tuple(row) for row in case.get("otherwise", {}).get(form, [])}
        more[name] = set(found[f"{form}/{name}"]) - set(expected(name)) - otherwise
        assert otherwise <= set(found[f"{form}/{name}"]), "is not told otherwise any more"
    assert {name: found for name, found in more.items() if found} == {}
