-- Addresses that were seen in several VLANs or tunnels: where they are one host's, and where they are not.
-- Routed traffic on a mirrored trunk shows one host in its own VLAN and, behind a router's MAC, in others. Without a
-- sign of that, equal private addresses are of different networks.
CREATE OR REPLACE TEMP TABLE segment AS
WITH RECURSIVE spread AS (
    SELECT site, ip FROM sighting WHERE inside AND ip IS NOT NULL GROUP BY ALL
    HAVING count(DISTINCT vlan) BETWEEN 2 AND 64        -- of more than that, each is alone: nobody routes so
),
front AS (
    SELECT s.site, s.ip, s.vlan, s.mac, b.mac IS NOT NULL AS own
    FROM sighting s JOIN spread USING (site, ip)
        JOIN interface i ON i.site = s.site AND i.mac = s.mac AND NOT i.virtual  -- VRRP's are the same everywhere
        LEFT JOIN binding b ON b.site = s.site AND b.mac = s.mac AND b.ip = s.ip
),
ended AS (
    SELECT site, coalesce(vlan, '') AS vlan, client_ip, server_ip, server_port, transport, community_id,
        unnest([{'ip': client_ip, 'mac': lower(client_mac), 'client': true},
            {'ip': server_ip, 'mac': lower(server_mac), 'client': false}], recursive := true)
    FROM flow
),
talk AS (
    SELECT e.*, b.mac IS NOT NULL AS own
    FROM ended e JOIN spread USING (site, ip)
        LEFT JOIN binding b ON b.site = e.site AND b.mac = e.mac AND b.ip = e.ip
),
link AS (
    -- The same MAC stands in front of it.
    SELECT site, ip, vlan AS a, min(vlan) OVER (PARTITION BY site, ip, mac) AS b FROM front
    UNION
    -- The router in front of it here is also where the host is at home.
    SELECT f.site, f.ip, f.vlan, h.vlan
    FROM front f JOIN front h ON h.site = f.site AND h.ip = f.ip AND h.own AND NOT f.own
        JOIN (SELECT DISTINCT site, vlan, mac FROM sighting) r
            ON r.site = f.site AND r.mac = f.mac AND r.vlan = h.vlan
    UNION
    -- The same TCP connection passes both; of UDP, both ports may be everybody's.
    SELECT site, ip, vlan, min(vlan) OVER (PARTITION BY site, ip, community_id)
    FROM talk
    WHERE transport = 'tcp' AND community_id IS NOT NULL
    UNION
    -- The same conversation, of which one end is at home here and the other one there.
    SELECT site, unnest([client_ip, server_ip]), client_vlan, server_vlan
    FROM (
        SELECT site, client_ip, server_ip, min(vlan) FILTER (client AND own) AS client_vlan,
            min(vlan) FILTER (own AND NOT client) AS server_vlan
        FROM talk
        GROUP BY site, client_ip, server_ip, server_port, transport
        HAVING len(list_intersect(coalesce(list(vlan) FILTER (client AND own), []),
            coalesce(list(vlan) FILTER (own AND NOT client), []))) = 0
    )
    WHERE client_vlan <> server_vlan
),
edge AS (SELECT site, ip, a, b FROM link WHERE a <> b UNION SELECT site, ip, b, a FROM link WHERE a <> b),
reached AS (
    SELECT site, ip, a AS vlan, a AS other FROM edge
    UNION
    SELECT r.site, r.ip, r.vlan, e.b FROM reached r JOIN edge e ON e.site = r.site AND e.ip = r.ip AND e.a = r.other
)
SELECT
    site,
    ip,
    vlan,
    min(other) AS segment                               -- the first of the VLANs in which it is the same host
FROM reached
GROUP BY site, ip, vlan;
