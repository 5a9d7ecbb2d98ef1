-- Whose equipment the objects that a device sent tell of: its own, or others'. One row per device that sent any.
-- It is the sender's own only when all evidence says that the sender made the objects; any doubt leaves it others'.
CREATE OR REPLACE TEMP TABLE ownership AS
WITH told AS (
    SELECT device_id,
        bool_or(acquired AND original) AS made_original,
        bool_or(acquired) AS made,
        bool_or(acquired AND contributed) AS contributed,
        coalesce(min(manufacturer) <> max(manufacturer), false)
            OR coalesce(min(lower(model)) <> max(lower(model)), false)
            OR coalesce(min(lower(serial)) <> max(lower(serial)), false)
            OR coalesce(min(lower(station)) <> max(lower(station)), false) AS several,
        -- Captures and reports may be of what another device made, even where the sender makes images itself.
        coalesce(min(manufacturer) FILTER (acquired) <> max(manufacturer) FILTER (acquired), false)
            OR coalesce(min(lower(model)) FILTER (acquired) <> max(lower(model)) FILTER (acquired), false)
            OR coalesce(min(lower(serial)) FILTER (acquired) <> max(lower(serial)) FILTER (acquired), false)
            OR coalesce(min(lower(station)) FILTER (acquired) <> max(lower(station)) FILTER (acquired), false)
            AS made_several,
        coalesce(max(manufacturer) FILTER (acquired), max(manufacturer)) AS manufacturer,
        max(lower(model)) FILTER (acquired) AS model,
        max(lower(serial)) FILTER (acquired) AS serial,
        max(lower(station)) FILTER (acquired) AS station,
        array_agg(DISTINCT modality) FILTER (acquired AND attribute = 'equipment') AS modalities,
        coalesce(sum(count) FILTER (manufacturer IS NOT NULL), 0)::BIGINT AS objects,
        list(regexp_replace(lower(station), '[^a-z0-9]', '', 'g')) FILTER (acquired) AS stations
    FROM equipment
    GROUP BY device_id
),
peer AS (
    SELECT device_id, list(author) FILTER (author IS NOT NULL) AS authors, bool_or(toolkit IS NOT NULL) AS toolkit,
        min(product_kind) FILTER (product_kind <> 'modality') AS product_kind,  -- archive, workstation...
        list('.' || value || '.') FILTER (attribute = 'implementation_class_uid') AS uids
    FROM implementation
    GROUP BY device_id
),
titled AS (
    SELECT device_id,
        list(regexp_replace(lower(ae_title), '[^a-z0-9]', '', 'g')) FILTER (NOT shared) AS ae_titles,
        min(kind) AS title_kind                         -- archive, router, workstation: so it calls itself
    FROM ae_title LEFT JOIN knowledge_ae_titles ON regexp_matches(upper(ae_title), pattern)
    WHERE attribute = 'calling_ae_title'
    GROUP BY device_id
),
hosted AS (
    SELECT device_id, list(regexp_replace(split_part(key, '.', 1), '[^a-z0-9]', '', 'g')) AS hostnames
    FROM hostname
    WHERE used AND attribute = 'hostname' AND class = 'peer'
    GROUP BY device_id
),
-- A scanner proposes what it makes; general software proposes whatever there is.
proposed AS (
    SELECT device_id, count(DISTINCT modality) AS kinds
    FROM (
        SELECT device_id, unnest(CASE attribute WHEN 'proposed_sop_classes'
            THEN from_json(value, '["VARCHAR"]') END) AS uid
        FROM fact
        WHERE attribute = 'proposed_sop_classes'
    ) JOIN knowledge_sop_classes USING (uid)
    WHERE category = 'storage-image' AND modality <> ''
    GROUP BY device_id
),
-- What it asks the worklist for, or reports as performed, must be what its images are; else it does so for others.
planned AS (
    SELECT device_id, CASE attribute WHEN 'scheduled_station' THEN value ->> '$.Modality' END AS modality
    FROM fact
    WHERE attribute = 'scheduled_station'
    UNION ALL
    SELECT device_id, modality FROM equipment WHERE attribute = 'performed_station'
),
scheduling AS (
    SELECT device_id, bool_or(p.modality IS NOT NULL AND NOT list_contains(t.modalities, p.modality)) AS for_others
    FROM planned p JOIN told t USING (device_id)
    WHERE len(t.modalities) > 0
    GROUP BY device_id
),
weighed AS (
    SELECT *,
        coalesce(list_contains(authors, manufacturer), false) AS same_maker,
        coalesce(list_has_any(stations, ae_titles), false) AS named_alike,
        coalesce(list_has_any(stations, hostnames), false) AS hosted_alike,
        -- The title begins as one of the model's words: SKYRA, VIVID1, REVO2.
        coalesce(len(list_filter(ae_titles, lambda title: regexp_matches(title, '^[a-z]{4}') AND contains(
            regexp_replace(' ' || model, '[^a-z0-9]+', ' ', 'g'), ' ' || regexp_extract(title, '^[a-z]+')))) > 0, false)
            AS named_after,
        -- Some makers give each device a UID that ends in its serial number.
        coalesce(len(serial) > 3 AND contains(array_to_string(uids, ' '), '.' || serial || '.'), false) AS numbered,
        (asks_worklist OR performs_procedures) AND NOT coalesce(for_others, false) AS scheduled,
        same_maker OR named_alike OR hosted_alike OR scheduled AS supported  -- by more than the objects themselves
    FROM told JOIN behaviour USING (device_id) LEFT JOIN peer USING (device_id) LEFT JOIN titled USING (device_id)
        LEFT JOIN hosted USING (device_id) LEFT JOIN proposed USING (device_id) LEFT JOIN scheduling USING (device_id)
),
judged AS (
    SELECT *, CASE
        WHEN accepts_objects OR offers_storage THEN 'it accepts objects, so what it sends may be others'''
        WHEN forwards_series THEN 'it forwards what it received'
        WHEN answers_queries OR offers_queries THEN 'it answers queries, as an archive does'
        WHEN sends_for_others THEN 'it sends on behalf of a Move Originator'
        WHEN answers_worklist OR tracks_procedures THEN 'it answers modalities, so it is none'
        WHEN retrieves THEN 'it retrieves objects of others'
        WHEN commits_storage THEN 'it commits storage, as an archive does'
        WHEN serves_objects THEN 'it serves objects over the web, as an archive does'
        WHEN product_kind IS NOT NULL THEN 'its software is no scanner''s'
        WHEN NOT made THEN 'derived objects do not tell who sent them'
        WHEN made_several OR (several AND NOT supported) THEN 'it sends objects of several devices'
        WHEN for_others THEN 'it asks the worklist for another modality than its images are'
        WHEN contributed THEN 'other equipment contributed to its objects'
        WHEN len(authors) > 0 AND NOT same_maker AND manufacturer IS NOT NULL THEN 'its software is another maker''s'
        WHEN title_kind IS NOT NULL AND NOT (scheduled OR hosted_alike) THEN 'it calls itself what no scanner is called'
        WHEN kinds > 3 AND NOT supported THEN 'it offers images of many kinds, as general software does'
        WHEN NOT made_original AND NOT supported THEN 'its images are not marked as original'
        WHEN serves_application AND NOT supported THEN 'it serves an application of its own'
        WHEN (queries OR may_query OR annotates) AND NOT supported
            THEN 'it queries or annotates, as a workstation does'
        END AS doubt
    FROM weighed
)
SELECT
    device_id,
    doubt IS NULL AS own,
    doubt,                                              -- why not
    coalesce(doubt = 'its software is another maker''s', false) AS contradicted,
    manufacturer AS objects_maker,                      -- that the objects tell; any of them when they tell several
    model AS made_by_model,                             -- of what it made, in small letters, as the next two
    serial AS made_by_serial,
    station AS made_by_station,
    coalesce(product_kind, title_kind) AS named_as,     -- archive, router, workstation: by its software, or its title
    objects,                                            -- that tell it
    -- Objects alone are low: what any software could have sent may have come from anywhere, and forwarders keep names
    -- and ask for storage commitment, too. The maker's software supports the maker; but makers build archives as well,
    -- so it supports a model and serial number only with a name or number that fits.
    CASE WHEN same_maker OR scheduled OR hosted_alike THEN 'high' ELSE 'low' END AS maker_confidence,
    CASE WHEN scheduled OR hosted_alike THEN 'high'
        WHEN same_maker AND (named_alike OR named_after OR numbered) THEN 'medium'
        ELSE 'low' END AS equipment_confidence,
    concat_ws(', ', CASE WHEN same_maker THEN 'software of the same maker' END,
        CASE WHEN named_alike THEN 'station name equals AE title' END,
        CASE WHEN hosted_alike THEN 'station name equals host name' END,
        CASE WHEN named_after THEN 'AE title has the name of the model' END,
        CASE WHEN numbered THEN 'implementation UID ends in the serial number' END,
        CASE WHEN asks_worklist THEN 'asks the worklist' END,
        CASE WHEN performs_procedures THEN 'reports performed procedures' END,
        CASE WHEN asks_commitment THEN 'asks for storage commitment' END) AS support  -- '' when objects stand alone
FROM judged;
