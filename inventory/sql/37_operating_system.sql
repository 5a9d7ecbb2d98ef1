-- Operating systems that a device's browsers name. A proxy's requests are others' and say nothing of it.
CREATE OR REPLACE TEMP TABLE operating_system AS
WITH matched AS (
    SELECT value, min(operating_system) AS operating_system
    FROM (SELECT DISTINCT value FROM fact WHERE attribute = 'http_user_agent')
        JOIN knowledge_user_agent_os ON regexp_matches(value, pattern)
    GROUP BY value
)
SELECT
    f.device_id,
    m.operating_system,
    f.value AS wire,
    min(m.operating_system) OVER of_device <> max(m.operating_system) OVER of_device AS several,  -- then it is unknown
    f.class,
    f.count,
    f.first_seen,
    f.last_seen,
    f.seen
FROM fact f JOIN matched m USING (value) JOIN behaviour b USING (device_id)
WHERE f.attribute = 'http_user_agent' AND f.port IS NULL AND NOT b.proxies
WINDOW of_device AS (PARTITION BY f.device_id);
