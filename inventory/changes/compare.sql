-- From two states, whose devices `old_same` and `new_same` bring together, to `change` and `unobserved`.

-- What is told when a device has something else, something more, something less. NULL: nothing.
CREATE OR REPLACE TEMP TABLE aspect AS
FROM (VALUES
    ('ip_address', 'moved', 'learned', NULL),
    ('vlan', 'moved', NULL, NULL),
    ('mac_address', 'changed', 'learned', NULL),
    ('hostname', 'renamed', 'learned', NULL),
    ('ae_title', 'new AE title', 'new AE title', NULL),
    ('role', 'changed', 'learned', NULL),
    ('manufacturer', 'changed', 'learned', NULL),
    ('manufacturer_model_name', 'changed', 'learned', NULL),
    ('device_serial_number', 'changed', 'learned', NULL),
    ('software_version', 'software changed', 'learned', NULL),
    ('implementation_version', 'software changed', 'learned', NULL),
    ('operating_system', 'software changed', 'learned', NULL),
    ('service', NULL, 'new service', 'service gone'),
    ('public_peer', NULL, 'new public peer', NULL)
) t(aspect, replaced, added, ended);

CREATE OR REPLACE TEMP TABLE old_device AS
SELECT same, site, max_by(device_id, s.last_seen) AS device_id, max_by(value, s.last_seen) AS name,
    max_by(detail, s.last_seen) AS ip, min(s.first_seen) AS first_seen, max(s.last_seen) AS last_seen,
    max(s.last_seen) > any_value(old_after) AS present
FROM old_state s JOIN old_same USING (device_id) JOIN period USING (site)
WHERE aspect = 'device'
GROUP BY same, site;

CREATE OR REPLACE TEMP TABLE new_device AS
SELECT same, site, max_by(device_id, s.last_seen) AS device_id, max_by(value, s.last_seen) AS name,
    max_by(detail, s.last_seen) AS ip, min(s.first_seen) AS first_seen, max(s.last_seen) AS last_seen,
    max(s.last_seen) > any_value(new_after) AS present
FROM state s JOIN new_same USING (device_id) JOIN period USING (site)
WHERE aspect = 'device'
GROUP BY same, site;

-- `current`: no other value of the same kind came after it was seen last.
CREATE OR REPLACE TEMP TABLE old_thing AS
WITH thing AS (
    SELECT same, aspect, CASE WHEN aspect IN ('ip_address', 'software_version') THEN detail ELSE '' END AS of,
        CASE aspect WHEN 'ae_title' THEN value ELSE lower(value) END AS key, min(value) AS value,
        any_value(detail) AS detail, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
        max(last_seen) > any_value(old_after) AS present
    FROM old_state s JOIN old_same USING (device_id) JOIN period USING (site)
    WHERE aspect <> 'device'
    GROUP BY ALL
)
SELECT *, present AND NOT coalesce(max(first_seen) FILTER (present) OVER (PARTITION BY same, aspect, of) > last_seen,
    false) AS current
FROM thing;

CREATE OR REPLACE TEMP TABLE new_thing AS
WITH thing AS (
    SELECT same, aspect, CASE WHEN aspect IN ('ip_address', 'software_version') THEN detail ELSE '' END AS of,
        CASE aspect WHEN 'ae_title' THEN value ELSE lower(value) END AS key, min(value) AS value,
        any_value(detail) AS detail, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
        max(last_seen) > any_value(new_after) AS present
    FROM state s JOIN new_same USING (device_id) JOIN period USING (site)
    WHERE aspect <> 'device'
    GROUP BY ALL
)
SELECT *, present AND NOT coalesce(max(first_seen) FILTER (present) OVER (PARTITION BY same, aspect, of) > last_seen,
    false) AS current
FROM thing;

CREATE OR REPLACE TEMP TABLE met AS
SELECT same, site, n.device_id, n.name, n.ip, o.same IS NOT NULL AND o.present AS before, n.present AS after, n.last_seen
FROM new_device n LEFT JOIN old_device o USING (same, site);

CREATE OR REPLACE TEMP TABLE gone AS
WITH seen AS (
    SELECT DISTINCT site, of, CASE of WHEN 'IPv4' THEN regexp_replace(key, '[0-9]+$', '0/24') ELSE key END AS net
    FROM new_thing JOIN new_device d USING (same)
    WHERE aspect = 'ip_address' AND new_thing.present
),
lived AS (
    SELECT same, list(DISTINCT CASE of WHEN 'IPv4' THEN regexp_replace(key, '[0-9]+$', '0/24') ELSE key END
            ORDER BY key) FILTER (aspect = 'ip_address') AS nets,
        bool_or(aspect = 'mac_address') AS linked
    FROM old_thing
    WHERE present AND aspect IN ('ip_address', 'mac_address')
    GROUP BY same
)
SELECT o.*, l.nets[1] AS net,
    CASE WHEN l.nets IS NOT NULL THEN EXISTS (FROM seen s WHERE s.site = o.site AND list_contains(l.nets, s.net))
        -- Seen by its MAC only: where the site is captured. What others' messages mention may be mentioned again.
        ELSE coalesce(l.linked, false) AND o.site IN (SELECT site FROM new_device WHERE present) END AS observed
FROM old_device o LEFT JOIN new_device n USING (same, site) LEFT JOIN lived l USING (same)
WHERE NOT coalesce(n.present, false);

-- Devices of segments of which the new inventory shows nothing: whether they are gone cannot be told.
CREATE OR REPLACE TEMP TABLE unobserved AS
SELECT site, net, count(*) AS devices
FROM gone
WHERE NOT observed
GROUP BY ALL
ORDER BY ALL;

CREATE OR REPLACE TEMP TABLE difference AS
WITH pair AS (
    SELECT coalesce(n.same, o.same) AS same, coalesce(n.aspect, o.aspect) AS aspect, coalesce(n.of, o.of) AS of,
        coalesce(n.value, o.value) AS value, coalesce(n.detail, o.detail) AS detail, n.first_seen, o.last_seen,
        n.same IS NOT NULL AND NOT coalesce(o.present, false) AS added,
        o.same IS NOT NULL AND NOT coalesce(n.present, false) AS ended,
        coalesce(n.current, false) AS is_current, coalesce(o.current, false) AS was_current
    FROM old_thing o FULL JOIN new_thing n USING (same, aspect, of, key)
    WHERE o.present IS DISTINCT FROM n.present OR o.current IS DISTINCT FROM n.current
)
SELECT p.*, is_current AND NOT was_current AS came, was_current AND NOT is_current AS went,
    bool_or(is_current AND was_current) OVER w AS stayed
FROM pair p
WINDOW w AS (PARTITION BY same, aspect, of);
