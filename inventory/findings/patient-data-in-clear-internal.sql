CREATE OR REPLACE TEMP VIEW "patient-data-in-clear-internal" AS
WITH met AS (  -- whoever is asked decides whether that may be encrypted
    SELECT e.*, coalesce(server_device_id, client_device_id) AS device_id,
        CASE WHEN server_device_id IS NULL THEN client_ip ELSE server_ip END AS ip,
        CASE WHEN server_device_id IS NULL THEN server_ip ELSE client_ip END AS peer
    FROM exchange e JOIN address c ON c.ip = client_ip JOIN address s ON s.ip = server_ip
    WHERE clear_patient_data AND (NOT client_public OR (c.partner IS NOT NULL AND NOT c.globally_reachable))
        AND (NOT server_public OR (s.partner IS NOT NULL AND NOT s.globally_reachable))
)
SELECT
    site,
    device_id,
    min(ip) AS ip_address,
    NULL::INTEGER AS port,
    NULL::VARCHAR AS peer,
    '' AS subject,
    concat(array_to_string(list_sort(list(DISTINCT concat_ws(' ', protocol, 'on port', server_port)))[:5], ', '),
        ', with ', count(DISTINCT peer), CASE WHEN count(DISTINCT peer) = 1 THEN ' host' ELSE ' hosts' END) AS detail,
    NULL::VARCHAR AS severity,
    min(clear_seen.at) AS first_seen,
    max(last_seen) AS last_seen,
    list(clear_seen ORDER BY clear_seen)[:5] AS seen
FROM met
WHERE device_id IS NOT NULL
GROUP BY site, device_id;
