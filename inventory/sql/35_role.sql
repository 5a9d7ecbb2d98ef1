-- The roles of each device, with the behaviour that shows them. Who asks and who answers decides, not who connected.
CREATE OR REPLACE TEMP TABLE role AS
WITH judged AS (
    SELECT b.*, coalesce(o.own, false) AS own, o.doubt, o.equipment_confidence,
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
            WHEN answers_queries THEN {'role': 'archive', 'confidence': 'high',
                'shown_by': ['answers_queries', 'answers_retrieval']}
            WHEN sends_for_others AND NOT retrieves THEN {'role': 'archive', 'confidence': 'medium',
                'shown_by': ['sends_for_others']}
            WHEN commits_storage THEN {'role': 'archive', 'confidence': 'medium', 'shown_by': ['commits_storage']}
            WHEN offers_queries THEN {'role': 'archive', 'confidence': 'low', 'shown_by': ['offers_queries']}
            WHEN stores AND NOT (sends OR asks OR performs) THEN {'role': 'archive', 'confidence': 'low',
                'shown_by': ['accepts_objects', 'offers_storage']}
        END,
        CASE
            WHEN archives OR asks OR sends_for_others OR own THEN NULL
            WHEN forwards_series THEN {'role': 'router', 'confidence': 'high', 'shown_by': ['forwards_series']}
            WHEN sends_objects AND accepts_objects THEN {'role': 'router', 'confidence': 'medium',
                'shown_by': ['accepts_objects', 'sends_objects']}
            WHEN sends_objects AND (doubt LIKE '%several devices' OR doubt LIKE '%another maker''s') AND NOT performs
                THEN {'role': 'router', 'confidence': 'low', 'shown_by': ['sends_objects']}
        END,
        CASE
            WHEN archives OR own AND NOT retrieves THEN NULL
            WHEN retrieves THEN {'role': 'workstation', 'confidence': 'high', 'shown_by': ['retrieves']}
            WHEN queries THEN {'role': 'workstation', 'confidence': 'medium', 'shown_by': ['queries']}
            WHEN annotates AND NOT forwards_series THEN {'role': 'workstation', 'confidence': 'medium',
                'shown_by': ['annotates']}
            WHEN may_query THEN {'role': 'workstation', 'confidence': 'low', 'shown_by': ['may_query']}
            WHEN sends_derived AND NOT (sends_objects OR stores OR performs) THEN {'role': 'workstation',
                'confidence': 'low', 'shown_by': ['sends_derived']}
        END,
        CASE
            WHEN own THEN {'role': 'modality', 'confidence': equipment_confidence,
                'shown_by': ['sends_objects', 'asks_worklist', 'performs_procedures']}
            WHEN archives OR schedules OR forwards_series OR sends_for_others THEN NULL
            WHEN performs THEN {'role': 'modality', 'confidence': CASE WHEN doubt IS NULL THEN 'medium' ELSE 'low' END,
                'shown_by': ['asks_worklist', 'performs_procedures']}
            WHEN may_ask_worklist OR (sends_objects AND doubt IS NULL AND NOT (stores OR asks OR annotates))
                THEN {'role': 'modality', 'confidence': 'low', 'shown_by': ['may_ask_worklist', 'sends_objects']}
        END,
        CASE
            WHEN answers_worklist THEN {'role': 'worklist', 'confidence': 'high', 'shown_by': ['answers_worklist']}
            WHEN offers_worklist OR ((tracks_procedures OR offers_procedures) AND NOT archives AND NOT stores)
                THEN {'role': 'worklist', 'confidence': 'low',
                    'shown_by': ['offers_worklist', 'tracks_procedures', 'offers_procedures']}
        END,
        CASE
            WHEN prints THEN {'role': 'printer', 'confidence': 'high', 'shown_by': ['prints']}
            WHEN offers_print THEN {'role': 'printer', 'confidence': 'low', 'shown_by': ['offers_print']}
        END,
        CASE WHEN engine THEN {'role': 'hl7_engine', 'confidence': CASE WHEN relays_messages THEN 'high' ELSE 'medium' END,
            'shown_by': ['relays_messages', 'sends_for_applications']} END,
        CASE WHEN sends_messages AND NOT engine THEN {'role': 'hl7_sender', 'confidence': 'high',
            'shown_by': ['sends_messages']} END,
        CASE WHEN receives_messages AND NOT engine THEN {'role': 'hl7_receiver', 'confidence': 'high',
            'shown_by': ['receives_messages']} END,
        CASE WHEN serves_files THEN {'role': 'file_server', 'confidence': 'high', 'shown_by': ['serves_files']} END,
        CASE WHEN serves_http THEN {'role': 'web_server', 'confidence': 'high', 'shown_by': ['serves_http']} END,
        CASE WHEN fronts_addresses THEN {'role': 'network', 'confidence': 'high', 'shown_by': ['fronts_addresses']} END
    ], lambda r: r IS NOT NULL) AS roles
    FROM judged
),
completed AS (
    SELECT i.device_id, unnest(CASE
        WHEN len(c.roles) > 0 THEN c.roles
        WHEN c.opens_conversations THEN [{'role': 'client', 'confidence': 'low', 'shown_by': ['opens_conversations']}]
        ELSE [{'role': 'unknown', 'confidence': 'low', 'shown_by': NULL}] END) AS r
    FROM (SELECT DISTINCT device_id FROM identity) i LEFT JOIN claimed c USING (device_id)
)
SELECT
    device_id,
    r.role,
    r.confidence,
    r.shown_by,                                         -- names of signals, any of which shows it
    -- Imaging, and what is well shown, goes before what many a host does besides; then the roles' own order.
    row_number() OVER (PARTITION BY device_id ORDER BY
        r.role IN ('hl7_sender', 'hl7_receiver', 'file_server', 'web_server', 'network', 'client', 'unknown'),
        r.confidence = 'low', k.precedence::INTEGER, r.role) = 1 AS is_primary
FROM completed LEFT JOIN knowledge_roles k ON k.role = r.role;
