-- What a policy sees of devices and of addresses: a kind and a place, of which there are few. `judgement.sql` judges
-- each combination of them once. `policy_role` and `policy_rule` are the policy's own.
CREATE OR REPLACE TEMP TABLE policy_device AS
WITH held AS (
    SELECT device_id, role, confidence <> 'low' AS sure, is_primary
    FROM role
    QUALIFY role NOT IN (FROM policy_incidental)
        OR bool_and(role IN (FROM policy_incidental)) OVER (PARTITION BY device_id)
),
known AS (
    SELECT device_id,
        list(role ORDER BY is_primary DESC, role) AS roles,                     -- the primary one first
        bool_or(sure) AS sure,
        list(role ORDER BY is_primary DESC, role) FILTER (sure AND role IN (FROM policy_role)) AS judged,
        list(role ORDER BY is_primary DESC, role) FILTER (role IN (FROM policy_role)) AS perhaps_judged
    FROM held
    GROUP BY device_id
)
SELECT device_id, dense_rank() OVER (ORDER BY roles, sure, judged) AS kind, roles,
    sure,                                               -- else it could be anything
    judged[1] AS judged,                                -- the role for which all that it does must be allowed
    perhaps_judged[1] AS perhaps_judged                 -- likewise, but it may not have that role
FROM known;

CREATE OR REPLACE TEMP TABLE policy_kind AS
SELECT DISTINCT kind, roles, sure, judged, perhaps_judged FROM policy_device
-- No device that we know: outside, or an address that nobody was seen to hold.
UNION ALL SELECT 0, [], false, NULL, NULL;

CREATE OR REPLACE TEMP TABLE policy_address AS
SELECT ip, public, dense_rank() OVER (ORDER BY words) AS place,
    words                                               -- as rules name it, its roles apart
FROM (
    SELECT ip, public, list_filter([
        CASE WHEN public THEN 'public' ELSE 'any' END,
        CASE WHEN partner IS NOT NULL THEN 'partner' END,
        'partner:' || partner,
        CASE WHEN local THEN 'own:' || network END,
        CASE WHEN ip IN (SELECT unnest(sources) FROM policy_rule UNION SELECT unnest(targets) FROM policy_rule)
            THEN ip END
    ], lambda word: word IS NOT NULL) AS words
    FROM address
    WHERE unicast
);

CREATE OR REPLACE TEMP TABLE policy_place AS
SELECT DISTINCT place, words, public FROM policy_address;
