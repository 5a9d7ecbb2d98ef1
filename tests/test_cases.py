"""The hard cases of attribution, recorded from real software: each folder of `tests/cases`, whole and degraded.

`expected.json` of a case: `devices`, all that have an address, each with its `ip`, primary `role`, what is truly its
`own` (nothing else may be claimed), what the inventory `shows` of it, and the confidence that a field has `at_most`
(`medium` where it is not named, for what objects tell). `referenced`: maker, model and serial number of each device
that is known from others' messages only. A `limit` is a case that nothing on the wire can tell: wrong, but at `low`.
`except_in`: degraded forms that lose evidence, and why: nothing may be claimed, but not all is shown.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run
from tests.conftest import ROOT
from tests.degrade import degrade
from tests.reading import read_apart

CASES = {path.parent.name: json.loads(path.read_text()) for path in (ROOT / "tests/cases").glob("*/expected.json")}
OWN = ("manufacturer", "manufacturer_model_name", "device_serial_number")
TOLD_BY_OBJECTS = (*OWN, "station_name", "institution_name", "software_versions", "modalities")
LEVELS = (None, "low", "medium", "high")


def unpacked(name: str, folder: Path) -> Path:
    """The capture of a case, as a plain file in a folder of its own."""
    (folder / name).mkdir()
    capture = folder / name / f"{name}.pcap"
    capture.write_bytes(gzip.decompress((ROOT / "tests/cases" / name / "capture.pcap.gz").read_bytes()))
    return capture


def order(device: dict[str, Any]) -> tuple[str, ...]:
    """Of devices at one address."""
    return device["role"], str((device.get("shows") or device)["device_serial_number"])


def paired(name: str, devices: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each expected device with the one found at its address; there is none but those."""
    wanted, pairs = CASES[name]["devices"], []
    assert {device["ip"] for device in wanted} == {ip for device in devices for ip in device["ip_addresses"]}
    for ip in sorted({device["ip"] for device in wanted}):
        here = [device for device in wanted if device["ip"] == ip]
        found = [device for device in devices if ip in device["ip_addresses"]]
        assert len(found) == len(here), ip
        if len(here) > 1:
            here, found = sorted(here, key=order), sorted(found, key=order)
        pairs += zip(here, found, strict=True)
    return pairs


def wrong(want: dict[str, Any], device: dict[str, Any], limit: bool) -> list[str]:
    """What is claimed of a device and is not its own; at a limit of what can be told it may be, at low."""
    own = want.get("own", {})
    return [
        f"{want['ip']} {field}: {device[field]} ({device['confidence'][field]})"
        for field in OWN
        if device[field] not in (None, own.get(field)) and not (limit and device["confidence"][field] == "low")
    ]


def too_sure(want: dict[str, Any], device: dict[str, Any]) -> list[str]:
    bounds = dict.fromkeys(TOLD_BY_OBJECTS, "medium") | want.get("at_most", {})
    return [
        f"{want['ip']} {field}: {level}, at most {bounds[field]}"
        for field, level in device["confidence"].items()
        if field in bounds and LEVELS.index(level) > LEVELS.index(bounds[field])
    ]


def shown(device: dict[str, Any], field: str) -> Any:
    if field == "services":
        return [[service["port"], service["protocol"], service["product"]] for service in device["services"]]
    return device[field]


def check(name: str, devices: list[dict[str, Any]], form: str = "whole") -> None:
    limit = CASES[name].get("limit", False)
    pairs = paired(name, devices)
    assert [line for want, device in pairs for line in wrong(want, device, limit)] == []
    if form in CASES[name].get("except_in", {}):
        return
    assert [line for want, device in pairs for line in too_sure(want, device)] == []
    assert {want["ip"]: device["role"] for want, device in pairs} == {want["ip"]: want["role"] for want, _ in pairs}
    for want, device in pairs:
        shows = want.get("shows", {})
        assert {field: shown(device, field) for field in shows} == shows, want["ip"]


