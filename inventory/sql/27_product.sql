-- HTTP products at each port a device answers at, and whether they only speak through it: behind a reverse proxy.
CREATE OR REPLACE TEMP TABLE product AS
WITH told AS (
    SELECT *, CASE attribute WHEN 'http_software' THEN (value ->> '$.name') ELSE value END AS wire,
        attribute = 'http_via' AS via
    FROM fact
    WHERE port IS NOT NULL AND attribute IN ('http_server', 'http_powered_by', 'http_authenticate', 'http_service',
        'http_path', 'http_software', 'http_via')
),
matched AS (
    SELECT attribute, wire, min({'layer': layer, 'kind': kind, 'product': product,
        'manufacturer': nullif(manufacturer, ''), 'version': CASE WHEN version_group = '1'
            THEN nullif(regexp_extract(wire, pattern, 1), '') END}) AS p
    FROM (SELECT DISTINCT attribute, wire FROM told) JOIN knowledge_http_products
        ON field = attribute AND regexp_matches(wire, pattern)
    GROUP BY ALL
),
named AS (
    SELECT t.*, coalesce(p.product, CASE WHEN attribute = 'http_software' THEN wire END) AS product,
        coalesce(p.version, CASE WHEN attribute = 'http_software' THEN (value ->> '$.version') END) AS version,
        coalesce(p.kind, 'application') AS kind, p.manufacturer
    FROM told t LEFT JOIN matched USING (attribute, wire)
)
SELECT
    device_id,
    port,
    attribute,                                          -- that says so
    wire,
    product,
    version,
    kind,                                               -- application, server (a web server), proxy
    manufacturer,                                       -- of the product; NULL for free software
    kind <> 'proxy' AND bool_or(kind = 'proxy' OR via) OVER (PARTITION BY device_id, port) AS passed_on,
    class,
    count,
    first_seen,
    last_seen,
    seen
FROM named
WHERE product IS NOT NULL OR via;
