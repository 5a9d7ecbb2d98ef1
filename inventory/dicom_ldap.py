"""The AE titles and their devices as a DICOM configuration directory: PS3.15 H.1.2 (tree), H.1.3 (schema).

dcm4chee and others load it into an LDAP server. The schema wants things that a passive sensor cannot know: an SCU's
transfer syntaxes are told as the one that every implementation has, and host names as addresses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO, TypeVar

from inventory.export import Row, query
from inventory.ldif import LdifWriter, child

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_Key = TypeVar("_Key")

DEFAULT_SYNTAX: Final = "1.2.840.10008.1.2"  # Implicit VR Little Endian: PS3.5 10.1
_COMMENTS: Final = (
    "DICOM application configuration (PS3.15 Annex H), as seen by medspan.",
    "Load it with ldapadd -c: entries that are there already stay.",
    "Transfer syntaxes of an SCP: those it accepted, for any SOP Class.",
    f"An SCU's are not told: {DEFAULT_SYNTAX} stands for them (PS3.5 10.1).",
)
_UID: Final = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]{0,38})){1,31}")  # PS3.5 9.1; an LDAP server takes no other OID

_USES: Final = """
SELECT m.site, m.ae_title, m.ip, coalesce(m.device_id, concat_ws(' ', nullif(m.site, 'default'), m.ip)) AS name,
    list_sort(list(DISTINCT m.port) FILTER (m.port IS NOT NULL)) AS ports,
    bool_or(m.attribute = 'calling_ae_title') AS initiates, bool_or(m.attribute = 'accepted_ae_title') AS accepts,
    any_value(d.role) AS role, any_value(d.manufacturer) AS manufacturer,
    any_value(d.manufacturer_model_name) AS manufacturer_model_name,
    any_value(d.device_serial_number) AS device_serial_number, any_value(d.station_name) AS station_name,
    any_value(d.institution_name) AS institution_name, any_value(d.software_versions) AS software_versions,
    any_value(d.modalities) AS modalities
FROM ae_mention m LEFT JOIN device d USING (device_id)
WHERE m.own AND ($site IS NULL OR m.site = $site)
GROUP BY m.site, m.ae_title, m.ip, m.device_id
ORDER BY name, m.ip, m.ae_title
"""
_CAPABILITIES: Final = """
SELECT site, ae_title, ip, role, sop_class, any_value(k.keyword) AS keyword,
    list_sort(list_distinct(flatten(list(transfer_syntaxes)))) AS transfer_syntaxes
