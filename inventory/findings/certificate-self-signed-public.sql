-- Certificates that nobody vouches for, at the edge of the site: shown by a device to public clients, or by a public
-- server to a clinical device, which then cannot know whom it talks to.
CREATE OR REPLACE TEMP VIEW "certificate-self-signed-public" AS
-- All of these are JSON.
WITH shown AS MATERIALIZED (
    SELECT site, ip, port, value FROM own_tls WHERE attribute = 'tls_certificate' AND port IS NOT NULL
),
self_signed AS (
    SELECT site, ip, port, value ->> '$.sha256' AS sha256, coalesce(value ->> '$.subject', '') AS subject
    FROM shown
    WHERE value ->> '$.self_signed' = 'true'
),
clinical AS (
    SELECT DISTINCT device_id FROM role JOIN knowledge_roles k USING (role) WHERE k.clinical = 'true'
),
met AS (
    SELECT e.site, e.server_device_id AS device_id, e.server_ip AS ip_address, e.server_port AS port,
        NULL AS peer, e.client_ip AS other, e.server_ip AS shown_by, e.server_port AS shown_at, e.first_seen,
        e.last_seen, e.seen
    FROM exchange e
    WHERE e.client_public AND NOT e.server_public AND e.established AND e.server_device_id IS NOT NULL
    UNION ALL
    SELECT e.site, e.client_device_id, e.client_ip, NULL, e.server_ip, e.server_ip, e.server_ip, e.server_port,
        e.first_seen, e.last_seen, e.seen
    FROM exchange e JOIN clinical c ON c.device_id = e.client_device_id
    WHERE e.server_public AND NOT e.client_public AND e.established
)
SELECT
    m.site,
    m.device_id,
    min(m.ip_address) AS ip_address,
    m.port::INTEGER AS port,
    m.peer,
    s.sha256[:16] AS subject,
    concat(coalesce(nullif(any_value(s.subject), ''), 'its certificate'), CASE WHEN m.peer IS NULL THEN
        ', shown to public clients: ' || count(DISTINCT m.other) ELSE ', shown by the server at port '
        || min(m.shown_at) END) AS detail,
    NULL::VARCHAR AS severity,
    min(m.first_seen) AS first_seen,
    max(m.last_seen) AS last_seen,
    list_sort(list_distinct(list(m.seen)))[:5] AS seen
FROM met m JOIN self_signed s ON s.site = m.site AND s.ip = m.shown_by AND s.port = m.shown_at
GROUP BY m.site, m.device_id, m.port, m.peer, s.sha256;
