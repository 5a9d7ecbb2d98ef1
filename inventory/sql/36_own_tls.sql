-- What each end showed and chose of TLS for itself. Behind a proxy's own words (CONNECT), and at the port of SOCKS
-- (RFC 1928 3), it is another host's.
CREATE OR REPLACE TEMP TABLE own_tls AS
SELECT
    o.site,
    o.ip,
    o.port,                                             -- NULL for a client's
    o.attribute,                                        -- tls_certificate, tls_cipher, tls_version
    o.value,
    max(o.last_seen) AS last_seen
FROM observation o ANTI JOIN (
    SELECT DISTINCT site, ip, port FROM observation WHERE port IS NOT NULL AND starts_with(attribute, 'http_')
) h ON h.site = o.site AND h.ip = o.ip AND h.port = o.port
WHERE o.attribute IN ('tls_certificate', 'tls_cipher', 'tls_version') AND o.class = 'peer'
    AND o.port IS DISTINCT FROM 1080
GROUP BY ALL;
