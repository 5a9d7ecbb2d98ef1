"""The inventory as events of the Open Cybersecurity Schema Framework: Device Inventory Info, JSON lines.

https://schema.ocsf.io/1.6.0/classes/inventory_info. What the schema has no place for is in `unmapped`, under our own
names.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from io import TextIOWrapper
from typing import Any, BinaryIO, Final

import duckdb

from inventory.export import Row, query, stream, to_json
from inventory.exports.scope import scope

VERSION: Final = "1.6.0"
_CLASS: Final = 5001
_COLLECT: Final = 2  # activity: "the discovered information is via a collection process"
_OTHER: Final = 99

# https://schema.ocsf.io/1.6.0/objects/device: type_id of a role. Which role "other" is, `type` says.
_SERVER, _IOT, _UNKNOWN = (1, "Server"), (7, "IOT"), (0, "Unknown")
_TYPES: Final = {
    "archive": _SERVER,
    "router": _SERVER,
    "worklist": _SERVER,
    "hl7_engine": _SERVER,
    "hl7_receiver": _SERVER,
    "information_system": _SERVER,
    "web_server": _SERVER,
    "file_server": _SERVER,
    "workstation": (2, "Desktop"),
    "modality": _IOT,
    "patient_monitor": _IOT,
    "infusion_pump": _IOT,
    "analyser": _IOT,
    "phone": _IOT,
    "camera": _IOT,
    "ups": _IOT,
    "building": _IOT,
    "client": _UNKNOWN,
    "hl7_sender": _UNKNOWN,
    "unknown": _UNKNOWN,
}
# https://schema.ocsf.io/1.6.0/objects/os: type_id of an operating system, by what its name begins with.
_SYSTEMS: Final = (
    ("windows ce", 101, "Windows Mobile"),
    ("windows", 100, "Windows"),
    ("android", 201, "Android"),
    ("linux", 200, "Linux"),
    ("macos", 300, "macOS"),
    ("mac os", 300, "macOS"),
    ("ios", 301, "iOS"),
    ("ipados", 302, "iPadOS"),
    ("solaris", 400, "Solaris"),
    ("aix", 401, "AIX"),
    ("hp-ux", 402, "HP-UX"),
)
# RFC 1123 2.1; what hosts call themselves may be anything, and consumers of `hostname` expect this.
_HOSTNAME: Final = re.compile(
    r"(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\-]*[a-zA-Z0-9])\.)*([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9\-]*[A-Za-z0-9])"
)
_MAPPED: Final = frozenset(  # columns of `device` that have a place in the schema; all others are unmapped
    {"device_id", "manufacturer", "manufacturer_model_name", "device_serial_number", "operating_system"}
    | {"ip_addresses", "mac_addresses", "first_seen", "last_seen"}
)
_DEVICES: Final = "SELECT * FROM device WHERE $site IS NULL OR site = $site ORDER BY site, device_id"
# Which addresses go with which card; of those without a MAC of their own, the address alone.
_INTERFACES: Final = """
SELECT DISTINCT device_id, mac, ip, contains(ip, ':') AS six
FROM address_history
WHERE ip IS NOT NULL OR mac IS NOT NULL
ORDER BY device_id, six, ip, mac
"""


def write_ocsf(con: duckdb.DuckDBPyConnection, site: str | None, version: str, file: BinaryIO) -> int:
    """Write one event a device (of one site), and close `file`; return how many. `version` is medspan's.

    The time of each event is that of the newest packet. Raises OSError.
    """
    about = scope(con, site)
    interfaces: dict[str, list[Row]] = {}
    for row in query(con, _INTERFACES).rows:
        interfaces.setdefault(row["device_id"], []).append(row)
    metadata = {
        "version": VERSION,
        "product": {"name": "medspan", "vendor_name": "medspan", "version": version},
    }
    common = {
        "class_uid": _CLASS,
        "class_name": "Device Inventory Info",
        "category_uid": 5,
        "category_name": "Discovery",
        "activity_id": _COLLECT,
        "activity_name": "Collect",
        "type_uid": _CLASS * 100 + _COLLECT,
        "type_name": "Device Inventory Info: Collect",
        "severity_id": 1,
        "severity": "Informational",
        "time": _milliseconds(about.last_packet),
    }
    count = 0
    with TextIOWrapper(file, "utf-8", newline="") as text:
        for count, row in enumerate(stream(con, _DEVICES, {"site": site})[1], 1):  # noqa: B007 - counted
            event = {
                **common,
                "metadata": {**metadata, "uid": row["device_id"]},
                "message": _message(row),
                "device": _device(row, interfaces.get(row["device_id"], [])),
                "unmapped": _told({column: value for column, value in row.items() if column not in _MAPPED}),
            }
            text.write(to_json(event) + "\n")
    return count


def _device(row: Row, interfaces: list[Row]) -> dict[str, Any]:
    type_id, type_name = _TYPES.get(row["role"], (_OTHER, row["role"]))
    hostname = next(filter(_HOSTNAME.fullmatch, row["hostnames"]), None)
    told = {
        "uid": row["device_id"],
        "uid_alt": row["asset_tag"],
        "name": row["station_name"] or next(iter(row["hostnames"] or row["ae_titles"]), None),
        "type_id": type_id,
        "type": type_name,
        "hostname": hostname,
        "ip": next((i["ip"] for i in interfaces if i["ip"]), None),  # IPv4 before IPv6
        "mac": next(iter(row["mac_addresses"]), None),
        "vendor_name": row["manufacturer"],
        "model": row["manufacturer_model_name"],
        "hw_info": _told({"serial_number": row["device_serial_number"], "vendor_name": row["manufacturer"]}),
        "os": _system(row["operating_system"]),
        "network_interfaces": [
            _told({"type_id": 0, "type": "Unknown", "mac": i["mac"], "ip": i["ip"]}) for i in interfaces
        ],
        "first_seen_time": _iso_milliseconds(row["first_seen"]),
        "last_seen_time": _iso_milliseconds(row["last_seen"]),
    }
    return _told(told)


def _system(name: str | None) -> dict[str, Any] | None:
    if not name:
        return None
    for start, type_id, type_name in _SYSTEMS:
        if name.lower().startswith(start):
            return {"name": name, "type_id": type_id, "type": type_name}
    return {"name": name, "type_id": _OTHER, "type": name}


def _message(row: Row) -> str:
    """The device in a few words: modality CT Canon Medical Systems Aquilion ONE."""
    parts = [row["role"].replace("_", " "), *row["modalities"], row["manufacturer"], row["manufacturer_model_name"]]
    return " ".join(part for part in parts if part)


def _told(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value not in (None, [], {})}


def _milliseconds(at: datetime | None) -> int:
    """Milliseconds since 1970-01-01, the schema's timestamp_t."""
    return int(at.replace(tzinfo=UTC).timestamp() * 1000) if at else 0


def _iso_milliseconds(text: str | None) -> int | None:
    return None if text is None else _milliseconds(datetime.fromisoformat(text).replace(tzinfo=None))
