-- The identities of a site, with every sighting that speaks for them: those that hold an address, and those that share
-- one. Who speaks from a shared address is seen where the address is.
CREATE OR REPLACE TEMP TABLE host AS
WITH held AS (
    SELECT * EXCLUDE (since, until) REPLACE (greatest(first_seen, since) AS first_seen)
    FROM tenure
    -- The frame that was first in front of the address is evidence for who held it then, not for who came later.
    WHERE (first_seen >= since AND first_seen < until) OR starts_with(key, 'ip:')
)
SELECT
    key,                                                -- mac:... or ip:..., #... behind a shared one; within the site
    NULL::VARCHAR AS title,                             -- of who shares the address
    * EXCLUDE (key)                                     -- as in `tenure`
FROM held
UNION ALL BY NAME
SELECT DISTINCT h.* REPLACE (g.guest AS key, g.first_seen AS first_seen, g.last_seen AS last_seen,
    g.first_seen AS alive_from, g.last_seen AS alive_to), g.title
FROM held h JOIN (
    SELECT site, key, ip, guest, title, min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM guest
    GROUP BY ALL
) g USING (site, key, ip);
