-- Equipment that exists although it never spoke itself: told in others' images, or in HL7 messages of a gateway.
-- Where the same equipment is a known device's own, it is that device.
CREATE OR REPLACE TEMP TABLE mention AS
WITH others AS (
    SELECT e.*, 'object' AS class,
        concat_ws('|', coalesce(manufacturer, ''), coalesce(lower(model), ''),
            coalesce('serial ' || lower(serial), 'station ' || lower(station), '')) AS identity
    FROM equipment e JOIN ownership o USING (device_id)
    WHERE acquired AND NOT own AND coalesce(model, serial, station) IS NOT NULL
),
owned AS (
    SELECT DISTINCT site, device_id, manufacturer, lower(model) AS model, lower(serial) AS serial,
        lower(station) AS station
    FROM equipment JOIN ownership USING (device_id)
    WHERE own
),
wanted AS (
    SELECT DISTINCT site, identity, manufacturer, lower(model) AS model, lower(serial) AS serial,
        lower(station) AS station
    FROM others
),
same AS (
    SELECT site, identity, min({'elsewhere': elsewhere, 'device_id': device_id}).device_id AS device_id
    FROM (
        SELECT w.site, w.identity, o.site <> w.site AS elsewhere, o.device_id
        FROM wanted w JOIN owned o ON o.serial = w.serial AND o.manufacturer IS NOT DISTINCT FROM w.manufacturer
        WHERE coalesce(o.model = w.model, true)
        UNION ALL
        SELECT w.site, w.identity, false, o.device_id
        FROM wanted w JOIN owned o ON o.site = w.site AND o.station = w.station AND o.model = w.model
            AND o.manufacturer IS NOT DISTINCT FROM w.manufacturer
        WHERE o.serial IS NULL OR w.serial IS NULL
    )
    GROUP BY ALL
),
told AS MATERIALIZED (FROM fact WHERE attribute = 'hl7_equipment'),  -- all of them are JSON
carried AS (
    SELECT site, device_id, attribute, (value ->> '$.EntityIdentifier') AS entity,
        (value ->> '$.NamespaceID') AS namespace, (value ->> '$.UniversalID') AS universal, value, class,
        count, first_seen, last_seen, seen
    FROM told
)
SELECT
    o.site,
    coalesce(s.device_id, 'd' || left(md5(o.site || ' equipment:' || o.identity), 12)) AS device_id,
    s.device_id IS NOT NULL AS known,                   -- a device with an address, which sent it itself
    o.device_id AS told_by,
    o.attribute,
    o.class,
    o.modality,
    o.manufacturer_wire,
    o.manufacturer,
    o.model,
    o.serial,
    o.station,
    o.institution,
    o.software,
    NULL AS value,                                      -- of the attribute, of HL7 equipment
    o.count,
    o.first_seen,
    o.last_seen,
    o.seen
FROM others o LEFT JOIN same s USING (site, identity)
UNION ALL
SELECT c.site,
    'd' || left(md5(concat_ws('|', c.site || ' equipment:', c.entity, c.namespace, c.universal)), 12), false,
    c.device_id,
    c.attribute, c.class, NULL, c.namespace, CASE WHEN m.known AND NOT m.software THEN m.manufacturer END,
    NULL, NULL, coalesce(c.entity, c.universal), NULL, [], c.value, c.count, c.first_seen, c.last_seen, c.seen
FROM carried c LEFT JOIN maker m ON m.wire = c.namespace;
