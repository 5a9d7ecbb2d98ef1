-- Contradictions, as text for people. They are listed, never averaged away.
CREATE OR REPLACE TEMP TABLE conflict AS
WITH objects AS (
    SELECT device_id, string_agg(DISTINCT manufacturer, ', ' ORDER BY manufacturer) AS manufacturers,
        sum(count)::BIGINT AS count
    FROM equipment
    WHERE manufacturer IS NOT NULL
    GROUP BY device_id
),
peers AS (
    SELECT device_id, string_agg(DISTINCT manufacturer || ' (' || attribute || ')', ' vs '
            ORDER BY manufacturer || ' (' || attribute || ')') AS said,
        array_agg(DISTINCT manufacturer) AS manufacturers
    FROM peer_maker
    GROUP BY device_id
),
titles AS (
    SELECT DISTINCT a.device_id, a.ae_title, coalesce(b.seen.ip, b.device_id) AS other
    FROM ae_title a JOIN ae_title b ON b.site = a.site AND b.ae_title = a.ae_title AND b.device_id <> a.device_id
    WHERE a.shared
)
SELECT p.device_id,
    'manufacturer: ' || o.manufacturers || ' (' || o.count || ' objects) vs ' || p.said AS conflict
FROM peers p JOIN objects o USING (device_id) JOIN ownership w USING (device_id)
WHERE w.contradicted OR (w.own AND p.manufacturers <> [o.manufacturers])
UNION ALL
SELECT p.device_id, 'manufacturer: ' || p.said
FROM peers p
WHERE len(p.manufacturers) > 1
    AND NOT EXISTS (FROM ownership w WHERE w.device_id = p.device_id AND (w.contradicted OR w.own))
UNION ALL
SELECT device_id, 'ae_titles: ' || ae_title || ' is used by ' || string_agg(other, ', ' ORDER BY other) || ', too'
FROM titles
GROUP BY device_id, ae_title
UNION ALL
SELECT device_id, 'operating_system: ' || string_agg(DISTINCT operating_system, ' vs ' ORDER BY operating_system)
FROM operating_system
WHERE several
GROUP BY device_id;
