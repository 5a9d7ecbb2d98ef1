-- Equipment told in images and in performed procedure steps, as typed columns, by the device that sent it.
-- Whose equipment it is, `32_ownership.sql` judges.
CREATE OR REPLACE TEMP TABLE equipment AS
WITH told AS MATERIALIZED (FROM fact WHERE attribute IN ('equipment', 'performed_station')),  -- all of them are JSON
parsed AS (
    SELECT *, from_json(value, '{"Modality": "VARCHAR", "Manufacturer": "VARCHAR", "ManufacturerModelName": "VARCHAR",
        "DeviceSerialNumber": "VARCHAR", "SoftwareVersions": "VARCHAR", "StationName": "VARCHAR",
        "PerformedStationName": "VARCHAR", "InstitutionName": "VARCHAR", "ImageType": "VARCHAR",
        "SOPClassUID": "VARCHAR", "ContributingEquipment": "VARCHAR"}') AS e
    FROM told
),
-- What people and software write when they know nothing.
named AS (
    SELECT *, list_transform(
            [e.ManufacturerModelName, e.DeviceSerialNumber, coalesce(e.StationName, e.PerformedStationName),
             e.InstitutionName],
            lambda x: CASE WHEN NOT regexp_matches(lower(x),
                '^(|[0*?.-]+|none|null|unknown|undefined|n/?a|anon.*|removed|default|station ?name|no ?name)$')
                THEN x END) AS names,
        (e.ImageType ->> '$[0]') AS pixels  -- Value 1, Pixel Data Characteristics (PS3.3 C.7.6.1.1.2)
    FROM parsed
)
SELECT
    site,
    device_id,                                          -- that sent it
    attribute,                                          -- equipment (an object), or performed_station (an MPPS)
    coalesce(e.Modality, c.modality) AS modality,
    coalesce(c.category, '') AS category,               -- of `knowledge_sop_classes`; '' when unknown
    e.Manufacturer AS manufacturer_wire,
    m.manufacturer,                                     -- present name
    coalesce(m.known, false) AS manufacturer_known,
    names[1] AS model,
    names[2] AS serial,
    names[3] AS station,
    names[4] AS institution,
    coalesce(from_json(e.SoftwareVersions, '["VARCHAR"]'), []) AS software,
    -- Made by an acquisition device, as far as the object says: an acquiring modality, pixels not derived from
    -- others', no class that only software writes, and a Manufacturer that software did not rewrite.
    coalesce(a.acquires = 'true', false)
        AND coalesce(c.category, 'storage-image') IN ('storage-image', 'storage-waveform')
        AND pixels IS DISTINCT FROM 'DERIVED' AND NOT coalesce(m.software, false) AS acquired,
    attribute = 'performed_station' OR coalesce(pixels, '') = 'ORIGINAL' AS original,
    e.ContributingEquipment IS NOT NULL AS contributed,   -- something else has handled it (PS3.3 C.12.1.1.5)
    sum(count)::BIGINT AS count,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    min(seen) AS seen
FROM named
    LEFT JOIN maker m ON m.wire = e.Manufacturer
    LEFT JOIN knowledge_sop_classes c ON c.uid = e.SOPClassUID
    LEFT JOIN knowledge_modalities a ON a.modality = coalesce(e.Modality, c.modality)
GROUP BY ALL;
