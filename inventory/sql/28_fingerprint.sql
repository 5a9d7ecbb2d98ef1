-- What short texts tell by which hosts introduce themselves (`knowledge_fingerprints`): banners, vendor classes,
-- descriptions of a system. Only their own words count; HL7 tells of the equipment behind its sender.
CREATE OR REPLACE TEMP TABLE fingerprint AS
WITH wanted AS (
    SELECT DISTINCT field, split_part(field, '.', 1) AS attribute, split_part(field, '.', 2) AS key
    FROM knowledge_fingerprints
),
told AS (
    SELECT f.*, w.field, unnest(CASE
        WHEN w.key <> '' THEN [f.value ->> ('$.' || w.key)]
        WHEN w.attribute IN ('wsd_types', 'wsd_scopes') THEN from_json(f.value, '["VARCHAR"]')
        ELSE [f.value] END) AS wire
    FROM fact f JOIN wanted w USING (attribute)
    WHERE f.class = 'peer' OR f.attribute = 'hl7_equipment'
),
-- Where two patterns fit, a site's own goes first, and the longer one says more.
matched AS (
    SELECT field, wire, max_by(k, {'layer': -k.layer, 'length': length(k.pattern), 'pattern': k.pattern}) AS k
    FROM (SELECT DISTINCT field, wire FROM told WHERE wire <> '') JOIN knowledge_fingerprints k USING (field)
    WHERE regexp_matches(wire, k.pattern)
    GROUP BY ALL
),
-- A cell may take up groups of the pattern: \1.
filled AS (
    SELECT field, wire, k.kind, nullif(k.role, '') AS role, list_transform(
        [k.operating_system, k.manufacturer, k.product, k.version, k.serial],
        lambda cell: nullif(trim(CASE WHEN contains(cell, '\')
            THEN regexp_replace(regexp_extract(wire, k.pattern), k.pattern, cell) ELSE cell END), '')) AS cells
    FROM matched
)
SELECT
    t.site,
    t.device_id,
    t.field,                                            -- an attribute, or a key of a compound: mdns_service.Model
    t.attribute,
    t.value,                                            -- of the attribute
    t.port,                                             -- that answers so; NULL where no service does
    wire,                                               -- the text itself
    kind,                                               -- device, software, system
    role,                                               -- that the text gives its host; NULL when none
    cells[1] AS operating_system,
    cells[2] AS manufacturer,                           -- present name
    cells[3] AS product,                                -- a model of the manufacturer's (device), or a program
    cells[4] AS version,                                -- of the product
    cells[5] AS serial,
    t.class,
    t.count,
    t.first_seen,
    t.last_seen,
    t.seen
FROM told t JOIN filled USING (field, wire);
