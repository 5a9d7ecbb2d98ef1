-- Local bindings: the MAC is the host's own, and so its identity. Either it was shown (ARP, NDP, a DHCP lease,
-- link-local address), or the MAC stands in front of this one address of its family, of nothing outside, and nobody
-- else does at that time.
CREATE OR REPLACE TEMP TABLE binding AS
WITH shown AS (
    SELECT DISTINCT site, mac, ip
    FROM sighting s JOIN interface i USING (site, mac)
    WHERE s.proven AND s.inside AND s.ip IS NOT NULL AND NOT i.proxy AND NOT i.virtual
),
unshown AS (
    SELECT s.site, s.mac, s.ip, NOT i.router AND i.all_inside
            AND CASE s.family WHEN 4 THEN i.addresses_v4 ELSE i.addresses_v6 END = 1 AS alone,
        coalesce(max(s.last_seen) OVER before < s.first_seen, true)
            AND coalesce(min(s.first_seen) OVER after > s.last_seen, true) AS uncontested
    FROM sighting s JOIN interface i ON i.site = s.site AND i.mac = s.mac
        ANTI JOIN shown o ON o.site = s.site AND o.ip = s.ip
    WHERE s.inside AND s.ip IS NOT NULL AND NOT i.virtual
    WINDOW before AS (PARTITION BY s.site, s.vlan, s.ip ORDER BY s.first_seen, s.mac
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
        after AS (PARTITION BY s.site, s.vlan, s.ip ORDER BY s.first_seen, s.mac
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
),
-- A trunk's mirror shows the same TCP connection before and behind a router: of the MACs in front of an end of it, one
-- at most is the host's own, and nothing says which.
crossed AS (
    SELECT site, ip, mac
    FROM (
        SELECT DISTINCT site, ip, mac, community_id
        FROM (
            SELECT site, community_id, unnest([{'ip': client_ip, 'mac': lower(client_mac)},
                {'ip': server_ip, 'mac': lower(server_mac)}], recursive := true)
            FROM flow
            WHERE transport = 'tcp' AND community_id IS NOT NULL
        ) SEMI JOIN (FROM unshown WHERE alone) USING (site, ip, mac)
    )
    QUALIFY count(*) OVER (PARTITION BY site, ip, community_id) > 1
)
SELECT
    site,
    mac,                                                -- the host's own
    ip,
    true AS proven                                      -- shown by the host, or by who leased it the address
FROM shown
UNION ALL
SELECT DISTINCT site, mac, ip, false FROM unshown ANTI JOIN crossed USING (site, mac, ip) WHERE alone AND uncontested;
