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
-- Names tell more than the protocol. Where the content has told what it is, the port tells nothing more.
sign AS (
    SELECT *, unnest(list_transform(names, lambda x: {'turn': 1, 'field': 'name', 'value': x}) || [
        {'turn': 2, 'field': 'protocol', 'value': protocol},
        {'turn': 3, 'field': 'port',
            'value': CASE WHEN protocol IS NULL THEN concat_ws('/', server_port, transport) END}], recursive := true)
    FROM called
),
wording AS (
    SELECT DISTINCT field, value FROM sign WHERE value IS NOT NULL
),
provider AS (  -- by the longest domain that the name ends with
    SELECT name, max_by(provider, len(domain)) AS provider
    FROM (SELECT name, unnest(list_transform(range(1, len(parts) + 1), lambda i: array_to_string(parts[i:], '.')))
            AS domain
        FROM (SELECT value AS name, string_split(value, '.') AS parts FROM wording WHERE field = 'name'))
        JOIN knowledge_cloud_domains USING (domain)
    GROUP BY name
),
access AS (
    SELECT w.field, w.value, min_by({'kind': kind, 'certainty': certainty}, {'layer': layer, 'kind': kind}) AS told
    FROM wording w JOIN knowledge_remote_access k ON k.field = w.field AND regexp_matches(w.value, k.pattern)
    GROUP BY ALL
)
SELECT
    site,
    server_ip,
    server_port,
    transport,
    protocol,
    sni,
    certificate_name,                                   -- subject's common name, or first alternative name
    min(p.provider) AS cloud,                           -- by name; NULL where the names tell none
    min_by(told, {'turn': turn, 'told': told}).kind AS remote_access,           -- rdp, ssh, vpn (IPsec)...
    min_by(told, {'turn': turn, 'told': told}).certainty AS certainty           -- low: by the port alone
FROM sign s LEFT JOIN access USING (field, value) LEFT JOIN provider p ON s.field = 'name' AND p.name = s.value
GROUP BY site, server_ip, server_port, transport, protocol, sni, certificate_name;
