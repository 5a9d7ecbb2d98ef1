-- Certificates that a device still showed when they had expired. A client's counts as well: its port is NULL.
CREATE OR REPLACE TEMP VIEW "certificate-expired" AS
-- All of these are JSON.
WITH shown AS MATERIALIZED (
    FROM fact f SEMI JOIN own_tls o ON o.site = f.site AND o.ip = f.seen.ip AND o.port IS NOT DISTINCT FROM f.port
        AND o.attribute = f.attribute AND o.value = f.value
    WHERE f.attribute = 'tls_certificate' AND f.class = 'peer'
),
certificate AS (
    SELECT *, value ->> '$.sha256' AS sha256, coalesce(value ->> '$.subject', '') AS subject,
        try_cast(rtrim(value ->> '$.not_after', 'Z') AS TIMESTAMP) AS not_after
    FROM shown
    -- Another one of the same name since then has taken its place.
    QUALIFY last_seen >= max(first_seen) OVER (PARTITION BY device_id, port, subject)
)
SELECT
    site,
    device_id,
    seen.ip AS ip_address,
    port,
    NULL::VARCHAR AS peer,
    sha256[:16] AS subject,
    concat(coalesce(nullif(subject, ''), 'its certificate'), ', since ', strftime(not_after, '%Y-%m-%d')) AS detail,
    NULL::VARCHAR AS severity,
    greatest(first_seen, not_after) AS first_seen,
    last_seen,
    [seen] AS seen
FROM certificate
WHERE not_after < last_seen;
