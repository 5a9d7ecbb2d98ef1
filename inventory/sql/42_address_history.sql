-- Which addresses each device held, and from when until when it was seen there. What a router's MAC stood in front of
-- counts only where the device was never seen with its own.
CREATE OR REPLACE TEMP VIEW address_history AS
SELECT
    h.site,
    i.device_id,
    h.ip,                                               -- NULL where only a MAC was seen
    CASE WHEN h.own THEN h.mac END AS mac,              -- its own
    nullif(h.vlan, '') AS vlan,                         -- NULL when untagged
    coalesce(s.first_seen, h.first_seen) AS first_seen,
    coalesce(s.last_seen, h.last_seen) AS last_seen,
    CASE WHEN NOT h.own AND h.mac <> '' THEN 'behind ' || h.mac ELSE coalesce(h.proven_by, 'traffic') END
        AS known_by                                     -- arp, ndp, dhcp...: who holds it said so; or a router's MAC
FROM host h JOIN identity i USING (site, key)
    LEFT JOIN segment g ON g.site = h.site AND g.ip = h.ip AND g.vlan = h.vlan
    LEFT JOIN stint s ON s.site = h.site AND s.ip = h.ip AND s.mac = h.mac AND s.segment = coalesce(g.segment, h.vlan)
WINDOW at_address AS (PARTITION BY i.device_id, h.ip), of_device AS (PARTITION BY i.device_id)
QUALIFY (h.own OR NOT bool_or(h.own) OVER at_address) AND (h.ip IS NOT NULL OR bool_and(h.ip IS NULL) OVER of_device);
