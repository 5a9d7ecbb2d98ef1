-- DIMSE messages that devices sent, with the kind of service each belongs to.
CREATE OR REPLACE TEMP TABLE dimse AS
WITH told AS MATERIALIZED (FROM fact WHERE attribute = 'dimse_message'),  -- all of them are JSON
parsed AS (
    SELECT *, from_json(value, '{"CommandField": "VARCHAR", "SOPClassUID": "VARCHAR", "Status": "VARCHAR"}') AS m
    FROM told
)
SELECT
    device_id,                                          -- that sent it
    port,                                               -- at which it answers; NULL if it opened the association
    m.CommandField AS command,                          -- C-STORE-RQ, N-ACTION-RSP...
    c.category,                                         -- of `knowledge_sop_classes`; NULL when the class is unknown
    -- Not a general refusal (PS3.7 C: 01xx, 02xx): the service is there, even when this request failed.
    coalesce(NOT regexp_matches(lower(m.Status), '^(0x)?0[12]..$'), false) AS served,
    coalesce(regexp_matches(lower(m.Status), '^(0x)?(0000|b...)$'), false) AS success,  -- PS3.4 B.2.3
    count,
    first_seen,
    last_seen,
    seen
FROM parsed LEFT JOIN knowledge_sop_classes c ON c.uid = m.SOPClassUID;
