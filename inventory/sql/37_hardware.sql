-- Maker, model, serial number and firmware that a device gives itself outside of imaging: LLDP-MED, ENTITY-MIB,
-- printers, vendor classes... A network card's vendor is none of it.
CREATE OR REPLACE TEMP TABLE hardware AS
-- All of these are JSON.
WITH inventoried AS MATERIALIZED (FROM fact WHERE attribute = 'hardware_inventory' AND class = 'peer'),
announced AS MATERIALIZED (FROM fact WHERE attribute = 'mdns_service' AND class = 'peer'),
introduced AS MATERIALIZED (FROM fact WHERE attribute = 'astm_sender' AND class <> 'claim'),
inventory AS (
    SELECT *, from_json(value, '{"HardwareRevision": "VARCHAR", "FirmwareRevision": "VARCHAR",
        "SoftwareRevision": "VARCHAR", "SerialNumber": "VARCHAR", "ManufacturerName": "VARCHAR",
        "ModelName": "VARCHAR"}') AS h
    FROM inventoried
),
said AS (
    SELECT device_id, attribute, h.ManufacturerName AS manufacturer, h.ModelName AS model, h.SerialNumber AS serial,
        list_filter([h.SoftwareRevision, h.FirmwareRevision], lambda x: x <> '') AS software, value AS wire, 1 AS doubt,
        class, count, first_seen, last_seen, seen
    FROM inventory
    UNION ALL
    SELECT device_id, attribute, manufacturer, CASE WHEN kind = 'device' THEN product END, serial,
        CASE WHEN kind = 'device' THEN list_filter([version], lambda x: x IS NOT NULL) ELSE [] END, wire, 2,
        class, count, first_seen, last_seen, seen
    FROM fingerprint
    WHERE attribute <> 'hl7_equipment'
    UNION ALL
    -- Unknown makers' printers give their model as it is.
    SELECT device_id, attribute, NULL, value, NULL, [], value, 2, class, count, first_seen, last_seen, seen
    FROM fact f
    WHERE attribute = 'printer_id' AND class = 'peer' AND NOT regexp_matches(value, '[;=]')
        AND NOT EXISTS (FROM fingerprint p WHERE p.attribute = 'printer_id' AND p.wire = f.value)
    UNION ALL
    -- Who announces raw printing is the printer itself, and not a computer that shares it.
    SELECT device_id, attribute, (value ->> '$.Manufacturer'), (value ->> '$.Model'), NULL, [], value, 2, class, count,
        first_seen, last_seen, seen
    FROM announced
    WHERE starts_with(value ->> '$.ServiceType', '_pdl-datastream.')
    UNION ALL
    SELECT device_id, attribute, NULL, (value ->> '$.Model'), (value ->> '$.SerialNumber'),
        list_filter([value ->> '$.Version'], lambda x: x <> ''), value, 2, class, count, first_seen, last_seen, seen
    FROM introduced
    UNION ALL
    SELECT device_id, attribute, k.manufacturer, NULL, NULL, [], value, 3, class, count, first_seen, last_seen, seen
    FROM fact f JOIN knowledge_snmp_object_ids k ON starts_with(f.value || '.', '1.3.6.1.4.1.' || k.enterprise || '.')
    WHERE attribute = 'snmp_object_id' AND class = 'peer'
),
spelled AS (
    SELECT s.* EXCLUDE (manufacturer), CASE WHEN k.kind IS DISTINCT FROM 'unknown'
        THEN coalesce(nullif(k.manufacturer, ''), s.manufacturer) END AS manufacturer
    FROM said s LEFT JOIN knowledge_manufacturers k
        ON k.spelling = regexp_replace(lower(s.manufacturer), '[^a-z0-9]', '', 'g') AND k.spelling <> ''
),
field AS (
    SELECT device_id, attribute, doubt, wire, class, count, first_seen, last_seen, seen, unnest([
            {'field': 'manufacturer', 'value': manufacturer},
            {'field': 'manufacturer_model_name', 'value': model},
            {'field': 'device_serial_number', 'value': serial}
        ] || list_transform(software, lambda x: {'field': 'software_versions', 'value': x})) AS f
    FROM spelled
),
judged AS (
    SELECT * EXCLUDE (f), f.field, trim(f.value) AS value, min(doubt) OVER (PARTITION BY device_id, f.field) AS least
    FROM field
    WHERE NOT regexp_matches(lower(trim(f.value)),
        '^(|[0*?.-]+|none|null|unknown|undefined|n/?a|not (specified|available)|default string|to be filled .*)$')
),
-- What its images or its imaging software name goes before the computer around them; then none of the computer's is
-- used.
imaging AS (
    SELECT device_id, max(objects_maker) AS maker FROM ownership WHERE own GROUP BY device_id
    UNION ALL
    SELECT device_id, max(manufacturer) FROM peer_maker p ANTI JOIN ownership o ON o.device_id = p.device_id AND o.own
    WHERE chosen
    GROUP BY device_id
),
own AS (
    SELECT device_id, coalesce(bool_or(j.value <> i.maker) FILTER (j.field = 'manufacturer'), false)
        OR any_value(i.maker IS NOT NULL AND i.device_id IN (SELECT device_id FROM ownership WHERE own)) AS other
    FROM judged j JOIN imaging i USING (device_id)
    GROUP BY device_id
)
SELECT
    device_id,
    field,                                              -- a column of `device`
    value,
    wire,
    ['high', 'medium', 'low'][doubt] AS confidence,
    -- The strongest evidence decides, if it speaks with one voice. Firmware and software may be several.
    doubt = least AND NOT coalesce(other, false) AND (field = 'software_versions'
        OR min(lower(value)) OVER alike = max(lower(value)) OVER alike) AS used,
    CASE WHEN coalesce(other, false) THEN 'the computer says so; its imaging is another maker''s'
        ELSE 'it says so: ' || replace(attribute, '_', ' ') END AS reason,
    class,
    count,
    first_seen,
    last_seen,
    seen
FROM judged LEFT JOIN own USING (device_id)
WINDOW alike AS (PARTITION BY device_id, field, doubt)
-- A host can say a thousand things; the rest would show no more.
QUALIFY row_number() OVER (PARTITION BY device_id, field ORDER BY doubt, first_seen, value, wire) <= 16;