FROM ae_capability LEFT JOIN knowledge_sop_classes k ON k.uid = sop_class
WHERE $site IS NULL OR site = $site
GROUP BY ALL
ORDER BY role, sop_class
"""


class Written(NamedTuple):
    """What became of the titles."""

    titles: int  # Network AEs
    left_out: int  # that the schema cannot hold: not ASCII (IA5 String), or equal to another or to none but for blanks
    shared: int  # titles that several devices use, though PS3.15 wants them unique


def write_directory(con: DuckDBPyConnection, base: str, site: str | None, file: TextIO) -> Written:
    """Write the directory below `base` (a distinguished name) to `file`."""
    writer = LdifWriter(file)
    for text in _COMMENTS:
        writer.comment(text)
    met = query(con, _USES, {"site": site}).rows
    uses = [row for row in met if row["ae_title"].isascii() and _key(row["ae_title"])]
    root = child("cn", "DICOM Configuration", base)
    devices, registry = child("cn", "Devices", root), child("cn", "Unique AE Titles Registry", root)
    _named(writer, root, "dicomConfigurationRoot", "DICOM Configuration")
    _named(writer, devices, "dicomDevicesRoot", "Devices")
    _named(writer, registry, "dicomUniqueAETitlesRegistryRoot", "Unique AE Titles Registry")
    users = _by(uses, lambda row: _key(row["ae_title"]))
    for rows in users.values():
        title = rows[0]["ae_title"]
        attributes = (*_classes("dicomUniqueAETitle"), ("dicomAETitle", title))
        writer.entry(child("dicomAETitle", title, registry), attributes)
    found = query(con, _CAPABILITIES, {"site": site}).rows
    capabilities = _by(found, lambda row: (row["site"], row["ip"], row["ae_title"]))
    titles = 0
    for name, rows in _by(uses, lambda row: row["name"]).items():
        titles += _device(writer, child("dicomDeviceName", name, devices), rows, capabilities)
    shared = sum(len({row["name"] for row in rows}) > 1 for rows in users.values())
    return Written(titles, len({(row["name"], row["ae_title"]) for row in met}) - titles, shared)


def _by(rows: Iterable[Row], key: Callable[[Row], _Key]) -> dict[_Key, list[Row]]:
    groups: dict[_Key, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _key(title: str) -> str:
    return " ".join(title.split())  # as caseExactIA5Match compares (RFC 4517 4.2.3)


def _named(writer: LdifWriter, name: str, object_class: str, common_name: str) -> None:
    writer.entry(name, (("objectClass", "top"), ("objectClass", object_class), ("cn", common_name)))


def _device(
    writer: LdifWriter, name: str, uses: list[Row], capabilities: Mapping[tuple[str, str, str], list[Row]]
) -> int:
    """Write one device with its connections, AEs and their capabilities. Return how many AEs it has."""
    writer.entry(name, list(_device_attributes(uses[0])))
    connections: dict[tuple[str, int | None], str] = {}
    for use in uses:
        for place in _places(use):
            if place not in connections:
                connections[place] = _connection(writer, name, *place)
    titles = _by(uses, lambda row: _key(row["ae_title"]))
    for same in titles.values():
        title = same[0]["ae_title"]
        entity = child("dicomAETitle", title, name)
        references = dict.fromkeys(connections[place] for use in same for place in _places(use))
        writer.entry(
            entity,
            [
                *_classes("dicomNetworkAE"),
                ("dicomAETitle", title),
                ("dicomAssociationInitiator", _boolean(any(use["initiates"] for use in same))),
                ("dicomAssociationAcceptor", _boolean(any(use["accepts"] for use in same))),
                *(("dicomNetworkConnectionReference", reference) for reference in references),
            ],
        )
        keys = dict.fromkeys((use["site"], use["ip"], use["ae_title"]) for use in same)
        _capabilities(writer, entity, [row for key in keys for row in capabilities.get(key, ())])
    return len(titles)


def _places(use: Row) -> list[tuple[str, int | None]]:
    """Address and port of each connection: without a port where it only opens associations (H.1.1.3)."""
    return [(use["ip"], port) for port in use["ports"] or [None]]


def _connection(writer: LdifWriter, device: str, ip: str, port: int | None) -> str:
    common_name = f"dicom {ip}" if port is None else f"dicom {ip} {port}"
    name = child("cn", common_name, device)
    attributes = [*_classes("dicomNetworkConnection"), ("cn", common_name), ("dicomHostname", ip)]
    writer.entry(name, attributes if port is None else [*attributes, ("dicomPort", str(port))])
    return name


def _capabilities(writer: LdifWriter, entity: str, rows: Iterable[Row]) -> None:
    syntaxes: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        if _UID.fullmatch(row["sop_class"]):
            found = syntaxes.setdefault((row["role"], row["sop_class"], row["keyword"] or row["sop_class"]), [])
            found += [uid for uid in row["transfer_syntaxes"] if _UID.fullmatch(uid)]
    for (role, sop_class, keyword), uids in syntaxes.items():
        common_name = f"{keyword} {role}"
        writer.entry(
            child("cn", common_name, entity),
            [
                *_classes("dicomTransferCapability"),
                ("cn", common_name),
                ("dicomSOPClass", sop_class),
                ("dicomTransferRole", role),
                *(("dicomTransferSyntax", uid) for uid in dict.fromkeys(uids or [DEFAULT_SYNTAX])),
            ],
        )


def _device_attributes(row: Row) -> Iterator[tuple[str, str]]:
    yield from _classes("dicomDevice")
    yield "dicomDeviceName", row["name"]
    yield "dicomInstalled", "TRUE"
    for attribute, value in (
        ("dicomDescription", row["role"]),
        ("dicomManufacturer", row["manufacturer"]),
        ("dicomManufacturerModelName", row["manufacturer_model_name"]),
        ("dicomStationName", row["station_name"]),
        ("dicomDeviceSerialNumber", row["device_serial_number"]),
        ("dicomInstitutionName", row["institution_name"]),
    ):
        if value:
            yield attribute, value
    for version in {_key(version).casefold(): version for version in row["software_versions"] or []}.values():
        yield "dicomSoftwareVersion", version
    for modality in row["modalities"] or []:
        if modality.isascii():  # IA5 String; Modality has the code values of PS3.16 CID 30
            yield "dicomPrimaryDeviceType", modality


def _classes(name: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("objectClass", "top"), ("objectClass", name)


def _boolean(value: bool) -> str:
    return "TRUE" if value else "FALSE"  # RFC 4517 3.3.3
