-- What each end said in its associations, with the AE title it speaks by: a requestor's own (that of the speaker), an
-- acceptor's the one it was called by. Ends that go by several titles are left out: of which, nobody can tell.
CREATE OR REPLACE TEMP VIEW ae_statement AS
WITH title AS (
    SELECT site, vlan, mac, ip, port, speaker, min(value) AS ae_title
    FROM observation
    WHERE value <> '' AND (attribute = 'calling_ae_title' AND port IS NULL
        OR attribute = 'accepted_ae_title' AND port IS NOT NULL)
    GROUP BY ALL
    HAVING min(value) = max(value)
)
SELECT t.*, o.attribute, o.value, o.count
FROM title t JOIN observation o ON o.site = t.site AND o.vlan IS NOT DISTINCT FROM t.vlan
    AND o.mac IS NOT DISTINCT FROM t.mac AND o.ip = t.ip AND o.port IS NOT DISTINCT FROM t.port
    AND o.speaker IS NOT DISTINCT FROM t.speaker;
