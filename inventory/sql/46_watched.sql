-- Until when each network was observed: what is no longer seen there since has ended.
CREATE OR REPLACE TEMP TABLE watched AS
SELECT
    site,
    coalesce(nullif(regexp_extract(ip, '^\d+\.\d+\.\d+\.'), ''), 'ipv6') AS network,  -- as in `presence`
    max(last_seen) AS at
FROM host
WHERE ip IS NOT NULL
GROUP BY ALL;
