-- The software behind each device's associations: Implementation Class UID and Version Name (PS3.7 D.3.3.2).
-- A toolkit names no maker; the root of a maker, or of one who writes medical software, does.
CREATE OR REPLACE TEMP TABLE implementation AS
WITH told AS (
    SELECT DISTINCT attribute, value FROM fact
    WHERE attribute IN ('implementation_class_uid', 'implementation_version_name') AND trim(value) <> ''
),
known AS (
    SELECT attribute, value, m.manufacturer AS maker, m.known, r.kind,  -- longest root, on component boundaries
        CASE WHEN r.kind = 'toolkit' THEN r.organisation END AS toolkit,
        CASE WHEN r.version_suffix = 'true' THEN nullif(substr(value, length(r.root) + 2), '') END AS version
    FROM (
        SELECT attribute, value, max_by(k, {'length': length(k.root), 'root': k.root}) AS r
        FROM told JOIN knowledge_uid_roots k
            ON attribute = 'implementation_class_uid' AND (value = k.root OR starts_with(value, k.root || '.'))
        GROUP BY ALL
    ) LEFT JOIN maker m ON r.kind IN ('maker', 'software') AND m.wire = r.organisation
    UNION ALL
    SELECT attribute, value, m.manufacturer, m.known, 'maker', CASE WHEN m.wire IS NULL THEN v.toolkit END,
        CASE v.version_style
            WHEN 'digits' THEN array_to_string(string_split(v.version, ''), '.')  -- 367 is 3.6.7
            ELSE nullif(v.version, '') END
    FROM (
        SELECT attribute, value, min({'toolkit': toolkit, 'manufacturer': manufacturer, 'version_style': version_style,
            'version': CASE WHEN version_group = '1' THEN regexp_extract(value, pattern, 1) END}) AS v
        FROM told JOIN knowledge_implementation_versions
            ON attribute = 'implementation_version_name' AND regexp_matches(value, pattern)
        GROUP BY ALL
    ) LEFT JOIN maker m ON m.wire = v.manufacturer
)
SELECT
    f.device_id,
    f.attribute,
    f.value,
    k.maker,                                            -- of the software at this end; NULL for toolkits
    coalesce(k.known OR k.kind = 'maker', false) AS is_manufacturer,  -- not just of software
    k.toolkit,
    k.version AS toolkit_version,
    f.class,
    f.count,
    f.first_seen,
    f.last_seen,
    f.seen
FROM fact f LEFT JOIN known k USING (attribute, value)
WHERE f.attribute IN ('implementation_class_uid', 'implementation_version_name') AND trim(f.value) <> '';
