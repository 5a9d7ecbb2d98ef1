-- What a device of the site chose or showed as a server: a client only offers.
CREATE OR REPLACE TEMP VIEW "weak-tls" AS
-- All of these are JSON.
WITH own AS (
    FROM fact f SEMI JOIN own_tls o ON o.site = f.site AND o.ip = f.seen.ip AND o.port = f.port
        AND o.attribute = f.attribute AND o.value = f.value
    WHERE f.class = 'peer'
),
certificate AS MATERIALIZED (FROM own WHERE attribute = 'tls_certificate'),
chosen AS (
    SELECT site, device_id, port, attribute AS field, value AS wire, first_seen, last_seen, seen
    FROM own
    WHERE attribute <> 'tls_certificate'
    UNION ALL
    SELECT site, device_id, port, 'tls_certificate.key', value ->> '$.key', first_seen, last_seen, seen
    FROM certificate
),
weak AS (
    SELECT c.*, k.weakness, k.severity
    FROM chosen c JOIN knowledge_weak_tls k ON k.field = c.field AND regexp_matches(c.wire, k.pattern)
    WHERE k.severity <> 'none'
)
SELECT
    site,
    device_id,
    min(seen).ip AS ip_address,
    port,
    NULL::VARCHAR AS peer,
    '' AS subject,
    array_to_string(list_sort(list_distinct(list(weakness))), ', ') AS detail,
    min_by(severity, severity_rank(severity)) AS severity,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    list_sort(list_distinct(list(seen)))[:5] AS seen
FROM weak
GROUP BY site, device_id, port;
