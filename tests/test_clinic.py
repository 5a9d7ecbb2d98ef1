"""The bundled clinic capture, whole and in every form a mirror port or a file may give it, against its truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CLINIC, ROOT, Medspan
from tests.degrade import degrade

TRUTH = json.loads((ROOT / "tests" / "cases" / "clinic" / "truth.json").read_text())
LOSSLESS = ["qinq", "vxlan", "gre", "erspan", "dup", "shuffle", "gz", "zst", "nano"]
# What each lossy form still yields: exit code of read, fields right, and the counters of health that must tell of it
LOSSY: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "loss2": (0, 45, ("gaps", "gap_bytes")),
    "mid": (0, 41, ("gaps",)),
    "oneway": (0, 45, ("one_way_flows",)),
    "snap128": (0, 19, ("truncated_packets", "gaps", "gap_bytes")),
    "trunc": (3, 45, ("file_error",)),
    "garbage": (3, 45, ("file_error",)),
}


def norm(value: object) -> str:
    return "".join(letter for letter in str(value).lower() if letter.isalnum())


def field_is_right(device: dict[str, Any], field: str, want: Any) -> bool:
    got = device.get(field)
    if field == "not_manufacturer":
        return not any(norm(maker) in norm(device["manufacturer"] or "") for maker in want)
    if field == "services":
        return {tuple(service) for service in want} <= {(s["port"], s["protocol"]) for s in device["services"]}
    if want is None:
        return not got
    if field == "manufacturer":
        return norm(want) in norm(got or "")
    if isinstance(want, list):
        return set(map(norm, want)) <= set(map(norm, got or []))
    return norm(want) == norm(got or "")


def query(medspan: Medspan, *arguments: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(medspan(*arguments, "--format", "json").stdout)
    return rows


def score(medspan: Medspan) -> tuple[int, list[str]]:
    """Fields that are right, and what is claimed that must not be."""
    by_ip = {ip: device for device in query(medspan, "devices") for ip in device["ip_addresses"]}
    right, wrong = 0, []
    for ip, truth in TRUTH["devices"].items():
        for field, want in truth.items():
            good = ip in by_ip and field_is_right(by_ip[ip], field, want)
            right += good
            claimed = by_ip.get(ip, {}).get(field)
            if not good and (want is None or field == "not_manufacturer" or (claimed and not isinstance(want, list))):
                wrong.append(f"{ip} {field}: {claimed!r}")
    return right, [line for line in wrong if " role:" not in line]


def assert_public_flows(medspan: Medspan) -> None:
    flows = query(medspan, "flows", "--public")
    assert len(flows) == len(TRUTH["public_flows"])
    for want in TRUTH["public_flows"]:
        assert any(want.items() <= flow.items() for flow in flows), want


def assert_no_canary(medspan: Medspan, folder: Path, *outputs: str) -> None:
    for form in ("csv", "json", "parquet"):
        medspan("export", "-f", form, "-o", folder / f"canary.{form}")
    written = [path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".pcap"]
    written += [output.encode() for output in outputs]
    assert len(written) >= 4
    for canary in TRUTH["canaries"]:
        for data in written:
            assert canary.encode() not in data
            assert canary.encode("utf-16-le") not in data


def test_clinic(medspan: Medspan, tmp_path: Path) -> None:
    done = medspan("read", CLINIC)
    assert score(medspan) == (45, [])
    assert_public_flows(medspan)
    everything = [medspan(command, "--format", "json").stdout for command in ("devices", "flows", "health")]
    why = [medspan("why", device["device_id"]).stdout for device in query(medspan, "devices")]
    assert_no_canary(medspan, tmp_path, done.stderr, *everything, *why)


@pytest.mark.parametrize("form", LOSSLESS)
def test_forms_that_lose_nothing(medspan: Medspan, tmp_path: Path, form: str) -> None:
    medspan("read", degrade(CLINIC, form, tmp_path))
    assert score(medspan) == (45, [])
    assert_public_flows(medspan)
    (health,) = query(medspan, "health")
    assert not any(
        health[loss] for loss in ("gaps", "truncated_packets", "one_way_flows", "parser_errors", "file_error")
    )


@pytest.mark.parametrize("form", LOSSY)
def test_forms_that_lose_something(medspan: Medspan, tmp_path: Path, form: str) -> None:
    code, fields, losses = LOSSY[form]
    medspan("read", degrade(CLINIC, form, tmp_path), code=code)
    right, wrong = score(medspan)
    assert wrong == []
    assert right >= fields
    (health,) = query(medspan, "health")
    assert all(health[loss] for loss in losses), health
