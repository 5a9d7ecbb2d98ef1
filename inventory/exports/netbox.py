"""The inventory as a folder of CSV files for NetBox's import, version 4.2 or newer (before, MACs were no objects).

The columns are those of NetBox's import forms (netbox/dcim/forms/bulk_import.py, netbox/ipam/forms/bulk_import.py)
that all versions since 4.2 have. Three things are NetBox's, and easy to get wrong:

- Files refer to devices by name only, so a name is unique in all of the folder, not just in its site.
- An address may exist once in a VRF. It is given to the device that held it last; where two sites use the same one,
  each site is a VRF.
- Importing an address that is not primary takes back the one that was: the primary ones come last.

A passive sensor does not know prefix lengths: addresses are imported as /32 and /128, and NetBox shows them in the
prefixes that it knows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import duckdb

from inventory.export import Row, query, to_cell
from inventory.exports.netbox_names import Namer, Slugs, cut

UNKNOWN: Final = "Unknown"
_GREY: Final = "9e9e9e"  # NetBox's own colour of roles where nobody chose one
_LIMITS: Final = {"serial": 50, "asset_tag": 50, "description": 200}

# The files, in the order in which they are to be imported -> their columns.
FILES: Final[dict[str, tuple[str, ...]]] = {
    "01-sites.csv": ("name", "slug", "status"),
    "02-locations.csv": ("site", "name", "slug", "status"),
    "03-manufacturers.csv": ("name", "slug"),
    "04-device-types.csv": ("manufacturer", "model", "slug", "u_height"),
    "05-device-roles.csv": ("name", "slug", "color", "vm_role"),
    "06-platforms.csv": ("name", "slug"),
    "07-devices.csv": (
        *("name", "role", "manufacturer", "device_type", "platform", "serial", "asset_tag", "status", "site"),
        *("location", "description", "comments"),
    ),
    "08-interfaces.csv": ("device", "name", "type", "description"),
    "09-mac-addresses.csv": ("mac_address", "device", "interface", "is_primary"),
    "10-vrfs.csv": ("name", "enforce_unique", "description"),
    "11-ip-addresses.csv": (
        *("address", "vrf", "status", "device", "interface", "is_primary", "dns_name", "description"),
    ),
}
README: Final = "README.txt"
_README: Final = """\
For NetBox 4.2 or newer: import these files in the order of their numbers, each on the page of its kind (Import).
A file with a header only has nothing to import.

01 Organization > Sites                    07 Devices > Devices
02 Organization > Locations                08 Devices > Interfaces
03 Devices > Manufacturers                 09 Devices > MAC Addresses
04 Devices > Device Types                  10 IPAM > VRFs
05 Devices > Device Roles                  11 IPAM > IP Addresses
06 Devices > Platforms

