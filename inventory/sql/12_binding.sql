-- Local bindings: the MAC is the host's own, and so its identity. Either the host showed it (ARP, NDP, link-local
-- address), or the MAC stands in front of this one address of its family, of nothing outside, and nobody else does.
CREATE OR REPLACE TEMP TABLE binding AS
WITH held AS (
    SELECT site, vlan, mac, ip, s.inside, i.router,
        bool_or(s.proven AND NOT i.proxy) OVER (PARTITION BY site, mac, ip) AS proven,
        bool_or(s.proven AND NOT i.proxy) OVER (PARTITION BY site, ip) AS proven_by_any,
        min(ip) OVER of_family = max(ip) OVER of_family AS alone,
        bool_and(s.inside) OVER (PARTITION BY site, mac) AS all_inside,
        min(mac) OVER at_address = max(mac) OVER at_address AS uncontested
    FROM sighting s JOIN interface i USING (site, mac)
    WHERE NOT i.virtual
    WINDOW of_family AS (PARTITION BY site, mac, family), at_address AS (PARTITION BY site, vlan, ip)
)
SELECT DISTINCT
    site,
    mac,                                                -- the host's own
    ip
FROM held
WHERE inside AND (proven OR (NOT router AND NOT proven_by_any AND alone AND all_inside AND uncontested));
