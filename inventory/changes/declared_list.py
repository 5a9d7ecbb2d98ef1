"""A list of devices that somebody keeps, as CSV of any shape: its encoding, delimiter and headers are found out."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_interface
from pathlib import Path
from typing import Final, NamedTuple

from inventory.csv_lists import CsvRows, read_text
from inventory.errors import InventoryError
from inventory.naming import mac
from parsers.text import clean

_NOTHING: Final = frozenset(["", "-", "--", "?", "n/a", "na", "none", "null", "unknown", "tbd", "dhcp", "x"])
# Field -> headers that mean it, as letters and digits; our own exports' are among them.
_HEADERS: Final = {
    "serial": "serial serialnumber serialno serialnr sn snr deviceserialnumber seriennummer",
    "mac": "mac macs macaddress macaddresses macaddr physicaladdress hardwareaddress hwaddress ethernetaddress",
    "asset_tag": "assettag asset assetid assetnumber assetno tag tagno tagnumber equipmentid equipmentnumber cmmsid "
    "controlnumber inventorynumber inventoryno",
    "ip": "ip ips ipaddress ipaddresses ipaddr ipv4 ipv4address ipv6 ipv6address hostip",
    "hostname": "hostname hostnames host name devicename computername dnsname fqdn systemname",
    "ae_title": "ae aet aets aetitle aetitles dicomae dicomaet dicomaetitle applicationentitytitle",
    "manufacturer": "manufacturer vendor make maker brand mfr oem hersteller",
    "model": "model modelname modelnumber modelno manufacturermodelname devicemodel product modell",
    "software_version": "softwareversion softwareversions software firmware firmwareversion swversion",
    "owner": "owner responsible custodian",
    "location": "location room",
    "site": "site facility campus",
}
FIELDS: Final = tuple(_HEADERS)
KEYS: Final = (
    "serial",
    "mac",
    "asset_tag",
    "ip",
    "hostname",
    "ae_title",
)  # that tell which device, the strongest first
_MAC: Final = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_UNIQUE: Final = ("serial", "mac", "asset_tag")
_MEANING: Final = {header: field for field, headers in _HEADERS.items() for header in headers.split()}


class Declared(NamedTuple):
    """One device of the list."""

    line: int  # in the file, from 1
    values: dict[str, tuple[str, ...]]  # of FIELDS; addresses in their canonical form; what is empty is left out


@dataclass(slots=True)
class DeclaredList:
    """The list, as it was understood."""

    headers: dict[str, str]  # field -> header
    unused: list[str]  # headers that mean nothing to us
    rows: list[Declared]
    unread: list[str]  # what was left out, for people


def read_list(file: Path, mapping: str | None = None) -> DeclaredList:
    """Read `file`. `mapping` says what headers mean, where that is not plain: "ip=IP Address,serial=Serial No".

    Raises InventoryError, with the line where there is one.
    """
    reader = CsvRows(read_text(file))
    try:
        cells = next((row for row in reader if any(cell.strip() for cell in row)), None)
        if cells is None:
            raise InventoryError(f"{file} is empty")
        where = f"{file}, line {reader.line}"
        headers = [" ".join(clean(cell).split()) for cell in cells]
        columns = _columns(headers, _parse_mapping(mapping), where)
        listed = DeclaredList({field: headers[at] for field, at in columns.items()}, [], [], [])
        listed.unused = [header for at, header in enumerate(headers) if header and at not in columns.values()]
        whole: dict[tuple[str, ...], int] = {}
        twice: list[str] = []
        for row in reader:
            line = reader.line
            if len(row) > len(headers) and any(cell.strip() for cell in row[len(headers) :]):
                raise InventoryError(f"{file}, line {line}: {len(row)} cells, where the header has {len(headers)}")
            if any(cell.strip() for cell in row):
                if (before := whole.setdefault(tuple(map(str.strip, row)), line)) != line:
                    twice.append(f"{file}, line {line}: the same row as in line {before}")
                listed.rows.append(_read_row(row, line, columns, listed.unread))
    except csv.Error as error:
        raise InventoryError(f"{file}, line {reader.line}: {error}") from None
    if not listed.rows:
        raise InventoryError(f"{file} is empty: there is nothing below its header")
    _check_unique(file, listed.rows)
    if twice:
        raise InventoryError(twice[0])
    return listed


def _parse_mapping(mapping: str | None) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for part in filter(str.strip, (mapping or "").split(",")):
        field, equals, header = (word.strip() for word in part.partition("="))
        if not equals or not header or field not in FIELDS or field in wanted:
            raise InventoryError(f"--map: {clean(part)!r}: FIELD=HEADER is expected, FIELD once of {', '.join(FIELDS)}")
        wanted[field] = " ".join(header.split())
    return wanted


def _columns(headers: list[str], wanted: dict[str, str], where: str) -> dict[str, int]:
    """Return field -> column."""
    columns: dict[str, int] = {}
    folded = [header.casefold() for header in headers]
    for field, header in wanted.items():
        if (found := folded.count(header.casefold())) != 1:
            told = "no column" if not found else f"{found} columns"
            raise InventoryError(f"{where}: {told} {clean(header)!r}; it has {_shown(headers)}")
        columns[field] = folded.index(header.casefold())
    for at, header in enumerate(headers):
        field = _MEANING.get(re.sub(r"[^a-z0-9]", "", header.casefold()), "")
        if not field or field in wanted or at in columns.values():
            continue
        if field in columns:
            both = f"{headers[columns[field]]!r} and {header!r}"
            raise InventoryError(f"{where}: two columns for {field}, {both}: choose with --map '{field}=...'")
        columns[field] = at
    if not columns.keys() & set(KEYS):
        raise InventoryError(
            f"{where}: no column tells which device ({', '.join(KEYS)}): say which with --map 'serial=...'; "
            f"it has {_shown(headers)}"
        )
    return dict(sorted(columns.items(), key=lambda item: item[1]))


def _shown(headers: list[str]) -> str:
    """The first words of the headers: a wrong file may have anything in its first line."""
    return ", ".join(repr(header[:24]) for header in headers[:20])


def _read_row(row: list[str], line: int, columns: dict[str, int], unread: list[str]) -> Declared:
    values = {}
    for field, at in columns.items():
        cell = clean(row[at]).strip() if at < len(row) else ""
        if re.match(r"'[=+\-@]", cell):  # the guard of our own exports
            cell = cell[1:]
        if cell.casefold() in _NOTHING:
            continue
        found = tuple(dict.fromkeys(_READ.get(field, _whole)(cell)))
        if not found:
            unread.append(f"line {line}: {cell[:40]!r} is no {field} address")
        else:
            values[field] = found
    return Declared(line, values)


def _whole(cell: str) -> Iterable[str]:
    return (" ".join(cell.split()),)


def _words(separators: str) -> Callable[[str], Iterable[str]]:
    return lambda cell: [" ".join(word.split()) for word in re.split(separators, cell) if word.strip()]


def _ips(cell: str) -> Iterable[str]:
    for word in re.split(r"[,;|\s]+", cell):
        try:
            yield str(ip_interface(word).ip)  # perhaps with its prefix length
        except ValueError:
            continue


def _macs(cell: str) -> Iterable[str]:
    words = re.split(r"[,;|\s]+", cell)
    whole = mac("".join(cell.split()))  # perhaps written with spaces
    return [found for found in ([whole] if _MAC.fullmatch(whole) else map(mac, words)) if _MAC.fullmatch(found)]


_READ: Final[dict[str, Callable[[str], Iterable[str]]]] = {
    "ip": _ips,
    "mac": _macs,
    "hostname": _words(r"[,;|\s]"),
    "ae_title": _words(r"[,;|]"),
    "software_version": _words(r"[,;|]"),
}


def _check_unique(file: Path, rows: list[Declared]) -> None:
    seen: dict[tuple[object, ...], int] = {}
    for row in rows:
        model, site = row.values.get("model"), row.values.get("site")
        names: list[tuple[str, tuple[object, ...]]] = []
        for field in _UNIQUE:
            more = (model, site) if field == "serial" else site if field == "asset_tag" else None
            names += [(f"{field} {value!r}", (field, value.casefold(), more)) for value in row.values.get(field, ())]
        for name, key in names:
            if key in seen:
                raise InventoryError(f"{file}, line {row.line}: the same {name} as in line {seen[key]}")
            seen[key] = row.line
