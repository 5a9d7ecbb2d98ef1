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
SELECT device_id,
    'operating_system: ' || array_to_string(list_sort(list_distinct(list(operating_system))), ' vs ')
FROM operating_system
WHERE several
GROUP BY device_id;
