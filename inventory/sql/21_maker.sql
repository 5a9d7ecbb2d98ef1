-- Manufacturer spellings met on the wire, each with the maker's present name.
CREATE OR REPLACE TEMP TABLE maker AS
WITH met AS (
    SELECT DISTINCT CASE attribute
        WHEN 'hl7_software' THEN (value ->> '$.SoftwareVendorOrganization')
        WHEN 'hl7_equipment' THEN (value ->> '$.NamespaceID')
        WHEN 'equipment' THEN (value ->> '$.Manufacturer')
        WHEN 'performed_station' THEN (value ->> '$.Manufacturer') END AS wire
    FROM fact
    WHERE attribute IN ('equipment', 'performed_station', 'hl7_software', 'hl7_equipment')
)
SELECT
    wire,                                               -- as written
    CASE WHEN k.kind IS DISTINCT FROM 'unknown'         -- known to be no maker: a placeholder, a laboratory
        THEN coalesce(nullif(k.manufacturer, ''), wire) END AS manufacturer,  -- present name, or as written
    coalesce(k.manufacturer <> '', false) AS known,
    coalesce(k.kind = 'software', false) AS software    -- writes software, builds no equipment
FROM met LEFT JOIN knowledge_manufacturers k
    ON k.spelling = regexp_replace(lower(wire), '[^a-z0-9]', '', 'g') AND k.spelling <> ''
WHERE wire <> '';
