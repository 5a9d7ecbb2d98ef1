-- What a device of the site chose or showed as a server: a client only offers. Behind a proxy's own words (CONNECT, and
-- SOCKS at its port) the TLS is another host's.
CREATE OR REPLACE TEMP VIEW "weak-tls" AS
-- All of these are JSON.
WITH certificate AS MATERIALIZED (FROM fact WHERE attribute = 'tls_certificate' AND class = 'peer'),
chosen AS (
    SELECT site, device_id, port, attribute AS field, value AS wire, first_seen, last_seen, seen
    FROM fact
    WHERE attribute IN ('tls_version', 'tls_cipher') AND class = 'peer'
    UNION ALL
    SELECT site, device_id, port, 'tls_certificate.key', value ->> '$.key', first_seen, last_seen, seen
    FROM certificate
),
weak AS (
    SELECT c.*, k.weakness, k.severity, list_position(['critical', 'high', 'medium', 'low', 'info'], k.severity) AS rank
    FROM chosen c JOIN knowledge_weak_tls k ON k.field = c.field AND regexp_matches(c.wire, k.pattern)
    WHERE c.port <> 1080 AND k.severity <> 'none' AND NOT EXISTS (FROM fact h
        WHERE h.device_id = c.device_id AND h.port = c.port AND starts_with(h.attribute, 'http_'))
)
SELECT
    site,
    device_id,
    min(seen).ip AS ip_address,
    port,
    NULL::VARCHAR AS peer,
    '' AS subject,
    array_to_string(list_sort(list_distinct(list(weakness))), ', ') AS detail,
    min({'rank': rank, 'severity': severity}).severity AS severity,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    list_sort(list_distinct(list(seen)))[:5] AS seen
FROM weak
GROUP BY site, device_id, port;
