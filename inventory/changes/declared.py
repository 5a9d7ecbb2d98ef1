"""What was seen against what is declared: seen but not declared, declared but not seen, and different."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any, Final, NamedTuple

import duckdb

from inventory.changes.declared_list import KEYS, Declared, DeclaredList
from inventory.export import Result, Row

COLUMNS: Final = (
    "difference",  # not declared, not seen, not observed, different, ambiguous
    "site",
    "device_id",
    "ip_address",
    "device",  # what it is, as far as it was seen
    "line",  # of the list
    "matched_by",  # serial, mac, asset_tag, ip, hostname, ae_title
    "field",
    "declared",
    "seen",
)
_ORDER: Final = ("not declared", "different", "ambiguous", "not seen", "not observed")
_SEEN: Final = """
SELECT d.site, d.device_id, s.detail, s.value, [d.device_serial_number], d.mac_addresses, [d.asset_tag],
    d.ip_addresses, coalesce(a.current, []), d.hostnames, d.ae_titles, [d.manufacturer], [d.manufacturer_model_name],
    d.software_versions, [d.owner], [d.location]
FROM device d JOIN (SELECT device_id, value, detail FROM state WHERE aspect = 'device') s USING (device_id)
    LEFT JOIN (
        SELECT device_id, list(value) AS current FROM (
            SELECT device_id, value FROM state
            WHERE aspect = 'ip_address' AND detail = 'IPv4'
            QUALIFY last_seen >= max(first_seen) OVER (PARTITION BY device_id)
        )
        GROUP BY device_id
    ) a USING (device_id)
WHERE $site IS NULL OR d.site = $site
ORDER BY d.site, d.device_id
"""
_SPELLINGS: Final = "SELECT spelling, manufacturer FROM knowledge_manufacturers WHERE manufacturer <> ''"


class Differences(NamedTuple):
    """The answer."""

    result: Result  # of COLUMNS
    matched: int  # declared devices that were seen


@dataclass(slots=True)
class _Device:
    site: str
    device_id: str
    ip: str | None
    name: str
    held: list[str]  # IPv4 addresses it has now
    values: dict[str, list[str]] = field(default_factory=dict)
    taken: int | None = None  # line of the list


def differences(con: duckdb.DuckDBPyConnection, listed: DeclaredList, site: str | None = None) -> Differences:
    """Compare `listed` with the devices (of one site) that `con` has derived."""
    rows = [row for row in listed.rows if site is None or row.values.get("site", (site,))[0] == site]
    devices = [_device(*seen) for seen in con.execute(_SEEN, {"site": site}).fetchall()]
    spellings = dict(con.execute(_SPELLINGS).fetchall())
    matched, told = _match(rows, devices)
    nets = {net for device in devices for net in _networks(device.values["ip"])}
    for row in rows:
        if row.line in matched:
            key, device = matched[row.line]
            told += [_row("different", device, row, key, *values) for values in _different(row, device, spellings)]
        elif not any(other["line"] == row.line for other in told):
            ips = row.values.get("ip", ())
            outside = bool(ips) and nets.isdisjoint(_networks(ips))
            told.append(_row("not observed" if outside else "not seen", None, row, None, None, _summary(row), None))
    told += [_row("not declared", device, None, None, None, None, None) for device in devices if device.taken is None]
    told.sort(key=lambda row: (_ORDER.index(row["difference"]), row["site"] or "", row["line"] or 0))
    return Differences(Result(list(COLUMNS), told), len(matched))


def _device(site: str, device_id: str, ip: str | None, name: str, *values: Any) -> _Device:
    serial, macs, tag, ips, held, *others = values
    fields = ("hostname", "ae_title", "manufacturer", "model", "software_version", "owner", "location")
    of = dict(zip(("serial", "mac", "asset_tag", "ip", *fields), (serial, macs, tag, ips, *others), strict=True))
    return _Device(site, device_id, ip, name, held, {key: [v for v in vs or [] if v] for key, vs in of.items()})


def _match(rows: list[Declared], devices: list[_Device]) -> tuple[dict[int, tuple[str, _Device]], list[Row]]:
    """Return line -> (what it was matched by, device), the strongest key first, and the rows of what is ambiguous."""
    matched: dict[int, tuple[str, _Device]] = {}
    told: list[Row] = []
    for key in KEYS:
        named: dict[str, list[_Device]] = defaultdict(list)
        for device in devices:
            for name in {_name(key, value) for value in device.values[key]}:
                named[name].append(device)
        for row in rows:
            if row.line in matched:
                continue
            site = row.values.get("site")
            wanted = [d for value in row.values.get(key, ()) for d in named.get(_name(key, value), ())]
            found = [
                device
                for device in {id(device): device for device in wanted}.values()
                if device.taken is None and not _contradicts(row, device) and site in (None, (device.site,))
            ]
            if key == "ip" and len(found) > 1:  # who has it now
                found = [d for d in found if set(d.held) & set(row.values[key])] or found
            if len(found) > 1:  # several: what else is declared decides
                agreeing = [[_agree(row, d, other) for other in KEYS] for d in found]
                found = [d for d, agrees in zip(found, agreeing, strict=True) if agrees == max(agreeing)]
            if len(found) == 1:
                found[0].taken = row.line
                matched[row.line] = key, found[0]
            elif found:
                names = "; ".join(device.device_id for device in found[:5])
                told.append(_row("ambiguous", None, row, key, key, "; ".join(row.values[key]), names))
                for device in found:
                    device.taken = row.line  # one of them is declared
    told = [row for row in told if row["line"] not in matched]
    return matched, told


def _contradicts(row: Declared, device: _Device) -> bool:
    """A weaker key says nothing where a serial number says otherwise."""
    return bool(row.values.get("serial") and device.values["serial"]) and not _agree(row, device, "serial")


def _agree(row: Declared, device: _Device, key: str) -> bool:
    declared = {_name(key, value) for value in row.values.get(key, ())}
    return not declared.isdisjoint(_name(key, value) for value in device.values[key])


def _name(key: str, value: str) -> str:
    """Return a key's value as it is compared."""
    if key == "hostname":
        return value.casefold().split(".")[0][:15]  # NetBIOS cuts at 15 letters
    if key in ("serial", "asset_tag"):
        return re.sub(r"[\W_]", "", value).casefold().lstrip("0") or value
    return value.casefold() if key != "ae_title" else value


