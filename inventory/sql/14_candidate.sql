-- The names of each identity: its MAC, and the addresses that are nobody else's. Each makes an id that leads to the
-- device, so that an id given before another name was known still resolves.
CREATE OR REPLACE TEMP TABLE candidate AS
WITH named AS (
    SELECT site, key, unnest(['mac:' || mac, 'ip:' || ip]) AS name, took_part, first_seen, last_seen, false AS router,
        min(key) OVER at_address = max(key) OVER at_address AS only_here
    FROM host
    WINDOW at_address AS (PARTITION BY site, ip)
    UNION ALL
    SELECT site, 'mac:' || mac, 'mac:' || mac, took_part, first_seen, last_seen, true, true
    FROM interface
    WHERE router
)
SELECT
    site,
    key,                                                -- identity within the site, as in `host`
    CASE WHEN name = key OR (only_here AND starts_with(name, 'ip:'))
        THEN 'd' || left(md5(site || ' ' || name), 12) END AS id,  -- NULL for a name that others share
    starts_with(name, 'ip:') AS by_address,
    router,                                             -- it stands in front of other hosts
    took_part,
    first_seen,
    last_seen
FROM named;
