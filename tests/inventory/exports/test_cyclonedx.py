from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from duckdb import DuckDBPyConnection

from tests.inventory.exports.conftest import FORMULA, TITLE
from tests.inventory.exports.exporting import Whole, exported


@pytest.fixture
def bom(whole: Whole) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(whole("cyclonedx"))
    return found


def properties(component: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in component["properties"]:
        found.setdefault(item["name"], []).append(item["value"])
    return found


@pytest.mark.parametrize("site", [None, "south", "nowhere"])
def test_the_schema_takes_it(con: DuckDBPyConnection, tmp_path: Path, site: str | None) -> None:
    text = exported(con, "cyclonedx", tmp_path, site).decode()
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"type": "application"', '"type": "gadget"')) is not None


def test_the_date_is_that_of_the_data(bom: dict[str, Any]) -> None:
    assert (bom["specVersion"], bom["metadata"]["timestamp"]) == ("1.6", "2026-01-04T00:10:00+00:00")
    assert bom["metadata"]["tools"]["components"][0]["version"] == "1.2.3"
    assert [item["value"] for item in bom["metadata"]["properties"]] == ["north", "south"]


def test_the_serial_number_is_of_the_content(con: DuckDBPyConnection, bom: dict[str, Any], tmp_path: Path) -> None:
    south = json.loads(exported(con, "cyclonedx", tmp_path, "south"))
    assert bom["serialNumber"].startswith("urn:uuid:")
    assert bom["serialNumber"][23] == "5"  # the version of the UUID
    assert south["serialNumber"] != bom["serialNumber"]


def test_a_device_and_what_runs_on_it(bom: dict[str, Any]) -> None:
    (scanner,) = (device for device in bom["components"] if device["name"] == FORMULA)
    assert (scanner["type"], scanner["manufacturer"]) == ("device", {"name": "Canon Medical Systems"})
    told = properties(scanner)
    assert told["cdx:device:serialNumber"] == ["-2+3"]
    assert told["cdx:device:macAddress"] == ["00:11:22:33:44:01"]
    assert told["cdx:device:sku"] == ["A-17"]
    assert told["cdx:device:function"] == ["modality"]
    assert told["medspan:ae_title"] == [TITLE]
    assert told["medspan:ip_address"] == ["10.1.0.10", "10.1.0.11", "fe80::10"]
    assert told["medspan:station_name"] == ["放射線科"]
    assert "device_serial_number" in told["medspan:confidence:low"][0].split("; ")
    software = {(part["type"], part["name"], part.get("version")) for part in scanner["components"]}
    assert {("firmware", f"{FORMULA} software", "V6.00"), ("firmware", f"{FORMULA} software", "+1")} <= software
    (archive,) = (d for d in bom["components"] if "cdx:device:function" in properties(d) and d["name"] == "archive")
    assert ("application", "nginx", "1.18.0") in {
        (p["type"], p["name"], p.get("version")) for p in archive["components"]
    }
    assert "manufacturer" not in archive


def test_references_lead_somewhere(bom: dict[str, Any]) -> None:
    devices = [device["bom-ref"] for device in bom["components"]]
    parts = [part["bom-ref"] for device in bom["components"] for part in device.get("components", [])]
    assert len(set(devices + parts)) == len(devices + parts)
    assert {target["ref"] for found in bom["vulnerabilities"] for target in found["affects"]} <= set(devices)
    assert not any("externalReferences" in device for device in bom["components"])


def test_vulnerabilities(bom: dict[str, Any], con: DuckDBPyConnection, tmp_path: Path) -> None:
    found = {item["id"]: item for item in bom["vulnerabilities"]}
    assert sorted(found) == ["=CVE", "CVE-2021-41773"]
    assert len(found["CVE-2021-41773"]["affects"]) == 2
    assert found["CVE-2021-41773"]["analysis"] == {"state": "in_triage"}
    assert found["CVE-2021-41773"]["source"] == {"url": "https://nvd.nist.gov/vuln/detail/CVE-2021-41773"}
    assert "source" not in found["=CVE"]
    assert found["CVE-2021-41773"]["ratings"] == [{"severity": "high"}]
    con.execute("BEGIN")
    try:
        con.execute(
            """INSERT INTO acceptance (rule, device, peer, until, reason)
            SELECT 'known-vulnerability', device_id, NULL, DATE '2999-12-31', 'behind a firewall'
            FROM found WHERE finding_id = 'f0'"""
        )
        con.execute("UPDATE found SET last_seen = TIMESTAMP '2025-01-01' WHERE finding_id = 'f2'")
        decided = json.loads(exported(con, "cyclonedx", tmp_path))["vulnerabilities"]
    finally:
        con.execute("ROLLBACK")
    analyses = [item["analysis"] for item in decided if item["id"] == "CVE-2021-41773"]
    assert {"state": "in_triage"} in analyses
    assert {"state": "in_triage", "response": ["will_not_fix"], "detail": "behind a firewall"} in analyses
    # Neither that it was accepted nor that it is no longer seen says whether it can be used, or was mended.
    (unseen,) = (item["analysis"] for item in decided if item["id"] == "=CVE")
    assert unseen == {"state": "in_triage", "detail": "no longer seen"}
