-- `medspan ae`: every AE title met, who calls itself so, who answers to it, and how associations for it ended.
CREATE OR REPLACE TEMP VIEW ae_registry AS
WITH placed AS (
    SELECT *, CASE
        WHEN port IS NULL AND max(port) OVER (PARTITION BY site, ae_title, ip, own) IS NULL THEN ip
        WHEN contains(ip, ':') THEN '[' || ip || ']:' || port
        ELSE ip || ':' || port END AS host
    FROM ae_mention
),
-- An end that ends associations under one title ends them for that title.
ended AS (
    SELECT site, ae_title, sum(count)::BIGINT AS aborted
    FROM ae_statement
    WHERE attribute = 'association' AND CASE attribute WHEN 'association' THEN value ->> '$.Outcome' END = 'aborted'
    GROUP BY ALL
),
capable AS (
    SELECT site, ae_title, list_sort(list(DISTINCT role)) AS roles,
        list_sort(list(DISTINCT service) FILTER (role = 'SCU')) AS scu_services,
        list_sort(list(DISTINCT service) FILTER (role = 'SCP')) AS scp_services
    FROM ae_capability
    GROUP BY ALL
),
met AS (
    SELECT site, ae_title,
        coalesce(list(DISTINCT host) FILTER (own AND host IS NOT NULL), []) AS hosts,
        coalesce(list(DISTINCT host) FILTER (NOT own), []) AS others,
        coalesce(list(DISTINCT device_id) FILTER (own AND device_id IS NOT NULL), []) AS device_ids,
        count(DISTINCT coalesce(device_id, ip)) FILTER (own) > 1 AS conflict,
        coalesce(sum(count) FILTER (attribute = 'calling_ae_title'), 0)::BIGINT AS requested,
        coalesce(sum(count) FILTER (attribute = 'called_ae_title'), 0)::BIGINT AS called,
        coalesce(sum(count) FILTER (attribute = 'accepted_ae_title'), 0)::BIGINT AS accepted,
        coalesce(sum(count) FILTER (attribute = 'rejected_ae_title'), 0)::BIGINT AS rejected,
        min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM placed
    GROUP BY ALL
)
SELECT
    m.ae_title,
    m.site,
    list_sort(m.hosts) AS hosts,                        -- ip:port that accepted it; ip that only called itself so
    list_sort(m.device_ids) AS device_ids,              -- of the site
    m.conflict,                                         -- used by more than one device
    coalesce(c.roles, []) AS roles,                     -- SCU, SCP, as negotiated
    coalesce(c.scu_services, []) AS scu_services,       -- storage, query, retrieve, worklist, verification...
    coalesce(c.scp_services, []) AS scp_services,
    m.requested,                                        -- associations it asked for
    m.called,                                           -- associations it was asked for; of these:
    m.accepted,
    m.rejected,
    coalesce(e.aborted, 0) AS aborted,                  -- associations that its own end aborted
    list_sort(list_filter(m.others, lambda h: NOT list_contains(m.hosts, h))) AS called_in_vain,  -- never accepted it
    m.first_seen,
    m.last_seen
FROM met m LEFT JOIN capable c USING (site, ae_title) LEFT JOIN ended e USING (site, ae_title);
