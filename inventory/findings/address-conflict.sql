-- Addresses that two hosts hold at the same time: each says so by ARP or NDP again after the other did, thrice within
-- an hour. A lease that ran out, and a cluster that fails over and back, take turns less often. Cards of one machine
-- that answer for each other (their MACs follow one another), addresses shared by design (VRRP, HSRP, load balancers)
-- and routers that answer for others are none. Each sensor by itself: clocks differ.
CREATE OR REPLACE TEMP VIEW "address-conflict" AS
WITH claim AS (
    SELECT o.site, o.sensor, coalesce(o.vlan, '') AS vlan, o.ip, lower(o.value) AS mac, i.device_id,
        unnest(list_distinct([o.first_seen, o.last_seen])) AS "at",  -- of those between, nothing is known
        {'at': o.first_seen, 'capture': o.capture, 'frame': o.frame, 'protocol': o.protocol, 'ip': o.ip} AS seen
    FROM observation o JOIN binding b ON b.site = o.site AND b.ip = o.ip AND b.mac = lower(o.value) AND b.proven
        JOIN identity i ON i.site = o.site AND i.key = 'mac:' || lower(o.value)
    WHERE o.attribute = 'link_layer_address' AND o.transport IN ('arp', 'ndp')
        AND NOT starts_with(b.mac, '02:bf:')            -- Microsoft's network load balancing
),
turn AS (
    SELECT *
    FROM (
        SELECT *, lag(mac) OVER (PARTITION BY site, sensor, vlan, ip ORDER BY "at", mac) IS DISTINCT FROM mac AS turned,
            min(device_id) OVER (PARTITION BY site, sensor, vlan, ip)
                <> max(device_id) OVER (PARTITION BY site, sensor, vlan, ip) AS several
        FROM claim
    )
    WHERE turned AND several
),
spell AS (
    SELECT *, lag("at", 3) OVER (PARTITION BY site, sensor, vlan, ip ORDER BY "at", mac) AS third_before
    FROM turn
),
contested AS (
    SELECT site, sensor, vlan, ip, min("at") AS first_seen, max("at") AS last_seen
    FROM spell
    WHERE "at" - third_before < INTERVAL 1 HOUR
    GROUP BY ALL
),
holder AS (
    SELECT site, vlan, ip, mac, device_id, min(c.first_seen) AS first_seen, max(c.last_seen) AS last_seen,
        min(s."at") AS since, min(s.seen) AS seen, ('0x' || replace(mac, ':', ''))::BIGINT AS number
    FROM contested c JOIN spell s USING (site, sensor, vlan, ip)
    WHERE s."at" BETWEEN c.first_seen - INTERVAL 1 HOUR AND c.last_seen
    GROUP BY ALL
    HAVING count(*) > 1                                 -- it came back
)
SELECT
    site,
    min({'since': since, 'device_id': device_id}).device_id AS device_id,  -- who held it first
    ip AS ip_address,
    NULL::INTEGER AS port,
    NULL::VARCHAR AS peer,
    ip || CASE WHEN vlan = '' THEN '' ELSE ' in VLAN ' || vlan END AS subject,
    'held by ' || array_to_string(list_sort(list(mac))[:4], ' and ') AS detail,
    NULL::VARCHAR AS severity,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    list_sort(list_distinct(list(seen)))[:5] AS seen
FROM holder
GROUP BY site, vlan, ip
-- Cards of one machine; and where it is many, broken frames or a load balancer.
HAVING count(*) BETWEEN 2 AND 4 AND max(number) - min(number) > 16;
