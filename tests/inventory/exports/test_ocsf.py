from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from inventory.exports import ocsf
from sensor.cli.options import Role
from tests.inventory.exports.conftest import CT_MAC, FORMULA, PACS_MAC, TITLE
from tests.inventory.exports.exporting import Whole

SCHEMA = json.loads(Path(__file__).with_name("ocsf_inventory_info.schema.json").read_text("utf-8"))


@pytest.fixture
def events(whole: Whole) -> list[dict[str, Any]]:
    return [json.loads(line) for line in whole("ocsf").decode().splitlines()]


def by_mac(events: list[dict[str, Any]], mac: str) -> dict[str, Any]:
    (event,) = (event for event in events if event["device"].get("mac") == mac)
    return event


def test_every_event_is_as_the_schema_says(events: list[dict[str, Any]]) -> None:
    validator = Draft202012Validator(SCHEMA)
    assert len(events) == 6
    assert [error.message for event in events for error in validator.iter_errors(event)] == []
    assert list(validator.iter_errors({**events[0], "severity_id": None}))  # the check can fail
    assert list(validator.iter_errors({**events[0], "device": {**events[0]["device"], "owner_id": 1}}))


def test_what_an_event_says(events: list[dict[str, Any]]) -> None:
    event = by_mac(events, CT_MAC)
    assert (event["type_uid"], event["time"], event["metadata"]["version"]) == (500102, 1_767_485_400_000, "1.6.0")
    assert event["metadata"]["product"] == {"name": "medspan", "vendor_name": "medspan", "version": "1.2.3"}
    device = event["device"]
    assert device["hw_info"] == {"serial_number": "-2+3", "vendor_name": "Canon Medical Systems"}
    assert (device["model"], device["type"], device["name"]) == (FORMULA, "IOT", "放射線科")
    assert (device["hostname"], device["uid_alt"], device["ip"]) == ("ct.example", "A-17", "10.1.0.10")
    assert [interface["ip"] for interface in device["network_interfaces"]] == ["10.1.0.10", "10.1.0.11", "fe80::10"]
    assert event["unmapped"]["ae_titles"] == [TITLE]
    assert event["unmapped"]["note"] == "-leased"
    assert "mac" not in next(e for e in events if e["device"].get("ip") == "10.1.0.30")["device"]
    assert by_mac(events, PACS_MAC)["device"]["type_id"] == 1


@pytest.mark.parametrize("role", Role)
def test_every_role_has_a_type(role: Role) -> None:
    expected = role.value not in ocsf._TYPES
    assert expected == (role.value in {"printer", "network"})  # of which the schema knows nothing, or too much


@pytest.mark.parametrize(
    ("name", "type_id"),
    [("Windows 10", 100), ("Windows CE 6", 101), ("Linux", 200), ("Cisco IOS", 99), ("iOS", 301), ("VxWorks", 99)],
)
def test_operating_systems(name: str, type_id: int) -> None:
    system = ocsf._system(name)
    assert system is not None
    assert (system["name"], system["type_id"]) == (name, type_id)
    assert list(Draft202012Validator({**SCHEMA["$defs"]["os"], "$defs": SCHEMA["$defs"]}).iter_errors(system)) == []
