-- What a policy sees of devices and of addresses: a kind and a place, of which there are few. `judgement.sql` judges
-- each combination of them once. `policy_role` and `policy_rule` are the policy's own.
CREATE OR REPLACE TEMP TABLE policy_device AS
WITH told AS (
    SELECT device_id, role, confidence <> 'low' AS sure, is_primary, role IN (FROM policy_incidental) AS incidental
    FROM role
    QUALIFY NOT incidental OR bool_and(incidental) OVER (PARTITION BY device_id)
),
known AS (
    SELECT device_id,
        list(role ORDER BY is_primary DESC, role) AS roles,                     -- the primary one first
        coalesce(list(role ORDER BY is_primary DESC, role) FILTER (sure), []) AS sure_roles,
        bool_or(sure AND NOT incidental) AS sure
    FROM told
    GROUP BY device_id
)
SELECT device_id, dense_rank() OVER (ORDER BY roles, sure, sure_roles) AS kind, roles, sure_roles,
    sure,                                               -- it is what its roles say; else it may be anything besides
    list_filter(sure_roles, lambda role: list_contains(judged, role))[1] AS judged,  -- all it does must be allowed
    list_filter(roles, lambda role: list_contains(judged, role))[1] AS perhaps_judged  -- as that, which it may be
FROM known, (SELECT list(role) AS judged FROM policy_role);

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
