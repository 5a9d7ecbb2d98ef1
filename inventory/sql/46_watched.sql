-- Until when each network was observed: what is no longer seen there since has ended.
CREATE OR REPLACE TEMP TABLE watched AS
SELECT
    site,
    network_of(ip) AS network,                          -- a /24, or all of IPv6
    max(last_seen) AS at
FROM host
WHERE ip IS NOT NULL
GROUP BY ALL;
