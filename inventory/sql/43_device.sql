-- `medspan devices`: one row per device, and per piece of equipment that is only known from others' messages.
CREATE OR REPLACE TEMP TABLE device AS
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
field AS (
    SELECT device_id, field, array_agg(DISTINCT value ORDER BY value) AS values,
        min(CASE confidence WHEN 'high' THEN '1high' WHEN 'medium' THEN '2medium' ELSE '3low' END)[2:] AS confidence
    FROM evidence
    WHERE used AND field <> 'role'
    GROUP BY ALL
),
fields AS (
    SELECT device_id,
        any_value(values) FILTER (field = 'modalities') AS modalities,
        any_value(values[1]) FILTER (field = 'manufacturer') AS manufacturer,
        any_value(values[1]) FILTER (field = 'manufacturer_model_name') AS manufacturer_model_name,
        any_value(values[1]) FILTER (field = 'device_serial_number') AS device_serial_number,
        any_value(values) FILTER (field = 'software_versions') AS software_versions,
        any_value(values[1]) FILTER (field = 'station_name') AS station_name,
        any_value(values[1]) FILTER (field = 'institution_name') AS institution_name,
        any_value(values) FILTER (field = 'ae_titles') AS ae_titles,
        any_value(values) FILTER (field = 'implementation_class_uids') AS implementation_class_uids,
        any_value(values) FILTER (field = 'implementation_version_names') AS implementation_version_names,
        any_value(values) FILTER (field = 'toolkits') AS toolkits,
        any_value(values) FILTER (field = 'ip_addresses') AS ip_addresses,
        any_value(values) FILTER (field = 'mac_addresses') AS mac_addresses,
        any_value(values[1]) FILTER (field = 'operating_system') AS operating_system,
        array_agg({'field': field, 'confidence': confidence}) AS confidences
    FROM field
    GROUP BY device_id
),
roles AS (
    SELECT device_id, any_value(role) FILTER (is_primary) AS role,
        any_value(confidence) FILTER (is_primary) AS confidence, array_agg(role ORDER BY role) AS roles
    FROM role
    GROUP BY device_id
),
vendors AS (
    SELECT device_id, string_agg(DISTINCT v.vendor, ', ' ORDER BY v.vendor) AS mac_vendor
    FROM identity i JOIN mac_vendor v ON 'mac:' || lower(v.mac) = i.key
    GROUP BY device_id
),
services AS (
    SELECT device_id, array_agg({'port': port, 'transport': transport, 'protocol': protocol, 'encrypted': encrypted,
        'product': product, 'version': version} ORDER BY port, transport, protocol, encrypted) AS services
    FROM service
    GROUP BY device_id
),
peers AS (
    SELECT device_id, array_agg(DISTINCT peer ORDER BY peer) AS public_peers
    FROM (
        SELECT client_device_id AS device_id, server_ip AS peer FROM exchange WHERE server_public
        UNION
        SELECT server_device_id, client_ip FROM exchange WHERE client_public
    )
    WHERE device_id IS NOT NULL
    GROUP BY device_id
),
conflicts AS (
    SELECT device_id, array_agg(conflict ORDER BY conflict) AS conflicts
    FROM conflict
    GROUP BY device_id
),
noted AS (
    SELECT k.device_id, a.field, max_by(a.value, {'at': a.at, 'value': a.value}) AS value
    FROM annotation a JOIN (SELECT DISTINCT key, device_id FROM device_key WHERE kind = 'id') k ON k.key = a.device_id
    GROUP BY ALL
),
annotations AS (
    SELECT device_id, any_value(value) FILTER (field = 'owner') AS owner,
        any_value(value) FILTER (field = 'location') AS location,
        any_value(value) FILTER (field = 'asset_tag') AS asset_tag
    FROM noted
    GROUP BY device_id
)
SELECT
    k.device_id,                                        -- stable: see `15_identity.sql`
    k.site,
    coalesce(r.role, CASE WHEN len(f.modalities) > 0 THEN 'modality' ELSE 'unknown' END) AS role,  -- the primary one
    coalesce(r.roles, [CASE WHEN len(f.modalities) > 0 THEN 'modality' ELSE 'unknown' END]) AS roles,
    coalesce(f.modalities, []) AS modalities,           -- of the equipment itself
    f.manufacturer,                                     -- present name
    f.manufacturer_model_name,
    f.device_serial_number,
    coalesce(f.software_versions, []) AS software_versions,
    f.station_name,
    f.institution_name,
    coalesce(f.ae_titles, []) AS ae_titles,             -- used by it or accepted by it
    coalesce(f.implementation_class_uids, []) AS implementation_class_uids,
    coalesce(f.implementation_version_names, []) AS implementation_version_names,
    coalesce(f.toolkits, []) AS toolkits,               -- DICOM libraries in its software
    []::VARCHAR[] AS hostnames,
    coalesce(f.ip_addresses, []) AS ip_addresses,       -- all that it ever held
    coalesce(f.mac_addresses, []) AS mac_addresses,     -- its own, never a router's
    v.mac_vendor,                                       -- of the network card, not of the device
    f.operating_system,
    coalesce(s.services, []) AS services,               -- ports at which it answered
    coalesce(p.public_peers, []) AS public_peers,
    0 AS open_findings,
    map_from_entries(list_sort(coalesce(f.confidences, [])
        || [{'field': 'role', 'confidence': coalesce(r.confidence, 'medium')}])) AS confidence,
    coalesce(c.conflicts, []) AS conflicts,
    k.addressless,                                      -- known only from others' messages
    a.owner,
    a.location,
    a.asset_tag,
    k.first_seen,
    k.last_seen
FROM known k
    LEFT JOIN fields f USING (device_id)
    LEFT JOIN roles r USING (device_id)
    LEFT JOIN vendors v USING (device_id)
    LEFT JOIN services s USING (device_id)
    LEFT JOIN peers p USING (device_id)
    LEFT JOIN conflicts c USING (device_id)
    LEFT JOIN annotations a USING (device_id);
