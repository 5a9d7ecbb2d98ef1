-- Addresses that changed hands: who held each from when until when. Shown by ARP, NDP and DHCP, or, where the host
-- itself never showed it, by its traffic.
CREATE OR REPLACE TEMP TABLE stint AS
WITH holder AS (
    SELECT DISTINCT s.site, s.ip, coalesce(g.segment, s.vlan) AS segment, s.vlan, s.mac, b.proven,
        s.first_seen, s.last_seen
    FROM sighting s JOIN binding b USING (site, mac, ip) LEFT JOIN segment g USING (site, ip, vlan)
    WINDOW w AS (PARTITION BY s.site, s.ip, coalesce(g.segment, s.vlan))
    QUALIFY min(s.mac) OVER w <> max(s.mac) OVER w
),
shown AS (
    SELECT h.site, h.ip, h.segment, h.mac, o.first_seen, o.last_seen
    FROM holder h JOIN observation o ON o.site = h.site AND o.ip = h.ip AND coalesce(o.vlan, '') = h.vlan
        AND o.attribute = 'link_layer_address' AND lower(o.value) = h.mac
    WHERE h.proven
    UNION ALL
    SELECT site, ip, segment, mac, first_seen, last_seen FROM holder WHERE NOT proven
),
turned AS (
    SELECT *, lag(mac) OVER w IS DISTINCT FROM mac AS turn FROM shown
    WINDOW w AS (PARTITION BY site, ip, segment ORDER BY first_seen, mac)
),
numbered AS (
    SELECT *, count(*) FILTER (turn) OVER w AS number FROM turned
    WINDOW w AS (PARTITION BY site, ip, segment ORDER BY first_seen, mac)
),
held AS (
    SELECT site, ip, segment, number, mac, min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM numbered
    GROUP BY ALL
)
SELECT
    site,
    ip,
    segment,                                            -- as in `segment`; the VLAN where there is only one
    mac,
    first_seen,
    last_seen,
    -- Until the next one shows up. Before the first, and after the last, nobody else is known.
    CASE WHEN number = 1 THEN '-infinity'::TIMESTAMP ELSE first_seen END AS since,
    coalesce(lead(first_seen) OVER w, 'infinity'::TIMESTAMP) AS until,
    -- Claimed by one while the other claims it, or back and forth within an hour: that is no lease that ran out.
    coalesce(last_seen > lead(first_seen) OVER w, false) OR coalesce(lag(last_seen) OVER w > first_seen, false)
        OR coalesce(lead(mac, 2) OVER w = mac AND lead(first_seen, 2) OVER w - first_seen < INTERVAL 1 HOUR, false)
        OR coalesce(lag(mac, 2) OVER w = mac AND first_seen - lag(first_seen, 2) OVER w < INTERVAL 1 HOUR, false)
        OR coalesce(lag(mac) OVER w = lead(mac) OVER w
            AND lead(first_seen) OVER w - lag(first_seen) OVER w < INTERVAL 1 HOUR, false) AS contested
FROM held
WINDOW w AS (PARTITION BY site, ip, segment ORDER BY number);
