-- Each sighting of a site's own address, and the identity behind it: its local MAC; else who is known to hold the
-- address there at that time; else the address itself.
CREATE OR REPLACE TEMP TABLE tenure AS
WITH located AS (
    SELECT s.*, coalesce(g.segment, s.vlan) AS segment, b.mac IS NOT NULL OR s.ip IS NULL AS own
    FROM sighting s
        LEFT JOIN segment g ON g.site = s.site AND g.ip = s.ip AND g.vlan = s.vlan
        LEFT JOIN binding b ON b.site = s.site AND b.mac = s.mac AND b.ip = s.ip
    WHERE s.inside AND (s.ip IS NOT NULL OR s.mac IN (SELECT mac FROM interface WHERE NOT virtual))
),
holder AS (
    SELECT site, ip, segment, 'mac:' || min(mac) AS key, '-infinity'::TIMESTAMP AS since, 'infinity'::TIMESTAMP AS until
    FROM located
    WHERE own AND ip IS NOT NULL
    GROUP BY site, ip, segment
    HAVING min(mac) = max(mac)
    UNION ALL
    SELECT site, ip, segment, CASE WHEN NOT contested THEN 'mac:' || mac END, since, until FROM stint
)
SELECT
    -- mac:..., or ip:... while no MAC is known to be its own; within the site
    CASE WHEN own THEN 'mac:' || mac
        ELSE coalesce(h.key, 'ip:' || CASE WHEN l.segment = '' THEN '' ELSE l.segment || '/' END || l.ip) END AS key,
    coalesce(h.since, '-infinity') AS since,            -- of the facts from that time
    coalesce(h.until, 'infinity') AS until,             -- to before that time
    l.* EXCLUDE (segment, inside)                       -- as in `sighting`; own: the MAC is the identity's
FROM located l
    LEFT JOIN holder h ON NOT l.own AND h.site = l.site AND h.ip = l.ip AND h.segment = l.segment
        AND l.first_seen < h.until AND l.last_seen >= h.since;
