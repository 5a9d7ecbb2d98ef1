-- The observations, each with the device that it is about.
CREATE OR REPLACE TEMP VIEW attribution AS
SELECT
    coalesce(i.device_id, e.device_id) AS device_id,
    o.*                                                 -- as in `observation`
FROM observation o
    JOIN endpoint e ON e.site = o.site AND e.ip IS NOT DISTINCT FROM o.ip
        AND e.vlan = coalesce(o.vlan, '') AND e.mac = coalesce(lower(o.mac), '')
        AND o.first_seen >= e.since AND o.first_seen < e.until
    LEFT JOIN guest g ON g.site = e.site AND g.key = e.key AND g.ip = e.ip AND g.speaker = o.speaker
    LEFT JOIN identity i ON i.site = g.site AND i.key = g.guest;
