-- Ports of devices that answered public clients, each in a protocol: as rules tell it of one of them.
CREATE OR REPLACE TEMP VIEW reachable_port AS
SELECT
    protocol,
    site,
    device_id,
    min(ip) AS ip_address,
    port,
    NULL::VARCHAR AS peer,
    '' AS subject,
    'asked from ' || some_of(list_distinct(list(peer))) AS detail,
    NULL::VARCHAR AS severity,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    list(seen ORDER BY seen)[:5] AS seen
FROM outside
WHERE direction = 'inbound' AND sure AND spoken AND partner IS NULL
GROUP BY protocol, site, device_id, port;