def _different(
    row: Declared, device: _Device, spellings: dict[str, str]
) -> Iterable[tuple[str, str | None, str | None]]:
    """Yield (field, declared, seen) of what differs. What was not seen does not."""
    for name, declared in row.values.items():
        seen = device.values.get(name, [])
        if not seen:
            continue
        if name in ("manufacturer", "model", "software_version"):
            same = any(_alike(name, one, other, spellings) for one in declared for other in seen)
        elif name == "ip":
            now = {*device.held, *(ip for ip in seen if ":" in ip)} or set(seen)
            same = not now.isdisjoint(declared)
            kinds = {":" in ip for ip in declared}
            seen = sorted(ip for ip in now if (":" in ip) in kinds) or sorted(now)
        else:
            same = any(_name(name, one) == _name(name, other) for one in declared for other in seen)
        if not same:
            yield name, "; ".join(declared), "; ".join(seen)


def _alike(name: str, one: str, other: str, spellings: dict[str, str]) -> bool:
    """Tell whether two spellings mean the same: one may say more than the other."""
    if name == "manufacturer":
        one, other = (spellings.get(_letters(text), text) for text in (one, other))
    one, other = _letters(one), _letters(other)
    return one in other or other in one


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _networks(ips: Iterable[str]) -> set[str]:
    """The networks of addresses, as wide as they usually are: a captured neighbour shows that they are captured."""
    return {str(ip_network(f"{ip}/{24 if ip_address(ip).version == 4 else 64}", strict=False)) for ip in ips}


def _summary(row: Declared) -> str:
    return "; ".join(f"{name} {', '.join(values)}" for name, values in row.values.items() if name != "site")


def _row(
    difference: str,
    device: _Device | None,
    row: Declared | None,
    matched_by: str | None,
    name: str | None,
    declared: str | None,
    seen: str | None,
) -> Row:
    site = device.site if device else row.values.get("site", (None,))[0] if row else None
    about = (device.device_id, device.ip, device.name) if device else (None, None, None)
    values = (difference, site, *about, row.line if row else None, matched_by, name, declared, seen)
    return dict(zip(COLUMNS, values, strict=True))
