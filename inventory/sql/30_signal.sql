-- What each device was seen doing: one row per device and behaviour, with its first evidence.
-- `offers_` and `may_` are negotiated only: the service was agreed upon, but no message of it was seen.
CREATE OR REPLACE TEMP TABLE signal AS
WITH negotiated AS (
    SELECT device_id, attribute, unnest(CASE WHEN ends_with(attribute, '_sop_classes')
        THEN from_json(value, '["VARCHAR"]') END) AS uid, count, first_seen, last_seen, seen
    FROM fact
    WHERE attribute IN ('scu_sop_classes', 'scp_sop_classes')
),
applications AS (
    SELECT device_id,
        count(DISTINCT CASE attribute WHEN 'hl7_sender' THEN value ->> '$.SendingApplication' END) AS applications,
        sum(count) AS count, min(first_seen) AS first_seen, max(last_seen) AS last_seen, min(seen) AS seen
    FROM fact
    WHERE attribute = 'hl7_sender' AND port IS NULL
    GROUP BY device_id
),
observed AS (
    SELECT device_id, CASE
        -- Objects that flow back to who opened the association answer its C-GET, whether or not that was captured.
        WHEN command = 'C-STORE-RQ' AND port IS NOT NULL THEN 'answers_retrieval'
        WHEN command = 'C-STORE-RSP' AND success AND port IS NULL THEN 'retrieves'
        WHEN command = 'C-STORE-RQ' AND category = 'storage-derived' THEN 'sends_derived'
        WHEN command = 'C-STORE-RQ' THEN 'sends_objects'
        WHEN command = 'C-STORE-RSP' AND success THEN 'accepts_objects'
        WHEN command = 'C-FIND-RQ' AND category = 'worklist' THEN 'asks_worklist'
        WHEN command = 'C-FIND-RSP' AND category = 'worklist' AND served THEN 'answers_worklist'
        WHEN command = 'C-FIND-RQ' AND coalesce(category, 'query') = 'query' THEN 'queries'
        WHEN command = 'C-FIND-RSP' AND coalesce(category, 'query') = 'query' AND served THEN 'answers_queries'
        WHEN command IN ('C-MOVE-RQ', 'C-GET-RQ') THEN 'retrieves'
        WHEN command IN ('C-MOVE-RSP', 'C-GET-RSP') AND served THEN 'answers_retrieval'
        WHEN command = 'N-CREATE-RQ' AND category = 'mpps' THEN 'performs_procedures'
        WHEN command = 'N-CREATE-RSP' AND category = 'mpps' AND served THEN 'tracks_procedures'
        WHEN command = 'N-ACTION-RQ' AND category = 'commitment' THEN 'asks_commitment'
        WHEN (command = 'N-ACTION-RSP' AND served OR command = 'N-EVENT-REPORT-RQ') AND category = 'commitment'
            THEN 'commits_storage'
        WHEN category = 'print' AND command IN ('N-CREATE-RSP', 'N-SET-RSP', 'N-ACTION-RSP') AND served THEN 'prints'
        END AS signal, count, first_seen, last_seen, seen
    FROM dimse
    UNION ALL
    SELECT n.device_id, CASE
        WHEN attribute = 'scp_sop_classes' THEN CASE
            WHEN starts_with(c.category, 'storage-') THEN 'offers_storage'
            WHEN c.category IN ('query', 'retrieve-move', 'retrieve-get') THEN 'offers_queries'
            WHEN c.category = 'worklist' THEN 'offers_worklist'
            WHEN c.category = 'mpps' THEN 'offers_procedures'
            WHEN c.category = 'print' THEN 'offers_print' END
        WHEN c.category IN ('query', 'retrieve-move', 'retrieve-get') THEN 'may_query'
        WHEN c.category = 'worklist' THEN 'may_ask_worklist'
        END, count, first_seen, last_seen, seen
    FROM negotiated n JOIN knowledge_sop_classes c USING (uid)
    UNION ALL
    SELECT device_id, CASE attribute
        WHEN 'move_originator_ae_title' THEN 'sends_for_others'
        WHEN 'performed_station' THEN 'performs_procedures'
        WHEN 'scheduled_station' THEN 'asks_worklist'
        WHEN 'http_via' THEN 'proxies'
        WHEN 'http_forwarded_for' THEN 'proxies'
        WHEN 'hl7_acknowledgment_code' THEN 'receives_messages'
        WHEN 'http_service' THEN 'serves_objects'
        END, count, first_seen, last_seen, seen
    FROM fact
    WHERE attribute IN ('move_originator_ae_title', 'performed_station', 'scheduled_station', 'http_via',
        'http_forwarded_for', 'hl7_acknowledgment_code')
        OR (attribute = 'http_service' AND class = 'peer' AND regexp_matches(value, '^(dicomweb|wado)-'))
    UNION ALL
    SELECT device_id, CASE
        WHEN acquired THEN 'sends_objects'
        -- Written by people in front of a viewer; screen captures and dose reports come from modalities, too.
        WHEN modality IN ('SEG', 'PR', 'KO', 'RTSTRUCT', 'RTPLAN', 'RTDOSE', 'REG', 'FID', 'RWV') THEN 'annotates'
        ELSE 'sends_derived' END, count, first_seen, last_seen, seen
    FROM equipment
    WHERE attribute = 'equipment'
    UNION ALL
    SELECT device_id, unnest(CASE
        WHEN series THEN [CASE WHEN received THEN 'accepts_objects' END, CASE WHEN passed THEN 'forwards_series'
            WHEN received THEN 'keeps_series' END]
        ELSE [CASE WHEN received THEN 'receives_messages' ELSE 'sends_messages' END,
            CASE WHEN passed AND count >= least(2, all_sent) THEN 'relays_messages' END] END),
        count, first_seen, last_seen, seen
    FROM passage
    UNION ALL
    SELECT device_id, unnest(['sends_messages', CASE WHEN applications > 2 THEN 'sends_for_applications' END]), count,
        first_seen, last_seen, seen
    FROM applications
    UNION ALL
    SELECT device_id, CASE
        WHEN kind = 'proxy' THEN 'proxies'
        WHEN kind = 'application' AND NOT passed_on THEN 'serves_application' END, count, first_seen, last_seen, seen
    FROM product
    UNION ALL
    SELECT server_device_id, CASE protocol
        WHEN 'http' THEN 'serves_http'
        WHEN 'smb' THEN 'serves_files' WHEN 'ftp' THEN 'serves_files' WHEN 'nfs' THEN 'serves_files'
        END, connections, first_seen, last_seen, seen
    FROM exchange
    WHERE established
    UNION ALL
    SELECT client_device_id, 'opens_conversations', connections, first_seen, last_seen,
        {'at': seen.at, 'capture': seen.capture, 'frame': seen.frame, 'protocol': protocol, 'ip': client_ip}
    FROM exchange
    UNION ALL
    SELECT i.device_id, 'fronts_addresses', count(*), min(s.first_seen), max(s.last_seen),
        min({'at': s.seen.at, 'capture': s.seen.capture, 'frame': s.seen.frame, 'protocol': s.seen.protocol,
            'ip': s.ip})
    FROM identity i JOIN sighting s ON s.site = i.site AND 'mac:' || s.mac = i.key
    WHERE i.router
    GROUP BY i.device_id
)
SELECT
    device_id,
    signal,
    sum(count)::BIGINT AS count,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    min(seen) AS seen                                   -- first evidence
FROM observed
WHERE signal IS NOT NULL AND device_id IS NOT NULL
GROUP BY ALL;
