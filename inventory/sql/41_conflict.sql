-- Contradictions, as text for people. They are listed, never averaged away.
CREATE OR REPLACE TEMP TABLE conflict AS
WITH peers AS (
    SELECT device_id, min(manufacturer) AS manufacturer, min(manufacturer) <> max(manufacturer) AS several,
        array_to_string(list_sort(list_distinct(list(manufacturer || ' (' || attribute || ')'))), ' vs ') AS said
    FROM peer_maker
    GROUP BY device_id
),
titles AS (
    SELECT site, ae_title, users[:5] AS users, len(users) AS number
    FROM (
        SELECT site, ae_title, list_sort(list_distinct(list({'ip': seen.ip, 'device_id': device_id}))) AS users
        FROM ae_title
        WHERE shared
        GROUP BY site, ae_title
    )
)
SELECT
    device_id,
    CASE WHEN w.contradicted OR w.own
        THEN 'manufacturer: ' || w.objects_maker || ' (' || w.objects || ' objects) vs ' || p.said
        ELSE 'manufacturer: ' || p.said END AS conflict
FROM peers p LEFT JOIN ownership w USING (device_id)
WHERE p.several OR ((w.contradicted OR w.own) AND p.manufacturer <> w.objects_maker)
UNION ALL
SELECT DISTINCT device_id, 'ae_titles: ' || ae_title || ' is used by ' || CASE WHEN number > 5
    THEN number || ' devices' ELSE array_to_string(list_transform(
        list_filter(users, lambda user: user.device_id <> ae_title.device_id),
        lambda user: CASE WHEN user.ip = seen.ip THEN user.device_id ELSE user.ip END), ', ') || ', too' END
FROM ae_title JOIN titles USING (site, ae_title)
UNION ALL
SELECT device_id, 'operating_system: ' || array_to_string(list_sort(list_distinct(list(operating_system)))[:5], ' vs ')
FROM operating_system
WHERE contradicts OR (used AND device_id IN (SELECT device_id FROM operating_system WHERE contradicts))
GROUP BY device_id
UNION ALL
SELECT device_id, 'hostnames: ' || hostname || ' is used by ' || CASE WHEN len(users) > 6 THEN len(users) - 1
    || ' other devices' ELSE array_to_string(list_filter(users, lambda user: user <> device_id), ', ') || ', too' END
FROM (
    SELECT device_id, hostname, list_sort(list_distinct(list(device_id) OVER named)) AS users,
        -- Used at the same time: a name that moves on to another host is none's fault.
        coalesce(max(last_seen) OVER before >= first_seen, false)
            OR coalesce(min(first_seen) OVER after <= last_seen, false) AS meets
    FROM (
        SELECT site, key, device_id, min(hostname) AS hostname, min(first_seen) AS first_seen,
            max(last_seen) AS last_seen
        FROM hostname
        WHERE used AND confidence <> 'low'
        GROUP BY ALL
    )
    WINDOW named AS (PARTITION BY site, key),
        before AS (PARTITION BY site, key ORDER BY first_seen, device_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
        after AS (PARTITION BY site, key ORDER BY first_seen, device_id
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
)
WHERE meets
UNION ALL
SELECT device_id, 'hostnames: it has ' || max(names) || ' names, the best are listed'
FROM hostname
GROUP BY device_id
HAVING max(names) > 16
UNION ALL
SELECT device_id, field || ': it has ' || count(DISTINCT value) || ', 64 of them are listed'
FROM evidence
WHERE used AND field NOT IN ('public_peers', 'services', 'device_id')
GROUP BY device_id, field
HAVING count(DISTINCT value) > 64
UNION ALL
SELECT DISTINCT i.device_id, 'device_id: ' || k.attribute || ' ' || k.value || ' is used by '
    || CASE WHEN number > 6 THEN number || ' devices'
        ELSE array_to_string(list_filter(users, lambda user: user <> i.device_id), ', ') || ', too' END
FROM strong_key k JOIN identity i USING (site, key) JOIN (
    SELECT site, attribute, lower(value) AS same, count(DISTINCT device_id) AS number,
        list_sort(list(DISTINCT device_id))[:6] AS users
    FROM strong_key JOIN identity USING (site, key)
    WHERE shared
    GROUP BY ALL
) u ON u.site = k.site AND u.attribute = k.attribute AND u.same = lower(k.value)
WHERE number > 1
UNION ALL
SELECT DISTINCT i.device_id, 'address: ' || g.ip || ' is shared by ' || g.number || ' devices (NAT?)'
FROM (
    SELECT site, key, ip, list_distinct([key] || list(guest)) AS keys, count(DISTINCT device_id) AS number
    FROM guest JOIN (SELECT site, key AS guest, device_id FROM identity) USING (site, guest)
    GROUP BY site, key, ip
) g JOIN identity i ON i.site = g.site AND list_contains(g.keys, i.key)
WHERE g.number > 1;
