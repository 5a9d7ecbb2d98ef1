-- The operating system of each device, judged from all that names one. The strongest evidence decides; weaker evidence
-- may make it more exact, never another one. A proxy's requests, and answers through it, are others'.
CREATE OR REPLACE TEMP TABLE operating_system AS
WITH matched AS (
    SELECT 'http_user_agent' AS attribute, value,
        min({'layer': layer, 'name': operating_system}).name AS operating_system  -- the site's own word first
    FROM (SELECT DISTINCT value FROM fact WHERE attribute = 'http_user_agent')
        JOIN knowledge_user_agent_os ON regexp_matches(value, pattern)
    GROUP BY value
    UNION ALL
    SELECT 'tcp_syn', value, min({'layer': layer, 'name': operating_system}).name
    FROM (SELECT DISTINCT value FROM fact WHERE attribute = 'tcp_syn')
        JOIN knowledge_tcp_syn ON regexp_matches(value, pattern)
    GROUP BY value
    UNION ALL
    SELECT 'dhcp_parameter_list', parameters, operating_system
    FROM knowledge_dhcp_parameters
    WHERE operating_system <> ''
),
said AS (
    SELECT f.device_id, m.operating_system, f.value AS wire, f.attribute,
        -- How hosts open connections is a family's habit at best: it yields to any word.
        CASE attribute WHEN 'tcp_syn' THEN 4 ELSE 3 END AS doubt,
        CASE attribute WHEN 'http_user_agent' THEN 'its browser says so'
            WHEN 'tcp_syn' THEN 'it opens connections as this does' ELSE 'it asks DHCP for what this asks' END
            AS reason,
        f.class, f.count, f.first_seen, f.last_seen, f.seen
    FROM fact f JOIN matched m USING (attribute, value) LEFT JOIN behaviour b USING (device_id)
    WHERE f.class = 'peer' AND f.port IS NULL AND NOT (attribute = 'http_user_agent' AND coalesce(b.proxies, false))
    UNION ALL
    SELECT device_id, operating_system, wire, attribute,
        CASE WHEN attribute IN ('os_version', 'system_description') THEN 1
            WHEN attribute IN ('http_server', 'ssdp_server') THEN 3 ELSE 2 END,
        'it says so: ' || replace(field, '_', ' '), class, count, first_seen, last_seen, seen
    FROM fingerprint f
    WHERE operating_system IS NOT NULL AND attribute <> 'hl7_equipment' AND NOT (attribute = 'http_server'
        AND EXISTS (FROM product p WHERE p.device_id = f.device_id AND p.port = f.port AND p.passed_on))
),
-- From the vaguest name to the most exact: Windows/Windows 10 or later/Windows 11. A version goes on below its system.
placed AS (
    SELECT n.operating_system, max_by(coalesce(k.path, n.operating_system) || CASE
        -- Kernels have versions, too, and any distribution may have any.
        WHEN k.operating_system <> n.operating_system AND k.path <> 'Linux' THEN '/' || n.operating_system
        ELSE '' END, length(k.operating_system)) AS path
    FROM (SELECT DISTINCT operating_system FROM said) n JOIN knowledge_operating_systems k
        ON starts_with(n.operating_system || ' ', k.operating_system || ' ')
    GROUP BY n.operating_system
),
weighed AS (
    SELECT s.*, coalesce(path, operating_system) || '/' AS path, min(doubt) OVER (PARTITION BY device_id) AS least
    FROM said s LEFT JOIN placed USING (operating_system)
),
-- Level by level, from the strongest evidence: what refines the path so far takes its place if it speaks with one
-- voice (the last of the sorted paths then goes on from all others). '!' when already the strongest disagrees.
judged AS (
    SELECT device_id, list_reduce([['']] || list(paths ORDER BY doubt), lambda told, paths: CASE
        WHEN len(list_filter(paths, lambda p: starts_with(p, told[1]))) = 0 THEN told
        WHEN len(list_filter(paths, lambda p: starts_with(p, told[1]) AND NOT starts_with(
            list_filter(paths, lambda q: starts_with(q, told[1]))[-1], p))) = 0
            THEN list_filter(paths, lambda p: starts_with(p, told[1]))[-1:]
        WHEN told[1] = '' THEN ['!']
        ELSE told END)[1] AS path
    FROM (SELECT device_id, doubt, list_sort(list_distinct(list(path))) AS paths FROM weighed GROUP BY ALL)
    GROUP BY device_id
),
chosen AS (
    SELECT device_id, path, max_by(operating_system, {'length': length(operating_system), 'at': last_seen}) AS name
    FROM weighed JOIN judged USING (device_id, path)
    GROUP BY ALL
)
SELECT
    w.device_id,
    w.operating_system,
    w.wire,
    w.attribute,                                        -- that says so
    ['high', 'medium', 'low', 'low'][w.doubt] AS confidence,
    coalesce(w.operating_system = c.name, false) AS used,  -- it is the one value of the device
    NOT starts_with(j.path, w.path) AND (j.path <> '!' OR w.doubt = w.least) AS contradicts,
    w.reason || CASE WHEN used THEN ''
        WHEN c.name IS NULL THEN '; the strongest evidence disagrees'
        WHEN starts_with(j.path, w.path) THEN '; other evidence is as exact, or more'
        WHEN starts_with(w.path, j.path) THEN '; evidence as strong names another'
        ELSE '; stronger evidence names another' END AS reason,
    w.class,
    w.count,
    w.first_seen,
    w.last_seen,
    w.seen
FROM weighed w JOIN judged j USING (device_id) LEFT JOIN chosen c USING (device_id)
-- A host can say a thousand things; the rest would show no more.
QUALIFY row_number() OVER (PARTITION BY w.device_id ORDER BY used DESC, w.doubt, w.first_seen, w.wire) <= 64;
