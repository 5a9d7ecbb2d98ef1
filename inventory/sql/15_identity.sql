-- Devices with an address or MAC. The id is that of the name known first, so it stays when another name is learned.
-- Only hosts that took part: an address that was merely asked is no device.
CREATE OR REPLACE TEMP TABLE identity AS
WITH taken AS (
    SELECT h.site, h.key, bool_or(s.took_part) AS took_part, min(s.first_seen) AS first_seen, max(s.last_seen) AS last_seen
    FROM host h JOIN sighting s USING (site, vlan, mac, ip)
    GROUP BY ALL
),
named AS (
    SELECT site, key, min({'at': first_seen, 'by_address': by_address, 'id': id}).id AS device_id,
        bool_or(took_part) AS took_part, min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM candidate
    GROUP BY ALL
)
SELECT
    n.site,
    n.key,
    n.device_id,
    least(n.first_seen, t.first_seen) AS first_seen,
    greatest(n.last_seen, t.last_seen) AS last_seen,
    r.mac IS NOT NULL AS router                         -- its MAC stands in front of other hosts
FROM named n
    LEFT JOIN taken t USING (site, key)
    LEFT JOIN interface r ON r.router AND r.site = n.site AND 'mac:' || r.mac = n.key
WHERE n.took_part OR t.took_part;
