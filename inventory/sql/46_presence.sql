-- On which days each device took part in something, in which network, and which sensor saw it: what is needed to tell
-- that one is new or gone. Only of sites that were observed for a week or more. A fact shows the days of its first and
-- last sighting; of those between, it says nothing.
CREATE OR REPLACE TEMP TABLE presence AS
WITH lasting AS (
    SELECT site
    FROM (SELECT site, first_seen, last_seen FROM flow UNION ALL SELECT site, first_seen, last_seen FROM observation)
    GROUP BY site
    HAVING max(last_seen) - min(first_seen) >= INTERVAL 7 DAY
),
seen AS (
    SELECT site, sensor, vlan, ip, mac, first_seen, unnest([first_seen::DATE, last_seen::DATE]) AS day
    FROM (
        SELECT site, sensor, vlan, client_ip AS ip, client_mac AS mac, first_seen, last_seen
        FROM flow
        WHERE packets_to_server > 0
        UNION ALL
        SELECT site, sensor, vlan, server_ip, server_mac, first_seen, last_seen
        FROM flow
        WHERE packets_to_client > 0 OR established
        UNION ALL
        SELECT site, sensor, vlan, ip, CASE attribute WHEN 'link_layer_address' THEN value ELSE mac END, first_seen,
            last_seen
        FROM observation
        WHERE class <> 'claim' AND ip IS NOT NULL
    ) SEMI JOIN lasting USING (site)
)
SELECT DISTINCT
    s.site,
    s.sensor,
    coalesce(s.vlan, '') AS vlan,                       -- '' when untagged
    network_of(s.ip) AS network,                        -- a /24, or all of IPv6
    e.device_id,
    s.day                                               -- UTC
FROM seen s JOIN endpoint e ON e.site = s.site AND e.ip = s.ip AND e.vlan = coalesce(s.vlan, '')
    AND e.mac = coalesce(lower(s.mac), '') AND s.first_seen >= e.since AND s.first_seen < e.until
WHERE e.device_id IS NOT NULL;
