-- Every id a device may go by: one for its MAC, one for each address that is nobody else's. All lead to the device.
CREATE OR REPLACE TEMP TABLE candidate AS
WITH named AS (
    SELECT h.site, h.key, unnest(['mac:' || s.mac, 'ip:' || s.ip]) AS name, s.first_seen, s.last_seen, s.took_part,
        min(h.key) OVER at_address = max(h.key) OVER at_address AS only_here
    FROM host h JOIN sighting s USING (site, vlan, mac, ip)
    WINDOW at_address AS (PARTITION BY h.site, h.ip)
    UNION ALL
    SELECT site, 'mac:' || mac, 'mac:' || mac, first_seen, last_seen, took_part, true
    FROM interface
    WHERE router
)
SELECT
    site,
    key,                                                -- identity within the site, as in `host`
    'd' || left(md5(site || ' ' || name), 12) AS id,
    starts_with(name, 'ip:') AS by_address,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    bool_or(took_part) AS took_part
FROM named
WHERE name = key OR (starts_with(name, 'ip:') AND only_here)
GROUP BY ALL;