def test_there_are_cases() -> None:
    recorded = list((ROOT / "tests/cases").glob("*/capture.pcap.gz"))
    assert {path.parent.name for path in recorded} == set(CASES)
    assert len(recorded) >= 27
    assert all(path.stat().st_size < 60_000 for path in recorded)
    assert all(path.with_name("README.md").is_file() for path in recorded)


@pytest.mark.parametrize("name", sorted(CASES))
def test_case(tmp_path: Path, name: str) -> None:
    inventory = tmp_path / "inventory.duckdb"
    run(inventory, "read", unpacked(name, tmp_path))
    devices = json.loads(run(inventory, "devices", "--format", "json")[0])
    check(name, devices)
    referenced = [tuple(device[field] for field in OWN) for device in devices if device["addressless"]]
    assert Counter(referenced) == Counter(map(tuple, CASES[name]["referenced"]))


LOSSLESS, LOSSY = ("dup", "shuffle", "qinq", "vxlan"), ("loss2", "mid", "oneway")


@pytest.fixture(scope="module")
def degraded(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Devices of every case in every form, each a site `form/case` of one inventory."""
    folder = tmp_path_factory.mktemp("degraded")
    captures = {}
    for name in CASES:
        whole = unpacked(name, folder)
        captures |= {f"{form}/{name}": degrade(whole, form, folder / name) for form in (*LOSSLESS, *LOSSY)}
    read_apart(captures, folder / "inventory.duckdb")
    devices: list[dict[str, Any]] = json.loads(run(folder / "inventory.duckdb", "devices", "--format", "json")[0])
    return devices


@pytest.mark.parametrize("form", LOSSLESS)
def test_degraded_cases(degraded: list[dict[str, Any]], form: str) -> None:
    """What one site only hears of is known in another: referenced devices are not counted here."""
    for name in CASES:
        check(name, [device for device in degraded if device["site"] == f"{form}/{name}"], form)


@pytest.mark.parametrize("form", LOSSY)
def test_of_whatever_was_lost_nobody_inherits_with_confidence(degraded: list[dict[str, Any]], form: str) -> None:
    own: dict[tuple[str, str, str], set[str]] = {}  # by site, address and field
    for name, case in CASES.items():
        for want in case["devices"]:
            for field in OWN:
                own.setdefault((f"{form}/{name}", want["ip"], field), set()).add(want.get("own", {}).get(field))
    devices = [device for device in degraded if device["site"].startswith(f"{form}/")]
    assert len({device["site"] for device in devices}) == len(CASES)
    claimed = [
        (device["site"], ip, field, device[field])
        for device in devices
        for ip in device["ip_addresses"]
        for field in OWN
        if device[field]
        and device["confidence"][field] != "low"
        and device[field] not in own[device["site"], ip, field]
    ]
    assert claimed == []


def test_history_of_an_upgrade(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.duckdb"
    run(inventory, "read", unpacked("software_upgrade", tmp_path))
    told = json.loads(run(inventory, "why", "10.20.0.12", "software_versions", "--format", "json")[0])
    assert {(row["value"], row["used"]) for row in told} == {("syngo MR E11", False), ("syngo MR XA30", True)}
    (former,) = [row for row in told if not row["used"]]
    (present,) = [row for row in told if row["used"]]
    assert former["reason"].startswith("replaced by another version from 20")
    assert former["last_seen"] < present["first_seen"]


def test_a_title_called_in_vain_is_told_but_not_believed(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.duckdb"
    run(inventory, "read", unpacked("associations_refused", tmp_path))
    told = json.loads(run(inventory, "why", "10.20.0.40", "ae_titles", "--format", "json")[0])
    assert {(row["value"], row["used"]) for row in told if row["used"]} == {("VNA1", True)}
    assert "it rejected associations for it" in {row["reason"] for row in told if row["value"] == "WRONGAE"}
