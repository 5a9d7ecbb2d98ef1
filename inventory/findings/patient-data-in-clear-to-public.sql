CREATE OR REPLACE TEMP VIEW "patient-data-in-clear-to-public" AS
WITH met AS (  -- of two ends outside, the one that was asked is the peer
    SELECT e.*, w.sure AND server_public AS opened,
        CASE WHEN w.sure THEN e.server_port END AS port,  -- else it may be either's, and another one tomorrow
        CASE WHEN server_public THEN client_device_id ELSE server_device_id END AS device_id,
        CASE WHEN server_public THEN client_ip ELSE server_ip END AS ip,
        CASE WHEN server_public THEN server_ip ELSE client_ip END AS peer
    FROM exchange e JOIN opener w USING (site, server_ip, transport)
    WHERE w.server_port IS NOT DISTINCT FROM e.server_port AND w.protocol IS NOT DISTINCT FROM e.protocol
        AND clear_patient_data AND (client_public OR server_public)
)
SELECT
    m.site,
    m.device_id,
    min(m.ip) AS ip_address,
    m.port,
    m.peer,
    '' AS subject,
    concat(string_agg(DISTINCT m.protocol, ', ' ORDER BY m.protocol), CASE WHEN bool_or(m.opened) THEN ' to ' ELSE
        ' with ' END, m.peer, ' (' || any_value(a.partner) || ')') AS detail,
    NULL::VARCHAR AS severity,
    min(m.clear_seen.at) AS first_seen,
    max(m.last_seen) AS last_seen,
    list(m.clear_seen ORDER BY m.clear_seen)[:5] AS seen
FROM met m JOIN address a ON a.ip = m.peer
-- What goes to a partner's private address goes through a tunnel or a line of its own.
WHERE a.partner IS NULL OR a.globally_reachable
GROUP BY m.site, m.device_id, CASE WHEN m.device_id IS NULL THEN m.ip END, m.port, m.peer;
