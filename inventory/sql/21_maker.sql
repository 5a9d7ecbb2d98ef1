-- Manufacturer spellings met on the wire and in our own tables, each with the maker's present name.
CREATE OR REPLACE TEMP TABLE maker AS
WITH met AS (
    SELECT value ->> '$.Manufacturer' AS wire
    FROM fact WHERE attribute IN ('equipment', 'performed_station')
    UNION
    SELECT value ->> '$.SoftwareVendorOrganization'
    FROM fact WHERE attribute = 'hl7_software'
    UNION
    SELECT value ->> '$.NamespaceID'
    FROM fact WHERE attribute = 'hl7_equipment'
    UNION
    SELECT organisation FROM knowledge_uid_roots
    UNION
    SELECT manufacturer FROM knowledge_implementation_versions
    UNION
    SELECT manufacturer FROM knowledge_http_products
)
SELECT
    wire,                                               -- as written
    CASE WHEN k.kind IS DISTINCT FROM 'unknown'         -- known to be no maker: a placeholder, a laboratory
        THEN coalesce(nullif(k.manufacturer, ''), trim(wire)) END AS manufacturer,  -- present name, or as written
    coalesce(k.manufacturer <> '', false) AS known,
    coalesce(k.kind = 'software', false) AS software    -- writes software, builds no equipment
FROM met LEFT JOIN knowledge_manufacturers k
    ON k.spelling = regexp_replace(lower(wire), '[^a-z0-9]', '', 'g') AND k.spelling <> ''
WHERE trim(wire) <> '';
