-- Devices with an address or MAC: identities, and the device that each is. Several are one where `merge` says so. The
-- id is that of the name known first, so it stays when another name is learned.
-- Only those that took part: an address that was merely asked is no device.
CREATE OR REPLACE TEMP TABLE identity AS
WITH single AS (
    SELECT site, key,
        min({'first_seen': first_seen, 'by_address': by_address, 'id': id}) FILTER (id IS NOT NULL) AS name,
        bool_or(router) AS router, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
        min(alive_from) AS alive_from, max(alive_to) AS alive_to
    FROM candidate
    GROUP BY site, key
    HAVING bool_or(took_part)
),
united AS (
    SELECT m.site, m.key, n.id
    FROM merge m JOIN (
        SELECT site, root, min(name).id AS id FROM merge JOIN single USING (site, key) GROUP BY ALL
    ) n USING (site, root)
)
SELECT
    site,
    key,                                                -- as in `host`
    nullif(regexp_extract(key, '^mac:([^#]*)', 1), '') AS mac,  -- its own; or that of the address it shares
    coalesce(u.id, name.id) AS device_id,
    name.id AS id,                                      -- its own, were it alone
    router,                                             -- its MAC stands in front of other hosts
    first_seen,
    last_seen,
    alive_from,                                         -- when it took part
    alive_to
FROM single LEFT JOIN united u USING (site, key);
