-- Devices that were not there before: the same sensor had watched their network on five days or more, since a week
-- before, and saw other hosts there. Where many show up on one day, it is the sensor that sees more. Not told of
-- addresses without a MAC and of made-up MACs that are only clients (telephones, guests), and of who was there before
-- under another address.
CREATE OR REPLACE TEMP VIEW "new-device" AS
WITH debut AS (
    SELECT site, device_id, min(alive_from) AS begun, max(alive_to) AS alive_to, max(mac) AS mac
    FROM identity
    GROUP BY ALL
    HAVING min(alive_from) IS NOT NULL
),
place AS (
    SELECT DISTINCT site, sensor, vlan, network, device_id,
        min(day) OVER (PARTITION BY site, device_id) AS first_day,
        min(day) OVER (PARTITION BY site, sensor, vlan, network, device_id) AS day
    FROM presence
),
observed AS (
    SELECT p.site, p.sensor, p.vlan, p.network, p.device_id, p.day,
        count(DISTINCT o.day) AS days, count(DISTINCT o.device_id) AS others, min(o.day) AS since
    FROM place p JOIN presence o USING (site, sensor, vlan, network)
    WHERE p.day = p.first_day AND o.day < p.day
    GROUP BY ALL
),
-- Who shows up there on the same day for the first time.
arrived AS (
    SELECT site, sensor, vlan, network, day, count(*) AS number FROM place GROUP BY ALL
),
-- Old names: who bears one that another device bore before has moved.
name AS MATERIALIZED (FROM known_name),
-- What is nothing but somebody's computer, telephone or camera.
minor AS (
    SELECT device_id, role, k.everyday = 'true' OR role = 'file_server' AS minor
    FROM profile JOIN knowledge_roles k USING (role)
)
SELECT
    d.site,
    d.device_id,
    min(h.seen).ip AS ip_address,
    NULL::INTEGER AS port,
    NULL::VARCHAR AS peer,
    '' AS subject,
    concat_ws(', ', 'first seen on ' || strftime(d.begun, '%Y-%m-%d'), 'its network has been watched since '
        || strftime(w.since, '%Y-%m-%d'), nullif(r.role, 'unknown')) AS detail,
    CASE WHEN NOT r.minor THEN 'medium' END AS severity,
    d.begun AS first_seen,
    d.begun AS last_seen,                                  -- it is news once
    list_sort(list_distinct(list(h.seen)))[:5] AS seen
FROM debut d
    JOIN (
        SELECT site, device_id, min(w.since) AS since
        FROM observed w JOIN arrived a USING (site, sensor, vlan, network, day)
        WHERE w.days >= 5 AND w.others >= 2 AND w.day - w.since >= 7 AND a.number <= greatest(3, w.others // 5)
        GROUP BY ALL
    ) w USING (site, device_id)
    JOIN minor r USING (device_id)
    JOIN identity i ON i.device_id = d.device_id
    JOIN host h ON h.site = i.site AND h.key = i.key
WHERE NOT (r.minor AND (d.mac IS NULL OR regexp_matches(d.mac, '^.[26ae]')))
    AND NOT EXISTS (FROM name mine JOIN name theirs USING (site, name)
        WHERE mine.device_id = d.device_id AND theirs.device_id <> d.device_id AND theirs.first_seen < d.begun)
GROUP BY ALL;
