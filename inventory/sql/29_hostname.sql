-- Names of each device, by its own words, by those of its syslog messages, and by DNS. Bounded: the best 64 are told
-- apart, the best 16 are listed.
CREATE OR REPLACE TEMP TABLE hostname AS
WITH named AS (
    SELECT *, lower(name) AS key, split_part(lower(name), '.', 1) AS label,
        class = 'object' AS forwarded,                  -- perhaps said on behalf of another
        CASE WHEN class = 'claim' OR attribute <> 'hostname' THEN 3 WHEN class = 'object' OR from_all THEN 2
            ELSE 1 END AS doubt
    FROM (
        SELECT *, regexp_replace(value, '(?i)(\.local)?\.?$', '') AS name  -- RFC 6762 3: of this link only
        FROM fact
        WHERE attribute IN ('hostname', 'dns_name', 'syslog_hostname')
    )
    WHERE NOT regexp_matches(lower(name), '^(|localhost(\..*)?|[0-9.]+|[0-9a-f:]*:[0-9a-f:.]*|null|none|unknown|-)$')
),
own AS (
    SELECT device_id, list(DISTINCT left(label, 15)) AS labels  -- NetBIOS cuts at 15 letters
    FROM named
    WHERE attribute = 'hostname' AND class = 'peer'
    GROUP BY device_id
),
-- The names of a name server's many (a proxy, a pool), of messages passed on, and those that others give to who has
-- another one, are not this device's.
weighed AS (
    SELECT n.*, CASE
        WHEN attribute = 'hostname' AND class = 'claim'
            AND NOT coalesce(list_contains(s.labels, left(n.label, 15)), true)
            THEN 'another host says so; it calls itself otherwise'
        WHEN attribute = 'dns_name' AND names > 3 THEN 'DNS gives this address many names'
        WHEN forwarded AND (names > 1 OR o.label IS NOT NULL) THEN 'it passes on messages of others' END AS objection
    FROM named n
        JOIN (SELECT device_id, attribute, class, count(DISTINCT label) AS names FROM named GROUP BY ALL)
            USING (device_id, attribute, class)
        LEFT JOIN own s USING (device_id)
        LEFT JOIN (SELECT DISTINCT site, label, device_id FROM named WHERE attribute = 'hostname' AND class = 'peer') o
            ON forwarded AND o.site = n.site AND o.label = n.label AND o.device_id <> n.device_id
    QUALIFY row_number() OVER (PARTITION BY n.device_id, attribute, class, value, port, doubt ORDER BY o.device_id) = 1
),
ranked AS (
    SELECT device_id, key, min(doubt) AS doubt, min({'doubt': doubt, 'name': name}).name AS name,
        row_number() OVER (PARTITION BY device_id ORDER BY min(doubt), max(last_seen) DESC, key) AS place
    FROM weighed
    WHERE objection IS NULL
    GROUP BY device_id, key
),
-- A short name is the beginning of the full one; NetBIOS cuts at 15 letters.
full_name AS (
    SELECT s.device_id, s.key, max_by(f.key, {'length': length(f.key), 'key': f.key}) AS into_key
    FROM ranked s JOIN ranked f ON f.device_id = s.device_id AND f.place <= 64
        AND (starts_with(f.key, s.key || '.') OR (length(s.key) = 15 AND length(f.key) > 15
            AND NOT contains(s.key, '.') AND starts_with(f.key, s.key)))
    WHERE s.place <= 64
    GROUP BY ALL
),
known AS (
    SELECT device_id, key, coalesce(into_key, key) AS into_key FROM ranked LEFT JOIN full_name USING (device_id, key)
    WHERE place <= 64
),
listed AS (
    SELECT device_id, into_key, row_number() OVER (PARTITION BY device_id ORDER BY min(r.doubt), min(r.place)) AS place
    FROM known k JOIN ranked r USING (device_id, key)
    GROUP BY device_id, into_key
)
SELECT
    w.site,
    w.device_id,
    CASE WHEN l.place IS NULL THEN w.name ELSE f.name END AS hostname,  -- spelled as by the best evidence
    coalesce(l.into_key, w.key) AS key,                 -- in lower case, to compare by
    w.value AS wire,                                  -- as told
    w.attribute,                                        -- hostname, dns_name, syslog_hostname
    ['high', 'medium', 'low'][w.doubt] AS confidence,
    objection IS NULL AND l.place <= 16 AS used,
    coalesce(objection, CASE WHEN l.place > 16 THEN 'it has more names than are listed'
        WHEN w.attribute = 'dns_name' THEN 'DNS gives this address the name'
        WHEN w.attribute = 'syslog_hostname' THEN 'the one name in its syslog messages'
        WHEN w.class = 'claim' THEN 'another host says so' ELSE 'it calls itself so' END) AS reason,
    max(r.place) OVER (PARTITION BY w.device_id) AS names,  -- all its names, listed or not
    w.class,
    w.count,
    w.first_seen,
    w.last_seen,
    w.seen
FROM weighed w
    LEFT JOIN ranked r USING (device_id, key)
    LEFT JOIN known k USING (device_id, key)
    LEFT JOIN listed l ON l.device_id = w.device_id AND l.into_key = k.into_key
    LEFT JOIN ranked f ON f.device_id = w.device_id AND f.key = k.into_key
-- What was not told apart any more is counted only.
QUALIFY coalesce(r.place, row_number() OVER (PARTITION BY w.device_id, r.place IS NULL ORDER BY w.first_seen)) <= 64;