What NetBox has already under the same name is refused by its import: take those lines out first.
Prefix lengths cannot be seen on the wire: addresses are /32 and /128.
An address that several devices held is given to the one that held it last.
The device id of medspan is in each device's comments.
"""

_DEVICES: Final = "SELECT * FROM device WHERE $site IS NULL OR site = $site ORDER BY site, device_id"
# Each address once a site: with the device that held it last.
_ADDRESSES: Final = """
SELECT site, device_id, ip, any_value(mac ORDER BY last_seen DESC, mac) AS mac, max(last_seen) AS held
FROM address_history
WHERE ip IS NOT NULL AND ($site IS NULL OR site = $site)
GROUP BY site, device_id, ip
QUALIFY row_number() OVER (PARTITION BY site, ip ORDER BY held DESC, device_id) = 1
ORDER BY site, device_id, contains(ip, ':'), starts_with(ip, 'fe80:'), held DESC, ip
"""
_Table = list[dict[str, str]]


def write_netbox(con: duckdb.DuckDBPyConnection, site: str | None, folder: Path) -> int:
    """Write the files into `folder`; return how many devices (of one site) there are. Raises OSError."""
    devices = query(con, _DEVICES, {"site": site}).rows
    addresses = query(con, _ADDRESSES, {"site": site}).rows
    tables = {**_surroundings(devices), **_devices_and_ports(devices, addresses)}
    for name, columns in FILES.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([to_cell(row.get(column, "")) for column in columns] for row in tables[name])
    (folder / README).write_text(_README, encoding="utf-8")
    return len(devices)


def _surroundings(devices: list[Row]) -> dict[str, _Table]:
    """What devices refer to, each by its name."""
    slugs = Slugs()
    types = sorted({_type(row) for row in devices})
    return {
        "01-sites.csv": [
            {"name": name, "slug": slugs.of("site", name), "status": "active"}
            for name in sorted({cut(row["site"], 100) for row in devices})
        ],
        "02-locations.csv": [
            {"site": site, "name": name, "slug": slugs.of(f"location {site}", name), "status": "active"}
            for site, name in sorted({(cut(r["site"], 100), cut(r["location"], 100)) for r in devices if r["location"]})
        ],
        "03-manufacturers.csv": [
            {"name": maker, "slug": slugs.of("manufacturer", maker)} for maker in sorted({maker for maker, _ in types})
        ],
        "04-device-types.csv": [
            {"manufacturer": maker, "model": model, "slug": slugs.of("type", f"{maker} {model}"), "u_height": "0"}
            for maker, model in types
        ],
        "05-device-roles.csv": [
            {"name": role, "slug": slugs.of("role", role), "color": _GREY, "vm_role": "false"}
            for role in sorted({_role(row) for row in devices})
        ],
        "06-platforms.csv": [
            {"name": name, "slug": slugs.of("platform", name)}
            for name in sorted({cut(row["operating_system"], 100) for row in devices if row["operating_system"]})
        ],
    }


def _devices_and_ports(devices: list[Row], addresses: list[Row]) -> dict[str, _Table]:
    name_of = Namer(devices)
    tags: set[str] = set()
    rows, interfaces, macs = _Table(), _Table(), _Table()
    by_device: dict[str, list[Row]] = {}
    for address in addresses:
        by_device.setdefault(address["device_id"], []).append(address)
    for row in devices:
        name, held = name_of[row["device_id"]], by_device.get(row["device_id"], [])
        maker, model = _type(row)
        tag = cut(row["asset_tag"] or "", _LIMITS["asset_tag"])
        rows.append(
            {
                "name": name,
                "role": _role(row),
                "manufacturer": maker,
                "device_type": model,
                "platform": cut(row["operating_system"] or "", 100),
                "serial": cut(row["device_serial_number"] or "", _LIMITS["serial"]),
                "asset_tag": "" if tag in tags else tag,  # NetBox wants it unique; the comments have it
                "status": "active",
                "site": cut(row["site"], 100),
                "location": cut(row["location"] or "", 100),
                "description": cut(_description(row), _LIMITS["description"]),
                "comments": _comments(row),
            }
        )
        tags.add(tag)
        ports = {_port(mac) for mac in row["mac_addresses"]} | {_port(address["mac"]) for address in held}
        interfaces += [{"device": name, "name": port, "type": "other"} for port in sorted(ports)]
        macs += [
            {"mac_address": mac, "device": name, "interface": _port(mac), "is_primary": "true"}
            for mac in sorted({*row["mac_addresses"], *(address["mac"] for address in held if address["mac"])})
        ]
    vrfs = _vrfs(addresses)
    return {
        "07-devices.csv": rows,
        "08-interfaces.csv": interfaces,
        "09-mac-addresses.csv": macs,
        "10-vrfs.csv": [
            {"name": name, "enforce_unique": "true", "description": "Addresses of the site"} for name in vrfs
        ],
        "11-ip-addresses.csv": _ip_addresses(devices, by_device, name_of, vrfs),
    }


def _ip_addresses(devices: list[Row], by_device: dict[str, list[Row]], name_of: Namer, vrfs: Iterable[str]) -> _Table:
    others, primary = _Table(), _Table()
    for row in devices:
        seen: set[bool] = set()
        for address in by_device.get(row["device_id"], []):  # the best of each family comes first
            six = ":" in address["ip"]
            first = six not in seen and not address["ip"].startswith("fe80:")
            site = cut(address["site"], 100)
            line = {
                "address": f"{address['ip']}/{128 if six else 32}",
                "vrf": site if site in vrfs else "",
                "status": "active",
                "device": name_of[row["device_id"]],
                "interface": _port(address["mac"]),
                "is_primary": "true" if first else "false",
                "dns_name": name_of.dns(row) if first else "",
                "description": f"last seen {address['held'][:10]}",
            }
            (primary if first else others).append(line)
            seen.add(six)
    return others + primary


def _vrfs(addresses: list[Row]) -> list[str]:
    """The sites, where two of them use the same address; else none."""
    sites: dict[str, str] = {}
    for address in addresses:
        if sites.setdefault(address["ip"], address["site"]) != address["site"]:
            return sorted({cut(address["site"], 100) for address in addresses})
    return []


def _type(row: Row) -> tuple[str, str]:
    return cut(row["manufacturer"] or UNKNOWN, 100), cut(row["manufacturer_model_name"] or UNKNOWN, 100)


def _role(row: Row) -> str:
    return str(row["role"]).replace("_", " ")


def _port(mac: str | None) -> str:
    return mac or "unknown"


def _description(row: Row) -> str:
    """Plain text: what hosts say of themselves goes here, never into the comments, which NetBox shows as Markdown."""
    titles = [f"AE {title}" for title in row["ae_titles"]]
    parts = [*row["modalities"], row["station_name"], *titles, *row["software_versions"]]
    return "; ".join(part for part in parts if part)


def _comments(row: Row) -> str:
    parts = [
        f"medspan {row['device_id']}",
        f"first seen {row['first_seen'][:10]}",
        f"last seen {row['last_seen'][:10]}",
    ]
    return "; ".join(parts + [f"{field}: {row[field]}" for field in ("owner", "asset_tag", "note") if row[field]])
