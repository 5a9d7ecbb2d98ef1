-- Servers that let somebody in with a product's well-known default login. Only where the server had asked for a login
-- is it sure that this one opened anything: others answer everybody. What a proxy passed on let nobody in there.
CREATE OR REPLACE TEMP VIEW "default-credentials" AS
SELECT
    site,
    device_id,
    min(seen).ip AS ip_address,
    port,
    NULL::VARCHAR AS peer,
    value AS subject,                                   -- the product
    'that of ' || value || CASE WHEN bool_or(challenged) THEN '' ELSE '; it did not ask for one, though' END AS detail,
    CASE WHEN NOT bool_or(challenged) THEN 'medium' END AS severity,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    list_sort(list_distinct(list(seen)))[:5] AS seen
FROM (
    SELECT *, EXISTS (FROM fact c WHERE c.device_id = f.device_id AND c.port = f.port
        AND c.attribute = 'http_authenticate' AND c.class <> 'object' AND starts_with(lower(c.value), 'basic'))
        AS challenged
    FROM fact f
    WHERE f.attribute = 'default_credential' AND f.port IS NOT NULL AND f.class <> 'object'
)
GROUP BY site, device_id, port, value;
