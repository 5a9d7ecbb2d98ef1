-- Addresses that two hosts hold at the same time: each says so by ARP or NDP again after the other did, thrice within
-- an hour. A lease that ran out, and a cluster that fails over and back, take turns less often. Cards of one machine
-- that answer for each other (their MACs follow one another), addresses shared by design (VRRP, HSRP, load balancers)
-- and routers that answer for others are none. Each sensor by itself: clocks differ.
CREATE OR REPLACE TEMP VIEW "address-conflict" AS
WITH claim AS (
    SELECT o.site, o.sensor, coalesce(o.vlan, '') AS vlan, o.ip, lower(o.value) AS mac, i.device_id, o.first_seen,
        o.last_seen, {'at': o.first_seen, 'capture': o.capture, 'frame': o.frame, 'protocol': o.protocol,
            'ip': o.ip} AS seen
    FROM observation o JOIN binding b ON b.site = o.site AND b.ip = o.ip AND b.mac = lower(o.value) AND b.proven
        JOIN identity i ON i.site = o.site AND i.key = 'mac:' || lower(o.value)
        JOIN interface f ON f.site = o.site AND f.mac = b.mac
    WHERE o.attribute = 'link_layer_address' AND o.transport IN ('arp', 'ndp')
        AND NOT starts_with(b.mac, '02:bf:')            -- Microsoft's network load balancing
        AND NOT (f.router AND f.addresses_v4 > 64)
),
turn AS (
    SELECT *, lag(mac) OVER w IS DISTINCT FROM mac AS turned
    FROM claim
    WINDOW w AS (PARTITION BY site, sensor, vlan, ip ORDER BY first_seen, last_seen, mac)
    QUALIFY min(device_id) OVER (PARTITION BY site, sensor, vlan, ip)
        <> max(device_id) OVER (PARTITION BY site, sensor, vlan, ip)
),
spell AS (
    SELECT *, lag(last_seen, 3) OVER w AS third_before
    FROM (
        SELECT site, sensor, vlan, ip, number, mac, device_id, min(first_seen) AS first_seen,
            max(last_seen) AS last_seen, min(seen) AS seen
        FROM (
            SELECT *, count(*) FILTER (turned) OVER (PARTITION BY site, sensor, vlan, ip
                ORDER BY first_seen, last_seen, mac) AS number
            FROM turn
        )
        GROUP BY ALL
    )
    WINDOW w AS (PARTITION BY site, sensor, vlan, ip ORDER BY number)
),
contested AS (
    SELECT site, sensor, vlan, ip, min(first_seen) FILTER (first_seen - third_before < INTERVAL 1 HOUR) AS first_seen,
        max(last_seen) FILTER (first_seen - third_before < INTERVAL 1 HOUR) AS last_seen
    FROM spell
    GROUP BY ALL
    HAVING first_seen IS NOT NULL
),
holder AS (
    SELECT site, vlan, ip, mac, device_id, min(c.first_seen) AS first_seen, max(c.last_seen) AS last_seen,
        min(s.first_seen) AS since, min(s.seen) AS seen
    FROM contested c JOIN spell s USING (site, sensor, vlan, ip)
    GROUP BY ALL
),
pair AS (
    SELECT h.*, count(*) OVER w AS holders,
        list(mac) OVER w AS macs, list(seen) OVER w AS all_seen,
        ('0x' || replace(mac, ':', ''))::BIGINT AS number,
        max(('0x' || replace(mac, ':', ''))::BIGINT) OVER w - min(('0x' || replace(mac, ':', ''))::BIGINT) OVER w AS apart
    FROM holder h
    WINDOW w AS (PARTITION BY site, vlan, ip)
)
SELECT
    site,
    min({'since': since, 'device_id': device_id}).device_id AS device_id,  -- who held it first
    ip AS ip_address,
    NULL::INTEGER AS port,
    NULL::VARCHAR AS peer,
    ip || CASE WHEN vlan = '' THEN '' ELSE ' in VLAN ' || vlan END AS subject,
    'held by ' || array_to_string(list_sort(any_value(macs))[:4], ' and ') AS detail,
    NULL::VARCHAR AS severity,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    list_sort(any_value(all_seen))[:5] AS seen
FROM pair
WHERE apart > 16                                        -- cards of one machine
GROUP BY site, vlan, ip;
