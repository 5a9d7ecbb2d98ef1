-- Names by which a device can be known again under another address: AE titles, host names, serial numbers.
CREATE OR REPLACE TEMP VIEW known_name AS
WITH told AS (
    SELECT site, device_id, 'ae ' || upper(ae_title) AS name, first_seen, last_seen FROM ae_title
    UNION ALL
    SELECT site, device_id, 'host ' || split_part(key, '.', 1), first_seen, last_seen FROM hostname WHERE used
    UNION ALL
    SELECT site, device_id, 'serial ' || lower(concat_ws(' ', model, serial)), first_seen, last_seen
    FROM equipment
    WHERE serial IS NOT NULL
)
SELECT
    site,
    device_id,
    name,                                               -- with its kind in front
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen
FROM told
GROUP BY ALL;
