"""What the page shows, read from an inventory in a stable order, as plain values.

A page must stay a page: of a very large inventory it lists the part that matters most, and says how many there are in
all. The counts and the picture are always of everything.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import duckdb

from inventory.export import Row, query
from inventory.findings.rules import SEVERITIES

MAX_DEVICES: Final = 5_000
MAX_FINDINGS: Final = 5_000
MAX_EXPOSURES: Final = 2_000  # as many conversations with public addresses
MAX_PEERS: Final = 40  # conversations of one device
MAX_EVIDENCE: Final = 80  # statements about one device

_CAPTURES: Final = """
SELECT id, name AS capture, site, sensor, first_packet, last_packet, packets, bytes, kernel_drops, truncated_packets,
    duplicate_packets, gaps, gap_bytes, one_way_flows, unknown_link_packets, undecoded_packets, parser_errors, caps_hit,
    file_error, complete, sha256
FROM capture
WHERE $site IS NULL OR site = $site
ORDER BY site, first_packet, name, id
"""
_SHOWN: Final = """
CREATE OR REPLACE TEMP TABLE shown AS
SELECT d.*, w.worst
FROM device d LEFT JOIN (
    SELECT device_id, min(list_position($severities, severity)) AS worst
    FROM finding
    WHERE status = 'open'
    GROUP BY device_id
) w USING (device_id)
WHERE $site IS NULL OR site = $site
ORDER BY worst NULLS LAST, len(public_peers) = 0, role IN ('client', 'unknown'), device_id
LIMIT $limit
"""
_DEVICES: Final = """
SELECT s.* FROM shown s LEFT JOIN (
    SELECT device_id, min(position) AS position
    FROM (SELECT device_id, unnest(ip_addresses) AS ip FROM shown) JOIN address USING (ip)
    GROUP BY device_id
) p USING (device_id)
ORDER BY site, p.position NULLS LAST, device_id
"""
_KINDS: Final = """
SELECT site, role, modalities, manufacturer, operating_system, toolkits, len(public_peers) > 0 AS public, addressless,
    count(*) AS devices
FROM device
WHERE $site IS NULL OR site = $site
GROUP BY ALL
ORDER BY ALL
"""
_FINDINGS: Final = """
SELECT f.*, t.title AS rule_title, d.detail
FROM finding f JOIN (SELECT rule, title FROM rule) t USING (rule)
    JOIN (SELECT finding_id, detail FROM found) d USING (finding_id)
    LEFT JOIN address a ON a.ip = f.ip_address
WHERE $site IS NULL OR f.site = $site
ORDER BY list_position($severities, f.severity), f.rule, f.status <> 'open', f.status, f.site,
    a.position NULLS LAST, f.port, f.peer, f.finding_id
LIMIT $limit
"""
_FINDING_COUNTS: Final = """
SELECT severity, status, count(*) AS findings FROM finding WHERE $site IS NULL OR site = $site GROUP BY ALL ORDER BY ALL
"""
_EXPOSURE: Final = """
SELECT * FROM exposure
WHERE $site IS NULL OR site = $site
ORDER BY direction <> 'inbound', clear_patient_data DESC, expected, certainty, kind, site, ip_addresses, device_id,
    remote_access, organization, services
LIMIT $limit
"""
_PUBLIC: Final = """
SELECT * FROM conversation
WHERE (client_public OR server_public) AND ($site IS NULL OR site = $site)
ORDER BY established DESC, clear_patient_data DESC, direction, encrypted, connections DESC, site, client_ip, server_ip,
    server_port, transport, protocol, sni
LIMIT $limit
"""
_NUMBERS: Final = """
SELECT count(*) AS public, count(*) FILTER (clear_patient_data AND established) AS clear_outside,
    (SELECT count(*) FROM exposure WHERE $site IS NULL OR site = $site) AS exposures
FROM conversation
WHERE (client_public OR server_public) AND ($site IS NULL OR site = $site)
"""
_PEERS: Final = """
WITH talk AS (
    SELECT *, bytes_to_server + bytes_to_client AS bytes
    FROM conversation
),
side AS (
    SELECT client_device_id AS device_id, true AS opened, server_device_id AS other_id, server_ip AS other_ip,
        server_public AS public, *
    FROM talk
    UNION ALL
    SELECT server_device_id, false, client_device_id, client_ip, client_public, *
    FROM talk
)
SELECT device_id, opened, other_id, other_ip, public, server_port, transport, protocol, encrypted, established,
    clear_patient_data, connections, bytes, last_seen
