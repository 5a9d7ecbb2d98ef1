-- Devices with an address or MAC. The id is that of the name known first, so it stays when another name is learned.
-- Only hosts that took part: an address that was merely asked is no device.
CREATE OR REPLACE TEMP TABLE identity AS
SELECT
    site,
    key,                                                -- mac:..., or ip:... while no MAC is known to be its own
    min({'first_seen': first_seen, 'by_address': by_address, 'id': id}) FILTER (id IS NOT NULL).id AS device_id,
    bool_or(router) AS router,                          -- its MAC stands in front of other hosts
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen
FROM candidate
GROUP BY site, key
HAVING bool_or(took_part);
