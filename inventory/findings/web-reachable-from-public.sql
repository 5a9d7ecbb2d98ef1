CREATE OR REPLACE TEMP VIEW "web-reachable-from-public" AS
SELECT
    site,
    device_id,
    min(ip) AS ip_address,
    port,
    NULL::VARCHAR AS peer,
    '' AS subject,
    concat(CASE WHEN bool_and(encrypted) THEN 'encrypted' ELSE 'not encrypted' END, ', asked from ',
        some_of(list_distinct(list(peer)))) AS detail,
    -- What makes, keeps or shows images, and what carries messages, is not for everybody to see.
    CASE WHEN bool_or(r.clinical = 'true') THEN 'high' END AS severity,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    list(seen ORDER BY seen)[:5] AS seen
FROM outside LEFT JOIN (
    SELECT device_id, clinical FROM role JOIN knowledge_roles USING (role) WHERE is_primary
) r USING (device_id)
WHERE direction = 'inbound' AND sure AND spoken AND partner IS NULL
    -- TLS hides what it carries, but for what was agreed on and the ports that are for nothing else.
    AND (protocol = 'http' OR (protocol = 'tls' AND (web OR port IN (443, 8443))) OR (protocol = 'quic' AND port = 443))
GROUP BY site, device_id, port;
