"""The inventory as a CycloneDX 1.6 bill of materials (ECMA-424): devices, and what was seen to run on each.

Properties are of the registered taxonomy `cdx:device` where it has a word
(https://cyclonedx.github.io/cyclonedx-property-taxonomy/cdx/device), else of `medspan`. There are no references to
hosts of the site, and no hashes: files were not seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, BinaryIO, Final
from uuid import NAMESPACE_URL, UUID, uuid5

import duckdb

from inventory.export import Row, query, to_text
from inventory.exports.scope import scope

if TYPE_CHECKING:
    from cyclonedx.model import Property
    from cyclonedx.model.component import Component
    from cyclonedx.model.vulnerability import Vulnerability

_NOBODY: Final = UUID(int=0)  # holds the place of the serial number until the content is known
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)  # where there is no packet to give the date
_DEVICES: Final = "SELECT * FROM device WHERE $site IS NULL OR site = $site ORDER BY site, device_id"
_VULNERABILITIES: Final = """
SELECT subject AS id, status, min_by(severity, severity_rank(severity))
        AS severity, min(title) AS title, min(remedy) AS remedy, reason,
    any_value(a.source) AS source, list_sort(list(DISTINCT device_id)) AS device_ids
FROM finding JOIN (SELECT finding_id, subject FROM found) USING (finding_id)
    LEFT JOIN (SELECT advisory, min(source) AS source FROM knowledge_advisories GROUP BY advisory) a
        ON a.advisory = subject
WHERE rule = 'known-vulnerability' AND device_id IS NOT NULL AND ($site IS NULL OR site = $site)
GROUP BY subject, status, reason
ORDER BY subject, status, reason
"""
# Columns of `device` -> properties, of which a list has one an item.
_PROPERTIES: Final = {
    "device_serial_number": "cdx:device:serialNumber",
    "mac_addresses": "cdx:device:macAddress",
    "asset_tag": "cdx:device:sku",  # "internal inventory reference"
    "role": "cdx:device:function",
    **{
        column: f"medspan:{name}"
        for column, name in {
            "site": "site",
            "roles": "role",
            "modalities": "modality",
            "station_name": "station_name",
            "institution_name": "institution_name",
            "ae_titles": "ae_title",
            "hostnames": "hostname",
            "ip_addresses": "ip_address",
            "mac_vendor": "mac_vendor",
            "implementation_class_uids": "implementation_class_uid",
            "implementation_version_names": "implementation_version_name",
            "public_peers": "public_peer",
            "open_findings": "open_findings",
            "conflicts": "conflict",
            "owner": "owner",
            "location": "location",
            "note": "note",
            "first_seen": "first_seen",
            "last_seen": "last_seen",
        }.items()
    },
}


def write_cyclonedx(con: duckdb.DuckDBPyConnection, site: str | None, version: str, file: BinaryIO) -> int:
    """Write the devices (of one site) to `file`; return how many they are. `version` is medspan's. Raises OSError."""
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.tool import ToolRepository
    from cyclonedx.output.json import JsonV1Dot6

    about = scope(con, site)
    devices = query(con, _DEVICES, {"site": site}).rows
    tool = Component(type=ComponentType.APPLICATION, name="medspan", version=version, bom_ref="medspan")
    metadata = BomMetaData(
        timestamp=about.last_packet.replace(tzinfo=UTC) if about.last_packet else _EPOCH,
        tools=ToolRepository(components=[tool]),
        properties=[Property(name="medspan:site", value=to_text(name)) for name in about.sites],
    )
    bom = Bom(
        serial_number=_NOBODY,
        metadata=metadata,
        components=map(_device, devices),
        vulnerabilities=_vulnerabilities(query(con, _VULNERABILITIES, {"site": site}).rows),
    )
    text = JsonV1Dot6(bom).output_as_string(indent=1)
    serial = uuid5(NAMESPACE_URL, text)  # RFC 9562 5.5: the same content, the same number
    # With its key and quotes: what a host says cannot look like that.
    file.write(text.replace(f'"serialNumber": "{_NOBODY.urn}"', f'"serialNumber": "{serial.urn}"').encode() + b"\n")
    return len(devices)


