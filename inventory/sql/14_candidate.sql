-- The names of each identity: its MAC, and the addresses at which it was the first. Each makes an id that leads to the
-- device, so that an id given before another name was known still resolves.
CREATE OR REPLACE TEMP TABLE candidate AS
WITH named AS (
    SELECT site, key, took_part, first_seen, last_seen, alive_from, alive_to, false AS router, unnest(CASE
        WHEN title IS NULL AND own THEN ['mac:' || mac, address]
        ELSE [address || coalesce('#' || title, '')] END) AS name
    FROM (FROM host SELECT *, 'ip:' || CASE WHEN vlan = '' THEN '' ELSE vlan || '/' END || ip AS address)
    UNION ALL
    SELECT site, 'mac:' || mac, took_part, first_seen, last_seen, NULL, NULL, true, 'mac:' || mac
    FROM interface
    WHERE router
),
taken AS (
    SELECT *, key <> first_value(key) OVER (PARTITION BY site, name ORDER BY first_seen, key) AS taken
    FROM named
    WHERE name IS NOT NULL
)
SELECT
    site,
    key,                                                -- identity within the site, as in `host`
    CASE WHEN NOT taken THEN 'd' || left(md5(site || ' ' || name), 12)
        -- Known by its address alone, at which another was known by its MAC before: that one keeps the address's name.
        WHEN bool_and(taken) OVER (PARTITION BY site, key)
        THEN 'd' || left(md5(concat_ws(' ', site, key, 'again')), 12)
        END AS id,                                      -- NULL for the name of another
    starts_with(name, 'ip:') AS by_address,
    router,                                             -- it stands in front of other hosts
    took_part,
    first_seen,
    last_seen,
    alive_from,                                         -- took part from then
    alive_to
FROM taken;
