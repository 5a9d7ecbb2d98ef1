-- The roles of each device, with the behaviour that shows them. Who asks and who answers decides, not who connected.
-- A claim is words: the role, its confidence, and the signals that show it.
CREATE OR REPLACE TEMP TABLE role AS
WITH judged AS (
    SELECT b.*, coalesce(o.own, false) AS own, o.doubt, o.named_as, o.equipment_confidence,
        relays_messages OR sends_for_applications AS engine,
        answers_queries OR offers_queries AS archives,
        accepts_objects OR offers_storage AS stores,
        retrieves OR queries OR may_query AS asks,
        sends_objects OR sends_derived OR annotates AS sends,
        answers_worklist OR tracks_procedures AS schedules,
        asks_worklist OR performs_procedures AS performs
    FROM behaviour b LEFT JOIN ownership o USING (device_id)
),
claimed AS (
    SELECT device_id, opens_conversations, list_filter([
        CASE
            WHEN answers_queries THEN 'archive high answers_queries answers_retrieval'
            WHEN sends_for_others AND NOT retrieves THEN 'archive medium sends_for_others'
            WHEN commits_storage AND (keeps_series OR NOT forwards_series) THEN 'archive medium commits_storage'
            WHEN serves_objects AND NOT proxies THEN 'archive medium serves_objects'
            WHEN offers_queries THEN 'archive low offers_queries'
            WHEN stores AND NOT (sends OR asks OR performs) THEN 'archive low accepts_objects offers_storage'
            WHEN sends_objects AND NOT (own OR stores OR performs) AND named_as = 'archive'
                THEN 'archive low sends_objects'
        END,
        CASE
            WHEN archives OR asks OR sends_for_others OR own THEN NULL
            WHEN forwards_series THEN 'router high forwards_series'
            WHEN sends_objects AND accepts_objects THEN 'router medium accepts_objects sends_objects'
            WHEN named_as IN ('archive', 'workstation') THEN NULL
            WHEN sends_objects AND NOT performs
                AND regexp_matches(doubt, 'several|another maker|contributed|many kinds|no scanner')
                THEN 'router low sends_objects'
        END,
        CASE
            WHEN archives OR own AND NOT retrieves THEN NULL
            WHEN retrieves THEN 'workstation high retrieves'
            WHEN queries THEN 'workstation medium queries'
            WHEN annotates AND NOT forwards_series THEN 'workstation medium annotates'
            WHEN may_query THEN 'workstation low may_query'
            WHEN sends_derived AND NOT (stores OR performs) AND (NOT sends_objects OR regexp_matches(doubt, '^derived'))
                THEN 'workstation low sends_derived'
            WHEN sends_objects AND NOT (stores OR performs) AND named_as = 'workstation'
                THEN 'workstation low sends_objects'
        END,
        CASE
            WHEN own THEN 'modality ' || equipment_confidence || ' sends_objects asks_worklist performs_procedures'
            WHEN archives OR schedules OR forwards_series OR sends_for_others THEN NULL
            WHEN performs AND doubt IS NULL THEN 'modality medium asks_worklist performs_procedures'
            WHEN performs THEN 'modality low asks_worklist performs_procedures'
            WHEN may_ask_worklist OR (sends_objects AND doubt IS NULL AND NOT (stores OR asks OR annotates))
                THEN 'modality low may_ask_worklist sends_objects'
        END,
        CASE
            WHEN answers_worklist THEN 'worklist high answers_worklist'
            WHEN offers_worklist OR ((tracks_procedures OR offers_procedures) AND NOT archives AND NOT stores)
                THEN 'worklist low offers_worklist tracks_procedures offers_procedures'
        END,
        CASE
            WHEN prints THEN 'printer high prints'
            WHEN offers_print THEN 'printer low offers_print'
        END,
        CASE
            WHEN relays_messages THEN 'hl7_engine high relays_messages'
            WHEN sends_for_applications THEN 'hl7_engine medium sends_for_applications'
        END,
        CASE WHEN sends_messages AND NOT engine THEN 'hl7_sender high sends_messages' END,
        CASE WHEN receives_messages AND NOT engine THEN 'hl7_receiver high receives_messages' END,
        CASE WHEN serves_files THEN 'file_server high serves_files' END,
        CASE WHEN serves_http THEN 'web_server high serves_http' END,
        CASE WHEN fronts_addresses THEN 'network high fronts_addresses' END
    ], lambda r: r IS NOT NULL) AS roles
    FROM judged
),
told AS (
    SELECT device_id, words[1] AS role, words[2] AS confidence, words[3:] AS shown_by
    FROM (SELECT device_id, string_split(unnest(roles), ' ') AS words FROM claimed)
    UNION ALL
    SELECT device_id, role, confidence, [signal] FROM kind
),
completed AS (
    SELECT device_id, role, ['high', 'medium', 'low'][min(list_position(['high', 'medium', 'low'], confidence))]
        AS confidence, flatten(list(shown_by)) AS shown_by
    FROM told
    GROUP BY device_id, role
    UNION ALL
    SELECT device_id, CASE WHEN opens_conversations THEN 'client' ELSE 'unknown' END, 'low',
        CASE WHEN opens_conversations THEN ['opens_conversations'] ELSE [] END
    FROM (SELECT DISTINCT device_id FROM identity) LEFT JOIN behaviour USING (device_id)
    WHERE device_id NOT IN (SELECT device_id FROM told)
)
SELECT
    device_id,
    role,
    confidence,
    shown_by,                                           -- names of signals, any of which shows it
    -- Imaging, and what is well shown, goes before other kinds of devices, and these before what many a host does
    -- besides; then the roles' own order.
    row_number() OVER (PARTITION BY device_id ORDER BY CASE
        WHEN k.incidental = 'true' THEN 2
        WHEN role IN ('patient_monitor', 'infusion_pump', 'analyser', 'information_system', 'phone', 'camera', 'ups',
            'building') THEN 1
        ELSE 0 END, confidence = 'low', k.precedence::INTEGER, role) = 1 AS is_primary
FROM completed LEFT JOIN knowledge_roles k USING (role);
