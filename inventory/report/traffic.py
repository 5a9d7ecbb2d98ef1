"""Who talks to whom, summed: the devices by role (or one by one), and the organisations outside by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import duckdb

from inventory.export import Row, query
from inventory.findings.rules import SEVERITIES

DETAILED: Final = 40  # up to so many devices of a site are drawn one by one

_DEVICES: Final = """
SELECT p.site, p.device_id, p.role, p.modalities, len(p.public_peers) > 0 AS public, p.addressless,
    coalesce(p.ae_titles[1], p.hostnames[1], p.station_name) AS name, p.ip_addresses[1] AS ip,
    coalesce(w.worst <= list_position($severities, 'high'), false) AS alarming
FROM profile p LEFT JOIN (
    SELECT device_id, min(list_position($severities, severity)) AS worst
    FROM finding
    WHERE status = 'open'
    GROUP BY device_id
) w USING (device_id)
WHERE $site IS NULL OR p.site = $site
ORDER BY p.site, p.role, p.modalities, p.ip_addresses, p.device_id
"""
_LINKS: Final = """
WITH size AS (
    SELECT site, count(*) <= $detailed AS detailed
    FROM profile
    GROUP BY site
),
talk AS (
    SELECT c.*, s.detailed, cp.role AS client_role, sp.role AS server_role,
        '@' || coalesce(partner, cloud, as_organization, CASE WHEN client_public THEN client_ip ELSE server_ip END)
            AS organisation
    FROM conversation c JOIN size s USING (site)
        LEFT JOIN (SELECT device_id, role FROM profile) cp ON cp.device_id = c.client_device_id
        LEFT JOIN (SELECT device_id, role FROM profile) sp ON sp.device_id = c.server_device_id
    WHERE $site IS NULL OR c.site = $site
),
ends AS (
    SELECT *, client_public AS inbound, server_public AS outbound,
        CASE WHEN client_public THEN server_device_id ELSE client_device_id END AS device_id,
        CASE WHEN client_public THEN organisation WHEN detailed THEN client_device_id ELSE client_role END AS source,
        CASE WHEN server_public THEN organisation WHEN detailed THEN server_device_id ELSE server_role END AS target
    FROM talk
    WHERE NOT (client_public AND server_public)
)
SELECT site, source, target, inbound, outbound, direction <> 'internal' AS crossing,
    established,
    bool_and(encrypted) AS encrypted,
    bool_or(clear_patient_data) AS in_clear,
    list_sort(list_distinct(list(coalesce(protocol, transport)))) AS protocols,
    count(DISTINCT (coalesce(client_device_id, client_ip), coalesce(server_device_id, server_ip))) AS pairs,
    count(DISTINCT device_id) AS devices,
    sum(connections)::BIGINT AS connections,
    sum(bytes_to_server + bytes_to_client)::BIGINT AS bytes
FROM ends
WHERE source IS NOT NULL AND target IS NOT NULL
GROUP BY ALL
ORDER BY site, crossing DESC, in_clear DESC, pairs DESC, source, target, established
"""
_OUTSIDE: Final = """
SELECT site, coalesce(partner, cloud, as_organization, ip) AS organisation, bool_or(partner IS NOT NULL) AS expected,
    list_sort(list_distinct(list(country))) AS countries, list_sort(list_distinct(list(ip))) AS addresses,
    list_sort(list_distinct(list(name))) AS names, bool_or(established) AS answered,
    bool_or(clear_patient_data AND established) AS in_clear, bool_or(inbound AND established) AS asks,
    count(DISTINCT device_id) AS devices, list_sort(list_distinct(list(protocol))) AS protocols
FROM (
    SELECT site, partner, cloud, as_organization, country, established, clear_patient_data, client_public AS inbound,
        CASE WHEN client_public THEN client_ip ELSE server_ip END AS ip, coalesce(sni, certificate_name) AS name,
        CASE WHEN client_public THEN server_device_id ELSE client_device_id END AS device_id,
        coalesce(protocol, transport) AS protocol
    FROM conversation
    WHERE client_public <> server_public AND ($site IS NULL OR site = $site)
)
GROUP BY ALL
ORDER BY site, in_clear DESC, asks DESC, answered DESC, expected, devices DESC, organisation
"""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Who talks to whom at one site. Rows have the columns of the queries above."""

    site: str
    devices: list[Row] = field(default_factory=list)  # by role and modality
    outside: list[Row] = field(default_factory=list)  # organisations, the most alarming first
    # From `source` to `target`: a role, or a device's id, or an organisation, with "@" in front.
    links: list[Row] = field(default_factory=list)

    @property
    def detailed(self) -> bool:
        """Whether `source` and `target` are devices, not roles."""
        return len(self.devices) <= DETAILED


def traffic(con: duckdb.DuckDBPyConnection, site: str | None = None) -> list[Traffic]:
    """Read who talks to whom, for each site (or the one asked for)."""
    sites: dict[str, Traffic] = {}
    for row in query(con, _DEVICES, {"site": site, "severities": list(SEVERITIES)}).rows:
        sites.setdefault(row["site"], Traffic(row["site"])).devices.append(row)
    for row in query(con, _LINKS, {"site": site, "detailed": DETAILED}).rows:
        if row["site"] in sites:
            sites[row["site"]].links.append(row)
    for row in query(con, _OUTSIDE, {"site": site}).rows:
        if row["site"] in sites:
            sites[row["site"]].outside.append(row)
    return list(sites.values())
