-- Devices that share an address, behind a translator (NAT): told apart by the software that opens their associations.
-- Different makers do; so do different versions of one maker, when each sends the images of one device of its own.
-- An AE title belongs to one of them, or they are not told apart: a proxy that speaks for many has one implementation
-- for all, and a device after an upgrade keeps its title. A toolkit names nobody. Where objects are accepted or queries
-- answered, nobody is told apart: what is sent from there may be anybody's.
CREATE OR REPLACE TEMP TABLE guest AS
WITH spoken AS (
    SELECT t.site, t.key, t.ip, o.speaker, split_part(o.speaker, ' ', 1) AS uid,
        substr(o.speaker, strpos(o.speaker, ' ') + 1) AS title, min(o.first_seen) AS first_seen,
        max(o.last_seen) AS last_seen
    FROM observation o JOIN tenure t ON t.site = o.site AND t.ip = o.ip AND t.vlan = coalesce(o.vlan, '')
        AND t.mac = coalesce(lower(o.mac), '') AND o.first_seen >= t.since AND o.first_seen < t.until
    WHERE o.attribute = 'calling_ae_title' AND strpos(o.speaker, ' ') > 1
    GROUP BY ALL
),
crowded AS (SELECT site, key, ip FROM spoken GROUP BY ALL HAVING min(uid) <> max(uid)),
said AS (
    SELECT t.site, t.key, t.ip, split_part(o.speaker, ' ', 1) AS uid, o.attribute, o.value, o.port
    FROM crowded c JOIN tenure t USING (site, key)
        JOIN observation o ON t.site = o.site AND t.ip = o.ip AND t.vlan = coalesce(o.vlan, '')
            AND t.mac = coalesce(lower(o.mac), '') AND o.first_seen >= t.since AND o.first_seen < t.until
    WHERE o.attribute IN ('equipment', 'received_series', 'dimse_message')
),
serving AS (
    SELECT DISTINCT site, key
    FROM said
    WHERE port IS NOT NULL AND CASE attribute
        WHEN 'received_series' THEN true
        WHEN 'dimse_message' THEN regexp_matches(value ->> '$.CommandField', '^C-(STORE|FIND|MOVE|GET)-RSP$') END
),
author AS (
    SELECT uid, max_by(organisation, length(root)) AS maker
    FROM (SELECT DISTINCT uid FROM spoken JOIN crowded USING (site, key, ip))
        JOIN knowledge_uid_roots ON starts_with(uid || '.', root || '.')
    GROUP BY uid
    HAVING max_by(kind, length(root)) = 'maker'
),
voice AS (
    SELECT site, key, ip, maker, uid, list(DISTINCT title) AS titles, coalesce(any_value(equipment), []) AS equipment
    FROM spoken JOIN crowded USING (site, key, ip) JOIN author USING (uid) LEFT JOIN (
        SELECT site, key, ip, uid, list(DISTINCT CASE attribute WHEN 'equipment' THEN lower(concat_ws('|',
            value ->> '$.ManufacturerModelName', value ->> '$.DeviceSerialNumber')) END) AS equipment
        FROM said
        WHERE attribute = 'equipment'
        GROUP BY ALL
    ) USING (site, key, ip, uid)
    WHERE (site, key) NOT IN (FROM serving)
    GROUP BY ALL
),
-- Makers whose versions are devices of their own.
versioned AS (
    SELECT site, key, ip, maker
    FROM voice
    GROUP BY ALL
    HAVING bool_and(len(equipment) = 1 AND contains(equipment[1], '|'))
        AND count(DISTINCT equipment) = count(*)
        AND len(list_distinct(flatten(list(titles)))) = sum(len(titles))
),
titled AS (
    SELECT DISTINCT site, key, ip, maker || CASE WHEN o.maker IS NULL THEN '' ELSE ' ' || uid END AS party,
        unnest(titles) AS title
    FROM voice LEFT JOIN versioned o USING (site, key, ip, maker)
),
parted AS (
    SELECT site, key, ip, count(DISTINCT party) AS guests
    FROM titled
    GROUP BY ALL
    HAVING count(DISTINCT party) > 1 AND count(DISTINCT title) = count(*)
)
SELECT
    site,
    key,                                                -- of the address, as in `tenure`
    ip,
    speaker,                                            -- as in the facts
    key || '#' || min(title) OVER (PARTITION BY site, key, ip, party) AS guest,  -- identity within the site
    title,
    guests,                                             -- that share the address
    s.first_seen,
    s.last_seen
FROM titled JOIN parted USING (site, key, ip) JOIN spoken s USING (site, key, ip, title);