FROM side
WHERE device_id IN (SELECT device_id FROM shown)
QUALIFY row_number() OVER (PARTITION BY device_id ORDER BY NOT public, connections DESC, other_ip, server_port,
    transport, protocol, opened) <= $limit
ORDER BY device_id, NOT public, connections DESC, other_ip, server_port, transport, protocol, opened
"""
_EVIDENCE: Final = """
WITH said AS (
    SELECT device_id, field, value, class, used, min({'first_seen': first_seen, 'capture': capture, 'frame': frame,
        'confidence': confidence, 'reason': reason, 'wire': wire}) AS e, sum(count)::BIGINT AS count
    FROM evidence
    WHERE device_id IN (SELECT device_id FROM shown) AND field NOT IN ('public_peers', 'roles')
    GROUP BY ALL
)
SELECT device_id, field, value, class, used, e.confidence AS confidence, e.reason AS reason, e.wire AS wire,
    e.capture AS capture, e.frame AS frame, count
FROM said
QUALIFY row_number() OVER (PARTITION BY device_id ORDER BY NOT used, field, value, class) <= $limit
ORDER BY device_id, field, NOT used, value, class
"""
_HISTORY: Final = """
SELECT device_id, ip, mac, vlan, first_seen, last_seen, known_by FROM address_history
WHERE device_id IN (SELECT device_id FROM shown)
QUALIFY row_number() OVER (PARTITION BY device_id ORDER BY last_seen DESC, ip, mac, vlan) <= $limit
ORDER BY device_id, first_seen DESC, last_seen DESC, ip, mac, vlan
"""
_NOTES: Final = """
SELECT DISTINCT k.device_id, a.field, a.value, a.author, a."at" AS written
FROM annotation a JOIN device_key k ON k.kind = 'id' AND k.key = a.device_id
WHERE k.device_id IN (SELECT device_id FROM shown)
ORDER BY k.device_id, written DESC, a.field, a.value, a.author
"""


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that is shown. Rows have the columns of the queries above."""

    site: str | None  # the one asked for
    captures: list[Row]
    kinds: list[Row]  # how many devices there are of each kind, all of them
    devices: list[Row]  # in the order of their addresses; MAX_DEVICES at most
    findings: list[Row]  # the worst first; MAX_FINDINGS at most
    finding_counts: list[Row]
    exposures: list[Row]  # what can be reached first; MAX_EXPOSURES at most
    exposure_number: int  # of these there are in all
    public: list[Row]  # conversations with public addresses; MAX_EXPOSURES at most
    public_number: int  # of these there are in all
    clear_outside: int  # of these that carried patient data in clear
    peers: dict[str, list[Row]]  # by device id
    evidence: dict[str, list[Row]]
    history: dict[str, list[Row]]
    notes: dict[str, list[Row]]


def gather(con: duckdb.DuckDBPyConnection, site: str | None = None) -> Gathered:
    """Read what is shown of `site` (of all sites: None). `con` is the inventory with its derived tables."""
    severities = list(SEVERITIES)
    con.execute(_SHOWN, {"site": site, "severities": severities, "limit": MAX_DEVICES})
    (numbers,) = query(con, _NUMBERS, {"site": site}).rows
    return Gathered(
        site=site,
        captures=query(con, _CAPTURES, {"site": site}).rows,
        kinds=query(con, _KINDS, {"site": site}).rows,
        devices=query(con, _DEVICES).rows,
        findings=query(con, _FINDINGS, {"site": site, "severities": severities, "limit": MAX_FINDINGS}).rows,
        finding_counts=query(con, _FINDING_COUNTS, {"site": site}).rows,
        exposures=query(con, _EXPOSURE, {"site": site, "limit": MAX_EXPOSURES}).rows,
        exposure_number=numbers["exposures"],
        public=query(con, _PUBLIC, {"site": site, "limit": MAX_EXPOSURES}).rows,
        public_number=numbers["public"],
        clear_outside=numbers["clear_outside"],
        peers=_by_device(con, _PEERS, {"limit": MAX_PEERS}),
        evidence=_by_device(con, _EVIDENCE, {"limit": MAX_EVIDENCE}),
        history=_by_device(con, _HISTORY, {"limit": MAX_PEERS}),
        notes=_by_device(con, _NOTES, None),
    )


def _by_device(con: duckdb.DuckDBPyConnection, statement: str, parameters: object) -> dict[str, list[Row]]:
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for row in query(con, statement, parameters).rows:
        rows[row.pop("device_id")].append(row)
    return dict(rows)
