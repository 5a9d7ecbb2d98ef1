-- Contradictions, as text for people. They are listed, never averaged away.
CREATE OR REPLACE TEMP TABLE conflict AS
WITH peers AS (
    SELECT device_id, min(manufacturer) AS manufacturer, min(manufacturer) <> max(manufacturer) AS several,
        array_to_string(list_sort(list_distinct(list(manufacturer || ' (' || attribute || ')'))), ' vs ') AS said
    FROM peer_maker
    GROUP BY device_id
),
titles AS (
    SELECT a.device_id, a.ae_title, b.seen.ip AS other
    FROM ae_title a JOIN ae_title b ON b.site = a.site AND b.ae_title = a.ae_title AND b.device_id <> a.device_id
    WHERE a.shared AND b.shared
)
SELECT
    device_id,
    CASE WHEN w.contradicted OR w.own
        THEN 'manufacturer: ' || w.objects_maker || ' (' || w.objects || ' objects) vs ' || p.said
        ELSE 'manufacturer: ' || p.said END AS conflict
FROM peers p LEFT JOIN ownership w USING (device_id)
WHERE p.several OR ((w.contradicted OR w.own) AND p.manufacturer <> w.objects_maker)
UNION ALL
SELECT device_id, 'ae_titles: ' || ae_title || ' is used by ' || array_to_string(list_sort(list_distinct(list(other))), ', ') || ', too'
FROM titles
GROUP BY device_id, ae_title
UNION ALL
SELECT device_id,
    'operating_system: ' || array_to_string(list_sort(list_distinct(list(operating_system))), ' vs ')
FROM operating_system
WHERE several
GROUP BY device_id;