def _device(row: Row) -> Component:
    from cyclonedx.model import Property
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.contact import OrganizationalEntity

    name = row["manufacturer_model_name"] or row["station_name"] or row["role"].replace("_", " ")
    properties = [
        Property(name=name, value=to_text(value))
        for column, name in _PROPERTIES.items()
        for value in (row[column] if isinstance(row[column], list) else [row[column]])
        if value is not None
    ]
    fields = defaultdict(list)
    for field, mark in (row["confidence"] or {}).items():
        fields[mark].append(field)
    properties += [Property(name=f"medspan:confidence:{mark}", value=to_text(of)) for mark, of in fields.items()]
    return Component(
        type=ComponentType.DEVICE,
        name=to_text(name),
        manufacturer=OrganizationalEntity(name=to_text(row["manufacturer"])) if row["manufacturer"] else None,
        bom_ref=row["device_id"],
        properties=properties,
        components=list(_software(row)),
    )


def _software(row: Row) -> Iterable[Component]:
    """What runs on a device: its own software, its operating system, libraries, and what answers at its ports."""
    from cyclonedx.model import Property
    from cyclonedx.model.component import Component, ComponentType

    number = count(1)

    def component(kind: ComponentType, name: str, version: str | None, ports: Iterable[Property] = ()) -> Component:
        reference = f"{row['device_id']}/{next(number)}"
        return Component(
            type=kind, name=to_text(name), version=to_text(version) or None, bom_ref=reference, properties=ports
        )

    model = row["manufacturer_model_name"] or row["manufacturer"] or "device"
    for version in row["software_versions"]:
        yield component(ComponentType.FIRMWARE, f"{model} software", version)
    if row["operating_system"]:
        yield component(ComponentType.OPERATING_SYSTEM, row["operating_system"], None)
    for toolkit in row["toolkits"]:
        yield component(ComponentType.LIBRARY, toolkit, None)
    ports = defaultdict(list)
    for service in row["services"]:
        if service["product"]:
            name = f"{service['port']}/{service['transport']} {service['protocol'] or ''}".rstrip()
            ports[service["product"], service["version"]].append(Property(name="medspan:service", value=name))
    for (product, version), properties in ports.items():
        yield component(ComponentType.APPLICATION, product, version, properties)


def _vulnerabilities(rows: list[Row]) -> Iterable[Vulnerability]:
    """One for each that was found, and what was decided of it: the devices of which the same was decided."""
    from cyclonedx.model import XsUri
    from cyclonedx.model.impact_analysis import ImpactAnalysisResponse, ImpactAnalysisState
    from cyclonedx.model.vulnerability import (
        BomTarget,
        Vulnerability,
        VulnerabilityAnalysis,
        VulnerabilityRating,
        VulnerabilitySeverity,
        VulnerabilitySource,
    )

    for number, row in enumerate(rows, 1):
        source = (row["source"] or "").split("; ")[0]
        unseen = "no longer seen" if row["status"] == "closed" else None
        yield Vulnerability(
            bom_ref=f"vulnerability/{number}/{row['id']}",
            id=to_text(row["id"]),
            source=VulnerabilitySource(url=XsUri(source)) if source.startswith("https://") else None,
            description=to_text(row["title"]),
            recommendation=to_text(row["remedy"]),
            ratings=[VulnerabilityRating(severity=VulnerabilitySeverity(row["severity"]))],
            affects=[BomTarget(ref=device_id) for device_id in row["device_ids"]],
            # A version that is known to be vulnerable is no proof that the flaw can be used there, nor is silence one
            # that it was mended: both are for people to say.
            analysis=VulnerabilityAnalysis(
                state=ImpactAnalysisState.IN_TRIAGE,
                responses=[ImpactAnalysisResponse.WILL_NOT_FIX] if row["status"] == "accepted" else None,
                detail="; ".join(filter(None, (unseen, to_text(row["reason"])))) or None,
            ),
        )
