-- Each sighting of a site's own address, and the identity it belongs to: its local MAC; else the one host that is
-- known to hold the address; else the address itself.
CREATE OR REPLACE TEMP TABLE host AS
WITH holder AS (
    SELECT site, ip, min('mac:' || mac) AS key
    FROM binding
    GROUP BY site, ip
    HAVING count(*) = 1
)
SELECT
    coalesce('mac:' || b.mac, h.key, 'ip:' || s.ip) AS key,  -- identity within the site
    s.*                                                 -- as in `sighting`
FROM sighting s
    LEFT JOIN binding b ON b.site = s.site AND b.mac = s.mac AND b.ip = s.ip
    LEFT JOIN holder h ON h.site = s.site AND h.ip = s.ip
WHERE s.inside;
