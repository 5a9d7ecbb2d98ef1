-- What each AE title was agreed to do: SOP Classes as SCU and SCP.
CREATE OR REPLACE TEMP VIEW ae_capability AS
WITH told AS MATERIALIZED (  -- all of them are JSON
    FROM ae_statement WHERE attribute IN ('scu_sop_classes', 'scp_sop_classes', 'transfer_syntaxes')
),
syntaxes AS (
    SELECT site, ip, port, ae_title, list_sort(list(DISTINCT uid)) AS transfer_syntaxes
    FROM (SELECT *, unnest(from_json(value, '["VARCHAR"]')) AS uid FROM told WHERE attribute = 'transfer_syntaxes')
    GROUP BY ALL
)
SELECT
    t.site,
    t.ae_title,
    t.ip,
    t.port,                                             -- at which it answers; NULL where it opened the association
    CASE t.attribute WHEN 'scu_sop_classes' THEN 'SCU' ELSE 'SCP' END AS role,
    t.sop_class,                                        -- UID
    CASE WHEN c.category IS NULL THEN 'private'
        WHEN starts_with(c.category, 'storage-') THEN 'storage'
        WHEN starts_with(c.category, 'retrieve-') THEN 'retrieve'
        ELSE c.category END AS service,                 -- storage, query, retrieve, worklist, verification...
    coalesce(any_value(s.transfer_syntaxes), []) AS transfer_syntaxes,  -- accepted there, for any of its SOP Classes
    sum(t.count)::BIGINT AS count                       -- associations
FROM (SELECT *, unnest(from_json(value, '["VARCHAR"]')) AS sop_class FROM told WHERE attribute <> 'transfer_syntaxes') t
    LEFT JOIN syntaxes s ON s.site = t.site AND s.ip = t.ip AND s.port = t.port AND s.ae_title = t.ae_title
    LEFT JOIN knowledge_sop_classes c ON c.uid = t.sop_class
GROUP BY ALL;
