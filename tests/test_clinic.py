"""The bundled clinic capture, whole and in every form a mirror port or a file may give it, against its truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from inventory.derive import open_inventory
from tests.commands import run
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
FORMS = (*LOSSLESS, *LOSSY)

Rows = list[dict[str, Any]]


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


def query(inventory: Path, *arguments: str) -> Rows:
    rows: Rows = json.loads(run(inventory, *arguments, "--format", "json")[0])
    return rows


def score(devices: Rows) -> tuple[int, list[str]]:
    """Fields that are right, and what is claimed that must not be."""
    by_ip = {ip: device for device in devices for ip in device["ip_addresses"]}
    right, wrong = 0, []
    for ip, truth in TRUTH["devices"].items():
        for field, want in truth.items():
            good = ip in by_ip and field_is_right(by_ip[ip], field, want)
            right += good
            claimed = by_ip.get(ip, {}).get(field)
            if not good and (want is None or field == "not_manufacturer" or (claimed and not isinstance(want, list))):
                wrong.append(f"{ip} {field}: {claimed!r}")
    return right, [line for line in wrong if " role:" not in line]


def assert_public_flows(flows: Rows) -> None:
    assert len(flows) == len(TRUTH["public_flows"])
    for want in TRUTH["public_flows"]:
        assert any(want.items() <= flow.items() for flow in flows), want


def test_clinic(medspan: Medspan, tmp_path: Path) -> None:
    """As processes; and nothing that is written holds what is a patient's."""
    inventory = tmp_path / "inventory.duckdb"
    said = [medspan("read", CLINIC).stderr]
    devices, flows, health = (medspan(name, "--format", "json").stdout for name in ("devices", "flows", "health"))
    assert score(json.loads(devices)) == (45, [])
    assert_public_flows([flow for flow in json.loads(flows) if flow["client_public"] or flow["server_public"]])
    with open_inventory(inventory) as con:
        said += [repr(con.execute(f"FROM {table}").fetchall()) for table in ("observation", "proof", "finding")]
    for form in ("csv", "json", "parquet"):
        run(inventory, "export", "-f", form, "-o", tmp_path / f"export.{form}")
    said.append(repr(duckdb.sql(f"FROM '{tmp_path}/export.parquet'").fetchall()))
    written = [path.read_bytes() for path in tmp_path.iterdir()]
    written += [text.encode() for text in (*said, devices, flows, health)]
    assert len(written) == 12
    for canary in TRUTH["canaries"]:
        for data in written:
            assert canary.encode() not in data
            assert canary.encode("utf-16-le") not in data


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Rows, Rows, dict[str, Any]]]:
    """Devices, conversations with the public and health, by form: each is read as a site, and all derived at once."""
    folder = tmp_path_factory.mktemp("forms")
    inventory = folder / "inventory.duckdb"
    for form in FORMS:
        code = LOSSY[form][0] if form in LOSSY else 0
        run(inventory, "read", degrade(CLINIC, form, folder), "--site", form, code=code)
    found = [query(inventory, *words) for words in (("devices",), ("flows", "--public"), ("health",))]
    devices, flows, health = ({form: [row for row in rows if row["site"] == form] for form in FORMS} for rows in found)
    return {form: (devices[form], flows[form], *health[form]) for form in FORMS}


@pytest.mark.parametrize("form", LOSSLESS)
def test_forms_that_lose_nothing(forms: dict[str, tuple[Rows, Rows, dict[str, Any]]], form: str) -> None:
    devices, flows, health = forms[form]
    assert score(devices) == (45, [])
    assert_public_flows(flows)
    assert not any(
        health[loss] for loss in ("gaps", "truncated_packets", "one_way_flows", "parser_errors", "file_error")
    )


@pytest.mark.parametrize("form", LOSSY)
def test_forms_that_lose_something(forms: dict[str, tuple[Rows, Rows, dict[str, Any]]], form: str) -> None:
    _, fields, losses = LOSSY[form]
    devices, _, health = forms[form]
    right, wrong = score(devices)
    assert wrong == []
    assert right >= fields
    assert all(health[loss] for loss in losses), health
