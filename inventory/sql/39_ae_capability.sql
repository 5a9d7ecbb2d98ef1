-- What each AE title was agreed to do: SOP Classes as SCU and SCP. A requestor's are told by its own title (that of the
-- speaker); an acceptor's by the title it was called by, where it accepts one only.
CREATE OR REPLACE TEMP VIEW ae_capability AS
WITH title AS (
    SELECT site, vlan, mac, ip, port, speaker, min(value) AS ae_title
    FROM observation
    WHERE value <> '' AND (attribute = 'calling_ae_title' AND port IS NULL
        OR attribute = 'accepted_ae_title' AND port IS NOT NULL)
    GROUP BY ALL
    HAVING min(value) = max(value)
),
told AS MATERIALIZED (  -- all of them are JSON
    SELECT t.*, o.attribute, o.value, o.count
    FROM title t JOIN observation o ON o.site = t.site AND o.vlan IS NOT DISTINCT FROM t.vlan
        AND o.mac IS NOT DISTINCT FROM t.mac AND o.ip = t.ip AND o.port IS NOT DISTINCT FROM t.port
        AND o.speaker IS NOT DISTINCT FROM t.speaker
    WHERE o.attribute IN ('scu_sop_classes', 'scp_sop_classes', 'transfer_syntaxes')
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
