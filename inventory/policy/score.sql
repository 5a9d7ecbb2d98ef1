-- `medspan policy check --score`: every site against the same rules. "Only what is allowed" counts all conversations of
-- the role, so that one between two roles is counted for each; all rules together count it once.
WITH told AS (
    SELECT site, rule, verdict FROM policy_judgement WHERE rule IN (SELECT name FROM policy_rule)
    UNION ALL SELECT site, unnest(judged_roles) || ': only what is allowed', verdict FROM policy_judgement
    UNION ALL SELECT site, rule, verdict FROM policy_offer
    UNION ALL SELECT site, NULL, verdict FROM policy_judgement
    UNION ALL SELECT site, NULL, verdict FROM policy_offer
),
counted AS (
    SELECT site, rule, count(*) FILTER (verdict = 'conforming') AS conforming,
        count(*) FILTER (verdict = 'violation') AS violating, count(*) FILTER (verdict = 'uncertain') AS uncertain
    FROM told
    GROUP BY ALL
),
rule AS (
    SELECT 1 AS part, number, name, sites FROM policy_rule
    UNION ALL SELECT 2, row_number() OVER (ORDER BY role), role || ': only what is allowed', [] FROM policy_role
    UNION ALL SELECT 3, row_number() OVER (ORDER BY role), role || ': services', [] FROM policy_server
    UNION ALL SELECT 4, 1, NULL, []
)
SELECT
    i.site,
    r.name AS rule,                                     -- NULL: all of them together
    coalesce(conforming, 0) AS conforming,              -- conversations; services, of a rule about these
    coalesce(violating, 0) AS violating,
    coalesce(uncertain, 0) AS uncertain,
    round(100 * conforming / nullif(conforming + violating, 0), 1) AS percentage  -- conforming, of what is certain
FROM (SELECT DISTINCT site FROM identity WHERE $site IS NULL OR site = $site) i
    JOIN rule r ON len(r.sites) = 0 OR list_contains(r.sites, i.site)
    LEFT JOIN counted c ON c.site = i.site AND c.rule IS NOT DISTINCT FROM r.name
ORDER BY i.site, r.part, r.number;
