-- What names a device wherever it is, where several identities show it: each still alone (see `inventory/merging.py`).
-- A key that two of them show while both are there, or under names of which none is the same, names none: images are
-- cloned, certificates and default keys shared, and client ids forged.
CREATE OR REPLACE TEMP TABLE strong_key AS
WITH own AS (
    SELECT e.device_id, concat_ws(' ', e.manufacturer, e.model, e.serial) AS value, 'object' AS class, e.count,
        e.first_seen, e.last_seen, e.seen
    FROM equipment e JOIN ownership o USING (device_id)
    WHERE o.own AND e.model IS NOT NULL AND e.serial IS NOT NULL
        -- Its AE title supports it here even if other identities use it, too: they may be the same device.
        AND (o.equipment_confidence <> 'low' OR EXISTS (
            FROM ae_title t WHERE t.device_id = e.device_id AND t.attribute = 'calling_ae_title'
                AND regexp_replace(lower(t.ae_title), '[^a-z0-9]', '', 'g')
                    = regexp_replace(lower(e.station), '[^a-z0-9]', '', 'g')))
),
told AS (
    SELECT device_id, attribute, CASE attribute
        -- Of a node-specific id (RFC 4361 6.1) the DUID counts; one made of the MAC (RFC 2132 9.14) says no more than
        -- it.
        WHEN 'dhcp_client_id' THEN CASE WHEN NOT regexp_matches(lower(value), '^01.{12}$') AND length(value) >= 12
            THEN regexp_replace(lower(value), '^ff.{8}(000[1-4])', '\1') END
        WHEN 'tls_certificate' THEN value ->> '$.key_sha256'  -- outlasts the certificate
        WHEN 'hardware_inventory'
            THEN nullif(value ->> '$.ModelName', '') || ' ' || nullif(value ->> '$.SerialNumber', '')
        ELSE value END AS value, class, count, first_seen, last_seen, seen
    FROM fact
    WHERE class = 'peer' AND attribute IN ('dhcp_client_id', 'ssh_host_key', 'snmp_engine_id', 'device_uuid',
        'hardware_inventory') OR attribute = 'tls_certificate' AND class = 'peer' AND port IS NOT NULL
    UNION ALL
    SELECT device_id, 'device_serial_number', value, class, count, first_seen, last_seen, seen FROM own
),
called AS (
    SELECT device_id, list(DISTINCT left(split_part(key, '.', 1), 15)) AS labels  -- NetBIOS cuts at 15 letters
    FROM hostname
    WHERE used AND attribute = 'hostname' AND class = 'peer'
    GROUP BY device_id
),
shown AS (
    SELECT i.site, i.key, i.id, t.attribute, t.value, any_value(t.class) AS class, sum(t.count)::BIGINT AS count,
        min(t.first_seen) AS first_seen, max(t.last_seen) AS last_seen, min(t.seen) AS seen,
        any_value(i.alive_from) AS alive_from, any_value(i.alive_to) AS alive_to, any_value(c.labels) AS labels
    FROM told t JOIN identity i USING (device_id) LEFT JOIN called c USING (device_id)
    WHERE t.value <> ''
    GROUP BY ALL
),
met AS (
    SELECT *, coalesce(lead(alive_from) OVER w < max(alive_to) OVER w, false) AS meets
    FROM shown
    WINDOW w AS (PARTITION BY site, attribute, lower(value) ORDER BY alive_from, key)
    QUALIFY count(*) OVER (PARTITION BY site, attribute, lower(value)) > 1
),
-- A serial number is the equipment's, whatever its computer is called.
named AS (
    SELECT site, attribute, lower(value) AS same, list_reduce(list(labels), lambda a, b: list_intersect(a, b)) AS common
    FROM met
    WHERE labels IS NOT NULL AND attribute NOT IN ('device_serial_number', 'hardware_inventory')
    GROUP BY ALL
),
serial AS (
    SELECT site, key, min(lower(value)) AS first, max(lower(value)) AS last
    FROM shown
    WHERE attribute = 'device_serial_number'
    GROUP BY ALL
)
SELECT
    m.site,
    key,                                                -- as in `identity`
    id,                                                 -- its own, were it alone
    m.attribute,                                        -- that says it
    value,
    bool_or(meets) OVER k OR coalesce(min(s.first) OVER k < max(s.last) OVER k, false) OR count(*) OVER k > 16
        OR coalesce(len(n.common) = 0, false) AS shared,  -- by several devices: it names none
    class,
    count,
    first_seen,
    last_seen,
    seen
FROM met m LEFT JOIN serial s USING (site, key)
    LEFT JOIN named n ON n.site = m.site AND n.attribute = m.attribute AND n.same = lower(m.value)
WINDOW k AS (PARTITION BY m.site, m.attribute, lower(value));
