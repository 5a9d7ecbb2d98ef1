-- What devices of the site had established with addresses outside, seen from the device.
CREATE OR REPLACE TEMP TABLE outside AS
WITH port AS (  -- that answered anybody
    SELECT server_device_id AS device_id, server_port AS port, transport,
        CASE WHEN count(DISTINCT protocol) = 1 THEN min(protocol) END AS protocol
    FROM exchange
    WHERE established AND server_device_id IS NOT NULL AND server_port IS NOT NULL
    GROUP BY ALL
),
said AS (
    SELECT device_id, port,
        bool_or(attribute = 'tls_alpn' AND regexp_matches(value, '^(h2|http/)')) AS web,
        -- Who asks may speak anything: scanners say RDP and HTTP to whatever answers.
        list(DISTINCT seen.protocol) FILTER (class = 'peer') AS spoken
    FROM fact
    WHERE port IS NOT NULL
    GROUP BY ALL
),
met AS (
    SELECT e.*, 'inbound' AS direction, e.server_device_id AS device_id, e.server_ip AS ip, e.client_ip AS peer,
        e.bytes_to_client AS bytes_out, e.bytes_to_server AS bytes_in
    FROM exchange e
    WHERE e.client_public AND NOT e.server_public
    UNION ALL
    SELECT e.*, 'outbound', e.client_device_id, e.client_ip, e.server_ip, e.bytes_to_server, e.bytes_to_client
    FROM exchange e
    WHERE e.server_public AND NOT e.client_public
)
SELECT
    m.site,
    m.device_id,
    m.ip,                                               -- of the device
    m.direction,                                        -- inbound, outbound: who opened it
    m.peer,                                             -- address outside
    m.server_port AS port,                              -- of whoever was asked
    m.transport,
    -- A connection on which nothing was said went to what is known to answer there.
    CASE WHEN m.direction = 'inbound' THEN coalesce(m.protocol, o.protocol) ELSE m.protocol END AS protocol,
    m.encrypted,
    coalesce(s.web, false) AS web,                      -- HTTP was agreed on for what is encrypted
    a.partner,
    a.network,
    a.globally_reachable,
    m.sni,
    d.certificate_name,
    d.cloud,                                            -- by name
    -- A device is only what it says itself; and what nobody has put a word to, by its port.
    CASE WHEN m.direction = 'inbound' AND m.protocol IS NOT NULL
            AND NOT coalesce(list_contains(s.spoken, m.protocol), false) THEN NULL
        ELSE coalesce(k.kind, d.remote_access) END AS remote_access,
    coalesce(k.certainty, d.certainty) AS certainty,    -- of remote_access: high, low
    -- Whoever was asked answered in that protocol, if inbound.
    coalesce(list_contains(s.spoken, coalesce(m.protocol, o.protocol)), false) AS spoken,
    w.sure,                                             -- who opened it is known, not only likely
    m.clear_patient_data,
    m.connections,
    m.bytes_out,                                        -- sent by the device
    m.bytes_in,
    m.established_from AS first_seen,
    m.established_to AS last_seen,
    m.established_seen AS seen,
    m.clear_seen                                        -- where patient data was first seen in clear
FROM met m
    JOIN address a ON a.ip = m.peer
    JOIN opener w ON w.site = m.site AND w.server_ip = m.server_ip AND w.transport = m.transport
        AND w.server_port IS NOT DISTINCT FROM m.server_port AND w.protocol IS NOT DISTINCT FROM m.protocol
    LEFT JOIN port o ON o.device_id = m.device_id AND o.port = m.server_port AND o.transport = m.transport
        AND m.direction = 'inbound'
    LEFT JOIN said s ON s.device_id = m.device_id AND s.port = m.server_port AND m.direction = 'inbound'
    LEFT JOIN destination d ON d.site = m.site AND d.server_ip = m.server_ip AND d.transport = m.transport
        AND d.server_port IS NOT DISTINCT FROM m.server_port AND d.protocol IS NOT DISTINCT FROM m.protocol
        AND d.sni IS NOT DISTINCT FROM m.sni
    LEFT JOIN knowledge_remote_access k ON k.field = 'protocol' AND m.protocol IS NULL
        AND regexp_matches(o.protocol, k.pattern)
WHERE m.established AND m.device_id IS NOT NULL;
