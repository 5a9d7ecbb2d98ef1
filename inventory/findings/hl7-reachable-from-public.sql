CREATE OR REPLACE TEMP VIEW "hl7-reachable-from-public" AS
SELECT
    site,
    device_id,
    min(ip) AS ip_address,
    port,
    NULL::VARCHAR AS peer,
    '' AS subject,
    concat('asked from ', array_to_string(list_sort(list(DISTINCT peer))[:3], ', '),
        CASE WHEN count(DISTINCT peer) > 3 THEN concat(' and ', count(DISTINCT peer) - 3, ' more') ELSE '' END) AS detail,
    NULL::VARCHAR AS severity,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    list(seen ORDER BY seen)[:5] AS seen
FROM outside
WHERE direction = 'inbound' AND sure AND spoken AND partner IS NULL AND protocol = 'hl7'
GROUP BY site, device_id, port;
