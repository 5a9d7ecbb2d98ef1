-- Devices that were there on many days, at most a week apart, and were not for two weeks, while the same sensor went on
-- watching their network and saw others that had been there, too. Clients come and go: only devices with a task are
-- missed. Where half of a network goes, the sensor sees less. Who goes on under another address has moved.
CREATE OR REPLACE TEMP VIEW "device-gone" AS
WITH day AS (
    SELECT *, day - lag(day) OVER (PARTITION BY site, device_id ORDER BY day) AS pause
    FROM (SELECT DISTINCT site, device_id, day FROM presence)
),
regular AS (
    SELECT site, device_id, max(day) AS last_day, count(*) AS days
    FROM day
    GROUP BY site, device_id
    HAVING count(*) >= 5 AND max(day) - min(day) >= 7 AND max(pause) <= 7
),
-- Where it was at home: seen there on every second of its days.
home AS (
    SELECT site, sensor, vlan, network, device_id, last_day
    FROM presence JOIN regular USING (site, device_id)
    GROUP BY site, sensor, vlan, network, device_id, last_day, days
    HAVING count(*) * 2 >= days
),
homes AS (SELECT device_id, count(*) AS number FROM home GROUP BY device_id),
stay AS (
    SELECT site, sensor, vlan, network, device_id, min(day) AS first_day FROM presence GROUP BY ALL
),
since AS (
    SELECT h.site, h.sensor, h.vlan, h.network, h.device_id, h.last_day, max(o.day) AS watched_to
    FROM home h JOIN presence o USING (site, sensor, vlan, network)
        JOIN stay s ON s.site = h.site AND s.sensor = h.sensor AND s.vlan = h.vlan AND s.network = h.network
            AND s.device_id = o.device_id
    WHERE o.day > h.last_day
    GROUP BY h.site, h.sensor, h.vlan, h.network, h.device_id, h.last_day
    HAVING count(DISTINCT o.day) >= 5 AND max(o.day) - h.last_day >= 14
        AND count(DISTINCT o.device_id) FILTER (s.first_day <= h.last_day) >= 2
),
regulars AS (
    SELECT site, sensor, vlan, network, count(*) AS regulars FROM home GROUP BY ALL
),
together AS (
    SELECT a.site, a.sensor, a.vlan, a.network, a.device_id, count(*) AS number
    FROM since a JOIN since b USING (site, sensor, vlan, network)
    WHERE abs(a.last_day - b.last_day) <= 1
    GROUP BY ALL
),
name AS MATERIALIZED (FROM known_name),
gone AS (
    SELECT s.site, s.device_id, max(watched_to) AS watched_to, max(last_day) AS last_day
    FROM since s JOIN together t USING (site, sensor, vlan, network, device_id)
        JOIN regulars USING (site, sensor, vlan, network) JOIN homes h ON h.device_id = s.device_id
    WHERE t.number <= greatest(2, regulars // 2)
    GROUP BY s.site, s.device_id, h.number
    HAVING count(*) = h.number                          -- wherever it was at home
)
SELECT
    g.site,
    g.device_id,
    max_by(h.ip, h.last_seen) AS ip_address,
    NULL::INTEGER AS port,
    NULL::VARCHAR AS peer,
    '' AS subject,
    p.role || ', last seen on ' || strftime(g.last_day, '%Y-%m-%d') AS detail,
    NULL::VARCHAR AS severity,
    max(h.last_seen) AS first_seen,
    g.watched_to::TIMESTAMP AS last_seen,               -- it was still missed then
    list_sort(list_distinct(list(h.seen)))[:5] AS seen
FROM gone g JOIN profile p USING (device_id) JOIN knowledge_roles k USING (role)
    JOIN identity i ON i.device_id = g.device_id JOIN host h ON h.site = i.site AND h.key = i.key
WHERE k.everyday = 'false' AND g.watched_to - g.last_day <= 90
    AND NOT EXISTS (FROM name mine JOIN name theirs USING (site, name)
        WHERE mine.device_id = g.device_id AND theirs.device_id <> g.device_id AND theirs.last_seen > mine.last_seen)
GROUP BY ALL;
