-- Whose equipment the objects that a device sent tell of: its own, or others'. One row per device that sent any.
-- It is the sender's own only when all evidence says that the sender made the objects; any doubt leaves it others'.
CREATE OR REPLACE TEMP TABLE ownership AS
WITH told AS (
    SELECT device_id,
        bool_or(acquired AND original) AS made_original,
        bool_or(acquired) AS made,
        bool_or(contributed) AS contributed,
        coalesce(min(manufacturer) <> max(manufacturer), false)
            OR coalesce(min(lower(model)) <> max(lower(model)), false)
            OR coalesce(min(lower(serial)) <> max(lower(serial)), false)
            OR coalesce(min(lower(station)) <> max(lower(station)), false) AS several,
        max(manufacturer) AS manufacturer,
        array_agg(DISTINCT modality) FILTER (acquired AND attribute = 'equipment') AS modalities,
        coalesce(sum(count) FILTER (manufacturer IS NOT NULL), 0)::BIGINT AS objects,
        list(regexp_replace(lower(station), '[^a-z0-9]', '', 'g')) AS stations
    FROM equipment
    GROUP BY device_id
),
peer AS (
    SELECT device_id, list(author) FILTER (author IS NOT NULL) AS authors, bool_or(toolkit IS NOT NULL) AS toolkit
    FROM implementation
    GROUP BY device_id
),
titled AS (
    SELECT device_id, list(regexp_replace(lower(ae_title), '[^a-z0-9]', '', 'g')) AS ae_titles
    FROM ae_title
    WHERE attribute = 'calling_ae_title' AND NOT shared
    GROUP BY device_id
),
-- What it asks the worklist for, or reports as performed, must be what its images are; else it does so for others.
planned AS (
    SELECT device_id, (value ->> '$.Modality') AS modality FROM fact WHERE attribute = 'scheduled_station'
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
        (asks_worklist OR performs_procedures) AND NOT coalesce(for_others, false) AS scheduled,
        same_maker OR named_alike OR scheduled AS supported  -- by more than the objects themselves
    FROM told JOIN behaviour USING (device_id) LEFT JOIN peer USING (device_id) LEFT JOIN titled USING (device_id)
        LEFT JOIN scheduling USING (device_id)
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
        WHEN NOT made THEN 'derived objects do not tell who sent them'
        WHEN several THEN 'it sends objects of several devices'
        WHEN for_others THEN 'it asks the worklist for another modality than its images are'
        WHEN contributed THEN 'other equipment contributed to its objects'
        WHEN len(authors) > 0 AND NOT same_maker AND manufacturer IS NOT NULL THEN 'its software is another maker''s'
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
    objects,                                            -- that tell it
    -- Objects alone are medium at most, and low where any software could have sent them.
    -- A name alone is easily kept by a router, so with a common toolkit it is no proof.
    CASE WHEN same_maker OR scheduled OR (named_alike AND NOT toolkit) THEN 'high' WHEN named_alike THEN 'medium'
        WHEN toolkit AND NOT asks_commitment THEN 'low' ELSE 'medium' END AS maker_confidence,
    -- The maker's software supports the maker, not the serial number.
    CASE WHEN scheduled OR (named_alike AND NOT toolkit) THEN 'high' WHEN same_maker THEN 'medium'
        ELSE maker_confidence END AS equipment_confidence,
    concat_ws(', ', CASE WHEN same_maker THEN 'software of the same maker' END,
        CASE WHEN named_alike THEN 'station name equals AE title' END,
        CASE WHEN asks_worklist THEN 'asks the worklist' END,
        CASE WHEN performs_procedures THEN 'reports performed procedures' END,
        CASE WHEN asks_commitment THEN 'asks for storage commitment' END) AS support  -- '' when objects stand alone
FROM judged;
