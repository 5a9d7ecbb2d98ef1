-- The software behind each device's associations: Implementation Class UID and Version Name (PS3.7 D.3.3.2).
-- A toolkit names no maker; a maker's root does, and that of a software house tells whose equipment it is not.
CREATE OR REPLACE TEMP TABLE implementation AS
WITH told AS (
    SELECT DISTINCT attribute, value FROM fact
    WHERE attribute IN ('implementation_class_uid', 'implementation_version_name') AND value <> ''
),
known AS (
    SELECT attribute, value, r.organisation AS organisation, r.kind AS kind, nullif(r.product_kind, '') AS product_kind,
        CASE WHEN r.version_suffix = 'true' THEN nullif(substr(value, length(r.root) + 2), '') END AS version
    FROM (
        SELECT attribute, value, max_by(k, {'length': length(k.root), 'root': k.root}) AS r
        FROM told JOIN knowledge_uid_roots k
            ON attribute = 'implementation_class_uid' AND starts_with(value || '.', k.root || '.')
        GROUP BY ALL
    )
    UNION ALL
    SELECT attribute, value, coalesce(nullif(v.manufacturer, ''), v.toolkit),
        CASE WHEN v.manufacturer <> '' THEN 'maker' ELSE 'toolkit' END, nullif(v.product_kind, ''),
        CASE v.version_style
            WHEN 'digits' THEN array_to_string(string_split(v.version, ''), '.')  -- 367 is 3.6.7
            ELSE nullif(v.version, '') END
    FROM (
        SELECT attribute, value, min({'layer': layer, 'toolkit': toolkit, 'manufacturer': manufacturer,
            'version_style': version_style, 'product_kind': product_kind,
            'version': CASE WHEN version_group = '1' THEN regexp_extract(value, pattern, 1) END}) AS v
        FROM told JOIN knowledge_implementation_versions
            ON attribute = 'implementation_version_name' AND regexp_matches(value, pattern)
        GROUP BY ALL
    )
)
SELECT
    f.device_id,
    f.attribute,
    f.value,
    f.port,                                             -- that answers; NULL where it opened the association
    CASE WHEN k.kind IN ('maker', 'software') THEN k.organisation END AS author,  -- of the software at this end
    CASE WHEN k.kind = 'maker' THEN k.organisation END AS manufacturer,
    k.product_kind,                                     -- modality, archive, workstation...; NULL where unknown
    CASE WHEN k.kind = 'toolkit' THEN k.organisation END AS toolkit,
    CASE WHEN k.kind = 'toolkit' THEN k.version END AS toolkit_version,
    f.class,
    f.count,
    f.first_seen,
    f.last_seen,
    f.seen
FROM fact f LEFT JOIN known k USING (attribute, value)
WHERE f.attribute IN ('implementation_class_uid', 'implementation_version_name') AND f.value <> '';
