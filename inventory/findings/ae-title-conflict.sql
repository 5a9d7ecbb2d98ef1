-- AE titles by which several devices go at the same time: requests, and images sent to the title, can reach the wrong
-- one. A title that moves on to the next device is none's fault, and that of a device is no matter of who passes its
-- associations on (a proxy talks DICOM with it; a router's MAC is in front of it). Only who has a MAC of its own is
-- surely not the other: behind a router, one host has the addresses of each ward it is rolled to, and IPv4 and IPv6.
CREATE OR REPLACE TEMP VIEW "ae-title-conflict" AS
WITH known AS (
    SELECT device_id, any_value(site) AS site, bool_or(router) AS router,
        bool_or(mac IS NOT NULL AND NOT contains(key, '#')) AS held
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
    SELECT t.site, t.device_id, t.value AS title, coalesce(bool_or(t.own AND accepts), false) AS accepts,
        min(port) FILTER (accepts) AS port,
        min(t.first_seen) AS first_seen, max(t.last_seen) AS last_seen, min(t.seen) AS seen
    FROM told t JOIN known k USING (device_id)
    WHERE k.held AND NOT k.router
        AND (t.own OR EXISTS (FROM told c WHERE c.device_id = t.device_id AND c.value = t.value
            AND c.attribute = 'calling_ae_title'))
    GROUP BY t.site, t.device_id, t.value
),
asker AS (
    SELECT DISTINCT t.site, t.device_id, t.value AS title, e.client_ip
    FROM told t JOIN exchange e ON e.server_device_id = t.device_id AND e.server_port = t.port
    WHERE t.own AND t.accepts AND e.protocol = 'dicom' AND e.established
),
-- Nodes of one server, perhaps: somebody calls both by the title.
pair AS (
    SELECT DISTINCT x.device_id, y.device_id AS other, title
    FROM asker x JOIN asker y USING (site, title, client_ip)
    WHERE x.device_id <> y.device_id
),
-- One scanner on both sides of a NAT, or with two network cards: it made the images that both send. Archives may both
-- send those of a third.
sent AS (
    SELECT DISTINCT site, device_id, lower(model) AS model, lower(serial) AS serial FROM equipment
),
same AS (
    SELECT e.device_id, f.device_id AS other,
        coalesce(o.own AND o.made_by_serial = e.serial AND o.made_by_model = e.model, false)
            OR coalesce(p.own AND p.made_by_serial = e.serial AND p.made_by_model = e.model, false) AS made
    FROM sent e JOIN sent f USING (site, model, serial)
        LEFT JOIN ownership o ON o.device_id = e.device_id
        LEFT JOIN ownership p ON p.device_id = f.device_id
    WHERE e.device_id <> f.device_id
),
named AS (
    SELECT DISTINCT device_id, split_part(key, '.', 1) AS label
    FROM hostname
    WHERE used AND confidence <> 'low'
),
met AS (
    SELECT a.site, a.device_id, a.title, a.port, a.seen, b.device_id AS other, b.seen AS other_seen,
        a.accepts AND b.accepts AS both_accept,
        EXISTS (FROM pair p WHERE p.device_id = a.device_id AND p.other = b.device_id AND p.title = a.title) AS paired,
        greatest(a.first_seen, b.first_seen) AS first_seen, least(a.last_seen, b.last_seen) AS last_seen
    FROM used a JOIN used b ON b.site = a.site AND b.title = a.title AND b.device_id <> a.device_id
    WHERE
        -- In turns; or so soon after each other that neither was replaced.
        greatest(a.first_seen, b.first_seen) - least(a.last_seen, b.last_seen) < INTERVAL 1 HOUR
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
        AND NOT EXISTS (FROM same s WHERE s.device_id = a.device_id AND s.other = b.device_id
            AND (s.made OR NOT (a.accepts AND b.accepts)))
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
    CASE WHEN bool_or(both_accept AND NOT paired) THEN 'high' END AS severity,
    min(first_seen) AS first_seen,                      -- when both used it
    max(last_seen) AS last_seen,
    ([any_value(seen)] || list_sort(list(other_seen)))[:5] AS seen
FROM met
GROUP BY site, device_id, title;
