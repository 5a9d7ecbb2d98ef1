-- What each end showed and chose of TLS for itself. What it passed on for others behind a CONNECT (RFC 9110 9.3.6) or
-- by SOCKS is told as objects; and where it once did, its port is a proxy's, also where a capture has lost the CONNECT.
CREATE OR REPLACE TEMP TABLE own_tls AS
SELECT
    site,
    ip,
    port,                                               -- NULL for a client's
    attribute,                                          -- tls_certificate, tls_cipher, tls_version
    value,
    max(last_seen) AS last_seen
FROM observation ANTI JOIN (
    SELECT DISTINCT site, ip, port
    FROM observation
    WHERE class = 'object' AND port IS NOT NULL AND starts_with(attribute, 'tls_')
) USING (site, ip, port)
WHERE attribute IN ('tls_certificate', 'tls_cipher', 'tls_version') AND class = 'peer'
GROUP BY ALL;
