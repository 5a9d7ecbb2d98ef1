-- What is known of the server's end of conversations by its names, its protocol or its port.
CREATE OR REPLACE TEMP TABLE destination AS
WITH asked AS (
    SELECT DISTINCT site, server_ip, server_port, transport, protocol, sni FROM exchange
),
certificate AS (
    SELECT site, ip, port, coalesce(nullif(regexp_extract(subject, '(?:^|, ?)CN=([^,]+)', 1), ''), alternatives[1])
            AS name
    FROM (
        SELECT site, ip, port, max_by(value, {'at': last_seen, 'value': value}) ->> '$.subject' AS subject,
            from_json(max_by(value, {'at': last_seen, 'value': value}) -> '$.subject_alternative_names', '["VARCHAR"]')
                AS alternatives
        FROM own_tls
        WHERE attribute = 'tls_certificate' AND port IS NOT NULL
        GROUP BY ALL
    )
),
called AS (
    SELECT a.*, c.name AS certificate_name,
        list_distinct(list_transform(list_concat(string_split(a.sni, ', '), [c.name]), lambda x: ltrim(lower(x), '*.')))
            AS names
    FROM asked a LEFT JOIN certificate c ON c.site = a.site AND c.ip = a.server_ip AND c.port = a.server_port
),
name AS (
    SELECT DISTINCT unnest(names) AS name FROM called
),
provider AS (  -- by the longest domain that the name ends with
    SELECT name, max_by(provider, len(domain)) AS provider
    FROM (SELECT name, unnest(list_transform(range(1, len(parts) + 1), lambda i: array_to_string(parts[i:], '.')))
            AS domain
        FROM (SELECT name, string_split(name, '.') AS parts FROM name))
        JOIN knowledge_cloud_domains USING (domain)
    GROUP BY name
),
sign AS (
    SELECT 'name' AS field, name AS value FROM name
    UNION
    SELECT 'protocol', protocol FROM asked WHERE protocol IS NOT NULL
    UNION
    SELECT 'port', concat_ws('/', server_port, transport) FROM asked
),
access AS (
    SELECT s.field, s.value, min_by({'kind': kind, 'certainty': certainty}, {'layer': layer, 'kind': kind}) AS told
    FROM sign s JOIN knowledge_remote_access k ON k.field = s.field AND regexp_matches(s.value, k.pattern)
    GROUP BY ALL
),
of_names AS (
    SELECT names, min(p.provider) AS cloud, min(a.told) AS told
    FROM (SELECT names, unnest(names) AS name FROM (SELECT DISTINCT names FROM called))
        LEFT JOIN provider p USING (name)
        LEFT JOIN access a ON a.field = 'name' AND a.value = name
    GROUP BY names
)
SELECT
    c.site,
    c.server_ip,
    c.server_port,
    c.transport,
    c.protocol,
    c.sni,
    c.certificate_name,                                 -- subject's common name, or first alternative name
    n.cloud,                                            -- provider, by name; NULL where the names tell none
    coalesce(n.told.kind, p.told.kind, o.told.kind) AS remote_access,                -- rdp, ssh, vpn (IPsec)...
    coalesce(n.told.certainty, p.told.certainty, o.told.certainty) AS certainty     -- low: by the port alone
FROM called c
    LEFT JOIN of_names n USING (names)
    LEFT JOIN access p ON p.field = 'protocol' AND p.value = c.protocol
    -- Where the content has told what it is, the port tells nothing more.
    LEFT JOIN access o ON o.field = 'port' AND o.value = concat_ws('/', c.server_port, c.transport)
        AND c.protocol IS NULL;
