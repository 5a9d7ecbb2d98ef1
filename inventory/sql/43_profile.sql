-- What the facts tell of each device, and of each piece of equipment that is only known from others' messages.
CREATE OR REPLACE TEMP TABLE profile AS
WITH known AS (
    SELECT device_id, site, false AS addressless, min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM identity
    GROUP BY ALL
    UNION ALL
    SELECT device_id, site, true, min(first_seen), max(last_seen)
    FROM mention
    WHERE NOT known
    GROUP BY ALL
),
told AS (
    SELECT device_id, field, value, CASE confidence WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END AS doubt
    FROM evidence
    WHERE used
    UNION ALL
    SELECT device_id, 'conflicts', conflict, NULL FROM conflict
),
field AS (
    SELECT device_id, field, ['high', 'medium', 'low'][min(doubt)] AS confidence,
        -- Where there are more, `41_conflict.sql` says so.
        list_sort(list_distinct(list(value)))[:CASE field WHEN 'public_peers' THEN count(*) ELSE 64 END] AS values
    FROM told
    GROUP BY device_id, field
),
fields AS (
    SELECT device_id, map_from_entries(list({'field': field, 'values': values})) AS of,
        map_from_entries(list_sort(list({'field': field, 'confidence': confidence})
            FILTER (confidence IS NOT NULL AND field <> 'roles'))) AS confidence
    FROM field
    GROUP BY device_id
),
services AS (
    SELECT device_id, list_sort(list({'port': port, 'transport': transport, 'protocol': protocol,
        'encrypted': encrypted, 'product': product, 'version': version})) AS services
    FROM service
    GROUP BY device_id
)
SELECT
    device_id,                                          -- stable: see `15_identity.sql`
    k.site,
    coalesce(of['role'][1], CASE WHEN of['modalities'] IS NULL THEN 'unknown' ELSE 'modality' END) AS role,  -- primary
    list_sort(coalesce(of['roles'], []) || [role]) AS roles,
    coalesce(of['modalities'], []) AS modalities,       -- of the equipment itself
    of['manufacturer'][1] AS manufacturer,              -- present name
    of['manufacturer_model_name'][1] AS manufacturer_model_name,
    of['device_serial_number'][1] AS device_serial_number,
    coalesce(of['software_versions'], []) AS software_versions,
    of['station_name'][1] AS station_name,
    of['institution_name'][1] AS institution_name,
    coalesce(of['ae_titles'], []) AS ae_titles,         -- used by it or accepted by it
    coalesce(of['implementation_class_uids'], []) AS implementation_class_uids,
    coalesce(of['implementation_version_names'], []) AS implementation_version_names,
    coalesce(of['toolkits'], []) AS toolkits,           -- DICOM libraries in its software
    coalesce(of['hostnames'], []) AS hostnames,        -- fully qualified where known; 16 at most
    coalesce(of['ip_addresses'], []) AS ip_addresses,   -- all that it ever held
    coalesce(of['mac_addresses'], []) AS mac_addresses, -- its own, never a router's
    of['mac_vendor'][1] AS mac_vendor,                  -- of the network card, not of the device
    of['operating_system'][1] AS operating_system,
    coalesce(s.services, []) AS services,               -- ports at which it answered
    coalesce(of['public_peers'], []) AS public_peers,
    f.confidence,                                       -- field -> high, medium, low
    coalesce(of['conflicts'], []) AS conflicts,
    k.addressless,                                      -- known only from others' messages
    k.first_seen,
    k.last_seen
FROM known k
    LEFT JOIN fields f USING (device_id)
    LEFT JOIN services s USING (device_id);
