-- AE titles by which several devices go at the same time: requests, and images sent to the title, can reach the wrong
-- one. A title that moves on to the next device is none's fault, and that of a device is no matter of who passes its
-- associations on (a proxy talks DICOM with it; a router's MAC is in front of it).
CREATE OR REPLACE TEMP VIEW "ae-title-conflict" AS
WITH known AS (
    SELECT device_id, any_value(site) AS site, bool_or(router) AS router, bool_or(mac IS NOT NULL) AS held
    FROM identity
    GROUP BY device_id
),
told AS (
    SELECT *, attribute = 'accepted_ae_title' AS accepts,
        -- What a port accepts is its own title only where it accepts no other.
        attribute = 'calling_ae_title' OR count(DISTINCT upper(value)) FILTER (attribute = 'accepted_ae_title')
            OVER (PARTITION BY device_id, port) = 1 AS own
    FROM fact
    WHERE attribute IN ('calling_ae_title', 'accepted_ae_title') AND value <> ''
),
used AS (
    SELECT t.site, t.device_id, t.value AS title, k.held, coalesce(bool_or(t.own AND accepts), false) AS accepts,
        min(port) FILTER (accepts) AS port,
        min(t.first_seen) AS first_seen, max(t.last_seen) AS last_seen, min(t.seen) AS seen
    FROM told t JOIN known k USING (device_id)
    WHERE NOT k.router AND (t.own OR EXISTS (FROM told c WHERE c.device_id = t.device_id AND c.value = t.value
        AND c.attribute = 'calling_ae_title'))
    GROUP BY t.site, t.device_id, t.value, k.held
),
named AS (
    SELECT DISTINCT device_id, split_part(key, '.', 1) AS label
    FROM hostname
    WHERE used AND confidence <> 'low'
),
met AS (
    SELECT a.site, a.device_id, a.title, a.port, a.seen, b.device_id AS other, b.seen AS other_seen,
        a.accepts AND b.accepts AS both_accept,
        greatest(a.first_seen, b.first_seen) AS first_seen, least(a.last_seen, b.last_seen) AS last_seen
    FROM used a JOIN used b ON b.site = a.site AND b.title = a.title AND b.device_id <> a.device_id
    WHERE
        -- In turns; or so soon after each other, each with a network card of its own, that neither was replaced.
        (greatest(a.first_seen, b.first_seen) <= least(a.last_seen, b.last_seen)
            OR a.held AND b.held
                AND greatest(a.first_seen, b.first_seen) - least(a.last_seen, b.last_seen) < INTERVAL 1 HOUR)
        -- What tools call themselves where they are told nothing is no device's name:
        -- https://man.archlinux.org/man/echoscu.1.en, https://docs.rs/dicom-storescu,
        -- https://pydicom.github.io/pynetdicom/1.1/_sources/user/ae.rst.txt
        AND NOT regexp_matches(upper(a.title), '^(ANY-SC[UP]|(ECHO|STORE|FIND|MOVE|GET|TERM)-?SC[UP]|PYNETDICOM)$')
        AND NOT EXISTS (FROM exchange e WHERE e.protocol = 'dicom' AND e.established
            AND (e.client_device_id = a.device_id AND e.server_device_id = b.device_id
                OR e.client_device_id = b.device_id AND e.server_device_id = a.device_id))
        -- One computer with two network cards has one name.
        AND NOT EXISTS (FROM named n JOIN named m USING (label)
            WHERE n.device_id = a.device_id AND m.device_id = b.device_id)
)
SELECT
    site,
    device_id,
    any_value(seen).ip AS ip_address,
    any_value(port) AS port,                            -- at which it answers to the title
    NULL::VARCHAR AS peer,
    title AS subject,
    title || CASE WHEN bool_or(both_accept) THEN ' is answered to by ' ELSE ' is used by ' END
        || CASE WHEN count(*) > 4 THEN count(*) || ' other devices'
            ELSE array_to_string(list_sort(list(coalesce(other_seen.ip, other))), ', ') || ', too' END AS detail,
    CASE WHEN bool_or(both_accept) THEN 'high' END AS severity,
    min(first_seen) AS first_seen,                      -- when both used it
    max(last_seen) AS last_seen,
    ([any_value(seen)] || list_sort(list(other_seen)))[:5] AS seen
FROM met
GROUP BY site, device_id, title;
